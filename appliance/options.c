/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line, as HAProxy's (the manual, weir(8), has the table). Each
 * option is a row; what takes a value names where it goes. Anything not in the
 * table prints banner and usage and ends with status 1.
 */
#include "options.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <event2/event.h>
#include <openssl/crypto.h>

#include "api/when.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/kw.h"

struct options options;

typedef int option_fn(const char *value);	/* 0, or -1 with a message */

struct option_row {
	const char	*name;
	bool		 takes_value;
	option_fn	*fn;
	const char	*help;
};

static int
add_path(const char *v)
{
	options.paths = xrealloc(options.paths, (size_t)(options.npaths + 1) * sizeof(char *));
	options.paths[options.npaths++] = (char *)(uintptr_t)v;
	return 0;
}

static int
number(const char *what, const char *v, uint64_t *ret)
{
	if (str_to_u64(str_of(v), ret))
		return 0;
	log_alert("option %s: '%s' is not a number", what, v);
	return -1;
}

#define SETTER(name, statement) \
	static int name(const char *v) { (void)v; statement; return 0; }

SETTER(opt_c, options.check_only = true)
SETTER(opt_d, options.mode = RUN_DEBUG)
SETTER(opt_db, options.mode = RUN_FOREGROUND)
SETTER(opt_D, if (options.mode == RUN_DEFAULT) options.mode = RUN_DAEMON)
SETTER(opt_q, options.quiet = true)
SETTER(opt_V, options.verbose = true)
SETTER(opt_dW, options.warnings_are_errors = true)
SETTER(opt_dD, options.diag = true)
SETTER(opt_dS, options.no_splice = true)
SETTER(opt_dV, options.no_server_verify = true)
SETTER(opt_dr, options.ignore_unresolvable = true)
SETTER(opt_dI, options.allow_fork = true)
SETTER(opt_nothing, )
SETTER(opt_p, options.pidfile = v)
SETTER(opt_C, options.chdir = v)
SETTER(opt_L, options.localpeer = v; setenv("HAPROXY_LOCALPEER", v, 1))
SETTER(opt_cc, options.condition = v)
SETTER(opt_rows, options.dump_rows = true)

static int opt_n(const char *v) { return number("-n", v, &options.maxconn); }
static int opt_N(const char *v) { return number("-N", v, &options.proxy_maxconn); }
static int opt_m(const char *v) { return number("-m", v, &options.memory_mb); }

static int
opt_T(const char *v)
{
	int64_t s;

	if (!when_parse(v, 0, &s) || s <= 0) {
		log_alert("option -T: '%s' is no time such as 2013-02-15T16:31:56Z", v);
		return -1;
	}
	options.clock_us = (uint64_t)s * 1000000;
	return 0;
}

static int
not_built(const char *v)
{
	(void)v;
	log_alert("the master process (-W, -Ws, -S) and -x are not built yet: run weir with "
	    "-D or -db; SIGHUP or the socket's `reload` reload it without losing a connection.");
	return -1;
}

static int
opt_dM(const char *v)
{
	unsigned long byte = 0x50;
	char *end;

	if (*v != '\0' && *v != ',') {
		byte = strtoul(v, &end, 0);
		if ((*end != '\0' && *end != ',') || byte > 255) {
			log_alert("option -dM: '%s' is not a byte", v);
			return -1;
		}
	}
	xalloc_set_fill((int)byte);
	return 0;
}

static const struct option_row rows[] = {
	{ "-f", true, add_path, "configuration file or folder; may be repeated" },
	{ "-c", false, opt_c, "check the configuration and exit" },
	{ "-cc", true, opt_cc, "evaluate a condition and exit: 0 true, 1 false, 2 bad" },
	{ "-d", false, opt_d, "stay in the foreground, verbose" },
	{ "-db", false, opt_db, "stay in the foreground" },
	{ "-D", false, opt_D, "go into the background" },
	{ "-W", false, not_built, "master process (not built yet)" },
	{ "-Ws", false, not_built, "master process with notification (not built yet)" },
	{ "-S", true, not_built, "master socket (not built yet)" },
	{ "-x", true, not_built, "take listening sockets over (not built yet)" },
	{ "-p", true, opt_p, "write the pid to this file" },
	{ "-L", true, opt_L, "local peer name" },
	{ "-C", true, opt_C, "change to this folder first" },
	{ "-q", false, opt_q, "quiet" },
	{ "-V", false, opt_V, "verbose" },
	{ "-n", true, opt_n, "maxconn of the process" },
	{ "-N", true, opt_N, "maxconn of each proxy that sets none" },
	{ "-m", true, opt_m, "memory for connections and buffers, in MiB" },
	{ "-T", true, opt_T, "for tests: the schedule clock stands still at this time" },
	{ "-dW", false, opt_dW, "warnings are errors" },
	{ "-dI", false, opt_dI, "allow to start processes (external checks)" },
	{ "-dr", false, opt_dr, "ignore servers whose names do not resolve" },
	{ "-dV", false, opt_dV, "no verification of servers' certificates" },
	{ "-dD", false, opt_dD, "say more about the configuration" },
	{ "-dS", false, opt_dS, "no splice" },
	{ "-de", false, opt_nothing, "no effect (epoll is always used)" },
	{ "-dp", false, opt_nothing, "no effect" },
	{ "-dG", false, opt_nothing, "no effect" },
	{ "-4", false, opt_nothing, "no effect" },
	{ "--dump-rows", false, opt_rows, "list every word that weir knows" },
};

