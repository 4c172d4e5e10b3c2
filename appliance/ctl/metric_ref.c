/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a configuration names metrics, statistics and values of them; see metric.h.
 *
 * Thread: the one that loads.
 */
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/str.h"
#include "cfg/kw.h"
#include "ctl/metric.h"
#include "ctl/metric_unit.h"

static const char *const stat_names[] = {
	[METRIC_AVERAGE] = "Average", [METRIC_SUM] = "Sum", [METRIC_MINIMUM] = "Minimum",
	[METRIC_MAXIMUM] = "Maximum", [METRIC_SAMPLES] = "SampleCount",
};

const char *
metric_stat_name(enum metric_stat stat)
{
	return stat < METRIC_PERCENTILE ? stat_names[stat] : NULL;
}

/* ---- metricref ---- */

struct ref {
	struct cfg	*c;
	struct metric_key *key;
	const char	*ns;		/* written; NULL: by what else is there */
	const char	*scope;		/* "balancer", "group", "instance", "server"; NULL */
};

static int
add_dim(struct ref *r, const char *name, const char *value)
{
	struct metric_key *k = r->key;

	for (unsigned i = 0; i < k->ndims; i++)
		if (strcmp(k->dims[i].name, name) == 0) {
			diag_error(r->c->diag, "dimension '%s' is there twice.", name);
			return -1;
		}
	if (k->ndims == METRIC_DIMS) {
		diag_error(r->c->diag, "a metric has at most %u dimensions.", METRIC_DIMS);
		return -1;
	}
	k->dims[k->ndims++] = (struct metric_dim){ name, value };
	return 0;
}

static int
set_scope(struct ref *r, const char *word, const char *dim, const char *value)
{
	if (r->scope != NULL) {
		diag_error(r->c->diag, "'%s' and '%s' do not go together.", r->scope, word);
		return -1;
	}
	r->scope = word;
	return add_dim(r, dim, value);
}

static int
on_namespace(struct ref *r, char **a)
{
	r->ns = a[0];
	if (a[0][0] != ':' && a[0][0] != '\0' && strlen(a[0]) <= 255)
		return 0;
	diag_error(r->c->diag, "'namespace' expects 1 to 255 characters that do not begin with "
	    "':', but got '%s'.", a[0]);
	return -1;
}

static int
on_balancer(struct ref *r, char **a)
{
	return set_scope(r, "balancer", "LoadBalancerName", a[0]);
}

static int
on_group(struct ref *r, char **a)
{
	return set_scope(r, "group", "AutoScalingGroupName", a[0]);
}

static int
on_instance(struct ref *r, char **a)
{
	return set_scope(r, "instance", "InstanceId", a[0]);
}

static int
on_server(struct ref *r, char **a)
{
	const char *slash = strchr(a[0], '/');

	if (slash == NULL || slash == a[0] || slash[1] == '\0') {
		diag_error(r->c->diag, "'server' expects <backend>/<server>, but got '%s'.", a[0]);
		return -1;
	}
	if (set_scope(r, "server", "Backend",
	    arena_strndup(r->c->arena, a[0], (size_t)(slash - a[0]))) < 0)
		return -1;
	return add_dim(r, "Server", slash + 1);
}

static int
on_zone(struct ref *r, char **a)
{
	if (r->scope != NULL && strcmp(r->scope, "balancer") == 0)
		return add_dim(r, "AvailabilityZone", a[0]);
	diag_error(r->c->diag, "'zone' is a part of a balancer: 'balancer <name> zone %s'.", a[0]);
	return -1;
}

static int
on_dimension(struct ref *r, char **a)
{
	return add_dim(r, a[0], a[1]);
}

static int
on_unit(struct ref *r, char **a)
{
	const struct metric_unit *u = metric_unit_of_suffix(a[0]);

	r->key->unit = a[0];
	if (metric_unit_named(a[0]) != NULL)
		return 0;
	diag_error(r->c->diag, u != NULL && metric_unit_named(u->name) != NULL ?
	    "unknown unit '%s': say '%s'." : "unknown unit '%s': there are Seconds, Bytes, "
	    "Percent, Count, Bytes/Second, None and so on.", a[0], u != NULL ? u->name : "");
	return -1;
}

static const struct ref_word {
	const char	*name;
	int		 nargs;
	int		(*fn)(struct ref *r, char **a);
} words[] = {
	{ "namespace", 1, on_namespace }, { "balancer", 1, on_balancer }, { "zone", 1, on_zone },
	{ "group", 1, on_group }, { "instance", 1, on_instance }, { "server", 1, on_server },
	{ "dimension", 2, on_dimension }, { "unit", 1, on_unit },
};

