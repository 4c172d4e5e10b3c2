/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Variables of one load. `setenv` and friends act in file order on a layer over
 * the process's environment, which they never touch: a reload starts from the
 * same ground as the first load, and no thread changes the environment while
 * another one reads it. The layer lives in the snapshot's arena.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/env.h"
#include "cfg/kw.h"

struct env_var {
	const char	*name;
	const char	*value;		/* NULL = unset */
	struct env_var	*next;
};

struct cfg_env {
	struct arena	*arena;		/* borrowed */
	struct env_var	*vars;
	bool		 is_reset;	/* the process's environment is hidden */
};

#define HTTP_LOG \
	"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc " \
	"%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
#define CLF_TAIL "%b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl"

static const char *const predefined[][2] = {
	{ "HAPROXY_STARTUP_VERSION", CFG_COMPAT_VERSION },
	{ "HAPROXY_BRANCH", CFG_COMPAT_BRANCH },
	{ "HAPROXY_HTTP_LOG_FMT", HTTP_LOG },
	{ "HAPROXY_HTTPS_LOG_FMT", HTTP_LOG " %[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/"
	    "%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc" },
	{ "HAPROXY_TCP_LOG_FMT", "%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts "
	    "%ac/%fc/%bc/%sc/%rc %sq/%bq" },
	{ "HAPROXY_HTTP_CLF_LOG_FMT", "%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp "
	    "%ms %ft " CLF_TAIL },
	{ "HAPROXY_TCP_CLF_LOG_FMT", "%{+Q}o %{-Q}ci - - [%T] \"TCP \" 000 %B \"\" \"\" %cp "
	    "%ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq \"\" \"\" " },
};

/* -L exports it; else it is the name of this machine. */
static void
set_localpeer(struct cfg_env *e)
{
	char name[256];

	if (getenv("HAPROXY_LOCALPEER") != NULL || gethostname(name, sizeof(name)) != 0)
		return;
	name[sizeof(name) - 1] = '\0';
	cfg_env_set(e, "HAPROXY_LOCALPEER", name);
}

struct cfg_env *
cfg_env_make(struct arena *a)
{
	struct cfg_env *e = arena_alloc(a, sizeof(*e));

	e->arena = a;
	set_localpeer(e);
	for (size_t i = 0; i < ARRAY_LEN(predefined); i++)
		cfg_env_set(e, predefined[i][0], predefined[i][1]);
	return e;
}

static struct env_var *
find_var(const struct cfg_env *e, const char *name)
{
	for (struct env_var *v = e->vars; v != NULL; v = v->next)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

void
cfg_env_set(struct cfg_env *e, const char *name, const char *value)
{
	struct env_var *v = find_var(e, name);

	if (v == NULL) {
		v = arena_alloc(e->arena, sizeof(*v));
		v->name = arena_strdup(e->arena, name);
		v->next = e->vars;
		e->vars = v;
	}
	v->value = value != NULL ? arena_strdup(e->arena, value) : NULL;
}

const char *
cfg_env_lookup(const struct cfg_env *e, const char *name)
{
	const struct env_var *v = find_var(e, name);

	if (v != NULL)
		return v->value;
	return e->is_reset ? NULL : getenv(name);
}

/* ---- rows ---- */

static bool
is_name(const char *name)
{
	return *name != '\0' && strchr(name, '=') == NULL;
}

/* setenv NAME VALUE; presetenv sets only what is not there. */
static int
parse_setenv(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)nargs;
	if (!is_name(args[0])) {
		diag_error(c->diag, "'%s' : '%s' is not a variable name.", row->name, args[0]);
		return -1;
	}
	if (row->arg == 0 || cfg_env_lookup(c->env, args[0]) == NULL)
		cfg_env_set(c->env, args[0], args[1]);
	return 0;
}

static int
parse_unsetenv(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)row;
	for (int i = 0; i < nargs; i++)
		cfg_env_set(c->env, args[i], NULL);
	return 0;
}

/* resetenv [NAME...]: nothing stays but the names given. */
static int
parse_resetenv(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct cfg_env *e = c->env;
	const char *value;
	int i;

	(void)row;
	for (i = 0; i < nargs; i++)
		if ((value = cfg_env_lookup(e, args[i])) != NULL)
			cfg_env_set(e, args[i], value);
	for (struct env_var *v = e->vars; v != NULL; v = v->next) {
		for (i = 0; i < nargs && strcmp(v->name, args[i]) != 0; i++)
			;
		if (i == nargs)
			v->value = NULL;
	}
	e->is_reset = true;
	return 0;
}

static const struct kw_row env_cfg[] = {
	{ "setenv", IN_GLOBAL, KW_OBEYED, 2, 2, 0, parse_setenv, 0, "<name> <value>",
	    "Sets a variable for the lines that follow." },
	{ "presetenv", IN_GLOBAL, KW_OBEYED, 2, 2, 0, parse_setenv, 1, "<name> <value>",
	    "Sets a variable for the lines that follow, unless there is one." },
	{ "unsetenv", IN_GLOBAL, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_unsetenv, 0,
	    "<name>...", "Removes variables for the lines that follow." },
	{ "resetenv", IN_GLOBAL, KW_OBEYED, 0, 0, KW_F_ANY_ARGS, parse_resetenv, 0,
	    "[<name>...]", "Removes all variables but these for the lines that follow." },
	{ .name = NULL }
};

const struct module mod_cfg_env = { .name = "cfg_env", .cfg = env_cfg };
