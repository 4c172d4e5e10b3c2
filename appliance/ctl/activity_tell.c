/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is told when an instance was launched or ended, or could not be: those whom its
 * group names, in the words of the AWS.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/out.h"
#include "cfg/snapshot.h"
#include "ctl/activity.h"
#include "ctl/group.h"
#include "ctl/notify.h"
#include "ctl/place.h"
#include "ctl/row.h"

/* By what it was and whether it went well: the event, the word of `notify`, its bit. */
struct event {
	const char	*name, *kind, *what;
	unsigned	 bit;
};

static const struct event *
event_of(const struct activity *a)
{
	static const struct event events[2][2] = {
		{ { "autoscaling:EC2_INSTANCE_LAUNCH", "launch", "launch", GROUP_N_LAUNCH },
		  { "autoscaling:EC2_INSTANCE_LAUNCH_ERROR", "launch-error", "failed launch",
		    GROUP_N_LAUNCH_ERROR } },
		{ { "autoscaling:EC2_INSTANCE_TERMINATE", "terminate", "termination",
		    GROUP_N_TERMINATE },
		  { "autoscaling:EC2_INSTANCE_TERMINATE_ERROR", "terminate-error",
		    "failed termination", GROUP_N_TERMINATE_ERROR } },
	};

	if (a->kind > ACTIVITY_TERMINATE || a->status == ACTIVITY_CANCELLED)
		return NULL;
	return &events[a->kind == ACTIVITY_TERMINATE][a->status == ACTIVITY_FAILED];
}

static void
put_time(struct outbuf *b, const char *name, uint64_t us)
{
	time_t s = (time_t)(us / 1000000);
	char text[48];
	struct tm tm;
	size_t n;

	gmtime_r(&s, &tm);
	n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + n, sizeof text - n, ".%03uZ", (unsigned)(us / 1000 % 1000));
	row_put_text(b, name, text);
}

/* {"Subnet ID":"...","Availability Zone":"..."} */
static void
put_details(struct outbuf *b, const struct activity *a, const struct group_conf *conf)
{
	outbuf_z(b, ",\"Details\":{");
	if (conf->nsubnets == 1) {	/* of several the provider chooses */
		outbuf_z(b, "\"Subnet ID\":");
		outbuf_json(b, conf->subnets[0]);
		outbuf_z(b, ",");
	}
	outbuf_z(b, "\"Availability Zone\":");
	outbuf_json(b, a->zone);
	outbuf_z(b, "}");
}

static void
put_arn(struct outbuf *b, const struct group *g, const char *account)
{
	char arn[OBJECT_NAME_MAX + 200];

	snprintf(arn, sizeof arn, "arn:aws:autoscaling:%s:%s:autoScalingGroup:%s:"
	    "autoScalingGroupName/%s", place_region(snapshot_current()), account, g->id, g->name);
	row_put_text(b, "AutoScalingGroupARN", arn);
}

static void
put_message(struct outbuf *b, const struct activity *a, const struct group *g,
    const struct event *e)
{
	const char *account = place_account(snapshot_current());

	outbuf_z(b, "{");
	row_put_text(b, "Service", "AWS Auto Scaling");
	put_time(b, "Time", a->end_us);
	row_put_text(b, "RequestId", a->id);
	row_put_text(b, "Event", e->name);
	row_put_text(b, "AccountId", account);
	row_put_text(b, "AutoScalingGroupName", g->name);
	put_arn(b, g, account);
	row_put_text(b, "ActivityId", a->id);
	row_put_text(b, "Description", a->description);
	row_put_text(b, "Cause", a->cause);
	put_time(b, "StartTime", a->start_us);
	put_time(b, "EndTime", a->end_us);
	row_put_text(b, "StatusCode", activity_status_name(a->status));
	row_put_text(b, "StatusMessage", a->message != NULL ? a->message : "");
	outbuf_fmt(b, ",\"Progress\":%u", a->progress);
	row_put_text(b, "EC2InstanceId", a->instance);
	put_details(b, a, g->conf);
	outbuf_z(b, "}");
}

void
activity_tell(const struct activity *a, const struct group *g)
{
	const struct event *e = event_of(a);
	struct notice n = { .source = g->name, .state = "" };
	char subject[OBJECT_NAME_MAX + 64];
	struct outbuf b;

	if (e == NULL || g->conf == NULL || g->conf->nnotify == 0)
		return;
	outbuf_init(&b, 0);
	put_message(&b, a, g, e);
	snprintf(subject, sizeof subject, "Auto Scaling: %s for group \"%s\"", e->what, g->name);
	n.kind = e->kind;
	n.subject = subject;
	n.json = b.data;
	for (unsigned i = 0; i < g->conf->nnotify; i++)
		if (g->conf->notify[i].kinds & e->bit)
			(void)notify_send(g->conf->notify[i].notifier, &n);
	outbuf_fini(&b);
}