static const struct ref_word *
word_named(const char *name)
{
	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

/* In the namespaces of AWS a name that is like one of ours is misspelt. */
static int
check_name(const struct ref *r)
{
	const struct metric_key *k = r->key;
	const char *near;

	if (strncmp(k->ns, "AWS/", 4) != 0 || metric_row_named(k->ns, k->name) != NULL)
		return 0;
	if ((near = metric_nearest(k->ns, k->name)) != NULL) {
		diag_error(r->c->diag, "there is no metric '%s' in %s, did you mean '%s'?", k->name,
		    k->ns, near);
		return -1;
	}
	diag_warn(r->c->diag, "weir does not measure '%s' in %s; somebody has to put it.",
	    k->name, k->ns);
	return 0;
}

int
metric_ref_parse(struct cfg *c, char **args, int nargs, int *i, struct metric_key *ret)
{
	struct ref r = { .c = c, .key = ret };
	const struct ref_word *w;

	*ret = (struct metric_key){ 0 };
	if (*i >= nargs) {
		diag_error(c->diag, "the name of a metric is missing.");
		return -1;
	}
	ret->name = args[(*i)++];
	if (ret->name[0] == '\0' || strlen(ret->name) > 255) {
		diag_error(c->diag, "the name of a metric has 1 to 255 characters.");
		return -1;
	}
	while (*i < nargs && (w = word_named(args[*i])) != NULL) {
		if (*i + w->nargs >= nargs) {
			diag_error(c->diag, "'%s' expects %s.", w->name,
			    w->nargs == 2 ? "a name and a value" : "a name");
			return -1;
		}
		if (w->fn(&r, &args[*i + 1]) < 0)
			return -1;
		*i += 1 + w->nargs;
	}
	ret->ns = r.ns != NULL ? r.ns : metric_default_ns(ret);
	return check_name(&r);
}

/* ---- statistics ---- */

static bool
percentile_of(const char *word, double *ret)
{
	uint64_t whole, part = 0;
	struct str digits = str_of(word + 1), head = digits, tail = STR_NONE;
	const char *dot = strchr(word, '.');
	double scale = 1;

	if (word[0] != 'p')
		return false;
	if (dot != NULL) {
		head.len = (size_t)(dot - head.p);
		tail = str_of(dot + 1);
		if (tail.len > 10 || !str_to_u64(tail, &part))
			return false;
	}
	for (size_t n = 0; n < tail.len; n++)
		scale *= 10;
	if (!str_to_u64(head, &whole) || whole > 100 || (whole == 100 && part > 0))
		return false;
	*ret = (double)whole + (double)part / scale;
	return true;
}

bool
metric_stat_named(const char *word, enum metric_stat *ret_stat, double *ret_percentile)
{
	for (unsigned s = 0; s < METRIC_PERCENTILE; s++)
		if (strcmp(stat_names[s], word) == 0) {
			*ret_stat = (enum metric_stat)s;
			*ret_percentile = 0;
			return true;
		}
	if (!percentile_of(word, ret_percentile))
		return false;
	*ret_stat = METRIC_PERCENTILE;
	return true;
}

static const char *
next_stat(size_t i, void *arg)
{
	(void)arg;
	return i < METRIC_PERCENTILE ? stat_names[i] : NULL;
}

int
metric_stat_parse(struct cfg *c, const char *word, struct metric_query *ret)
{
	const char *near;

	if (metric_stat_named(word, &ret->stat, &ret->percentile))
		return 0;
	if ((near = str_nearest(word, next_stat, NULL)) != NULL)
		diag_error(c->diag, "unknown statistic '%s', did you mean '%s'?", word, near);
	else
		diag_error(c->diag, "unknown statistic '%s': there are Average, Sum, Minimum, "
		    "Maximum, SampleCount and p0 to p100.", word);
	return -1;
}

/* ---- values ---- */

int
metric_value_parse(struct cfg *c, const char *unit, const char *word, double *ret, bool *ret_bare)
{
	double v;

	switch (metric_number(word, unit, &v)) {
	case NUMBER_OK:
		*ret = v;
		*ret_bare = false;
		return 0;
	case NUMBER_BARE:
		*ret = v;
		*ret_bare = true;
		return 0;
	case NUMBER_KIND:
		diag_error(c->diag,
		    "'%s' is of another kind than the metric, which is in %s.", word,
		    unit);
		return -1;
	case NUMBER_UNIT:
		diag_error(c->diag, "unknown unit in '%s': there are us, ms, s, B, kB, MB, GB, %%, "
		    "kB/s, MB/s and so on.", word);
		return -1;
	case NUMBER_JUNK:
		break;
	}
	diag_error(c->diag, "'%s' is no number.", word);
	return -1;
}
