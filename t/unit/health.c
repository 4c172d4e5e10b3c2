/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Servers' states: sequences of results, intervals, spread, reload, maintenance,
 * slow start, a loop that was stopped. Checks are of a type of this test; time is
 * clock_now_us, moved by hand, and timers are called when they are due.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/health.h"
#include "ctl/reload.h"
#include "event/loop.h"
#include "http/h1.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "tap.h"

static char said[16384];
static char path[] = "/tmp/weir-unit-XXXXXX";
static unsigned nstarted, ncancelled;
static struct loop *data;

static void
keep_message(enum log_level level, const char *text)
{
	size_t n = strlen(said);

	(void)level;
	snprintf(said + n, sizeof(said) - n, "%s\n", text);
}

/* ---- the type of this test: results come from outside ---- */

static void
fake_start(struct check *chk)
{
	(void)chk;
	nstarted++;
}

static void
fake_cancel(struct check *chk)
{
	(void)chk;
	ncancelled++;
}

static void
fake_timed_out(struct check *chk)
{
	check_done(chk, CHECK_S_L7TOUT, 0, NULL);
}

static const struct check_type fake = {
	.name = "fake", .start = fake_start, .cancel = fake_cancel, .timed_out = fake_timed_out,
};

/* ---- loading ---- */

static struct snapshot *
load(const char *text)
{
	struct snapshot *s;
	struct diag d;
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) == EOF)
		tap_skip_all("cannot write a file");
	diag_init(&d, true);
	s = config_load(&d, false);
	diag_fini(&d);
	if (s == NULL) {
		fail("loads: %s", text);
		exit(tap_done());
	}
	s->nthreads = 1;
	for (struct proxy *px = s->proxies; px != NULL; px = px->next)
		for (struct server *srv = px->server_list; srv != NULL; srv = srv->next)
			if (srv->check != NULL)
				srv->check->type = &fake;
	return s;
}

static void
publish(const char *text)
{
	struct snapshot *s = load(text);

	live_attach(s);
	said[0] = '\0';
	nstarted = ncancelled = 0;
	control_publish(s);
}

static struct server_live *
server(const char *name)
{
	return server_find(snapshot_current()->proxies, name)->live;
}

/* An empty configuration; the cells of the one before go. */
static void
reset(void)
{
	publish("defaults\n");
	for (int i = 0; i < 10 && snapshot_unreclaimed() > 0; i++) {
		data->passes += 2;
		clock_now_us += 1000000;
		timer_wheel_run(&control_loop->wheel);
	}
	is_u64(snapshot_unreclaimed(), 0);
}

/* The timer of a check comes up, late by so much. */
static void
fire(struct check *chk, uint64_t late_us)
{
	clock_now_us = chk->due_us + late_us;
	timer_unlink(&control_loop->wheel, &chk->timer);
	chk->timer.fn(&chk->timer);
}

static void
one(struct check *chk, enum check_status s)
{
	fire(chk, 0);
	if (!ok(chk->is_running))
		return;
	clock_now_us += 3000;
	check_done(chk, s, s == CHECK_S_L7STS ? 503 : 200, s == CHECK_S_L7STS ? "No" : NULL);
}

/* ---- tests ---- */

/* o = passed, x = failed; after each: the counter, and whether it is up */
static const struct {
	const char	*words, *results, *counters, *ups;
} sequences[] = {
	{ "check", "o", "4", "u" },
	{ "check", "x", "0", "d" },				/* one failure from down */
	{ "check", "ox", "43", "uu" },
	{ "check", "oxxxx", "43200", "uuudd" },
	{ "check", "oxxox", "43243", "uuuuu" },
	{ "check", "xoo", "014", "ddu" },
	{ "check", "xoxoo", "01014", "ddddu" },
	{ "check rise 1 fall 1", "oxox", "1010", "udud" },
	{ "check rise 3 fall 2", "xooox", "01243", "ddduu" },
	{ "check rise 3 fall 2", "oxx", "430", "uud" },
	{ "check init-state fully-up", "xxx", "320", "uud" },
	{ "check init-state up", "x", "0", "d" },
	{ "check init-state down", "o", "4", "u" },
	{ "check init-state down", "x", "0", "d" },
	{ "check init-state fully-down", "oo", "14", "du" },
};

