/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files on their way to instances; see file_sync.h. What is due is a list of pairs of
 * instance and file; at most PARALLEL of them are under way. A pair whose delivery
 * failed waits for the next round of RETRY_US.
 *
 * Thread: control.
 */
#include "ctl/file_sync.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "event/loop.h"
#include "event/sched.h"
#include "proxy/log_target.h"

#define PARALLEL	4u
#define RETRY_US	1000000u
#define BUCKETS		1024u

struct synced;

/* What an instance has of a file. */
struct file_state {
	struct list	 node;		/* of its instance */
	struct list	 due;		/* linked: it waits for its delivery */
	struct synced	*of;
	char		 name[FILE_NAME_MAX + 1];
	uint32_t	 version;	/* 0 = none, or not known */
	struct file_delivery *under_way;	/* owned; NULL = none */
	char		 error[160];
};

struct synced {
	struct list	 node;		/* of all */
	struct synced	*next_by_id;
	char		 id[INSTANCE_ID_MAX + 1];
	char		*provider, *group;	/* owned */
	struct list	 states;
	uint64_t	 round;		/* of the last description that named it */
};

static struct list all = { &all, &all };
static struct list due = { &due, &due };
static struct synced *by_id[BUCKETS];
static struct timer retry;
static struct loop_task task;		/* what is due may begin */
static uint64_t last_round;
static unsigned nunder_way;
static bool is_stopping, is_ready;

#define SYNCED_OF(n)	LIST_ITEM(n, struct synced, node)
#define STATE_OF(n)	LIST_ITEM(n, struct file_state, node)

/* ---- sets ---- */

struct file_set *
file_set_new(void)
{
	struct file_set *s;
	unsigned n = 0;

	LIST_EACH(node, &kept_files)
		n += KEPT_FILE_OF(node)->text != NULL;
	if (n == 0)
		return NULL;
	s = xcalloc(1, sizeof *s + n * sizeof s->all[0]);
	LIST_EACH(node, &kept_files) {
		const struct kept_file *f = KEPT_FILE_OF(node);

		if (f->text == NULL)
			continue;
		memcpy(s->all[s->n].name, f->name, sizeof f->name);
		s->all[s->n].version = f->version;
		s->all[s->n++].text = file_text_ref(f->text);
	}
	return s;
}

void
file_set_free(struct file_set *s)
{
	for (unsigned i = 0; s != NULL && i < s->n; i++)
		file_text_unref(s->all[i].text);
	free(s);
}

/* ---- instances and what they have ---- */

/* Where its pointer is, or would come. */
static struct synced **
bucket(const char *id)
{
	struct synced **at = &by_id[str_hash(str_of(id)) % BUCKETS];

	while (*at != NULL && strcmp((*at)->id, id) != 0)
		at = &(*at)->next_by_id;
	return at;
}

static struct file_state *
state_find(const struct synced *s, const char *name)
{
	LIST_EACH(n, &s->states)
		if (strcmp(STATE_OF(n)->name, name) == 0)
			return STATE_OF(n);
	return NULL;
}

static struct file_state *
state_of(struct synced *s, const char *name)
{
	struct file_state *t = state_find(s, name);

	if (t != NULL)
		return t;
	t = xcalloc(1, sizeof *t);
	t->of = s;
	snprintf(t->name, sizeof t->name, "%s", name);
	list_init(&t->due);
	list_append(&s->states, &t->node);
	return t;
}

static void
delivery_free(struct file_delivery *d)
{
	file_text_unref(d->text);
	free(d);
	nunder_way--;
	sched_busy_end();
}

static const struct provider_conf *
provider_of(const struct synced *s)
{
	return object_find(snapshot_current(), OBJECT_PROVIDER, s->provider);
}

static void
state_free(struct file_state *t)
{
	if (t->under_way != NULL) {
		t->under_way->by->cancel(t->under_way);
		delivery_free(t->under_way);
	}
	list_del(&t->due);
	list_del(&t->node);
	free(t);
}

/* ---- deliveries ---- */

static bool
is_current(const struct file_state *t)
{
	const struct kept_file *f = files_find(t->name);

	return f == NULL || f->version == t->version;
}

static void
begin(struct file_state *t)
{
	const struct kept_file *f = files_find(t->name);
	const struct provider_conf *p = provider_of(t->of);
	struct file_delivery *d;

	if (f == NULL || p == NULL || file_sync_refused(p) != NULL)
		return;
	d = xcalloc(1, sizeof *d);
	*d = (struct file_delivery){ .provider = t->of->provider, .group = t->of->group,
		.id = t->of->id, .name = t->name, .version = f->version,
		.text = f->text != NULL ? file_text_ref(f->text) : NULL,
		.state = t, .by = p->type->files };
	t->under_way = d;
	nunder_way++;
	sched_busy_begin();
	p->type->files->start(d);
}

static void
on_task(struct loop_task *t)
{
	struct list *n;

	(void)t;
	is_ready = false;
	while (nunder_way < PARALLEL && (n = list_pop(&due)) != NULL)
		begin(LIST_ITEM(n, struct file_state, due));
	sched_busy_end();
}

/* In a turn of its own: a configuration may be on its way into service just now. */
static void
begin_due(void)
{
	if (is_ready || is_stopping || list_is_empty(&due))
		return;
	is_ready = true;
	sched_busy_begin();
	loop_ready(control_loop, &task);
}

