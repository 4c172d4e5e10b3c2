/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stand-ins for what alarms act through, which give way to policies
 * where these are linked.
 *
 * Thread: control.
 */
#include "ctl/policy.h"

__attribute__((weak)) void
policy_execute(const char *group, const char *policy, const struct policy_cause *why,
    struct policy_outcome *ret)
{
	(void)group, (void)policy, (void)why;
	ret->result = POLICY_UNKNOWN;
}

__attribute__((weak)) bool
policy_arn(const char *group, const char *policy, char *buf, unsigned size)
{
	(void)group, (void)policy, (void)buf, (void)size;
	return false;
}