static void
test_sequences(void)
{
	char text[256], counters[16], ups[16];

	for (unsigned i = 0; i < ARRAY_LEN(sequences); i++) {
		const char *r = sequences[i].results;
		struct server_live *l;
		unsigned n = 0;

		reset();
		snprintf(text, sizeof(text), "backend q%u\n\tserver s 127.0.0.1:1 %s\n", i,
		    sequences[i].words);
		publish(text);
		l = server("s");
		for (; r[n] != '\0'; n++) {
			one(l->check, r[n] == 'o' ? CHECK_S_L4OK : CHECK_S_L4CON);
			counters[n] = (char)('0' + l->check->health);
			ups[n] = health_is_up(l) ? 'u' : 'd';
			is_int(atomic_load(&l->usable), ups[n] == 'u');
		}
		counters[n] = ups[n] = '\0';
		if (!is_str(counters, sequences[i].counters) || !is_str(ups, sequences[i].ups))
			tap_diag("%s: %s", sequences[i].words, r);
	}
}

static void
test_step(void)
{
	for (unsigned rise = 1; rise < 5; rise++)
		for (unsigned fall = 1; fall < 5; fall++) {
			unsigned max = rise + fall - 1, up = 0, down = max, n;

			for (n = 0; up < rise; n++)
				up = health_step(up, rise, fall, true);
			ok_named(n == rise && up == max, "rise %u, fall %u: up", rise, fall);
			for (n = 0; down > 0; n++)
				down = health_step(down, rise, fall, false);
			ok_named(n == fall, "rise %u, fall %u: down", rise, fall);
		}
}

static uint64_t
waits(const struct check *chk)
{
	return chk->due_us - clock_now_us;
}

static void
test_intervals(void)
{
	struct check *chk;

	publish("backend b\n\tserver s 127.0.0.1:1 check inter 4s fastinter 1s downinter 8s "
	    "rise 2 fall 2\n");
	chk = server("s")->check;
	one(chk, CHECK_S_L4OK);
	is_u64(waits(chk), 4000000);
	one(chk, CHECK_S_L4CON);		/* falling */
	is_u64(waits(chk), 1000000);
	one(chk, CHECK_S_L4CON);
	is_u64(waits(chk), 8000000);
	one(chk, CHECK_S_L4OK);			/* rising */
	is_u64(waits(chk), 1000000);
	one(chk, CHECK_S_L4OK);
	is_u64(waits(chk), 4000000);
	reset();
	publish("backend b\n\tserver s 127.0.0.1:1 check inter 300\n");
	chk = server("s")->check;
	one(chk, CHECK_S_L4CON);
	is_u64(waits(chk), 300000);
	reset();
}

/* Checks that are due at almost the same time begin together, never too early. */
static void
test_together(void)
{
	struct check *a, *b;

	publish("backend b\n\tdefault-server check inter 2s\n\tserver a 127.0.0.1:1\n"
	    "\tserver b 127.0.0.1:1 inter 100ms\n");
	a = server("a")->check;
	b = server("b")->check;
	for (int i = 0; i < 20; i++) {
		one(a, CHECK_S_L4OK);
		ok(a->timer.deadline_us >= a->due_us && a->timer.deadline_us <= a->due_us + 20000);
		is_u64(a->timer.deadline_us % 16384, 0);
	}
	one(b, CHECK_S_L4OK);
	ok(b->timer.deadline_us >= b->due_us && b->timer.deadline_us <= b->due_us + 1000);
	reset();
}

