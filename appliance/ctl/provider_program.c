/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words of providers that start programs; see provider_program.h. A program that a
 * reload brings is refused unless it was named when the process started: the helper's
 * list is frozen then.
 *
 * Thread: the one that loads.
 */
#include "ctl/provider_program.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/field.h"
#include "ctl/object.h"

#define KILL_AFTER_US	10000000u

static const struct provider_type *const runners[] = {
	&provider_process, &provider_netns, &provider_exec
};
/* Those whose children live on, those of them whose command is any; those that say one. */
static const struct provider_type *const keepers[] = {
	&provider_process, &provider_netns, &provider_qemu
};
static const struct provider_type *const openers[] = {
	&provider_process, &provider_netns
};
static const struct provider_type *const commanded[] = {
	&provider_process, &provider_netns, &provider_exec, &provider_qemu
};

static struct program_conf *
runner(struct cfg *c)
{
	return provider_settings(c, runners, sizeof runners / sizeof runners[0]);
}

static struct program_conf *
keeper(struct cfg *c)
{
	return provider_settings(c, keepers, sizeof keepers / sizeof keepers[0]);
}

static struct program_conf *
opener(struct cfg *c)
{
	return provider_settings(c, openers, sizeof openers / sizeof openers[0]);
}

static int
parse_command(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct program_conf *s = provider_settings(c, commanded,
	    sizeof commanded / sizeof commanded[0]);

	if (s == NULL)
		return -1;
	if (args[0][0] != '/') {
		diag_error(c->diag, "'%s': '%s' is no absolute path.", row->name, args[0]);
		return -1;
	}
	if ((unsigned)nargs > PROGRAM_WORDS_MAX - 64) {
		diag_error(c->diag, "'%s': %d words are too many.", row->name, nargs);
		return -1;
	}
	s->program.args = (const char *const *)args;
	s->program.nargs = (unsigned)nargs;
	return 0;
}

static int
parse_user(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct program_conf *s = runner(c);
	const struct passwd *pw;

	(void)nargs;
	if (s == NULL)
		return -1;
	if ((pw = getpwnam(args[0])) == NULL) {
		diag_error(c->diag, "'%s': there is no user '%s' here.", row->name, args[0]);
		return -1;
	}
	s->program.has_user = true;
	s->program.uid = pw->pw_uid;
	s->program.gid = pw->pw_gid;
	return 0;
}

static int
parse_path(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	bool is_cgroup = row->arg == offsetof(struct program_conf, program.cgroup);
	struct program_conf *s = is_cgroup ? keeper(c) : opener(c);

	(void)nargs;
	if (s == NULL)
		return -1;
	if (args[0][0] != '/') {
		diag_error(c->diag, "'%s': '%s' is no absolute path.", row->name, args[0]);
		return -1;
	}
	*(const char **)(void *)((char *)s + row->arg) = args[0];
	return 0;
}

static int
parse_limit(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct program_conf *s = keeper(c);
	size_t len = strlen(args[1]);
	uint64_t pct;

	(void)row, (void)nargs;
	if (s == NULL)
		return -1;
	if (strcmp(args[0], "memory") == 0)
		return cfg_size(c, "limit memory", args[1], &s->program.memory_bytes);
	if (strcmp(args[0], "cpu") != 0) {
		diag_error(c->diag, "'limit' expects 'cpu' or 'memory', not '%s'.", args[0]);
		return -1;
	}
	if (len > 1 && args[1][len - 1] == '%')
		args[1][len - 1] = '\0';
	if (cfg_uint(c, "limit cpu", args[1], 1, 100000, &pct) == -1)
		return -1;
	s->program.cpu_pct = (uint32_t)pct;
	return 0;
}

static int
parse_signal(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const struct { const char *name; int number; } signals[] = {
		{ "TERM", SIGTERM }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "HUP", SIGHUP },
		{ "USR1", SIGUSR1 }, { "USR2", SIGUSR2 }, { "KILL", SIGKILL },
		{ "WINCH", SIGWINCH },
	};
	struct program_conf *s = opener(c);
	const char *name = strncmp(args[0], "SIG", 3) == 0 ? args[0] + 3 : args[0];

	(void)nargs;
	if (s == NULL)
		return -1;
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (strcmp(name, signals[i].name) == 0) {
			*(int *)(void *)((char *)s + row->arg) = signals[i].number;
			return 0;
		}
	diag_error(c->diag, "'%s' expects TERM, INT, QUIT, HUP, USR1, USR2, WINCH or KILL, "
	    "not '%s'.", row->name, args[0]);
	return -1;
}

static int
parse_time(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct program_conf *s = keeper(c);

	return s != NULL ? cfg_set(c, row, s, args, nargs) : -1;
}

int
provider_program_name(struct cfg *c, const struct provider_conf *p, struct program_conf *s)
{
	s->row = program_row(&s->program);
	if (s->row != -1)
		return 0;
	diag_error(c->diag, "provider '%s': '%s' with these words was not named when the process "
	    "started: a new program needs a restart.", p->object.name, s->program.args[0]);
	return -1;
}

int
provider_program_settle(struct cfg *c, const struct provider_conf *p)
{
	struct program_conf *s = p->settings;

	diag_at(c->diag, p->object.file, p->object.line);
	if (s->program.nargs == 0) {
		diag_error(c->diag, "provider '%s' has no 'command'.", p->object.name);
		return -1;
	}
	if (!s->has_kill_after)
		s->kill_after_us = KILL_AFTER_US;
	s->program.kill_after_ms = (uint32_t)(s->kill_after_us / 1000);
	return provider_program_name(c, p, s);
}

enum provider_error
provider_program_error(int error)
{
	switch (error) {
	case ENOENT: case EACCES: case ENOEXEC: case EPERM: case ENOTDIR: case EINVAL: case E2BIG:
		return PROVIDER_INVALID;
	}
	return PROVIDER_CAPACITY;
}

static const struct kw_row rows[] = {
	{ "command", IN_PROVIDER, KW_OBEYED, 1, 1, KW_F_ANY_ARGS, parse_command, 0,
	  "<path> <word>...", "process, netns, exec: the program and its words; qemu: its path and "
	  "more words." },
	{ "user", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_user, 0, "<name>",
	  "process, netns, exec: whom the program runs as." },
	{ "directory", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_path,
	  offsetof(struct program_conf, program.directory), "<path>",
	  "process, netns: its working folder; / by default." },
	{ "cgroup", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_path,
	  offsetof(struct program_conf, program.cgroup), "<path>",
	  "process, netns, qemu: the cgroup (version 2) below which each instance has its own." },
	{ "limit", IN_PROVIDER, KW_OBEYED, 2, 2, 0, parse_limit, 0,
	  "cpu <percent>|memory <size>",
	  "process, netns, qemu: what an instance may use, if its cgroup can say so." },
	{ "reload-signal", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_signal,
	  offsetof(struct program_conf, program.reload_signal), "<name>",
	  "process, netns: the signal that an instance gets when its files have changed." },
	{ "stop-signal", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_signal,
	  offsetof(struct program_conf, program.stop_signal), "<name>",
	  "process, netns: the signal that asks it to end; TERM by default." },
	{ "kill-after", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_time,
	  CFG_FIELD(CFG_DURATION, struct program_conf, kill_after_us,
	  .max = 600000000, .has = offsetof(struct program_conf, has_kill_after)), "<time>",
	  "process, netns, qemu: when SIGKILL follows; 10s by default." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

const struct module mod_provider_program = { .name = "provider_program", .cfg = rows };
