/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The provider `test`: instances in memory only, for trying out rules and for tests.
 * Without `delay` everything is instant: a launched instance runs before the call has
 * returned. With it a call takes so long on the schedule clock. `fail` lets this
 * percentage of launches fail, `lie` tells of this percentage of instances that they
 * run though they are not there; both evenly spread, not at random. `refuse` names an
 * image that is none.
 *
 * Its instances outlive configurations, not the process.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/module.h"
#include "base/rand.h"
#include "base/xalloc.h"
#include "cfg/field.h"
#include "ctl/group_conf.h"
#include "ctl/provider.h"

struct test_settings {
	uint64_t	 delay_us;
	uint32_t	 fail_pct, lie_pct;
	const char	*refused;	/* image; NULL = none */
};

/* All instances of one provider and group. */
struct test_group {
	struct test_group *next;
	char		*provider, *group;	/* owned */
	struct provider_instance *all;		/* owned */
	unsigned	 n, cap;
	uint64_t	 epoch;			/* the highest seen */
};

/* A call that takes its time. */
struct test_call {
	struct sched_timer timer;
	struct provider_call *call;
};

static struct test_group *groups;
static unsigned failed_pct, lied_pct;	/* what is left of the last hundred */

extern const struct provider_type provider_test;

/* ---- memory ---- */

static struct test_group *
group_get(const char *provider, const char *group)
{
	struct test_group *g = groups;

	while (g != NULL && (strcmp(g->group, group) != 0 || strcmp(g->provider, provider) != 0))
		g = g->next;
	if (g != NULL)
		return g;
	g = xcalloc(1, sizeof *g);
	g->provider = xstrdup(provider);
	g->group = xstrdup(group);
	g->next = groups;
	return groups = g;
}

static struct provider_instance *
find(struct test_group *g, const char *id)
{
	for (unsigned i = 0; i < g->n; i++)
		if (strcmp(g->all[i].id, id) == 0)
			return &g->all[i];
	return NULL;
}

static struct provider_instance *
add(struct test_group *g)
{
	if (g->n == g->cap) {
		g->cap = g->cap == 0 ? 8 : 2 * g->cap;
		g->all = xrealloc(g->all, g->cap * sizeof *g->all);
	}
	return &g->all[g->n++];
}

static bool
comes_up(unsigned *pct, unsigned each)
{
	*pct += each;
	if (*pct < 100)
		return false;
	*pct -= 100;
	return true;
}

/* ---- verbs ---- */

static void
make(struct provider_instance *i, const struct provider_call *call)
{
	*i = (struct provider_instance){ .state = INSTANCE_RUNNING, .address = "127.0.0.1",
	    .port = call->launch->instance_port != 0 ? call->launch->instance_port : 9,
	    .launched_us = sched_wall_us() };
	snprintf(i->id, sizeof i->id, "i-%x%016llx", rand_below(16),
	    (unsigned long long)rand_u64());
	snprintf(i->zone, sizeof i->zone, "%s", call->zone);
	snprintf(i->token, sizeof i->token, "%s", call->token);
}

/* The same token: the same instances. */
static unsigned
made_before(const struct test_group *g, const char *token, struct provider_instance *ret)
{
	unsigned n = 0;

	for (unsigned i = 0; i < g->n; i++)
		if (strcmp(g->all[i].token, token) == 0)
			ret[n++] = g->all[i];
	return n;
}

static void
launch(struct provider_call *call, struct test_group *g)
{
	const struct test_settings *s = call->conf->settings;
	struct provider_instance *ret = xcalloc(call->count + g->n + 1, sizeof *ret);
	unsigned n = made_before(g, call->token, ret);

	if (s->refused != NULL && strcmp(s->refused, call->launch->image) == 0) {
		provider_fail(call, PROVIDER_INVALID, "there is no image '%s'", s->refused);
		free(ret);
		return;
	}
	if (n == 0 && comes_up(&failed_pct, s->fail_pct)) {
		provider_fail(call, PROVIDER_CAPACITY, "the test provider was told to fail");
		free(ret);
		return;
	}
	if (n > 0 && n != call->count) {
		provider_fail(call, PROVIDER_INVALID, "this token was for %u instances", n);
		free(ret);
		return;
	}
	for (; n < call->count; n++) {
		make(&ret[n], call);
		if (!comes_up(&lied_pct, s->lie_pct))
			*add(g) = ret[n];
	}
	provider_answer(call, ret, n);
	free(ret);
}

static void
terminate(struct provider_call *call, struct test_group *g)
{
	struct provider_instance *ret = xcalloc(call->nids + 1, sizeof *ret), *i;

	for (unsigned k = 0; k < call->nids; k++) {
		i = find(g, call->ids[k]);
		if (i != NULL)
			ret[k] = *i;
		else
			snprintf(ret[k].id, sizeof ret[k].id, "%s", call->ids[k]);
		ret[k].state = INSTANCE_TERMINATED;
		if (i != NULL)
			*i = g->all[--g->n];
	}
	provider_answer(call, ret, call->nids);
	free(ret);
}

static void
set_power(struct provider_call *call, struct test_group *g, enum provider_state to)
{
	struct provider_instance *ret = xcalloc(call->nids + 1, sizeof *ret), *i;

	for (unsigned k = 0; k < call->nids; k++) {
		i = find(g, call->ids[k]);
		if (i != NULL) {
			i->state = to;
			ret[k] = *i;
		} else {
			snprintf(ret[k].id, sizeof ret[k].id, "%s", call->ids[k]);
			ret[k].state = INSTANCE_TERMINATED;
		}
	}
	provider_answer(call, ret, call->nids);
	free(ret);
}