/* A thousand that are due at once take several passes. */
static void
test_crowd(void)
{
	unsigned nrunning = 0;
	struct outbuf text;
	char line[64];

	outbuf_init(&text, 0);
	outbuf_z(&text, "backend b\n\tdefault-server check\n");
	for (int i = 0; i < 120; i++) {
		snprintf(line, sizeof line, "\tserver s%d 127.0.0.1:1\n", i);
		outbuf_z(&text, line);
	}
	publish(text.data);
	clock_now_us += 1900000;
	for (int i = 0; i < 4; i++) {
		timer_wheel_run(&control_loop->wheel);
		nrunning = nstarted;
		if (i == 0)
			is_u64(nrunning, 50);
		clock_now_us += 5000;
	}
	ok(nrunning >= 114 && nrunning <= 120);
	outbuf_fini(&text);
	reset();
}

static void
test_spread(void)
{
	uint64_t low = UINT64_MAX, high = 0;
	struct check *chk;

	publish("backend b\n\tdefault-server check inter 1s\n\tserver a 127.0.0.1:1\n"
	    "\tserver b 127.0.0.1:1\n\tserver c 127.0.0.1:1 no-check\n"
	    "\tserver d 127.0.0.1:1 inter 2s\n\tserver e 127.0.0.1:1\n");
	is_u64(waits(server("a")->check), 0);
	is_u64(waits(server("b")->check), 250000);
	is_u64(waits(server("d")->check), 500000);
	is_u64(waits(server("e")->check), 750000);
	ok(server("c")->check->conf == NULL);
	publish("global\n\tspread-checks 20\nbackend b\n\tserver a 127.0.0.1:1 check inter 1s\n");
	chk = server("a")->check;
	for (int i = 0; i < 200; i++) {
		one(chk, CHECK_S_L4OK);
		low = waits(chk) < low ? waits(chk) : low;
		high = waits(chk) > high ? waits(chk) : high;
	}
	ok(low >= 800000 && low < 850000);
	ok(high <= 1200000 && high > 1150000);
	reset();
}

static void
test_messages(void)
{
	struct server_live *a, *k;

	publish("backend b\n\tserver a 127.0.0.1:1 check\n\tserver k 127.0.0.1:1 check backup\n");
	a = server("a");
	k = server("k");
	one(a->check, CHECK_S_L7STS);
	is_str(said, "Server b/a is DOWN, reason: Layer7 wrong status, code: 503, info: \"No\", "
	    "check duration: 3ms. 0 active and 1 backup servers left. Running on backup. "
	    "0 sessions active, 0 requeued, 0 remaining in queue.\n");
	said[0] = '\0';
	one(k->check, CHECK_S_L4TOUT);
	is_str(said, "Backup Server b/k is DOWN, reason: Layer4 timeout, check duration: 3ms. "
	    "0 active and 0 backup servers left. 0 sessions active, 0 requeued, "
	    "0 remaining in queue.\nbackend 'b' has no server available!\n");
	said[0] = '\0';
	one(a->check, CHECK_S_L7OK);
	one(a->check, CHECK_S_L7OK);
	is_str(said, "Server b/a is UP, reason: Layer7 check passed, code: 200, check duration: "
	    "3ms. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue.\n");
	is_u64(a->chkfail, 1);
	is_u64(a->chkdown, 1);
	ok(a->down_us >= 2000000);
	is_u64(snapshot_current()->proxies->live->chkdown, 1);
	reset();
	publish("backend b\n\toption log-health-checks\n\tserver a 127.0.0.1:1 check\n");
	a = server("a");
	one(a->check, CHECK_S_L4OK);
	one(a->check, CHECK_S_L4OK);
	one(a->check, CHECK_S_L4CON);
	is_str(said, "Health check for server b/a succeeded, reason: Layer4 check passed, check "
	    "duration: 3ms, status: 3/3 UP.\nHealth check for server b/a failed, reason: Layer4 "
	    "connection problem, check duration: 3ms, status: 2/3 UP.\n");
	reset();
}

