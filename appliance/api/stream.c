/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams; see stream.h.
 *
 * Thread: control.
 */
#include "api/stream.h"

#include "api/cli.h"
#include "base/clock.h"
#include "base/magic.h"
#include "ctl/control.h"

#define ALIVE_US	5000000u

static void
on_timer(struct timer *t)
{
	struct stream *s = CONTAINER_OF(t, struct stream, timer);
	static const char alive[] = "#alive\n";

	(void)cli_push(s->c, alive, sizeof alive - 1);
	stream_keep_alive(s);
}

void
stream_init(struct stream *s, struct cli *c)
{
	s->c = c;
	timer_init(&s->timer, on_timer);
}

void
stream_keep_alive(struct stream *s)
{
	timer_set(&control_loop->wheel, &s->timer, clock_now_us + ALIVE_US);
}

void
stream_fini(struct stream *s)
{
	timer_unlink(&control_loop->wheel, &s->timer);
}
