/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one way to reach another thread: an atomic stack of messages and an
 * eventfd. Sending takes no lock; the eventfd is written only when the box was
 * empty. Messages are delivered in sending order (the stack is reversed).
 */
#ifndef WEIR_EVENT_MAILBOX_H
#define WEIR_EVENT_MAILBOX_H

#include <stdatomic.h>

struct event;
struct event_base;
struct mail;
typedef void mail_fn(struct mail *);

/* Embedded in the sender's object, or allocated; `run` is called in the
 * receiver's thread and owns the message from then on. */
struct mail {
	struct mail	*next;
	mail_fn		*run;
};

struct mailbox {
	_Atomic(struct mail *)	 head;
	struct event		*event;	/* owned */
	int			 fd;	/* eventfd, owned */
};

/* the owner's thread */
void	mailbox_init(struct mailbox *mb, struct event_base *base);
void	mailbox_fini(struct mailbox *mb);
int	mailbox_drain(struct mailbox *mb);	/* number delivered */

/* any thread */
void	mailbox_send(struct mailbox *mb, struct mail *m, mail_fn *run);

#endif