/* The process was stopped: what was missed meanwhile is no failure. */
static void
test_stopped(void)
{
	struct server_live *l;
	struct check *chk;

	publish("backend b\n\tserver s 127.0.0.1:1 check inter 2s\n");
	l = server("s");
	chk = l->check;
	for (unsigned i = 1; i <= 3; i++) {
		fire(chk, 0);
		ok(chk->is_running);
		is_u64(waits(chk), 2000000);
		fire(chk, 5000000);		/* the deadline, seen too late */
		ok(!chk->is_running && health_is_up(l));
		is_u64(waits(chk), 0);
		is_u64(nstarted, i);
		is_u64(ncancelled, i);
	}
	fire(chk, 0);
	fire(chk, 5000000);			/* but not for ever */
	ok(!health_is_up(l));
	one(chk, CHECK_S_L4OK);
	one(chk, CHECK_S_L4OK);
	ok(health_is_up(l));
	fire(chk, 30000000);			/* starts that were missed are spread anew */
	ok(!chk->is_running);
	ok(waits(chk) < 2000000);
	fire(chk, 0);
	fire(chk, 0);				/* a deadline in time counts */
	is_u64(chk->health, 3);
	reset();
}

static void
test_reload(void)
{
	const char *text = "backend b\n\tserver s 127.0.0.1:1 check rise 2 fall 3\n";
	struct check_view v;
	struct server_live *l;
	struct check *chk;

	publish(text);
	l = server("s");
	chk = l->check;
	one(chk, CHECK_S_L4OK);
	one(chk, CHECK_S_L4CON);
	publish(text);
	ok(server("s") == l && l->check == chk);
	is_u64(chk->health, 3);
	is_u64(waits(chk), 2000000);
	fire(chk, 0);
	publish(text);				/* runs on */
	ok(chk->is_running);
	is_u64(ncancelled, 0);
	publish("backend b\n\tserver s 127.0.0.1:2 check rise 4 fall 2 inter 1s\n");
	ok(!chk->is_running);			/* other address: begun anew */
	is_u64(ncancelled, 1);
	is_u64(waits(chk), 0);
	is_u64(chk->health, 5);
	one(chk, CHECK_S_L4CON);
	one(chk, CHECK_S_L4CON);
	ok(!health_is_up(l));
	ok(health_view(l, &v));
	is_str(v.name, "L4CON");
	publish("backend b\n\tserver s 127.0.0.1:2\n");
	ok(health_is_up(l) && l->usable);	/* nobody checks it */
	ok(!health_view(l, &v));
	is_int(v.status, CHECK_S_INI);
	publish("backend b\n\tserver t 127.0.0.1:2 check\n");
	is_int(server("t")->check->status, CHECK_S_INI);
	reset();
}

static void
test_admin(void)
{
	struct server_live *l;
	struct check_view v;
	struct check *chk;

	publish("backend b\n\tserver s 127.0.0.1:1 check\n");
	l = server("s");
	chk = l->check;
	one(chk, CHECK_S_L4OK);
	fire(chk, 0);
	health_set_admin(l, SRV_ADM_FMAINT, 0);
	ok(!chk->is_running && !l->usable);
	is_str(said, "Server b/s is going DOWN for maintenance. 0 active and 0 backup servers "
	    "left. 0 sessions active, 0 requeued, 0 remaining in queue.\n"
	    "backend 'b' has no server available!\n");
	ok(health_view(l, &v) && v.paused && v.enabled && !v.running);
	nstarted = 0;
	fire(chk, 0);				/* paused */
	is_u64(nstarted, 0);
	is_u64(l->chkdown, 0);
	said[0] = '\0';
	health_set_admin(l, 0, SRV_ADM_MAINT);
	is_str(said, "Server b/s is UP/READY (leaving forced maintenance).\n");
	ok(l->usable);
	is_u64(chk->health, 2);			/* one failure from down */
	is_u64(waits(chk), 0);
	said[0] = '\0';
	health_set_admin(l, SRV_ADM_FDRAIN, 0);
	ok(strncmp(said, "Server b/s enters drain state. 0 active", 39) == 0);
	is_u64(l->eweight, 0);
	health_set_admin(l, 0, SRV_ADM_FDRAIN);
	is_u64(l->eweight, LB_SCALE);
	said[0] = '\0';
	health_force(l, SRV_OP_STOPPED);
	ok(strncmp(said, "Server b/s is DOWN, changed from CLI. 0 active", 46) == 0);
	is_u64(chk->health, 0);
	health_set_admin(l, SRV_ADM_FMAINT, 0);
	ok(strstr(said, "Server b/s was DOWN and now enters maintenance.\n") != NULL);
	publish("backend b\n\tserver s 127.0.0.1:1 check disabled\n");
	publish("backend b\n\tserver s 127.0.0.1:1 check\n");	/* takes `disabled` back */
	ok(l->usable && health_is_up(l));
	ok(health_enable(l, false));
	nstarted = 0;
	fire(chk, 0);
	is_u64(nstarted, 0);
	ok(health_view(l, &v) && !v.enabled);
	health_enable(l, true);
	one(chk, CHECK_S_L4OK);
	reset();
}

