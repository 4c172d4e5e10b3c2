/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Launch, terminate and describe for instances that are children; see
 * provider_child.h. A launch is answered when each of its children runs or could not
 * be run, a termination when all have ended, or after STOP_WAIT_US with what there is
 * then. The same token gives the same instances, also after a restart of weir: it is
 * in what a child's warden keeps.
 *
 * Thread: control.
 */
#include "ctl/epoch.h"
#include "ctl/provider_child.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/module.h"
#include "base/rand.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/group_conf.h"
#include "event/child.h"
#include "event/job.h"
#include "event/loop.h"
#include "event/program_files.h"

#define STOP_WAIT_US	2000000u
#define TOLD_US		600000000u	/* so long a describe names one that has ended */
#define ROWS_MAX	256

/* A termination under way. */
struct stopping {
	struct list	 node;
	struct provider_call *call;
	struct timer	 timer;
};

static struct list stops = { &stops, &stops };

const char *const provider_child_env[] = {
	"WEIR_ID={id}", "WEIR_GROUP={group}", "WEIR_ZONE={zone}", "WEIR_ADDRESS={address}",
	"WEIR_PORT={port}", "WEIR_USER_DATA={user-data-file}", "WEIR_FILES={files}",
};
const unsigned provider_child_nenv = sizeof provider_child_env / sizeof provider_child_env[0];

static bool
is_of(const struct child *c, const struct provider_call *call)
{
	return strcmp(c->group, call->group) == 0 &&
	    strcmp(c->provider, call->conf->object.name) == 0;
}

static bool
was_not_run(const struct child *c)
{
	return c->state == CHILD_ENDED && c->end == PROGRAM_NOT_RUN;
}

/* ---- epochs ---- */

static bool
is_stale(struct provider_call *call)
{
	uint64_t seen;

	LIST_EACH(n, &children)		/* those that were taken over too */
		if (strcmp(CHILD_OF(n)->group, call->group) == 0)
			epoch_saw(call->group, CHILD_OF(n)->epoch);
	if (!epoch_is_stale(call->group, call->epoch, &seen))
		return false;
	provider_fail(call, PROVIDER_STALE_EPOCH, "epoch %llu was seen",
	    (unsigned long long)seen);
	return true;
}

/* ---- launching ---- */

/* From lo to hi, or with 0 any; 0: none. */
static uint16_t
free_port(uint16_t lo, uint16_t hi)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof at;

	for (unsigned port = lo; port <= hi; port++) {
		int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bool is_free, is_taken = false;

		LIST_EACH(n, &children)
			is_taken |= port != 0 && CHILD_OF(n)->at.port == port &&
			    CHILD_OF(n)->state != CHILD_ENDED;
		if (s == -1)
			return 0;
		at.sin_port = htons((uint16_t)port);
		/* as a server would: what only lingers is free */
		setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
		is_free = !is_taken && bind(s, (struct sockaddr *)&at, sizeof at) == 0 &&
		    getsockname(s, (struct sockaddr *)&at, &len) == 0;
		close(s);
		if (is_free)
			return ntohs(at.sin_port);
	}
	return 0;
}

bool
provider_child_port(const struct provider_call *call, struct provider_instance *i, char *why,
    size_t size)
{
	const struct child_settings *s = call->conf->settings;

	snprintf(i->address, sizeof i->address, "127.0.0.1");
	i->port = free_port(s->lo, s->hi);
	if (i->port != 0)
		return true;
	snprintf(why, size, "no free port from %u to %u", s->lo, s->hi);
	return false;
}

static bool
is_address_taken(const char *address)
{
	LIST_EACH(n, &children)
		if (CHILD_OF(n)->state != CHILD_ENDED &&
		    strcmp(CHILD_OF(n)->at.address, address) == 0)
			return true;
	return false;
}

bool
provider_child_address(const struct provider_call *call, struct provider_instance *i, char *why,
    size_t size)
{
	const struct child_settings *s = call->conf->settings;

	for (uint32_t a = s->first; a <= s->last; a++) {
		struct in_addr in = { htonl(a) };

		inet_ntop(AF_INET, &in, i->address, sizeof i->address);
		if (!is_address_taken(i->address))
			return true;
	}
	snprintf(why, size, "no free address in the subnet");
	return false;
}

