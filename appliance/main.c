/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir: argv, the order of start and stop, signals. Everything else lives in the
 * rooms; doc/TOUR.md walks through them.
 *
 *	parse -> bind -> limits -> background -> helper -> drop -> threads -> run
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/log.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/reload.h"
#include "event/child.h"
#include "event/job.h"
#include "event/loop.h"
#include "http/h1.h"
#include "net/listen.h"
#include "options.h"
#include "process.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"
#include "proxy/tls_cfg.h"
#include "rows.h"

#define JOB_THREADS	2

static int
check_condition(void)
{
	char *error = NULL;
	int r = cfg_condition(options.condition, &error);

	if (r < 0) {
		log_alert("config : Failed to evaluate condition: %s", error);
		free(error);
		return 2;
	}
	return r != 0 ? 0 : 1;
}

static struct snapshot *
load(void)
{
	struct diag d;
	struct snapshot *s;

	diag_init(&d, true);
	s = config_load(&d, false);
	if (s == NULL)
		log_alert("Fatal errors found in configuration.");
	else if (d.nwarnings != 0 && (options.warnings_are_errors || s->global->zero_warning)) {
		log_alert("Some warnings were found and 'zero-warning' is set. Aborting.");
		snapshot_free(s);
		s = NULL;
	} else if (options.check_only && d.nwarnings != 0)
		puts("Warnings were found.");
	diag_fini(&d);
	return s;
}

/* ---- signals: they arrive here only, all other threads block them ---- */

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
	}
}

static void
catch_signals(struct event *events[], struct event_base *base)
{
	static const int sigs[] = { SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGHUP };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < 5; i++) {
		events[i] = evsignal_new(base, sigs[i], on_signal, NULL);
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
	snapshot_init(loops, n, control_loop);
	MODULE_EACH(m)
		if (m->start != NULL && m->start() != 0)
			return -1;
	control_publish(s);
	job_start(JOB_THREADS);
	return dthreads_start();
}

static int
run(struct snapshot *s)
{
	unsigned n = process_threads(s->global);
	struct event *events[5];

	s->nthreads = n;
	live_attach(s);
	if (process_listen(s, n) != 0 || process_limits_set(s, n) != 0 ||
	    process_background(s->global) != 0 || process_pidfile(s->global) != 0 ||
	    process_helper(options.paths, options.npaths) != 0 ||
	    process_drop_privileges(s->global) != 0 || log_target_start() != 0 ||
	    start_threads(s, n) != 0)
		return 1;
	catch_signals(events, control_loop->base);
	process_signal_old();
	process_ready();
	loop_run(control_loop);
	for (size_t i = 0; i < 5; i++)
		event_free(events[i]);
	return 0;
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
	snapshot_fini();
	dthreads_free();
	log_target_stop();
	listener_close_all();
	loop_free(control_loop);
	helper_stop();
	free(options.paths);
	free(options.old_pids);
	if (sig != 0) {		/* end by that signal: a shell shows 130, 143 */
		signal(sig, SIG_DFL);
		raise(sig);
	}
}

int
main(int argc, char **argv)
{
	struct snapshot *s;
	int status;

	if (options_parse(argc, argv, &status) != 0)
		return status;
	log_set_quiet(options.quiet);
	log_set_diag(options.diag);
	log_set_debug(options.mode == RUN_DEBUG);
	h1_scan_init();
	MODULE_EACH(m)
		if (m->prepare != NULL && m->prepare() != 0)
			return 1;
	if (options.dump_rows)
		return rows_dump();
	if (options.condition != NULL)
		return check_condition();
	if (options.chdir != NULL && chdir(options.chdir) != 0) {
		log_alert("Could not change to directory %s : %s", options.chdir, strerror(errno));
		return 1;
	}
	config_set_paths(options.paths, options.npaths);
	config_set_adjust(process_adjust);
	if (options.no_server_verify)
		tls_cfg_set_no_verify();
	if (options.ignore_unresolvable)
		server_cfg_ignore_unresolvable();
	process_record_files();
	if ((s = load()) == NULL)
		return 1;
	if (options.check_only) {
		if (options.verbose)
			puts("Configuration file is valid");
		snapshot_free(s);
		return 0;
	}
	if (s->global->quiet)
		log_set_quiet(1);
	status = run(s);
	if (status == 0)
		stop();
	return status;
}
