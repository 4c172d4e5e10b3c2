/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaching; see attach.h. The provider is asked first: for those that are not this
 * group's it must be able to hand them over (adopt), else it only describes what it has
 * for the group. All of them come, or none.
 *
 * Thread: control.
 */
#include "ctl/attach.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/epoch.h"
#include "ctl/group.h"
#include "ctl/group_keep.h"
#include "ctl/scaler_in.h"

#define INVALID_ID	"Invalid Instance ID(s): [%.80s] specified"
#define PART_OF		"Instance %s is already part of AutoScalingGroup:%s"

/* One that the provider was asked for. */
struct attaching {
	struct list	 node;
	char		*group;		/* owned */
	char		 ids[ATTACH_MAX][INSTANCE_ID_MAX + 1];
	const char	*id_list[ATTACH_MAX];
	unsigned	 n;
	struct provider_call call;
	struct snapshot	*snap;		/* held */
	attach_fn	*fn;
	void		*arg;
};

static struct list all = { &all, &all };
static char why[400];			/* of the last one that was refused */

static void
attaching_free(struct attaching *a)
{
	snapshot_unhold(a->snap);
	list_del(&a->node);
	free(a->group);
	free(a);
}

/* ---- what prevents it ---- */

static const char *
no_room(const struct group *g, unsigned n)
{
	if (g->desired + n <= g->max)
		return NULL;
	group_say_sizes(g, "attach", n, why, sizeof why);
	return why;
}

static const char *
no_stranger(char *const *ids, unsigned n)
{
	const struct instance *i;

	if (n > ATTACH_MAX) {
		snprintf(why, sizeof why, "%u instances at a time at most.", ATTACH_MAX);
		return why;
	}
	for (unsigned k = 0; k < n; k++) {
		if (strlen(ids[k]) > INSTANCE_ID_MAX) {
			snprintf(why, sizeof why, INVALID_ID, ids[k]);
			return why;
		}
		i = instance_find(ids[k]);
		for (unsigned m = 0; i == NULL && m < k; m++)
			if (strcmp(ids[m], ids[k]) == 0)
				return "An instance is named twice.";
		if (i == NULL)
			continue;
		snprintf(why, sizeof why, PART_OF, i->id, i->group->name);
		return why;
	}
	return NULL;
}

static const struct provider_instance *
told_of(const struct provider_call *call, const char *id)
{
	for (unsigned k = 0; k < call->ninstances; k++)
		if (strcmp(call->instances[k].id, id) == 0)
			return &call->instances[k];
	return NULL;
}

static const char *
bad_one(const struct attaching *a, const char *id)
{
	const struct provider_instance *p = told_of(&a->call, id);
	const struct provider_type *t = a->call.conf->type;
	const struct instance *i = instance_find(id);

	if (p == NULL && t->can_adopt)
		snprintf(why, sizeof why, INVALID_ID, id);
	else if (p == NULL)
		snprintf(why, sizeof why, INVALID_ID "; a provider of type %s has none for a group "
		    "but what it launched for it", id, t->name);
	else if (p->state != INSTANCE_RUNNING)
		snprintf(why, sizeof why, "Instance %s is not in correct state. Instance(s) must "
		    "be in 'running' state.", id);
	else if (i != NULL)
		snprintf(why, sizeof why, PART_OF, id, i->group->name);
	else
		return NULL;
	return why;
}

static const char *
bad_answer(const struct attaching *a)
{
	const char *text = NULL;

	for (unsigned k = 0; k < a->n && text == NULL; k++)
		text = bad_one(a, a->ids[k]);
	return text;
}

/* ---- it comes ---- */

static void
take(struct group *g, const struct provider_instance *p)
{
	const struct launch_conf *l = group_launch(g);
	unsigned from = group_actual(g);
	char cause[CAUSE_BYTES];
	struct instance *i;

	group_take_back(g, p->id);
	(void)activity_say(cause, 0, "instance %s was attached in response to a user request, "
	    "increasing the capacity from %u to %u.", p->id, from, from + 1);
	i = instance_new(g, p, l->object.name, launch_version(l));
	i->seen_looks = g->scaler->looks;
	i->activity = activity_begin(g, ACTIVITY_ATTACH, i->id, cause);
	activity_set_instance(i->activity, i->id, i->zone);
	activity_set(i->activity, ACTIVITY_PRE_SERVICE, 30);
	g->desired++;
	keep_group(g);
	instance_told(i, p);
}

/* The provider has handed them over, and yet they do not come: not by themselves either. */
static void
let_go(struct group *g, const struct attaching *a)
{
	for (unsigned k = 0; k < a->n; k++)
		if (!group_has_let_go(g, a->ids[k]) && instance_find(a->ids[k]) == NULL)
			group_let_go(g, a->ids[k]);
}

static const char *
finish(const struct attaching *a)
{
	struct group *g = group_find(a->group);
	const char *text;

	if (g == NULL || g->conf == NULL || g->is_deleting)
		return "The group goes, nothing is attached to it.";
	if (a->call.error != PROVIDER_OK) {
		snprintf(why, sizeof why, "%s", a->call.message);
		return why;
	}
	if ((text = no_room(g, a->n)) != NULL || (text = bad_answer(a)) != NULL) {
		let_go(g, a);
		return text;
	}
	scaler_enter(g->scaler);
	for (unsigned k = 0; k < a->n; k++)
		take(g, told_of(&a->call, a->ids[k]));
	scaler_leave(g->scaler);
	return NULL;
}

bool
attach_names(const char *id)
{
	LIST_EACH(node, &all) {
		const struct attaching *a = LIST_ITEM(node, struct attaching, node);

		for (unsigned k = 0; k < a->n; k++)
			if (strcmp(a->ids[k], id) == 0)
				return true;
	}
	return false;
}

static void
on_answer(struct provider_call *call)
{
	struct attaching *a = call->arg;
	const char *text = finish(a);

	a->fn(a->arg, text);
	attaching_free(a);
}

void
attach_start(struct group *g, char *const *ids, unsigned n, attach_fn *fn, void *arg)
{
	const struct provider_conf *conf = scaler_provider(g);
	const char *text = NULL;
	struct attaching *a;

	if (g->conf == NULL || g->is_deleting || conf == NULL)
		text = "The group goes, nothing is attached to it.";
	else if ((text = no_stranger(ids, n)) == NULL)
		text = no_room(g, n);
	if (text != NULL) {
		fn(arg, text);
		return;
	}
	a = xcalloc(1, sizeof *a);
	a->group = xstrdup(g->name);
	for (a->n = 0; a->n < n; a->n++) {
		snprintf(a->ids[a->n], sizeof a->ids[0], "%s", ids[a->n]);
		a->id_list[a->n] = a->ids[a->n];
	}
	a->fn = fn;
	a->arg = arg;
	a->snap = snapshot_current();
	snapshot_hold(a->snap);
	list_append(&all, &a->node);
	a->call = (struct provider_call){ .conf = conf, .token = "", .group = a->group,
	    .verb = conf->type->can_adopt ? PROVIDER_ADOPT : PROVIDER_DESCRIBE,
	    .epoch = epoch_now(), .ids = a->id_list, .nids = n, .done = on_answer, .arg = a };
	provider_start(&a->call);
}

static void
module_stop(void)
{
	LIST_EACH_SAFE(node, tmp, &all) {
		struct attaching *a = LIST_ITEM(node, struct attaching, node);

		provider_cancel(&a->call);
		attaching_free(a);
	}
}

const struct module mod_attach = { .name = "attach", .stop = module_stop };