static struct program_run *
make_run(const struct provider_call *call, const struct provider_instance *i)
{
	const struct child_settings *s = call->conf->settings;
	struct program_run *r = program_run_new(s->program.row);
	char port[8], files[PROGRAM_FILES_PATH];

	snprintf(port, sizeof port, "%u", i->port);
	if (program_run_value(r, "id", i->id) && program_run_value(r, "address", i->address) &&
	    program_run_value(r, "port", port) && program_run_value(r, "group", call->group) &&
	    program_run_value(r, "zone", i->zone[0] != '\0' ? i->zone : "-") &&
	    program_run_value(r, "user-data-file", call->launch->user_data != NULL ?
	    "/proc/self/fd/3" : "/dev/null") &&
	    program_run_value(r, "files", program_files_path(i->id, files) ? files : "-"))
		return r;
	free(r);
	return NULL;
}

static enum provider_error
launch_one(struct provider_call *call, char *why, size_t size)
{
	const struct child_settings *s = call->conf->settings;
	struct child_order_new o = { .provider = call->conf->object.name, .group = call->group,
		.epoch = call->epoch, .data[0] = { call->launch->user_data,
		call->launch->user_data_len } };
	struct provider_instance *i = &o.at;
	enum provider_error e = PROVIDER_OK;
	char path[PROGRAM_FILES_PATH];

	snprintf(i->id, sizeof i->id, "i-%x%016llx", rand_below(16),
	    (unsigned long long)rand_u64());
	snprintf(i->zone, sizeof i->zone, "%s", call->zone);
	snprintf(i->token, sizeof i->token, "%s", call->token);
	i->launched_us = sched_wall_us();
	if (!s->kind->place(call, i, why, size))
		return PROVIDER_CAPACITY;
	if ((o.run = make_run(call, i)) == NULL) {
		snprintf(why, size, "the group's or the zone's name cannot be a word of a command");
		return PROVIDER_INVALID;
	}
	o.row = s->program.row;
	o.address = s->kind->has_network ? i->address : NULL;
	o.before = s->before.program.nargs > 0 ? &s->before : NULL;
	if (s->kind->fill != NULL)
		e = s->kind->fill(call, &o, why, size);
	if (e == PROVIDER_OK) {
		o.has_files = call->conf->type->files != NULL && program_files_path(i->id, path);
		o.files = o.has_files ? file_set_new() : NULL;
		child_start(&o)->call = call;
	} else
		free(o.run);
	free(o.scratch);
	return e;
}

static const char *
program_of(const struct provider_conf *p)
{
	const struct child_settings *s = p->settings;

	return s->program.program.args[0];
}

static void
answer_launch(struct provider_call *call)
{
	struct provider_instance all[GROUP_SIZE_MAX];
	const struct child *failed = NULL;
	char text[128];
	unsigned n = 0;

	LIST_EACH(node, &children) {
		struct child *c = CHILD_OF(node);

		if (c->call != call)
			continue;
		c->call = NULL;
		if (was_not_run(c))
			failed = c;
		else if (n < GROUP_SIZE_MAX)
			all[n++] = c->at;
	}
	if (n > 0 || failed == NULL) {
		provider_answer(call, all, n);
		return;
	}
	child_end_text(failed, text, sizeof text);
	provider_fail(call, provider_program_error(failed->value), "%s %s",
	    program_of(call->conf), text);
}

static bool
is_starting(const struct provider_call *call)
{
	LIST_EACH(n, &children)
		if (CHILD_OF(n)->call == call && CHILD_OF(n)->state == CHILD_STARTING)
			return true;
	return false;
}

/* The same token: what it made. */
static bool
answer_again(struct provider_call *call)
{
	struct provider_instance all[GROUP_SIZE_MAX];
	unsigned n = 0;

	LIST_EACH(node, &children) {
		const struct child *c = CHILD_OF(node);

		if (is_of(c, call) && strcmp(c->at.token, call->token) == 0 && !was_not_run(c) &&
		    n < GROUP_SIZE_MAX)
			all[n++] = c->at;
	}
	if (n == 0)
		return false;
	if (n != call->count)
		provider_fail(call, PROVIDER_INVALID, "this token was for %u instances", n);
	else
		provider_answer(call, all, n);
	return true;
}

static void
launch(struct provider_call *call)
{
	enum provider_error e = PROVIDER_OK;
	char why[128] = "";
	unsigned n;

	if (is_stale(call) || answer_again(call))
		return;
	if (call->count > GROUP_SIZE_MAX) {
		provider_fail(call, PROVIDER_INVALID, "%u instances are too many", call->count);
		return;
	}
	for (n = 0; n < call->count && e == PROVIDER_OK; n++)
		e = launch_one(call, why, sizeof why);
	if (e != PROVIDER_OK && n <= 1)
		provider_fail(call, e, "%s", why);
	else if (!is_starting(call))
		answer_launch(call);
}

