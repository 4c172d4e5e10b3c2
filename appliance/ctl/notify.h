/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications: what is to be told to people and programs. Each is first a row of
 * the outbox, which the store keeps; a delivery whose success is recorded is never
 * repeated.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_NOTIFY_H
#define WEIR_CTL_NOTIFY_H

#include <stdbool.h>

struct notice {
	const char	*kind;		/* "alarm", "launch", "launch-error", "terminate", ... */
	const char	*source;	/* the alarm's or group's name */
	const char	*subject;	/* one line */
	const char	*state;		/* "ALARM", "OK", ... or "" */
	const char	*json;		/* the message as the AWS would write it, one object */
	bool		 is_repeat;	/* a reminder */
};

/* To one notifier, or to the one that answers to an ARN. False: there is none (the
 * log says it; for an alarm it counts as executed). */
bool	notify_send(const char *notifier_or_arn, const struct notice *n);

#endif
