/* SPDX-License-Identifier: BSD-2-Clause */
/* A look behind the screen, for t/tui/cells.c. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/out.h"
#include "tui/app_in.h"

static void
on_usr1(evutil_socket_t fd, short what, void *arg)
{
	struct app *a = arg;
	struct outbuf b;

	(void)fd, (void)what;
	app_draw(a);
	if (term_is_behind(a->term)) {
		event_active(a->test_signal, EV_SIGNAL, 1);
		return;
	}
	outbuf_init(&b, 0);
	term_print(a->term, &b);
	(void)file_write_atomic(getenv("WEIRTOP_TEST_DUMP"), b.data, b.len, 0600);
	outbuf_fini(&b);
}

void
app_test_start(struct app *a)
{
	if (getenv("WEIRTOP_TEST_DUMP") == NULL)
		return;
	a->test_signal = evsignal_new(a->base, SIGUSR1, on_usr1, a);
	evsignal_add(a->test_signal, NULL);
}
