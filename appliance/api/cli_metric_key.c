/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of metrics in commands; see cli_metric.h.
 *
 * Thread: control.
 */
#include "api/cli_metric.h"

#include <string.h>

#include "api/cli.h"
#include "base/magic.h"

/* Whose metric it is, as configurations say it (ctl/metric_ref.c); the first of two
 * dimensions is the text before the `/`. */
static const struct scope {
	const char	*word, *dim, *second;
} scopes[] = {
	{ "balancer", "LoadBalancerName", NULL }, { "group", "AutoScalingGroupName", NULL },
	{ "instance", "InstanceId", NULL }, { "server", "Backend", "Server" },
};

#define ZONE_DIM	"AvailabilityZone"

/* 2: two words were taken; -1 after a message. */
static int
add_dim(struct cli *c, struct metric_key *k, const char *name, const char *value)
{
	if (metric_key_has(k, name))
		cli_err(c, "Dimension '%s' is there twice.", name);
	else if (k->ndims == METRIC_DIMS)
		cli_err(c, "A metric has at most %u dimensions.", METRIC_DIMS);
	else {
		k->dims[k->ndims++] = (struct metric_dim){ name, value };
		return 2;
	}
	return -1;
}

/* K=V */
static int
add_dimension(struct cli *c, char *word, struct metric_key *k)
{
	char *eq = word != NULL ? strchr(word, '=') : NULL;

	if (eq == NULL || eq == word || eq[1] == '\0') {
		cli_err(c, "'dimension' expects <name>=<value>.");
		return -1;
	}
	*eq = '\0';
	return add_dim(c, k, word, eq + 1);
}

static const struct scope *
scope_named(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
		if (strcmp(scopes[i].word, word) == 0)
			return &scopes[i];
	return NULL;
}

static const struct scope *
scope_of(const struct metric_key *k)
{
	for (size_t i = 0; i < ARRAY_LEN(scopes); i++)
		if (metric_key_has(k, scopes[i].dim))
			return &scopes[i];
	return NULL;
}

static int
add_scope(struct cli *c, const struct scope *s, char *value, struct metric_key *k)
{
	char *slash = value != NULL ? strchr(value, '/') : NULL;

	if (scope_of(k) != NULL) {
		cli_err(c, "'%s' and '%s' do not go together.", scope_of(k)->word, s->word);
		return -1;
	}
	if (s->second == NULL && value != NULL && value[0] != '\0')
		return add_dim(c, k, s->dim, value);
	if (s->second == NULL || slash == NULL || slash == value || slash[1] == '\0') {
		cli_err(c, "'%s' expects %s.", s->word, s->second != NULL ?
		    "<backend>/<server>" : "a name");
		return -1;
	}
	*slash = '\0';
	return add_dim(c, k, s->dim, value) < 0 ? -1 : add_dim(c, k, s->second, slash + 1);
}

static int
add_zone(struct cli *c, const char *value, struct metric_key *k)
{
	if (value != NULL && metric_key_has(k, scopes[0].dim))
		return add_dim(c, k, ZONE_DIM, value);
	cli_err(c, "'zone' is a part of a balancer: 'balancer <name> zone <zone>'.");
	return -1;
}

int
cli_metric_word(struct cli *c, char **args, int nargs, int i, struct metric_key *k)
{
	char *value = i + 1 < nargs ? args[i + 1] : NULL;
	const struct scope *scope = scope_named(args[i]);

	if (scope != NULL)
		return add_scope(c, scope, value, k);
	if (strcmp(args[i], "dimension") == 0)
		return add_dimension(c, value, k);
	if (strcmp(args[i], "zone") == 0)
		return add_zone(c, value, k);
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

	cli_err_near(c, near, ": 'show metrics' lists what there is.", "No such metric in %s",
	    k->ns);
}

void
cli_metric_dims(struct outbuf *b, const struct metric_key *k)
{
	for (unsigned i = 0; i < k->ndims; i++)
		outbuf_fmt(b, "%s%s=%s", i > 0 ? "," : "", k->dims[i].name, k->dims[i].value);
}