/* ---- terminating ---- */

static bool
all_ended(const struct provider_call *call)
{
	for (unsigned k = 0; k < call->nids; k++) {
		const struct child *c = child_find(call->ids[k]);

		if (c != NULL && is_of(c, call) && c->state != CHILD_ENDED)
			return false;
	}
	return true;
}

static void
stopping_free(struct provider_call *call)
{
	struct stopping *s = call->private;

	if (s == NULL)
		return;
	timer_unlink(&control_loop->wheel, &s->timer);
	list_del(&s->node);
	free(s);
	call->private = NULL;
}

/* One that nobody knows is gone. */
static void
answer_terminate(struct provider_call *call)
{
	struct provider_instance *all = xcalloc(call->nids + 1, sizeof *all);

	stopping_free(call);
	for (unsigned k = 0; k < call->nids; k++) {
		const struct child *c = child_find(call->ids[k]);

		if (c != NULL && is_of(c, call))
			all[k] = c->at;
		else
			all[k].state = INSTANCE_TERMINATED;
		snprintf(all[k].id, sizeof all[k].id, "%s", call->ids[k]);
	}
	provider_answer(call, all, call->nids);
	free(all);
}

static void
on_stop_time(struct timer *t)
{
	answer_terminate(LIST_ITEM(t, struct stopping, timer)->call);
}

static void
terminate(struct provider_call *call)
{
	struct stopping *s;

	if (is_stale(call))
		return;
	for (unsigned k = 0; k < call->nids; k++) {
		struct child *c = child_find(call->ids[k]);

		if (c != NULL && is_of(c, call) && c->state != CHILD_ENDED)
			child_stop(c, false);
	}
	if (all_ended(call)) {
		answer_terminate(call);
		return;
	}
	call->private = s = xcalloc(1, sizeof *s);
	s->call = call;
	timer_init(&s->timer, on_stop_time);
	timer_set(&control_loop->wheel, &s->timer, clock_mono_us() + STOP_WAIT_US);
	list_append(&stops, &s->node);
}

/* ---- handing over ---- */

static struct child *
of_provider(const struct provider_call *call, const char *id)
{
	struct child *c = child_find(id);

	return c != NULL && c->state != CHILD_ENDED &&
	    strcmp(c->provider, call->conf->object.name) == 0 ? c : NULL;
}

static void
adopt(struct provider_call *call)
{
	struct provider_instance *all;

	if (is_stale(call))
		return;
	for (unsigned k = 0; k < call->nids; k++)
		if (of_provider(call, call->ids[k]) == NULL) {
			provider_fail(call, PROVIDER_INVALID, "Invalid Instance ID(s): [%s] "
			    "specified", call->ids[k]);
			return;
		}
	all = xcalloc(call->nids + 1, sizeof *all);
	for (unsigned k = 0; k < call->nids; k++) {
		struct child *c = of_provider(call, call->ids[k]);

		child_move(c, call->group);
		all[k] = c->at;
	}
	provider_answer(call, all, call->nids);
	free(all);
}

/* ---- describing ---- */

static bool
is_told(const struct child *c, const struct provider_call *call)
{
	if (!is_of(c, call) || was_not_run(c) ||
	    (c->state == CHILD_ENDED && clock_mono_us() - c->ended_us > TOLD_US))
		return false;
	for (unsigned k = 0; k < call->nids; k++)
		if (strcmp(call->ids[k], c->at.id) == 0)
			return true;
	return call->nids == 0;
}

static void
describe(struct provider_call *call)
{
	struct provider_instance *all;
	unsigned n = 0;

	LIST_EACH(node, &children)
		n++;
	all = xcalloc(n + 1, sizeof *all);
	n = 0;
	LIST_EACH(node, &children)
		if (is_told(CHILD_OF(node), call))
			all[n++] = CHILD_OF(node)->at;
	provider_answer(call, all, n);
	free(all);
}

/* ---- calls ---- */

void
provider_child_start(struct provider_call *call)
{
	call->private = NULL;
	switch (call->verb) {
	case PROVIDER_LAUNCH:
		launch(call);
		return;
	case PROVIDER_TERMINATE:
		terminate(call);
		return;
	case PROVIDER_DESCRIBE:
		describe(call);
		return;
	case PROVIDER_ADOPT:
		adopt(call);
		return;
	case PROVIDER_STOP: case PROVIDER_START: case PROVIDER_FILE:
		break;			/* not asked of it */
	}
}

