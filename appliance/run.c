/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of the process, from a loaded configuration to its end:
 *
 *	bind -> limits -> background -> helper -> drop -> threads -> loop -> stop
 *
 * Signals are caught last, by the control loop; all other threads block them.
 *
 * Thread: main, which becomes the control thread.
 */
#include "run.h"

#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/cli_pools.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/frontend.h"
#include "ctl/metric.h"
#include "ctl/reload.h"
#include "ctl/store.h"
#include "event/child.h"
#include "event/job.h"
#include "event/loop.h"
#include "event/sched.h"
#include "net/listen.h"
#include "options.h"
#include "process.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/log_target.h"

#define JOB_THREADS	2

/* ---- signals ---- */

static const int signals[] = {
	SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGHUP, SIGTTOU, SIGTTIN, SIGQUIT
};

static void
print_pools(void)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	pools_text(&b);
	fputs(b.data, stderr);
	outbuf_fini(&b);
}

static void
on_signal(evutil_socket_t sig, short what, void *arg)
{
	(void)what, (void)arg;
	switch (sig) {
	case SIGINT: case SIGTERM:
		control_stop((int)sig);
		break;
	case SIGUSR1:
		control_soft_stop();
		break;
	case SIGHUP: case SIGUSR2:
		(void)reload_request(NULL, NULL);
		break;
	case SIGTTOU:
		frontends_pause();
		break;
	case SIGTTIN:
		frontends_resume();
		break;
	case SIGQUIT:
		print_pools();
		break;
	}
}

static void
catch_signals(struct event *events[], struct event_base *base)
{
	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
		events[i] = evsignal_new(base, signals[i], on_signal, NULL);
		event_add(events[i], NULL);
	}
}

/* ---- start and stop ---- */

static struct loop *loops[64];

static int
start_threads(struct snapshot *s, unsigned n)
{
	if (dthreads_init(n, s->global) != 0)
		return -1;
	for (unsigned i = 0; i < n; i++)
		loops[i] = dthreads[i].loop;
	control_loop = loop_new(n);
	sched_start(control_loop, options.clock_us);
	snapshot_init(loops, n, control_loop);
	if (s->global->state_dir != NULL) {
		if (store_open(s->global->state_dir) != 0)
			return -1;
		metric_open(s->global->state_dir, s->global->metrics_space);
	}
	MODULE_EACH(m)
		if (m->start != NULL && m->start() != 0)
			return -1;
	control_publish(s);
	job_start(JOB_THREADS);
	return dthreads_start();
}

/* Start it all and serve until told to stop. */
static int
serve(struct snapshot *s)
{
	unsigned n = process_threads(s->global);
	struct event *events[ARRAY_LEN(signals)];

	s->nthreads = n;
	live_attach(s);
	if (process_listen(s, n) != 0 || process_limits_set(s, n) != 0 ||
	    process_background(s->global) != 0 || process_pidfile(s->global) != 0 ||
	    process_helper(s, options.paths, options.npaths) != 0 ||
	    process_drop_privileges(s->global) != 0 || log_target_start() != 0 ||
	    start_threads(s, n) != 0)
		return 1;
	if (options.clock_us != 0)
		log_warnx("the schedule clock is a test's (-T): checks, alarms and schedules "
		    "wait for `clock advance`");
	catch_signals(events, control_loop->base);
	process_signal_old();
	process_ready();
	loop_run(control_loop);
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		event_free(events[i]);
	return 0;
}

/* The address sanitizer looks for leaks at exit(), which an end by a signal skips. */
static void
leaks_check(void)
{
#ifdef __SANITIZE_ADDRESS__
	extern void __lsan_do_leak_check(void);

	__lsan_do_leak_check();
#endif
}

static void
stop(void)
{
	static void (*stops[64])(void);
	int n = 0, sig = control_stop_signal();

	job_stop();
	mailbox_drain(&control_loop->mailbox);	/* a reload that was under way needs the threads */
	dthreads_stop();
	MODULE_EACH(m)
		if (m->stop != NULL)
			stops[n++] = m->stop;
	while (n > 0)
		stops[--n]();
	store_close();
	sched_stop();
	snapshot_fini();
	dthreads_free();
	log_target_stop();
	listener_close_all();
	loop_free(control_loop);
	helper_stop();
	free(options.paths);
	free(options.old_pids);
	leaks_check();
	if (sig != 0) {		/* end by that signal: a shell shows 130, 143 */
		signal(sig, SIG_DFL);
		raise(sig);
	}
}

int
run_until_stopped(struct snapshot *s)
{
	if (serve(s) != 0)
		return 1;
	stop();
	return 0;
}
