/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: a table of options, and what it asked for. */
#ifndef WEIR_OPTIONS_H
#define WEIR_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/version.h"

enum run_mode { RUN_DEFAULT, RUN_FOREGROUND, RUN_DEBUG, RUN_DAEMON };

struct options {
	char		**paths;	/* owned array; strings of argv */
	int		 npaths;
	enum run_mode	 mode;
	bool		 check_only, quiet, verbose, warnings_are_errors, diag, no_splice;
	bool		 no_server_verify, ignore_unresolvable, allow_fork, dump_rows;
	const char	*pidfile, *chdir, *localpeer, *condition;
	uint64_t	 maxconn, proxy_maxconn, memory_mb;
	uint64_t	 clock_us;	/* -T: the schedule clock; 0 = not given */
	int		*old_pids;	/* owned; -sf, -st */
	int		 nold_pids, old_signal;
};

extern struct options options;

/* 0 = go on; else *ret_exit is the exit status (help, version, bad option) */
int	options_parse(int argc, char **argv, int *ret_exit);

#endif
