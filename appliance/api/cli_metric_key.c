/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of metrics in commands; see cli_metric.h.
 *
 * Thread: control.
 */
#include "api/cli_metric.h"

#include <string.h>

#include "api/cli.h"

/* K=V */
static int
add_dimension(struct cli *c, char *word, struct metric_key *k)
{
	char *eq = word != NULL ? strchr(word, '=') : NULL;

	if (eq == NULL || eq == word || eq[1] == '\0') {
		cli_err(c, "'dimension' expects <name>=<value>.");
		return -1;
	}
	if (k->ndims == METRIC_DIMS) {
		cli_err(c, "A metric has at most %u dimensions.", METRIC_DIMS);
		return -1;
	}
	*eq = '\0';
	k->dims[k->ndims++] = (struct metric_dim){ word, eq + 1 };
	return 2;
}

int
cli_metric_word(struct cli *c, char **args, int nargs, int i, struct metric_key *k)
{
	char *value = i + 1 < nargs ? args[i + 1] : NULL;

	if (strcmp(args[i], "dimension") == 0)
		return add_dimension(c, value, k);
	if (strcmp(args[i], "namespace") != 0 && strcmp(args[i], "unit") != 0)
		return 0;
	if (value == NULL) {
		cli_err(c, "'%s' expects a name.", args[i]);
		return -1;
	}
	if (args[i][0] == 'n')
		k->ns = value;
	else
		k->unit = value;
	return 2;
}

int
cli_metric_key(struct cli *c, int i, struct metric_key *ret)
{
	int n;

	*ret = (struct metric_key){ .name = cli_arg(c, i) };
	if (ret->name[0] == '\0') {
		cli_err(c, "The name of a metric is missing.");
		return -1;
	}
	for (i++; i < c->nargs; i += n)
		if ((n = cli_metric_word(c, c->args, c->nargs, i, ret)) <= 0) {
			if (n < 0)
				return -1;
			break;
		}
	if (ret->ns == NULL)
		ret->ns = metric_default_ns(ret);
	return i;
}

void
cli_metric_unknown(struct cli *c, const struct metric_key *k)
{
	const char *near = metric_row_named(k->ns, k->name) == NULL ?
	    metric_nearest(k->ns, k->name) : NULL;

	if (near != NULL)
		cli_err(c, "No such metric in %s, did you mean '%s'?", k->ns, near);
	else
		cli_err(c, "No such metric in %s: 'show metrics' lists what there is.", k->ns);
}

void
cli_metric_dims(struct outbuf *b, const struct metric_key *k)
{
	for (unsigned i = 0; i < k->ndims; i++)
		outbuf_fmt(b, "%s%s=%s", i > 0 ? "," : "", k->dims[i].name, k->dims[i].value);
}