/* The one who has it, of this provider; *ret_at: where. */
static struct test_group *
owner_of(const struct provider_call *call, const char *id, unsigned *ret_at)
{
	for (struct test_group *g = groups; g != NULL; g = g->next)
		for (unsigned i = 0; strcmp(g->provider, call->conf->object.name) == 0 &&
		    i < g->n; i++)
			if (strcmp(g->all[i].id, id) == 0)
				return *ret_at = i, g;
	return NULL;
}

static void
adopt(struct provider_call *call, struct test_group *g)
{
	struct provider_instance *ret;
	struct test_group *from;
	unsigned at;

	for (unsigned k = 0; k < call->nids; k++)
		if (owner_of(call, call->ids[k], &at) == NULL) {
			provider_fail(call, PROVIDER_INVALID, "Invalid Instance ID(s): [%s] "
			    "specified", call->ids[k]);
			return;
		}
	ret = xcalloc(call->nids + 1, sizeof *ret);
	for (unsigned k = 0; k < call->nids; k++) {
		from = owner_of(call, call->ids[k], &at);
		ret[k] = from->all[at];
		from->all[at] = from->all[--from->n];
		*add(g) = ret[k];
	}
	provider_answer(call, ret, call->nids);
	free(ret);
}

static void
describe(struct provider_call *call, struct test_group *g)
{
	struct provider_instance *ret, *i;
	unsigned n = 0;

	if (call->nids == 0) {
		ret = xcalloc(g->n + 1, sizeof *ret);
		if (g->n > 0)
			memcpy(ret, g->all, g->n * sizeof *ret);
		n = g->n;
	} else {
		ret = xcalloc(call->nids, sizeof *ret);
		for (unsigned k = 0; k < call->nids; k++)
			if ((i = find(g, call->ids[k])) != NULL)
				ret[n++] = *i;
	}
	provider_answer(call, ret, n);
	free(ret);
}

static void
act(struct provider_call *call)
{
	struct test_group *g = group_get(call->conf->object.name, call->group);

	if (call->verb != PROVIDER_DESCRIBE && call->epoch < g->epoch) {
		provider_fail(call, PROVIDER_STALE_EPOCH, "epoch %llu was seen",
		    (unsigned long long)g->epoch);
		return;
	}
	if (call->verb != PROVIDER_DESCRIBE)
		g->epoch = call->epoch;
	if (call->verb == PROVIDER_LAUNCH)
		launch(call, g);
	else if (call->verb == PROVIDER_TERMINATE)
		terminate(call, g);
	else if (call->verb == PROVIDER_STOP || call->verb == PROVIDER_START)
		set_power(call, g, call->verb == PROVIDER_STOP ? INSTANCE_STOPPED :
		    INSTANCE_RUNNING);
	else if (call->verb == PROVIDER_ADOPT)
		adopt(call, g);
	else
		describe(call, g);
}

static void
on_delay(struct sched_timer *t)
{
	struct test_call *d = LIST_ITEM(t, struct test_call, timer);
	struct provider_call *call = d->call;

	free(d);
	call->private = NULL;
	act(call);
}

static void
start(struct provider_call *call)
{
	const struct test_settings *s = call->conf->settings;
	struct test_call *d;

	call->private = NULL;
	if (s->delay_us == 0) {
		act(call);
		return;
	}
	call->private = d = xcalloc(1, sizeof *d);
	d->call = call;
	sched_timer_init(&d->timer, on_delay);
	sched_after(&d->timer, s->delay_us);
}

static void
cancel(struct provider_call *call)
{
	struct test_call *d = call->private;

	if (d == NULL)
		return;
	sched_cancel(&d->timer);
	free(d);
	call->private = NULL;
}

static void
module_stop(void)
{
	struct test_group *g;

	while ((g = groups) != NULL) {
		groups = g->next;
		free(g->all);
		free(g->provider);
		free(g->group);
		free(g);
	}
}

const struct provider_type provider_test = {
	.no_files = "instances of type test have no disk",
	.name = "test", .settings_size = sizeof(struct test_settings), .is_scheduled = true,
	.can_stop = true, .can_adopt = true, .start = start, .cancel = cancel,
};

/* ---- words ---- */

static int
parse_setting(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const struct provider_type *const types[] = { &provider_test };
	void *settings = provider_settings(c, types, 1);

	return settings != NULL ? cfg_set(c, row, settings, args, nargs) : -1;
}

static int
parse_percent(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	size_t len = strlen(args[0]);

	if (len > 1 && args[0][len - 1] == '%')
		args[0][len - 1] = '\0';
	return parse_setting(c, row, args, nargs);
}

static const struct kw_row rows[] = {
	{ "delay", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_setting,
	  CFG_FIELD(CFG_DURATION, struct test_settings, delay_us), "<time>",
	  "test: how long a call takes; without it calls are instant." },
	{ "fail", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_percent,
	  CFG_FIELD(CFG_UINT, struct test_settings, fail_pct, .max = 100), "<percent>",
	  "test: so many launches fail." },
	{ "lie", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_percent,
	  CFG_FIELD(CFG_UINT, struct test_settings, lie_pct, .max = 100), "<percent>",
	  "test: so many instances are told of and are not there." },
	{ "refuse", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_setting,
	  CFG_FIELD(CFG_TEXT, struct test_settings, refused), "<image>",
	  "test: launches of this image are refused for good." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

const struct module mod_provider_test = {
	.name = "provider_test", .cfg = rows, .provider = &provider_test, .stop = module_stop
};
