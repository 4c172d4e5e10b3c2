/* SPDX-License-Identifier: BSD-2-Clause */
/* mailbox.c: four senders, one owner; nothing is lost, each sender's order kept. */
#include <pthread.h>
#include <stdlib.h>

#include "base/thread.h"
#include "base/xalloc.h"
#include "event/loop.h"
#include "tap.h"

#define SENDERS	4
#define EACH	50000

struct numbered {
	struct mail	 mail;
	unsigned	 sender, n;
};

static struct loop *loop;
static unsigned next_of[SENDERS], disorder, total;

static void
on_numbered(struct mail *m)
{
	struct numbered *x = (struct numbered *)(void *)m;

	if (x->n != next_of[x->sender]++)
		disorder++;
	if (++total == SENDERS * EACH)
		loop_stop(loop);
	free(x);
}

static void *
sender_main(void *arg)
{
	unsigned id = *(unsigned *)arg;

	for (unsigned i = 0; i < EACH; i++) {
		struct numbered *x = xmalloc(sizeof(*x));

		x->sender = id;
		x->n = i;
		mailbox_send(&loop->mailbox, &x->mail, on_numbered);
	}
	return NULL;
}

static void
test_senders(void)
{
	unsigned id[SENDERS];
	pthread_t t[SENDERS];

	loop = loop_new(0);
	for (unsigned i = 0; i < SENDERS; i++) {
		id[i] = i;
		thread_start(&t[i], "sender", sender_main, &id[i]);
	}
	loop_run(loop);
	for (unsigned i = 0; i < SENDERS; i++)
		pthread_join(t[i], NULL);
	is_u64(total, SENDERS * EACH);
	is_u64(disorder, 0);
	loop_free(loop);
}

static struct mail again;
static unsigned nagain;

static void
on_again(struct mail *m)
{
	if (++nagain < 3)
		mailbox_send(&loop->mailbox, m, on_again);
}

/* A message that sends itself is delivered once per pass, and wakes the loop. */
static void
test_own_thread(void)
{
	loop = loop_new(0);
	mailbox_send(&loop->mailbox, &again, on_again);
	for (unsigned i = 1; i <= 3; i++) {
		loop_once(loop, true);
		is_u64(nagain, i);
	}
	nagain = 0;
	mailbox_send(&loop->mailbox, &again, on_again);
	loop_free(loop);		/* delivers what is left */
	is_u64(nagain, 3);
}

int
main(void)
{
	test_senders();
	test_own_thread();
	return tap_done();
}
