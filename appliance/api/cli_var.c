/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * get var, set var: variables of the process.
 *
 * Thread: control.
 */
#include <string.h>

#include "api/cli.h"
#include "api/expr.h"
#include "base/arena.h"
#include "base/module.h"
#include "base/str.h"
#include "proxy/logline.h"
#include "proxy/sample.h"
#include "proxy/vars.h"

#define VALUE_BYTES	65536u

/* Bytes that no line should hold are dots. */
static void
put_value(struct outbuf *b, const struct sample *s)
{
	struct out o = outbuf_reserve(b, VALUE_BYTES);

	sample_out(&o, s);
	for (char *p = o.start; p < o.p; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p >= 0x7f)
			*p = '.';
	outbuf_commit(b, &o);
}

static const char *
type_of(const struct sample *s)
{
	static const char *const names[SMP_TYPES] = {
		[SMP_BOOL] = "bool", [SMP_INT] = "sint", [SMP_STR] = "str", [SMP_BIN] = "bin",
		[SMP_IPV4] = "ipv4", [SMP_IPV6] = "ipv6", [SMP_METHOD] = "meth",
	};

	return s->type < SMP_TYPES && names[s->type] != NULL ? names[s->type] : "any";
}

/* The name behind `proc.`, or NULL after a message. */
static const char *
proc_name(struct cli *c, const char *what)
{
	const char *name = cli_arg(c, 0);

	if (strncmp(name, "proc.", 5) == 0 && name[5] != '\0')
		return name + 5;
	if (name[0] == '\0')
		cli_err(c, "missing variable name");
	else
		cli_err(c, "'%s': cannot %s variable '%s', only scope 'proc' is permitted here.",
		    what, what[0] == 's' ? "set" : "get", name);
	return NULL;
}

static void
get_var(struct cli *c)
{
	const char *name = proc_name(c, "get var");
	size_t mark = eval_mark();
	struct sample s;

	if (name == NULL)
		return;
	if (!var_proc_get(str_of(name), &s))
		cli_err(c, "Variable not found.");
	else {
		outbuf_fmt(&c->out, "proc.%s: type=%s value=<", name, type_of(&s));
		put_value(&c->out, &s);
		outbuf_z(&c->out, ">\n");
	}
	eval_release(mark);
}

/* The words from i on, as one. */
static char *
words_from(struct cli *c, struct arena *a, int i)
{
	char *text = arena_strdup(a, cli_arg(c, i));

	for (i++; i < c->nargs; i++)
		text = arena_printf(a, "%s %s", text, c->args[i]);
	return text;
}

static bool
evaluate(struct own_cfg *o, const char *text, bool is_format, struct sample *ret)
{
	struct sample_ctx x = { .is_final = true };

	if (is_format) {
		struct logformat *f = logformat_parse(&o->cfg, NULL, text, USE_CONST, 0);

		if (f == NULL || !own_cfg_stands_alone(o))
			return false;
		sample_str(ret, logformat_eval(f, &x));
		return ret->u.s.p != NULL;
	} else {
		struct expr *e = expr_parse(&o->cfg, NULL, text, USE_CONST);

		return e != NULL && own_cfg_stands_alone(o) && expr_eval(e, &x, ret);
	}
}

static void
set_var(struct cli *c)
{
	const char *name = proc_name(c, "set var"), *how = cli_arg(c, 1);
	bool is_format = strcmp(how, "fmt") == 0;
	int at = is_format || strcmp(how, "expr") == 0 ? 2 : 1;
	size_t mark = eval_mark();
	struct own_cfg o;
	struct sample s;

	if (name == NULL)
		return;
	if (at >= c->nargs) {
		cli_err(c, "'set var': an expression is expected behind the name.");
		return;
	}
	own_cfg_init(&o);
	if (!evaluate(&o, words_from(c, o.cfg.arena, at), is_format, &s))
		cli_err(c, "%s", own_cfg_error(&o)[0] != '\0' ? own_cfg_error(&o) :
		    "'set var': the expression has no value.");
	else if (!var_proc_set(str_of(name), &s))
		cli_err(c, "'set var': the value is too long.");
	eval_release(mark);
	own_cfg_fini(&o);
}

static const struct cli_row rows[] = {
	{ "get var", CLI_USER, 0, get_var, "<name>", "print a variable of the process" },
	{ "set var", CLI_ADMIN, CLI_F_CHANGE, set_var, "<name> [fmt|expr] <value>",
	  "set a variable of the process" },
	{ 0 }
};

const struct module mod_cli_var = { .name = "cli_var", .cli = rows };
