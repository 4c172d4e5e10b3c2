/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is measured by ourselves, by the names that CloudWatch gives it, and in the
 * namespace Weir what it has no name for.
 *
 * any thread
 */
#include <stddef.h>
#include <string.h>

#include "base/str.h"
#include "ctl/metric.h"
#include "ctl/metric_feed.h"

static const char *const ns_names[] = {
	[NS_ELB] = "AWS/ELB", [NS_EC2] = "AWS/EC2",
	[NS_ASG] = "AWS/AutoScaling", [NS_WEIR] = "Weir",
};

static const struct metric_row rows[] = {
	{ NS_ELB, "Latency", "Seconds",
	  "time from a request sent to the first byte of its response; in TCP mode to connect" },
	{ NS_ELB, "RequestCount", "Count",
	  "requests that went to servers; in TCP mode connections" },
	{ NS_ELB, "HealthyHostCount", "Count", "servers that can serve" },
	{ NS_ELB, "UnHealthyHostCount", "Count", "servers that cannot" },
	{ NS_ELB, "HTTPCode_Backend_2XX", "Count", "responses of servers with status 200 to 299" },
	{ NS_ELB, "HTTPCode_Backend_3XX", "Count", "responses of servers with status 300 to 399" },
	{ NS_ELB, "HTTPCode_Backend_4XX", "Count", "responses of servers with status 400 to 499" },
	{ NS_ELB, "HTTPCode_Backend_5XX", "Count", "responses of servers with status 500 to 599" },
	{ NS_ELB, "HTTPCode_ELB_4XX", "Count", "own responses with status 400 to 499" },
	{ NS_ELB, "HTTPCode_ELB_5XX", "Count", "own responses with status 500 to 599" },
	{ NS_ELB, "BackendConnectionErrors", "Count", "connections to servers that failed" },
	{ NS_ELB, "SurgeQueueLength", "Count", "requests that wait for a server" },
	{ NS_ELB, "SpilloverCount", "Count", "requests refused because the queue was full" },
	{ NS_EC2, "CPUUtilization", "Percent", "use of an instance's processors" },
	{ NS_EC2, "MemoryUtilization", "Percent", "use of an instance's memory" },
	{ NS_EC2, "DiskReadBytes", "Bytes", "bytes read from an instance's disks" },
	{ NS_EC2, "DiskReadOps", "Count", "reads from an instance's disks" },
	{ NS_EC2, "DiskWriteBytes", "Bytes", "bytes written to an instance's disks" },
	{ NS_EC2, "DiskWriteOps", "Count", "writes to an instance's disks" },
	{ NS_EC2, "NetworkIn", "Bytes", "bytes that an instance received" },
	{ NS_EC2, "NetworkOut", "Bytes", "bytes that an instance sent" },
	{ NS_EC2, "NetworkPacketsIn", "Count", "packets that an instance received" },
	{ NS_EC2, "NetworkPacketsOut", "Count", "packets that an instance sent" },
	{ NS_EC2, "StatusCheckFailed", "Count", "1 while one of the two checks fails" },
	{ NS_EC2, "StatusCheckFailed_Instance", "Count", "1 while the instance's check fails" },
	{ NS_EC2, "StatusCheckFailed_System", "Count", "1 while the provider's check fails" },
	{ NS_ASG, "GroupMinSize", "Count", "the group's smallest size" },
	{ NS_ASG, "GroupMaxSize", "Count", "the group's largest size" },
	{ NS_ASG, "GroupDesiredCapacity", "Count", "instances that the group shall have" },
	{ NS_ASG, "GroupInServiceInstances", "Count", "instances in service" },
	{ NS_ASG, "GroupPendingInstances", "Count", "instances that are not in service yet" },
	{ NS_ASG, "GroupStandbyInstances", "Count", "instances in standby" },
	{ NS_ASG, "GroupTerminatingInstances", "Count", "instances that are ending" },
	{ NS_ASG, "GroupTotalInstances", "Count", "instances in all" },
#define X(name, unit, text) { NS_WEIR, #name, unit, text },
	METRIC_FIELDS(X)
#undef X
	{ NS_WEIR, "CertDaysLeft", "Count", "days until the certificate that ends first does" },
	{ NS_WEIR, "GroupAtMaxSize", "Count", "1 while a group has reached its largest size" },
	{ NS_WEIR, "MetricsFull", "Count", "1 while there is no room for metrics" },
};

#define NROWS	(sizeof rows / sizeof rows[0])

const char *
metric_default_ns(const struct metric_key *k)
{
	const struct metric_row *row = metric_row_named(NULL, k->name);

	for (unsigned i = 0; i < k->ndims; i++) {
		const char *dim = k->dims[i].name;

		if (strcmp(dim, "LoadBalancerName") == 0)
			return ns_names[NS_ELB];
		if (strcmp(dim, "InstanceId") == 0)
			return ns_names[NS_EC2];
		if (strcmp(dim, "AutoScalingGroupName") == 0)
			return ns_names[row != NULL && row->ns != NS_ELB ? row->ns : NS_EC2];
	}
	return ns_names[NS_WEIR];
}

const char *
metric_ns_name(enum metric_ns ns)
{
	return ns_names[ns];
}

const struct metric_row *
metric_row_at(unsigned i)
{
	return i < NROWS ? &rows[i] : NULL;
}

const struct metric_row *
metric_row_named(const char *ns, const char *name)
{
	for (unsigned i = 0; i < NROWS; i++)
		if (strcmp(rows[i].name, name) == 0 && (ns == NULL ||
		    strcmp(ns_names[rows[i].ns], ns) == 0))
			return &rows[i];
	return NULL;
}

const char *
metric_unit(const char *ns, const char *name)
{
	const struct metric_row *row = metric_row_named(ns, name);

	return row != NULL ? row->unit : NULL;
}

struct candidates {
	const char	*ns;
	size_t		 at;		/* row to look at next */
};

static const char *
next_name(size_t i, void *arg)
{
	struct candidates *c = arg;

	if (i == 0)
		c->at = 0;
	for (; c->at < NROWS; c->at++)
		if (c->ns == NULL || strcmp(ns_names[rows[c->at].ns], c->ns) == 0)
			return rows[c->at++].name;
	return NULL;
}

const char *
metric_nearest(const char *ns, const char *name)
{
	struct candidates c = { .ns = ns };

	return str_nearest(name, next_name, &c);
}
