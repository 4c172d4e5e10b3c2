/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Virtual machines that are children (child.h) have a monitor: qemu's QMP socket in the
 * folder of instances, ID.qmp, reached through the helper. It tells when a machine
 * runs, that its guest has shut down, that it is broken; and a machine is asked to end
 * by its power button. qemu makes the socket a moment after its start, so the first
 * tries may fail; one that goes silent is tried again, and its machine goes on.
 *
 * Life of a struct machine: from the first look at a child that runs to its end. A
 * connection that is being made outlives it.
 *
 * Thread: control.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/child.h"
#include "ctl/control.h"
#include "ctl/qmp.h"
#include "event/job.h"
#include "event/loop.h"
#include "proxy/log_target.h"

#define FIRST_US	50000u		/* between the first tries */
#define TRIES_SOON	100u		/* so many of them */
#define AGAIN_US	2000000u	/* between later ones */
#define ANSWER_US	5000000u
#define LOOK_US		10000000u	/* from one question to the next */

struct connecting;

struct machine {
	struct list	 node;
	struct child	*child;		/* borrowed: until it has ended */
	struct qmp	*qmp;		/* owned; NULL = not connected */
	struct connecting *work;	/* a job thread connects */
	struct timer	 timer;
	unsigned	 ntries;
	bool		 is_told;	/* that it has no monitor */
	bool		 wants_end;	/* its button is to be pressed when that can be */
	char		 status[64];	/* what it told last */
};

struct connecting {
	struct machine	*machine;	/* NULL: gone */
	char		 id[CHILD_ID_MAX + 1];
	int		 fd, error;
};

static struct list machines = { &machines, &machines };
#define MACHINE_OF(n)	LIST_ITEM(n, struct machine, node)

static void
machine_free(struct machine *m)
{
	timer_unlink(&control_loop->wheel, &m->timer);
	if (m->work != NULL)
		m->work->machine = NULL;
	qmp_close(m->qmp);
	list_del(&m->node);
	free(m);
}

static struct machine *
machine_of(const struct child *c)
{
	LIST_EACH(n, &machines)
		if (MACHINE_OF(n)->child == c)
			return MACHINE_OF(n);
	return NULL;
}

static void
wake_in(struct machine *m, uint64_t us)
{
	timer_unlink(&control_loop->wheel, &m->timer);
	timer_set(&control_loop->wheel, &m->timer, clock_mono_us() + us);
}

/* ---- what it tells ---- */

/* A machine that can never go on is as good as ended. */
static bool
is_broken(const char *status)
{
	return strcmp(status, "internal-error") == 0 || strcmp(status, "guest-panicked") == 0;
}

static bool
is_before_start(const char *status)
{
	return strcmp(status, "prelaunch") == 0 || strcmp(status, "inmigrate") == 0;
}

static void
on_status(void *arg, const char *status)
{
	struct machine *m = arg;
	struct child *c = m->child;
	bool is_new = strcmp(m->status, status) != 0;

	snprintf(m->status, sizeof m->status, "%s", status);
	if (m->wants_end)
		m->wants_end = !qmp_power_down(m->qmp);
	if (is_new && strcmp(status, "running") != 0)
		log_event(NULL, LOG_L_WARNING, "instance %s of group %s: its machine is %s",
		    c->at.id, c->group, status);
	if (is_broken(status))
		child_stop(c, true);
	else if (strcmp(status, "shutdown") == 0)
		child_is(c, INSTANCE_SHUTTING_DOWN);
	else
		child_is(c, is_before_start(status) ? INSTANCE_PENDING : INSTANCE_RUNNING);
}

static void
on_event(void *arg, const char *event, const char *reason)
{
	struct machine *m = arg;
	struct child *c = m->child;

	if (strcmp(event, "SHUTDOWN") == 0) {
		log_event(NULL, LOG_L_INFO, "instance %s of group %s shuts down: %s", c->at.id,
		    c->group, reason);
		child_is(c, INSTANCE_SHUTTING_DOWN);
	} else if (strcmp(event, "GUEST_PANICKED") == 0)
		on_status(m, "guest-panicked");
	else if (strcmp(event, "STOP") == 0 || strcmp(event, "RESUME") == 0)
		wake_in(m, 0);
}

static void
on_end(void *arg, const char *why)
{
	struct machine *m = arg;

	m->qmp = NULL;
	if (!m->child->is_stopping && !m->is_told)
		log_event(NULL, LOG_L_WARNING, "instance %s of group %s: its monitor: %s",
		    m->child->at.id, m->child->group, why);
	m->is_told = true;
	wake_in(m, AGAIN_US);
}

static const struct qmp_owner owner = { on_status, on_event, on_end };

/* ---- connecting ---- */

/* A job thread. */
static void
connect_it(void *arg)
{
	struct connecting *w = arg;

	w->fd = program_connect(w->id, ".qmp");
	w->error = errno;
}

static void
on_connected(void *arg)
{
	struct connecting *w = arg;
	struct machine *m = w->machine;

	if (m == NULL) {
		if (w->fd != -1)
			close(w->fd);
	} else {
		m->work = NULL;
		if (w->fd != -1) {
			m->qmp = qmp_open(w->fd, ANSWER_US, &owner, m);
			wake_in(m, LOOK_US);
		} else if (++m->ntries == TRIES_SOON)
			on_end(m, strerror(w->error));
		else
			wake_in(m, m->ntries < TRIES_SOON ? FIRST_US : AGAIN_US);
	}
	free(w);
}

static void
on_time(struct timer *t)
{
	struct machine *m = LIST_ITEM(t, struct machine, timer);

	if (m->qmp != NULL) {
		(void)qmp_ask_status(m->qmp);
		wake_in(m, LOOK_US);
		return;
	}
	m->work = xcalloc(1, sizeof *m->work);
	m->work->machine = m;
	memcpy(m->work->id, m->child->at.id, sizeof m->work->id);
	job_run(control_loop, connect_it, on_connected, m->work);
}

/* ---- children come and go ---- */

static void
look_at(struct child *c)
{
	struct machine *m = machine_of(c);

	if (!c->has_monitor)
		return;
	if (c->state == CHILD_ENDED && m != NULL)
		machine_free(m);
	if (c->state != CHILD_RUNS || m != NULL)
		return;
	m = xcalloc(1, sizeof *m);
	m->child = c;
	timer_init(&m->timer, on_time);
	list_append(&machines, &m->node);
	wake_in(m, FIRST_US);
}

/* A monitor that is not there yet will be in a moment; one that failed gets no more of
 * the machine's time. */
static bool
ask_to_end(struct child *c, bool can_wait)
{
	struct machine *m = machine_of(c);

	if (m == NULL || m->is_told)
		return false;
	m->wants_end = m->qmp == NULL || !qmp_power_down(m->qmp);
	return can_wait || !m->wants_end;
}

static int
module_start(void)
{
	child_monitor(look_at, ask_to_end);
	return 0;
}

static void
module_stop(void)
{
	while (!list_is_empty(&machines))
		machine_free(MACHINE_OF(machines.next));
}

const struct module mod_qemu_monitor = {
	.name = "qemu_monitor", .start = module_start, .stop = module_stop
};
