/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir: the command line, the configuration's first load, then run.c. All else
 * lives in the rooms; doc/TOUR.md walks through them.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/log.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/check_cfg.h"
#include "ctl/reload.h"
#include "http/h1.h"
#include "options.h"
#include "process.h"
#include "proxy/proxy.h"
#include "proxy/tls_cfg.h"
#include "rows.h"
#include "run.h"

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
	diag_keep(&d);
	diag_fini(&d);
	return s;
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
	if (options.allow_fork)
		check_cfg_may_fork();
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
	return run_until_stopped(s);
}
