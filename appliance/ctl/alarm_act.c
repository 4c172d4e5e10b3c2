/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What alarms do: policies, notifications. Each action of a change of state is a
 * line of the history; of repeats only what was not done, once per reason.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/alarm.h"
#include "ctl/alarm_history.h"
#include "ctl/notify.h"
#include "ctl/place.h"
#include "ctl/policy.h"
#include "event/sched.h"

#define POLICY_ARN	"arn:aws:autoscaling:"
#define ARN_BYTES	700u

struct alarm_place
alarm_place(void)
{
	const struct snapshot *s = snapshot_current();

	return (struct alarm_place){ place_region(s), place_account(s) };
}

void
alarm_action_arn(struct outbuf *b, const struct alarm_place *p, const struct alarm_action *act)
{
	const struct notifier_conf *n = act->what == ALARM_DO_NOTIFY ?
	    notifier_find(act->target) : NULL;
	char arn[ARN_BYTES];

	if (n != NULL && n->arn != NULL)
		outbuf_z(b, n->arn);
	else if (act->what == ALARM_DO_NOTIFY)
		outbuf_fmt(b, "arn:aws:sns:%s:%s:%s", p->region, p->account, act->target);
	else if (act->what == ALARM_DO_POLICY &&
	    policy_arn(act->group, act->policy, arn, sizeof arn))
		outbuf_z(b, arn);
	else
		outbuf_z(b, act->target);
}

/* arn:aws:autoscaling:R:A:scalingPolicy:UUID:autoScalingGroupName/G:policyName/P */
static bool
policy_in_arn(const char *arn, struct str *ret_group, const char **ret_policy)
{
	static const char group[] = ":autoScalingGroupName/", policy[] = ":policyName/";
	const char *g = strstr(arn, group), *p = g != NULL ? strstr(g, policy) : NULL;

	if (strncmp(arn, POLICY_ARN, strlen(POLICY_ARN)) != 0 || p == NULL)
		return false;
	g += sizeof group - 1;
	*ret_group = (struct str){ g, (size_t)(p - g) };
	*ret_policy = p + sizeof policy - 1;
	return true;
}

/* By its name or its ARN; false: it is another action. */
static bool
policy_of(const struct alarm_action *act, struct str *ret_group, const char **ret_policy)
{
	if (act->what != ALARM_DO_POLICY)
		return act->what == ALARM_DO_ARN &&
		    policy_in_arn(act->target, ret_group, ret_policy);
	*ret_group = str_of(act->group);
	*ret_policy = act->policy;
	return true;
}

bool
alarm_points_at(const struct alarm_conf *conf, const char *group, const char *policy,
    const enum alarm_state *only)
{
	for (const struct alarm_action *act = conf->actions; act != NULL; act = act->next) {
		const char *its_policy;
		struct str its_group;

		if ((only == NULL || act->on == *only) &&
		    policy_of(act, &its_group, &its_policy) &&
		    str_eq(its_group, str_of(group)) && strcmp(its_policy, policy) == 0)
			return true;
	}
	return false;
}

static bool
is_scaling(const struct alarm_action *act)
{
	return act->what == ALARM_DO_POLICY || (act->what == ALARM_DO_ARN &&
	    strncmp(act->target, POLICY_ARN, strlen(POLICY_ARN)) == 0);
}

bool
alarm_has_scaling(const struct alarm *a)
{
	for (const struct alarm_action *act = a->conf->actions; act != NULL; act = act->next)
		if (act->on == a->state && is_scaling(act))
			return true;
	return false;
}

/* ---- the history's lines ---- */

struct doing {
	struct alarm	*a;
	const struct alarm_action *act;
	const struct alarm_turn *turn;
	struct outbuf	 arn, message;
};

static void
record(const struct doing *d, const char *summary, const char *error)
{
	struct outbuf data;

	outbuf_init(&data, 0);
	alarm_put_action(&data, d->turn->at_us, d->arn.data, d->message.data, error);
	alarm_history_add(d->a->name, d->turn->at_us, ALARM_ACTION, summary, data.data);
	outbuf_fini(&data);
}

