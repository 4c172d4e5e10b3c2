/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * put metric, put metrics: values from outside.
 *
 * Thread: control.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_metric.h"
#include "api/when.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/metric_unit.h"
#include "event/sched.h"

struct put {
	struct metric_key key;
	struct metric_value v;
	const char	*value;		/* as written; NULL: stats, or nothing */
	bool		 has_stats;
	int64_t		 t_s;
};

/* n=,sum=,min=,max=, all four. */
static int
read_stats(struct cli *c, struct put *p, char *list)
{
	static const char *const names[] = { "n", "sum", "min", "max" };
	double *to[] = { &p->v.n, &p->v.sum, &p->v.min, &p->v.max };
	struct str rest = str_of(list), elem;
	unsigned seen = 0;

	while (str_next_elem(&rest, ',', &elem)) {
		unsigned i = 0;
		char *end;

		for (; i < 4; i++)
			if (str_starts(elem, str_of(names[i])) && elem.p[strlen(names[i])] == '=')
				break;
		if (i == 4)
			break;
		*to[i] = strtod(elem.p + strlen(names[i]) + 1, &end);
		if (end != elem.p + elem.len)
			break;
		seen |= 1u << i;
	}
	p->has_stats = seen == 15 && rest.len == 0;
	if (!p->has_stats)
		cli_err(c, "'stats' expects n=<number>,sum=<number>,min=<number>,max=<number>.");
	return p->has_stats ? 2 : -1;
}

/* One word of the line with its value: words taken, -1 after a message. */
static int
put_word(struct cli *c, struct put *p, char **args, int nargs, int i)
{
	char *value = i + 1 < nargs ? args[i + 1] : NULL;

	if (value != NULL && strcmp(args[i], "value") == 0) {
		p->value = value;
		return 2;
	}
	if (value != NULL && strcmp(args[i], "stats") == 0)
		return read_stats(c, p, value);
	if (value != NULL && strcmp(args[i], "at") == 0) {
		if (when_parse(value, sched_wall_s(), &p->t_s) && p->t_s > 0)
			return 2;
		cli_err(c, "'at' expects a time: -6h, 2026-11-26T21:00:00Z, or seconds since "
		    "1970.");
		return -1;
	}
	return cli_metric_word(c, args, nargs, i, &p->key);
}

/* The value in the metric's unit, which is that of the value if nobody knows it. */
static bool
read_value(struct cli *c, struct put *p)
{
	const char *unit = p->key.unit != NULL ? p->key.unit : metric_unit(p->key.ns, p->key.name);
	const struct metric_unit *row;
	double v = 0;
	size_t digits = strspn(p->value, "+-.0123456789eE");

	if (unit == NULL && (row = metric_unit_of_suffix(p->value + digits)) != NULL &&
	    metric_unit_named(row->name) != NULL)
		p->key.unit = unit = row->name;
	switch (metric_number(p->value, unit, &v)) {
	case NUMBER_OK:
	case NUMBER_BARE:
		p->v = (struct metric_value){ 1, v, v, v };
		return true;
	case NUMBER_KIND:
		cli_err(c, "'%s' is of another kind than the metric, which is in %s.", p->value,
		    unit);
		return false;
	case NUMBER_UNIT:
	case NUMBER_JUNK:
		break;
	}
	cli_err(c, "The value %s for parameter MetricData.member.1.Value is invalid.", p->value);
	return false;
}

/* NAME value V | stats ... with what names it: false after a message. */
static bool
put_line(struct cli *c, char **args, int nargs)
{
	struct put p = { 0 };
	const char *why;
	int n;

	if (nargs == 0) {
		cli_err(c, "The name of a metric is missing.");
		return false;
	}
	p.key.name = args[0];
	for (int i = 1; i < nargs; i += n)
		if ((n = put_word(c, &p, args, nargs, i)) <= 0) {
			if (n == 0)
				cli_err(c, "Unknown word '%s'.", args[i]);
			return false;
		}
	if (p.key.ns == NULL)
		p.key.ns = metric_default_ns(&p.key);
	if ((p.value != NULL) == p.has_stats) {
		cli_err(c, "'put metric' expects 'value' or 'stats'.");
		return false;
	}
	if (p.value != NULL && !read_value(c, &p))
		return false;
	if ((why = metric_put(&p.key, p.t_s, &p.v)) != NULL)
		cli_err(c, "%s", why);
	return why == NULL;
}

static void
on_safe(void *arg)
{
	cli_done(arg);
}

/* The answer comes when the value outlives the process. */
static void
put_metric(struct cli *c)
{
	if (put_line(c, c->args, c->nargs) && !metric_when_safe(on_safe, c))
		cli_wait(c);
}

/* ---- many ---- */

struct lines {
	char		*text, *rest;	/* owned; in it */
	unsigned	 n;
	bool		 has_waited;
};

static void
lines_free(void *state)
{
	struct lines *l = state;

	free(l->text);
	free(l);
}

static bool
put_next(struct cli *c, struct lines *l)
{
	char *line = strsep(&l->rest, "\n");
	struct cli_words words;

	l->n++;
	if (cli_split(line, &words) < 0)
		cli_err(c, "Too many words.");
	else if (words.n == 0 || put_line(c, words.w, words.n))
		return true;
	cli_err(c, "That was line %u; those before it are stored.", l->n);
	return false;
}

static bool
put_more(struct cli *c)
{
	struct lines *l = c->state;

	for (int i = 0; i < 64 && l->rest != NULL; i++)
		if (!put_next(c, l))
			return true;
	if (l->rest != NULL)
		return false;
	if (l->has_waited || metric_when_safe(on_safe, c))
		return true;
	l->has_waited = true;
	cli_wait(c);
	return false;
}

static void
put_metrics(struct cli *c)
{
	struct lines *l;

	if (c->payload.p == NULL) {
		cli_err(c, "'put metrics' expects a payload: a line each as behind 'put metric'.");
		return;
	}
	l = xcalloc(1, sizeof *l);
	l->text = l->rest = xstrndup(c->payload.p, c->payload.len);
	cli_more(c, put_more, l, lines_free);
}

static const struct cli_row rows[] = {
	{ "put metric", CLI_OPERATOR, CLI_F_CHANGE, put_metric,
	  "<name> value <v>|stats n=,sum=,min=,max= [namespace <n>] "
	  CLI_METRIC_SCOPES " [dimension <k=v>]... [unit <u>] [at <t>]",
	  "store a value of a metric" },
	{ "put metrics", CLI_OPERATOR, CLI_F_CHANGE | CLI_F_PAYLOAD, put_metrics, "<<<pattern>",
	  "store values, a line each as behind put metric" },
	{ 0 }
};

const struct module mod_cli_metric_put = { .name = "cli_metric_put", .cli = rows };
