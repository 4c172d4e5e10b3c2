/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `set-var` and `set-var-fmt` in the global section: variables of the process.
 * Lines are evaluated in their order when their configuration is published, for
 * a file that is only checked, or has errors, must not change anything. A line
 * that was in force before is left alone: what rules and commands made of the
 * variable since stays, over reloads and when a server is added.
 *
 * Thread: control, or a job thread while parsing.
 */
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/logline.h"
#include "proxy/sample.h"
#include "proxy/vars.h"

struct proc_var {
	struct proc_var	*next;		/* file order */
	struct str	 name;		/* without its scope */
	const char	*text;
	struct expr	*expr;		/* or */
	struct logformat *format;
};

/* `proc.name`; NULL after an error. */
static const char *
proc_name(struct cfg *c, const char *word, const char *what)
{
	const struct var_name *v = var_name_parse(c, word);

	if (v == NULL)
		return NULL;
	if (v->scope == VAR_PROC)
		return v->name.p;
	diag_error(c->diag, "'%s': cannot set variable '%s', only scope 'proc' is permitted in "
	    "the global section.", what, word);
	return NULL;
}

static int
parse_set_var(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	bool is_format = row->arg != 0;
	struct proc_var *v = arena_calloc(c->arena, 1, sizeof *v), **at;
	const char *name;

	if (nargs != 2) {
		diag_error(c->diag, "'%s' requires a process-wide variable name ('proc.<name>') "
		    "and a %s.", row->name, is_format ? "format string" : "sample expression");
		return -1;
	}
	if ((name = proc_name(c, args[0], row->name)) == NULL)
		return -1;
	v->name = str_of(name);
	v->text = args[1];
	if (is_format)
		v->format = logformat_parse(c, NULL, args[1], USE_CONST, 0);
	else
		v->expr = expr_parse(c, NULL, args[1], USE_CONST);
	if (v->format == NULL && v->expr == NULL)
		return -1;
	for (at = &global_of(c)->proc_vars; *at != NULL; at = &(*at)->next)
		;
	*at = v;
	return 0;
}

static bool
is_in_force(const struct proc_var *v, const struct snapshot *old)
{
	const struct proc_var *o = old != NULL ? old->global->proc_vars : NULL;

	for (; o != NULL; o = o->next)
		if (str_eq(o->name, v->name) && strcmp(o->text, v->text) == 0 &&
		    (o->expr == NULL) == (v->expr == NULL))
			return true;
	return false;
}

static bool
evaluate(const struct proc_var *v, struct sample *ret)
{
	struct sample_ctx x = { .is_final = true };

	if (v->expr != NULL)
		return expr_eval(v->expr, &x, ret);
	sample_str(ret, logformat_eval(v->format, &x));
	return ret->u.s.p != NULL;
}

void
vars_publish(const struct snapshot *s)
{
	const struct snapshot *old = snapshot_current();

	for (const struct proc_var *v = s->global->proc_vars; v != NULL; v = v->next) {
		size_t mark = eval_mark();
		struct sample value;

		if (!is_in_force(v, old) && evaluate(v, &value))
			(void)var_proc_set(v->name, &value);
		eval_release(mark);
	}
}

static const struct kw_row rows[] = {
	{ "set-var", IN_GLOBAL, KW_OBEYED, 0, 0, KW_F_ANY_ARGS, parse_set_var, 0,
	    "<proc.name> <expression>", "Sets a variable of the process." },
	{ "set-var-fmt", IN_GLOBAL, KW_OBEYED, 0, 0, KW_F_ANY_ARGS, parse_set_var, 1,
	    "<proc.name> <format>", "Sets a variable of the process to a text." },
	{ 0 }
};

const struct module mod_vars_cfg = { .name = "vars_cfg", .cfg = rows };
