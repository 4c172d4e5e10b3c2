/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mailboxes. Senders push on an atomic stack; the one who finds it empty writes
 * the eventfd. The owner takes the whole stack with one exchange, reverses it
 * and runs the messages: those of one sender stay in their order.
 *
 * The eventfd is edge-triggered and never read: each write is a new edge, and
 * its counter does not reach 2^64 in our time. The event's callback does
 * nothing, it only ends epoll_wait; the drain is a part of pass_end.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "base/magic.h"
#include "event/mailbox.h"

static void
on_mail(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

void
mailbox_init(struct mailbox *mb, struct event_base *base)
{
	atomic_init(&mb->head, NULL);
	mb->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (mb->fd == -1)
		fatal("eventfd");
	mb->event = event_new(base, mb->fd, EV_READ | EV_ET | EV_PERSIST,
	    on_mail, NULL);
	if (mb->event == NULL || event_add(mb->event, NULL) == -1)
		fatalx("mailbox: no event");
}

void
mailbox_fini(struct mailbox *mb)
{
	WEIR_ASSERT(atomic_load(&mb->head) == NULL);
	event_free(mb->event);
	close(mb->fd);
}

static struct mail *
reversed(struct mail *m)
{
	struct mail *first = NULL, *next;

	for (; m != NULL; m = next) {
		next = m->next;
		m->next = first;
		first = m;
	}
	return first;
}

/* What is sent while the messages run is left for the next pass: its sender
 * found the box empty and has written the eventfd. */
int
mailbox_drain(struct mailbox *mb)
{
	struct mail *m, *next;
	int n = 0;

	if (atomic_load_explicit(&mb->head, memory_order_relaxed) == NULL)
		return 0;
	m = atomic_exchange_explicit(&mb->head, NULL, memory_order_acquire);
	for (m = reversed(m); m != NULL; m = next) {
		next = m->next;
		m->run(m);
		n++;
	}
	return n;
}

void
mailbox_send(struct mailbox *mb, struct mail *m, mail_fn *run)
{
	int fd = mb->fd;
	struct mail *head;
	uint64_t one = 1;

	m->run = run;
	head = atomic_load_explicit(&mb->head, memory_order_relaxed);
	do
		m->next = head;
	while (!atomic_compare_exchange_weak_explicit(&mb->head, &head, m,
	    memory_order_release, memory_order_relaxed));
	/* From here on m belongs to the receiver. */
	if (head != NULL)
		return;
	while (write(fd, &one, sizeof(one)) == -1)
		if (errno != EINTR)
			fatal("eventfd");
}
