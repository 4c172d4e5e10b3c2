/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One message to each data thread, one back when the last has answered. What is
 * broadcast lives until then.
 *
 * Thread: control sends and ends, data threads run fn.
 */
#include "ctl/broadcast.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/magic.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "event/loop.h"
#include "proxy/dthread.h"

struct round {
	void		(*fn)(void *arg, struct dthread *d);
	void		(*done)(void *arg);
	void		*arg;
	_Atomic unsigned left;
	struct mail	 back;
};

struct letter {
	struct mail	 mail;
	struct round	*round;
	struct dthread	*d;
};

static void
on_all_done(struct mail *m)
{
	struct round *r = CONTAINER_OF(m, struct round, back);

	if (r->done != NULL)
		r->done(r->arg);
	free(r);
}

static void
on_letter(struct mail *m)
{
	struct letter *l = CONTAINER_OF(m, struct letter, mail);
	struct round *r = l->round;

	r->fn(r->arg, l->d);
	free(l);
	if (atomic_fetch_sub(&r->left, 1) == 1)
		mailbox_send(&control_loop->mailbox, &r->back, on_all_done);
}

void
broadcast(void (*fn)(void *arg, struct dthread *d), void (*done)(void *arg), void *arg)
{
	struct round *r = xcalloc(1, sizeof *r);

	r->fn = fn;
	r->done = done;
	r->arg = arg;
	atomic_store(&r->left, ndthreads);
	if (ndthreads == 0)		/* before they start */
		on_all_done(&r->back);
	for (unsigned i = 0; i < ndthreads; i++) {
		struct letter *l = xcalloc(1, sizeof *l);

		l->round = r;
		l->d = &dthreads[i];
		mailbox_send(&dthreads[i].loop->mailbox, &l->mail, on_letter);
	}
}
