/* SPDX-License-Identifier: BSD-2-Clause */
/* The states of instances as a classic load balancer describes them. */
#ifndef WEIR_CTL_CHECK_ELB_H
#define WEIR_CTL_CHECK_ELB_H

struct server;

/* id, State, ReasonCode, Description */
#define ELB_HEALTHS(X) \
	X(HEALTHY, "InService", "N/A", "N/A") \
	X(REGISTERING, "OutOfService", "ELB", "Instance registration is still in progress.") \
	X(FAILED, "OutOfService", "Instance", "Instance has failed at least the " \
	    "UnhealthyThreshold number of health checks consecutively.") \
	X(RECOVERING, "OutOfService", "Instance", "Instance has not passed the configured " \
	    "HealthyThreshold number of health checks consecutively.") \
	X(DRAINING, "InService", "N/A", "Instance deregistration currently in progress.") \
	X(NOT_REGISTERED, "OutOfService", "ELB", \
	    "Instance is not currently registered with the LoadBalancer.") \
	X(ZONE_OFF, "OutOfService", "ELB", "Instance is in the EC2 Availability Zone for which " \
	    "LoadBalancer is not configured to route traffic to.") \
	X(ZONE_LEAVING, "InService", "N/A", \
	    "Disable Availability Zone is currently in progress.") \
	X(PENDING, "OutOfService", "Instance", "Instance is in pending state.") \
	X(STOPPED, "OutOfService", "Instance", "Instance is in stopped state.") \
	X(TERMINATED, "OutOfService", "Instance", "Instance is in terminated state.") \
	X(ERROR, "Unknown", "ELB", "A transient error occurred. Please try again later.")

enum elb_health {
#define X(id, state, reason, text) ELB_##id,
	ELB_HEALTHS(X)
#undef X
};

const char *elb_health_state(enum elb_health h);
const char *elb_health_reason(enum elb_health h);
const char *elb_health_text(enum elb_health h);
/* control thread: by the server alone; zones and machines are not known here */
enum elb_health elb_health_of(const struct server *srv);

#endif
