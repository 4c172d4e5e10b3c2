/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the configuration says of scripts: `lua-policy` in the global section, and
 * policies of kind lua in scaling groups. Immutable, in the snapshot's arena.
 */
#ifndef WEIR_SCRIPT_SCRIPT_CONF_H
#define WEIR_SCRIPT_SCRIPT_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cfg;
struct script;
struct snapshot;

/* `lua-policy FILE [ARG...]` */
struct script_conf {
	struct script_conf *next;	/* in file order */
	const char	*name;		/* of the file, without folder and .lua */
	const char	*path, *text;
	size_t		 len;
	uint64_t	 digest;	/* of text and arguments */
	char		**args;
	int		 nargs;
	struct script	*script;	/* held: it was loaded with the configuration */
};

struct script_param {
	struct script_param *next;
	const char	*key, *value;
};

/* `policy NAME lua FUNC [every D] [param KEY=VALUE]...` */
struct script_policy_conf {
	const char	*function;
	uint64_t	 every_us;	/* 0 = the script's */
	struct script_param *params;
};

const struct script_conf *script_confs(const struct snapshot *s);	/* any thread */
/* while parsing, in post checks: false after a diag_error that says what is near */
bool	script_need(struct cfg *c, unsigned kind, const char *what, const char *function);

#endif
