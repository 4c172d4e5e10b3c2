/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The schedule clock: show clock; with weir -T also clock set, clock advance and
 * clock run. Both moves visit each timer on the way, and answer when the goal is
 * reached.
 *
 * Thread: control.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "api/cli.h"
#include "api/when.h"
#include "base/module.h"
#include "event/sched.h"

#define MAX_FACTOR	1000u

static void
put_clock(struct cli *c)
{
	time_t s = (time_t)sched_wall_s();
	char text[32];
	struct tm tm;

	gmtime_r(&s, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	outbuf_z(&c->out, text);
}

static void
show_clock(struct cli *c)
{
	put_clock(c);
	outbuf_z(&c->out, sched_is_test() ? ", test\n" : ", real\n");
}

static void
on_moved(void *arg, unsigned ntimers)
{
	struct cli *c = arg;

	put_clock(c);
	outbuf_fmt(&c->out, ", %u timers\n", ntimers);
	cli_done(c);
}

/* False: no test's clock here, told. */
static bool
is_movable(struct cli *c)
{
	if (!sched_is_test())
		cli_err(c, "The clock is real; start weir with -T to drive it.");
	return sched_is_test();
}

static void
move_to(struct cli *c, uint64_t wall_us)
{
	if (wall_us < sched_wall_us())
		cli_err(c, "The clock goes forward only.");
	else if (sched_advance(wall_us, on_moved, c))
		cli_wait(c);
	else
		cli_err(c, "The clock is being moved already.");
}

static void
clock_set(struct cli *c)
{
	int64_t to_s;

	if (!is_movable(c))
		return;
	if (!when_parse(cli_arg(c, 0), sched_wall_s(), &to_s) || to_s < 0)
		cli_err(c, "'clock set' expects a time: 2013-02-15T16:32:56Z, or seconds since "
		    "1970.");
	else
		move_to(c, (uint64_t)to_s * 1000000);
}

static void
clock_advance(struct cli *c)
{
	uint64_t us;

	if (!is_movable(c))
		return;
	if (str_to_duration_us(str_of(cli_arg(c, 0)), 0, &us) != PARSE_OK)
		cli_err(c, "'clock advance' expects a duration with its unit: 60s, 5m.");
	else
		move_to(c, sched_wall_us() + us);
}

static void
clock_run(struct cli *c)
{
	uint64_t factor;

	if (!is_movable(c))
		return;
	if (!str_to_u64(str_of(cli_arg(c, 0)), &factor) || factor > MAX_FACTOR)
		cli_err(c, "'clock run' expects a factor from 0 to %u.", MAX_FACTOR);
	else
		sched_run((unsigned)factor);
}

static const struct cli_row rows[] = {
	{ "show clock", CLI_USER, 0, show_clock, "", "the clock of alarms, schedules and checks" },
	{ "clock set", CLI_ADMIN, CLI_F_CHANGE, clock_set, "<time>",
	    "with -T: move the clock to an instant" },
	{ "clock advance", CLI_ADMIN, CLI_F_CHANGE, clock_advance, "<duration>",
	    "with -T: move the clock by so much" },
	{ "clock run", CLI_ADMIN, CLI_F_CHANGE, clock_run, "<factor>",
	    "with -T: let the clock run, so many times as fast; 0 stops it" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const struct module mod_cli_clock = { .name = "cli_clock", .cli = rows };