static void
want(struct file_state *t)
{
	if (!is_current(t) && t->under_way == NULL && list_is_empty(&t->due))
		list_append(&due, &t->due);
}

static void
has_failed(struct file_state *t, const char *error)
{
	if (strcmp(t->error, error) != 0)
		log_event(NULL, LOG_L_WARNING, "file %s cannot be brought to instance %s: %s",
		    t->name, t->of->id, error);
	snprintf(t->error, sizeof t->error, "%s", error);
	if (!timer_is_set(&retry))
		timer_set(&control_loop->wheel, &retry, clock_mono_us() + RETRY_US);
}

static void
has_arrived(struct file_state *t, const struct file_delivery *d)
{
	t->version = d->version;
	t->error[0] = '\0';
	want(t);
}

void
file_delivered(struct file_delivery *d, const char *error)
{
	struct file_state *t = d->state;

	t->under_way = NULL;
	if (error != NULL && error[0] != '\0')
		has_failed(t, error);
	else
		has_arrived(t, d);
	delivery_free(d);
	begin_due();
}

static void
on_retry(struct timer *timer)
{
	timer_clear(timer);
	LIST_EACH(s, &all)
		LIST_EACH(t, &SYNCED_OF(s)->states)
			if (STATE_OF(t)->error[0] != '\0')
				want(STATE_OF(t));
	begin_due();
}

static void
on_file(struct kept_file *f)
{
	LIST_EACH(n, &all) {
		struct synced *s = SYNCED_OF(n);

		if (f->text != NULL || state_find(s, f->name) != NULL)
			want(state_of(s, f->name));
	}
	begin_due();
}

/* ---- what providers say ---- */

const char *
file_sync_refused(const struct provider_conf *p)
{
	if (p->type->files == NULL)
		return p->type->no_files != NULL ? p->type->no_files :
		    "its provider cannot bring files to instances";
	return p->type->files->refused(p);
}

static struct synced *
synced_new(const struct provider_conf *p, const char *group, const char *id)
{
	struct synced *s = xcalloc(1, sizeof *s);

	snprintf(s->id, sizeof s->id, "%s", id);
	s->provider = xstrdup(p->object.name);
	s->group = xstrdup(group);
	list_init(&s->states);
	list_append(&all, &s->node);
	*bucket(id) = s;
	return s;
}

void
file_sync_runs(const struct provider_conf *p, const char *group, const char *id,
    const struct file_set *has)
{
	struct synced *s = *bucket(id);

	if (is_stopping || s != NULL || file_sync_refused(p) != NULL)
		return;
	s = synced_new(p, group, id);
	for (unsigned i = 0; has != NULL && i < has->n; i++)
		state_of(s, has->all[i].name)->version = has->all[i].version;
	LIST_EACH(n, &kept_files)
		if (KEPT_FILE_OF(n)->text != NULL || state_find(s, KEPT_FILE_OF(n)->name) != NULL ||
		    has == NULL)
			want(state_of(s, KEPT_FILE_OF(n)->name));
	begin_due();
}

static void
synced_free(struct synced *s)
{
	struct synced **at = bucket(s->id);

	*at = s->next_by_id;
	while (!list_is_empty(&s->states))
		state_free(STATE_OF(s->states.next));
	list_del(&s->node);
	free(s->provider);
	free(s->group);
	free(s);
}

void
file_sync_gone(const char *id)
{
	struct synced *s = *bucket(id);

	if (s == NULL)
		return;
	synced_free(s);
	begin_due();
}

void
file_sync_described(const struct provider_conf *p, const char *group,
    const struct provider_instance *told, unsigned n)
{
	struct synced *s;

	last_round++;
	for (unsigned i = 0; i < n; i++) {
		if (told[i].state != INSTANCE_PENDING && told[i].state != INSTANCE_RUNNING)
			continue;
		file_sync_runs(p, group, told[i].id, NULL);
		if ((s = *bucket(told[i].id)) != NULL)
			s->round = last_round;
	}
	LIST_EACH_SAFE(node, tmp, &all) {
		s = SYNCED_OF(node);
		if (s->round != last_round && strcmp(s->group, group) == 0 &&
		    strcmp(s->provider, p->object.name) == 0)
			synced_free(s);
	}
	begin_due();
}

bool
file_sync_tell(const char *id, const struct kept_file *f, struct file_told *ret)
{
	const struct synced *s = *bucket(id);
	const struct file_state *t = s != NULL ? state_find(s, f->name) : NULL;

	if (t == NULL || (f->text == NULL && is_current(t)))
		return false;
	*ret = (struct file_told){ t->version, is_current(t), t->error };
	return true;
}

/* ---- start and stop ---- */

static int
module_start(void)
{
	is_stopping = false;
	timer_init(&retry, on_retry);
	loop_task_init(&task, on_task);
	files_on_change(on_file);
	return 0;
}

static void
module_stop(void)
{
	is_stopping = true;
	while (!list_is_empty(&all))
		synced_free(SYNCED_OF(all.next));
	timer_unlink(&control_loop->wheel, &retry);
	loop_task_cancel(&task);
	if (is_ready)
		sched_busy_end();
	is_ready = false;
}

const struct module mod_file_sync = {
	.name = "file_sync", .start = module_start, .stop = module_stop
};