/* Real time: what live cells derive asks the clock. */
static void
test_slowstart(void)
{
	struct server_live *l;

	publish("backend b\n\tserver s 127.0.0.1:1 check slowstart 60s weight 100 rise 1\n");
	l = server("s");
	is_u64(l->eweight, 100 * LB_SCALE);	/* never at the start */
	is_u64(health_throttle(l), 0);
	one(l->check, CHECK_S_L4CON);
	clock_update();
	check_deadline(l->check, 0);		/* due now */
	fire(l->check, 0);
	check_done(l->check, CHECK_S_L4OK, 0, NULL);
	is_u64(l->op_state, SRV_OP_STARTING);
	is_u64(l->eweight, 100);		/* a sixteenth */
	is_u64(health_throttle(l), 7);
	l->since_us -= 30000000;		/* as if half a minute ago */
	ok(!list_is_empty(&l->check->warm));
	live_server_changed(snapshot_current()->proxies->live, l);
	is_u64(l->eweight, 9 * 100);
	is_u64(health_throttle(l), 57);
	l->since_us -= 30000000;
	live_server_changed(snapshot_current()->proxies->live, l);
	is_u64(l->op_state, SRV_OP_RUNNING);
	is_u64(l->eweight, 100 * LB_SCALE);
	is_u64(health_throttle(l), 0);
}

static void
test_statuses(void)
{
	is_int(CHECK_S_L4OK, 6);
	is_int(CHECK_S_L7OK, 15);
	is_int(CHECK_S_PROCOK, 20);
	is_str(check_status_name(CHECK_S_L7STS), "L7STS");
	is_str(check_status_name((enum check_status)2), "UNK");
	is_str(check_status_name((enum check_status)99), "UNK");
	is_str(check_status_text(CHECK_S_L6RSP), "Layer6 invalid response");
	is_int(check_status_result(CHECK_S_L7OKC), CHECK_CONDPASS);
}

int
main(void)
{
	extern const struct module mod_health;
	static char *paths[] = { path };
	int fd = mkstemp(path);

	if (fd == -1)
		tap_skip_all("no temporary file");
	close(fd);
	h1_scan_init();
	MODULE_EACH(m)
		if (m->prepare != NULL && m->prepare() != 0)
			return 1;
	config_set_paths(paths, 1);
	log_set_sink(keep_message);
	data = loop_new(0);
	control_loop = loop_new(1);
	snapshot_init(&data, 1, control_loop);
	loop_self = control_loop;
	mod_health.start();
	test_statuses();
	test_step();
	test_sequences();
	test_intervals();
	test_together();
	test_crowd();
	test_spread();
	test_messages();
	test_stopped();
	test_reload();
	test_admin();
	test_slowstart();
	mod_health.stop();
	snapshot_fini();
	loop_free(control_loop);
	loop_free(data);
	unlink(path);
	return tap_done();
}