void
provider_child_cancel(struct provider_call *call)
{
	stopping_free(call);
	LIST_EACH(n, &children)
		if (CHILD_OF(n)->call == call) {
			CHILD_OF(n)->call = NULL;
			child_stop(CHILD_OF(n), true);
		}
}

/* Its files, once it runs. */
static void
file_sync_child(struct child *c, const struct snapshot *s)
{
	const struct provider_conf *p = object_find(s, OBJECT_PROVIDER, c->provider);

	if (c->state != CHILD_RUNS || p == NULL || p->type->files != &provider_child_files)
		return;
	file_sync_runs(p, c->group, c->at.id, c->files);
	file_set_free(c->files);
	c->files = NULL;
}

static void
on_changed(struct child *c)
{
	struct provider_call *call = c->call;
	bool was_expected = c->is_stopping || call != NULL;
	struct list *at, *next;

	if (call != NULL && !is_starting(call))
		answer_launch(call);
	if (c->state != CHILD_ENDED) {
		if (call == NULL)
			provider_has_news(c->group);
		file_sync_child(c, snapshot_current());
		return;
	}
	file_sync_gone(c->at.id);
	for (at = stops.next; at != &stops; at = next) {
		next = at->next;
		call = LIST_ITEM(at, struct stopping, node)->call;
		if (all_ended(call)) {
			answer_terminate(call);
			next = stops.next;	/* its end may have begun or ended others */
		}
	}
	if (!was_expected)
		provider_has_news(c->group);
}

/* ---- samples, output, what is missing ---- */

bool
provider_child_sample(const struct provider_conf *p, const char *id, struct provider_sample *ret)
{
	struct child *c = child_find(id);

	(void)p;
	return c != NULL && c->state == CHILD_RUNS && child_sample_take(c, ret);
}

const char *
provider_child_console(const struct provider_conf *p, const char *id)
{
	const struct child *c = child_find(id);

	(void)p;
	return c != NULL ? c->console : NULL;
}

/* Asked of the helper once for each row, by a job. */
struct probe {
	int		 row;
	char		 text[256];
};

static char *missing[ROWS_MAX];		/* owned, by row; NULL = not asked yet */

static void
probe_it(void *arg)
{
	struct probe *p = arg;

	program_probe(p->row, p->text, sizeof p->text);
}

static void
on_probed(void *arg)
{
	struct probe *p = arg;

	free(missing[p->row]);
	missing[p->row] = xstrdup(p->text);
	free(p);
}

static void
probe_row(int row)
{
	struct probe *p;

	if (missing[row] != NULL)
		return;
	p = xcalloc(1, sizeof *p);
	p->row = row;
	missing[row] = xstrdup("");
	job_run(control_loop, probe_it, on_probed, p);
}

static void
on_publish(struct snapshot *s)
{
	LIST_EACH(n, &children)		/* those that were there before us */
		file_sync_child(CHILD_OF(n), s);
	OBJECT_EACH(o, s, OBJECT_PROVIDER) {
		const struct provider_conf *conf = (const struct provider_conf *)(void *)o;
		const struct child_settings *settings = conf->settings;

		if (conf->type->start != provider_child_start)
			continue;
		probe_row(settings->program.row);
		if (settings->before.program.nargs > 0)
			probe_row(settings->before.row);
	}
}

static const char *
missing_of(const struct program_conf *p)
{
	const char *text = p->program.nargs > 0 ? missing[p->row] : NULL;

	return text != NULL && text[0] != '\0' ? text : NULL;
}

const char *
provider_child_missing(const struct provider_conf *p)
{
	const struct child_settings *s = p->settings;
	const char *text = missing_of(&s->program);

	if (text == NULL)
		text = missing_of(&s->before);
	if (text != NULL)
		return text;
	LIST_EACH(n, &children)		/* what only a start could tell */
		if (CHILD_OF(n)->state == CHILD_RUNS && CHILD_OF(n)->missing[0] != '\0' &&
		    strcmp(CHILD_OF(n)->provider, p->object.name) == 0)
			return CHILD_OF(n)->missing;
	return NULL;
}

static int
module_start(void)
{
	child_on_change(on_changed);
	control_on_publish(on_publish);
	return 0;
}

static void
module_stop(void)
{
	epoch_forget();
	for (int i = 0; i < ROWS_MAX; i++) {
		free(missing[i]);
		missing[i] = NULL;
	}
}

const struct module mod_provider_child = {
	.name = "provider_child", .start = module_start, .stop = module_stop
};
