/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outbox: messages on their way to notifiers. A delivery holds one notice, or what
 * a notifier with `group` collected; it is written to the store before it is tried, is
 * tried again with growing pauses, and stays a while when it has ended, so that it can
 * be looked at.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_OUTBOX_H
#define WEIR_CTL_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"
#include "ctl/notify.h"
#include "ctl/transfer.h"
#include "ctl/uuid.h"
#include "event/sched.h"

struct outbuf;

#define OUTBOX_MAX	10000u		/* rows, ended ones too */

enum delivery_status { DELIVERY_PENDING, DELIVERY_SENT, DELIVERY_FAILED };

struct posted {			/* a notice, kept */
	struct list	 node;
	uint64_t	 at_us;		/* when it was told, on the schedule clock */
	struct notice	 notice;	/* its texts are owned */
};

struct delivery {
	struct list	 node;		/* of all, the oldest first */
	char		 id[UUID_TEXT];
	char		*notifier;	/* owned */
	struct list	 notices;	/* struct posted; one or more */
	unsigned	 nnotices;
	enum delivery_status status;
	uint64_t	 made_us, ended_us, first_try_us;
	unsigned	 attempts;
	char		*error;		/* owned: of the last attempt; NULL = none */
	struct sched_timer timer;	/* the next attempt, or the end of collecting */
	bool		 is_trying;
	/* a kind's own, while it tries */
	struct transfer	 transfer;
	char		*body, *scratch;	/* owned */
};

/* collect_us: wait so long for more of the same notifier. */
void	outbox_add(const char *notifier, const struct notice *n, uint64_t collect_us,
	    char *ret_id);
/* How an attempt ended, for kinds. again: it may go better later. */
void	outbox_done(struct delivery *d, bool ok, bool again, const char *text);

const char *delivery_status_name(enum delivery_status s);	/* "pending" */
struct list *outbox_all(void);		/* struct delivery */
struct notifier_counts {
	uint64_t	 sent, failed, pending;
	uint64_t	 last_us;	/* of the last that ended; 0 = none */
	const char	*last_error;	/* NULL = the last one went well */
};
struct notifier_counts outbox_counts(const char *notifier);

/* ---- what is told, for kinds (notice_text.c) ---- */

/* In the form of the notifier: one JSON document. */
void	notice_body(struct outbuf *b, const struct delivery *d, const struct notifier_conf *n);
/* One line for all of it: the notice's subject, or "3 notices: ..." */
void	notice_subject(struct outbuf *b, const struct delivery *d);

#endif
