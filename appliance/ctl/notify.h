/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifications: what is to be told to people and programs. A notifier is a section of
 * the configuration; its type is a row, struct notifier_kind. Each message is first a
 * row of the outbox (outbox.h), which the store keeps: none is lost over a restart, and
 * a delivery whose success is recorded is never repeated.
 *
 * Thread: control; parsing: the one that loads.
 */
#ifndef WEIR_CTL_NOTIFY_H
#define WEIR_CTL_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/object.h"

struct cfg;
struct delivery;
struct notifier_conf;

/* What notices are about, a bit each; the words of `send` and of a group's `notify`. */
#define NOTICE_KINDS(X) \
	X(ALARM, "alarm") X(LAUNCH, "launch") X(LAUNCH_ERROR, "launch-error") \
	X(TERMINATE, "terminate") X(TERMINATE_ERROR, "terminate-error") X(HOOK, "hook") \
	X(EVENT, "event") X(TEST, "test")

enum notice_kind {
#define X(id, word) NOTICE_##id,
	NOTICE_KINDS(X)
#undef X
	NOTICE_KIND_COUNT
};

struct notice {
	const char	*kind;		/* one of these words */
	const char	*source;	/* the alarm's or group's name */
	const char	*subject;	/* one line */
	const char	*state;		/* "ALARM", "OK", ... or "" */
	const char	*json;		/* the message as AWS would write it, one object */
	bool		 is_repeat;	/* a reminder */
};

struct notifier_kind {
	const char	*name;		/* of `type` */
	/* at the end of the section: 0, or -1 after diag_error */
	int		(*settle)(struct cfg *c, struct notifier_conf *n);
	/* Ends in outbox_done, from here or later. */
	void		(*send)(struct delivery *d, const struct notifier_conf *n);
	void		(*cancel)(struct delivery *d);	/* undo send */
};

enum notifier_format { FORMAT_WEIR, FORMAT_SNS, FORMAT_ALERTMANAGER };

struct notifier_conf {
	struct object	 object;	/* first */
	const struct notifier_kind *kind;
	const char	*arn;		/* NULL = none */
	uint64_t	 timeout_us;
	uint64_t	 retry_min_us, retry_max_us, retry_for_us;
	uint64_t	 repeat_us, group_us;	/* 0 = off */
	uint32_t	 kinds;		/* that it takes: bits 1 << enum notice_kind */
	/* webhook */
	const char	*url, *ca_file;
	enum notifier_format format;
	const char	*sign_key;	/* NULL = unsigned */
	/* email */
	const char	*smtp, *from, **to, *user, *password;
	/* exec: ends with NULL; lua: the function's name */
	char		**command;
	int		 program_row;	/* of event/program.h */
	const char	*function;
};

/* control thread */
/* To one notifier, or to the one that answers to an ARN. False: there is none. */
bool	notify_send(const char *notifier_or_arn, const struct notice *n);
/* No reminders of it any more: its state has changed, or somebody looks after it. */
void	notify_forget(const char *source);
/* Of the configuration in service; NULL: none. */
const struct notifier_conf *notifier_find(const char *notifier_or_arn);

/* any thread */
/* Bits of a list of kinds "launch,terminate"; 0 with *ret_bad: this word is none. */
uint32_t notice_kinds_parse(struct cfg *c, const char *list, const char **ret_bad);
int	 notice_kind_named(const char *word);	/* enum notice_kind; -1: none */

#endif