static void
banner(FILE *f)
{
	fprintf(f, "weir " WEIR_VERSION " (HAProxy compatible " WEIR_COMPAT ")\n");
}

static void
usage(const char *argv0)
{
	banner(stdout);
	fflush(stdout);
	fprintf(stderr, "Usage : %s [-f PATH]... [options] [-- PATH...]\n", argv0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		fprintf(stderr, "  %-11s %s%s\n", rows[i].name,
		    rows[i].takes_value ? "<value> " : "", rows[i].help);
	fprintf(stderr, "  -sf, -st <pid>...  after binding, send SIGUSR1 / SIGTERM to these\n"
	    "  -v, -vv, -vq, -vqs, -vqb  versions\n");
}

static void
print_feature(const char *name, bool is_built, void *arg)
{
	(void)arg;
	printf(" %c%s", is_built ? '+' : '-', name);
}

static bool
version(const char *arg)
{
	if (strcmp(arg, "-vq") == 0 || strcmp(arg, "-vqs") == 0)
		puts(WEIR_COMPAT);
	else if (strcmp(arg, "-vqb") == 0)
		puts("3.3");
	else if (strcmp(arg, "-v") == 0)
		banner(stdout);
	else if (strcmp(arg, "-vv") == 0) {
		banner(stdout);
		printf("HAProxy version " WEIR_COMPAT " (weir " WEIR_VERSION ")\n");
		printf("TARGET  = linux-glibc\n");
		printf("Feature list :");
		cfg_feature_each(print_feature, NULL);
		printf("\n");
		printf("Built with libevent %s, %s\n", event_get_version(),
		    OpenSSL_version(OPENSSL_VERSION));
	} else
		return false;
	return true;
}

/* -sf / -st PID...: up to the next option; the list may be empty. */
static int
take_pids(int argc, char **argv, int i)
{
	options.old_signal = strcmp(argv[i], "-st") == 0 ? SIGTERM : SIGUSR1;
	while (i + 1 < argc && argv[i + 1][0] != '-') {
		uint64_t pid;

		if (!str_to_u64(str_of(argv[i + 1]), &pid) || pid == 0 || pid > INT32_MAX)
			break;
		options.old_pids = xrealloc(options.old_pids,
		    (size_t)(options.nold_pids + 1) * sizeof(int));
		options.old_pids[options.nold_pids++] = (int)pid;
		i++;
	}
	return i;
}

static const struct option_row *
find_row(const char *arg)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcmp(rows[i].name, arg) == 0)
			return &rows[i];
	return NULL;
}

/* One option at argv[i]; returns the index of its last word, or -1. */
static int
take_option(int argc, char **argv, int i)
{
	const struct option_row *row = find_row(argv[i]);

	if (strcmp(argv[i], "-sf") == 0 || strcmp(argv[i], "-st") == 0)
		return take_pids(argc, argv, i);
	if (strncmp(argv[i], "-dM", 3) == 0)
		return opt_dM(argv[i] + 3) == 0 ? i : -1;
	if (strncmp(argv[i], "-dK", 3) == 0)
		return i;
	if (row == NULL || (row->takes_value && i + 1 >= argc)) {
		usage(argv[0]);
		return -1;
	}
	if (!row->takes_value)
		return row->fn(NULL) == 0 ? i : -1;
	return row->fn(argv[i + 1]) == 0 ? i + 1 : -1;
}

int
options_parse(int argc, char **argv, int *ret_exit)
{
	*ret_exit = 1;
	if (argc < 2) {
		usage(argv[0]);
		return -1;
	}
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			while (++i < argc)
				add_path(argv[i]);
			break;
		}
		if (version(argv[i])) {
			*ret_exit = 0;
			return -1;
		}
		i = take_option(argc, argv, i);
		if (i < 0)
			return -1;
	}
	return 0;
}