static void
record_done(const struct doing *d)
{
	struct outbuf b;

	if (d->turn->is_repeat)
		return;
	outbuf_init(&b, 0);
	outbuf_fmt(&b, "Successfully executed action %s", d->arn.data);
	record(d, b.data, NULL);
	outbuf_fini(&b);
}

static void
record_ignored(const struct doing *d, const char *why)
{
	struct outbuf b;

	if (told_before(&d->a->told, d->act->target, why))
		return;
	outbuf_init(&b, 0);
	outbuf_fmt(&b, "Action %s ignored: %s", d->arn.data, why);
	record(d, b.data, why);
	outbuf_fini(&b);
}

static void
record_failed(const struct doing *d, const char *why)
{
	struct outbuf b;

	if (told_before(&d->a->told, d->act->target, why))
		return;
	outbuf_init(&b, 0);
	outbuf_fmt(&b, "Failed to execute action %s. Received error: \"%s\"", d->arn.data, why);
	record(d, b.data, why);
	outbuf_fini(&b);
}

/* ---- actions ---- */

static void
do_policy(const struct doing *d, const char *group, const char *policy)
{
	const struct alarm *a = d->a;
	struct policy_cause why = { .by = POLICY_BY_ALARM, .alarm = a->name,
		.has_value = a->has_value, .value = a->value, .breach = a->conf->test.threshold,
		.honors_cooldown = true, .is_repeat = d->turn->is_repeat,
		.at_us = d->turn->at_us };
	struct policy_outcome out = { .result = POLICY_UNKNOWN };

	policy_execute(group, policy, &why, &out);
	switch (out.result) {
	case POLICY_DONE:
	case POLICY_NO_CHANGE:
		record_done(d);
		break;
	case POLICY_IGNORED:
		record_ignored(d, out.text);
		break;
	case POLICY_UNKNOWN:
		record_failed(d, "there is no such policy");
		break;
	}
}

static void
put_message(struct outbuf *b, const struct alarm *a, const struct alarm_turn *t)
{
	struct alarm_news news = { .conf = a->conf, .place = alarm_place(),
		.from = t->from, .to = { a->state, a->reason, a->data }, .at_us = t->at_us,
		.configured_us = a->configured_us, .put_arn = alarm_action_arn };

	alarm_put_news(b, &news);
}

static void
do_notify(struct doing *d)
{
	struct alarm *a = d->a;
	const char *state = alarm_state_name(a->state);
	char *subject = xasprintf("%s: \"%s\" in %s", state, a->name, alarm_place().region);
	struct notice n = { .kind = "alarm", .source = a->name, .subject = subject,
		.state = state };

	put_message(&d->message, a, d->turn);
	n.json = d->message.data;
	if (!notify_send(d->act->target, &n))
		log_notice("alarm %s: nobody answers to %s: %s", a->name, d->act->target, subject);
	record_done(d);
	free(subject);
}

static void
do_one(struct doing *d)
{
	struct str group;
	const char *policy;

	if (policy_of(d->act, &group, &policy)) {
		char *name = xstrndup(group.p, group.len);

		do_policy(d, name, policy);
		free(name);
	} else if (alarm_is_silenced(d->a)) {
		record_ignored(d, "the alarm is silenced");
	} else {
		do_notify(d);
	}
}

void
alarm_act(struct alarm *a, const struct alarm_turn *t)
{
	struct alarm_place place;

	if (!a->is_enabled || a->conf->actions == NULL || snapshot_current() == NULL)
		return;
	place = alarm_place();
	for (const struct alarm_action *act = a->conf->actions; act != NULL; act = act->next) {
		struct doing d = { .a = a, .act = act, .turn = t };

		if (act->on != a->state || (t->is_repeat && !is_scaling(act)))
			continue;
		outbuf_init(&d.arn, 0);
		outbuf_init(&d.message, 0);
		alarm_action_arn(&d.arn, &place, act);
		do_one(&d);
		outbuf_fini(&d.arn);
		outbuf_fini(&d.message);
	}
}
