/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Children of this machine; see child.h. A child is started by the helper (asked by
 * a job thread); from then on its warden reports over a socket. What another weir
 * needs to know of it, its meta text, is kept by the warden:
 *
 *	PROVIDER GROUP TOKEN ZONE ADDRESS PORT LAUNCHED EPOCH MONITOR, with tabs
 *
 * At the start all that lives on is found and taken over before anybody is asked for
 * instances. An orderly stop ends all; a warden whose socket closes without a word
 * decides by itself (event/warden.c).
 *
 * Thread: control.
 */
#include "ctl/child.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "ctl/exec_call.h"
#include "ctl/file_sync.h"
#include "ctl/provider_program.h"
#include "event/child.h"
#include "event/job.h"
#include "event/loop.h"
#include "event/program_files.h"
#include "proxy/log_target.h"

#define HELLO_US	10000000u	/* wardens that were found say what they have */
#define STOP_MS		15000	/* all end, at our end */
#define BEFORE_US	30000000u	/* for what runs before one */

/* A start under way. */
struct child_work {
	struct child	*child;		/* NULL: gone */
	struct program_run *run;	/* owned */
	struct exec_call before;	/* runs first */
	const char	*values[2][2];	/* of before */
	struct {
		char	*mem;		/* owned; NULL = none */
		size_t	 len;
	} data[CHILD_DATA_MAX];
	char		*address;	/* owned; NULL = none */
	int		 row;
	bool		 has_files;
	struct file_set	*files;		/* owned */
	char		 id[CHILD_ID_MAX + 1], meta[CHILD_META_MAX];
	int		 fd, error;
};

struct list children = { &children, &children };
static child_changed_fn *changed;
static child_watch_fn *look_at;		/* NULL: nobody does */
static child_end_fn *ask_to_end;

void
child_on_change(child_changed_fn *fn)
{
	changed = fn;
}

void
child_monitor(child_watch_fn *watch, child_end_fn *end)
{
	look_at = watch;
	ask_to_end = end;
}

static void
tell(struct child *c)
{
	if (c->has_monitor && look_at != NULL)
		look_at(c);
	if (changed != NULL)
		changed(c);
}

struct child *
child_find(const char *id)
{
	LIST_EACH(n, &children)
		if (strcmp(CHILD_OF(n)->at.id, id) == 0)
			return CHILD_OF(n);
	return NULL;
}

/* ---- begin and end ---- */

static void
child_hang_up(struct child *c)
{
	if (c->event != NULL)
		event_free(c->event);
	if (c->fd != -1)
		close(c->fd);
	c->event = NULL;
	c->fd = -1;
}

static void
work_free(struct child_work *w)
{
	exec_call_cancel(&w->before);
	if (w->fd != -1)
		close(w->fd);
	free(w->run);
	for (int i = 0; i < CHILD_DATA_MAX; i++)
		free(w->data[i].mem);
	free(w->address);
	file_set_free(w->files);
	free(w);
}

static void
child_free(struct child *c)
{
	if (c->work != NULL && c->work->before.work != NULL)
		work_free(c->work);
	else if (c->work != NULL)
		c->work->child = NULL;
	child_hang_up(c);
	list_del(&c->node);
	file_set_free(c->files);
	free(c->provider);
	free(c->group);
	free(c);
}

/* The oldest of those that have ended go. */
static void
forget_old(void)
{
	unsigned n = 0;

	for (struct list *at = children.prev, *before; at != &children; at = before) {
		before = at->prev;
		if (CHILD_OF(at)->state == CHILD_ENDED && ++n > CHILDREN_KEPT)
			child_free(CHILD_OF(at));
	}
}

void
child_end_text(const struct child *c, char *ret, size_t size)
{
	if (c->end == PROGRAM_EXITED)
		snprintf(ret, size, "exit status %d", c->value);
	else if (c->end == PROGRAM_KILLED)
		snprintf(ret, size, "killed by signal %d (%s)", c->value, strsignal(c->value));
	else
		snprintf(ret, size, "cannot be run: %s", c->why[0] != '\0' ? c->why :
		    strerror(c->value));
}

static void
child_ended(struct child *c, int end, int value)
{
	char text[128];

	if (c->state == CHILD_ENDED)
		return;
	c->end = end;
	c->value = value;
	c->state = CHILD_ENDED;
	c->at.state = INSTANCE_TERMINATED;
	c->ended_us = clock_mono_us();
	child_hang_up(c);
	child_end_text(c, text, sizeof text);
	log_event(NULL, c->is_stopping ? LOG_L_INFO : LOG_L_WARNING,
	    "instance %s of group %s has ended: %s", c->at.id, c->group, text);
	tell(c);
	forget_old();
}

/* ---- reports ---- */

static void
take_console(struct child *c, const struct child_report *r)
{
	if (!r->has_console || r->console_len > CHILD_CONSOLE_BYTES)
		return;
	memcpy(c->console, r->console, r->console_len);
	c->console[r->console_len] = '\0';
}

static void
child_says_hello(struct child *c, const struct child_report *r)
{
	if (c->state != CHILD_STARTING)
		return;
	c->state = CHILD_RUNS;
	if (!c->has_monitor)
		c->at.state = INSTANCE_RUNNING;
	memcpy(c->missing, r->missing, sizeof c->missing);
	c->missing[sizeof c->missing - 1] = '\0';
	tell(c);
}

static void
take_report(struct child *c, const struct child_report *r)
{
	take_console(c, r);
	switch ((enum child_report_kind)r->kind) {
	case CHILD_HELLO:
		child_says_hello(c, r);
		return;
	case CHILD_SAMPLE:
		c->last = r->sample;
		return;
	case CHILD_EXITED:
		child_ended(c, r->end, r->value);
	}
}

static bool
is_whole(const struct child_report *r, ssize_t n)
{
	size_t size = offsetof(struct child_report, console);

	return n >= (ssize_t)size && r->meta_len <= CHILD_META_MAX &&
	    (!r->has_console || (size_t)n == size + r->console_len);
}

/* A warden that hangs up without a word has another master, or was killed; in either
 * case the child is not ours any more. */
static void
on_report(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;
	struct child_report r;
	ssize_t n = recv(fd, &r, sizeof r, MSG_DONTWAIT);

	(void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (is_whole(&r, n))
		take_report(c, &r);
	else
		child_ended(c, PROGRAM_KILLED, 9);
}

static void
child_listen(struct child *c, int fd)
{
	c->fd = fd;
	c->event = event_new(control_loop->base, fd, EV_READ | EV_PERSIST, on_report, c);
	event_add(c->event, NULL);
}

/* ---- starting ---- */

static int
memory_file(const void *data, size_t len)
{
	int fd = memfd_create("weir-data", MFD_CLOEXEC);

	if (fd != -1 && (write(fd, data, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		return errno = ENOMEM, -1;
	}
	return fd;
}

/* Before it starts: its folder with all that is in it. */
static int
make_files(const struct child_work *w)
{
	char path[PROGRAM_FILES_PATH], *file;
	int rc = 0;

	if (!program_files_path(w->id, path) || program_files_make(w->row, w->id) == -1)
		return -1;
	for (unsigned i = 0; rc == 0 && w->files != NULL && i < w->files->n; i++) {
		const struct file_set_item *f = &w->files->all[i];

		file = xasprintf("%s/%s", path, f->name);
		rc = file_write_atomic(file, f->text->data, f->text->len, 0644);
		free(file);
	}
	return rc;
}

/* A job thread. */
static void
spawn(struct child_work *w)
{
	struct child_start s = { .id = w->id, .meta = w->meta, .meta_len = strlen(w->meta),
		.data = { -1, -1 }, .address = w->address };
	bool is_good = true;

	if (w->has_files && make_files(w) == -1) {
		w->error = errno;
		return;
	}
	for (int i = 0; i < CHILD_DATA_MAX && is_good; i++)
		if (w->data[i].mem != NULL)
			is_good = (s.data[i] = memory_file(w->data[i].mem, w->data[i].len)) != -1;
	if (is_good)
		w->fd = program_spawn(w->run, &s);
	w->error = errno;
	for (int i = 0; i < CHILD_DATA_MAX; i++)
		if (s.data[i] != -1)
			close(s.data[i]);
}

/* What was made for one that could not be started goes. */
static void
forget_files(const struct child_work *w)
{
	if (program_has_folder())
		(void)program_forget(w->id);
}

/* A job thread. */
static void
start_it(void *arg)
{
	struct child_work *w = arg;

	spawn(w);
	if (w->fd == -1)
		forget_files(w);
}

/* A job thread. */
static void
forget_it(void *arg)
{
	forget_files(arg);
}

static void
on_forgotten(void *arg)
{
	work_free(arg);
}

static void
on_started(void *arg)
{
	struct child_work *w = arg;
	struct child *c = w->child;

	if (c != NULL) {
		c->work = NULL;
		if (w->fd == -1)
			child_ended(c, PROGRAM_NOT_RUN, w->error);
		else {
			child_listen(c, w->fd);
			w->fd = -1;
			c->files = w->files;
			w->files = NULL;
			if (c->is_stopping)
				child_stop(c, true);
		}
	}
	work_free(w);
}

/* `exit status 1: qemu-img: no space left`, the first line that it wrote. */
static void
say_before(const struct exec_call *e, char *ret, size_t size)
{
	const char *lf = memchr(e->errors, '\n', e->errors_len);
	struct str line = { e->errors, lf != NULL ? (size_t)(lf - e->errors) : e->errors_len };
	char text[160];
	struct out o;

	exec_call_end_text(e, text, sizeof text);
	out_init(&o, ret, size - 1);
	out_z(&o, text);
	if (line.len > 0)
		out_z(&o, ": ");
	line.len = line.len < 160 ? line.len : 160;
	out_visible(&o, line);
	*o.p = '\0';
}

/* The end of what runs before it. One that is to end is started and ended: so what was
 * made for it goes. */
static void
on_before(struct exec_call *e)
{
	struct child_work *w = e->arg;
	struct child *c = w->child;

	if (e->end == PROGRAM_EXITED && e->value == 0) {
		job_run(control_loop, start_it, on_started, w);
		return;
	}
	say_before(e, c->why, sizeof c->why);
	c->work = NULL;
	w->child = NULL;
	job_run(control_loop, forget_it, on_forgotten, w);
	child_ended(c, PROGRAM_NOT_RUN, e->end == PROGRAM_NOT_RUN ? e->value : EIO);
}

static void
run_before(struct child_work *w, const struct program_conf *p)
{
	w->values[0][0] = "id";
	w->values[0][1] = w->id;
	w->before = (struct exec_call){ .row = p->row, .input = "",
		.values = (const char *const (*)[2])w->values, .timeout_us = BEFORE_US,
		.done = on_before, .arg = w };
	exec_call_start(&w->before);
}

static struct child *
child_new(const char *provider, const char *group)
{
	struct child *c = xcalloc(1, sizeof *c);

	c->fd = -1;
	c->provider = xstrdup(provider);
	c->group = xstrdup(group);
	list_append(&children, &c->node);
	return c;
}

static void
write_meta(const struct child *c, char buf[CHILD_META_MAX])
{
	snprintf(buf, CHILD_META_MAX, "%s\t%s\t%s\t%s\t%s\t%u\t%llu\t%llu\t%d", c->provider,
	    c->group, c->at.token, c->at.zone, c->at.address, c->at.port,
	    (unsigned long long)c->at.launched_us, (unsigned long long)c->epoch, c->has_monitor);
}

struct child *
child_start(const struct child_order_new *o)
{
	struct child *c = child_new(o->provider, o->group);
	struct child_work *w = xcalloc(1, sizeof *w);

	c->at = o->at;
	c->at.state = INSTANCE_PENDING;
	c->has_monitor = o->has_monitor;
	c->epoch = o->epoch;
	c->work = w;
	w->child = c;
	w->run = o->run;
	w->row = o->row;
	w->has_files = o->has_files;
	w->files = o->files;
	w->fd = -1;
	if (o->address != NULL)
		w->address = xstrdup(o->address);
	for (int i = 0; i < CHILD_DATA_MAX; i++)
		if (o->data[i].mem != NULL) {
			w->data[i].mem = xmalloc(o->data[i].len + 1);
			memcpy(w->data[i].mem, o->data[i].mem, o->data[i].len);
			w->data[i].len = o->data[i].len;
		}
	memcpy(w->id, c->at.id, sizeof w->id);
	write_meta(c, w->meta);
	if (o->before != NULL)
		run_before(w, o->before);
	else
		job_run(control_loop, start_it, on_started, w);
	return c;
}

void
child_is(struct child *c, enum provider_state state)
{
	if (c->at.state == state || c->state != CHILD_RUNS ||
	    (c->is_stopping && state != INSTANCE_SHUTTING_DOWN))
		return;
	c->at.state = state;
	tell(c);
}

static void
order(const struct child *c, enum child_order_kind kind)
{
	struct child_order o = { .kind = kind };

	if (c->fd == -1)
		return;
	if (kind == CHILD_META) {
		write_meta(c, o.meta);
		o.meta_len = (uint32_t)strlen(o.meta);
	}
	(void)send(c->fd, &o, kind == CHILD_META ? sizeof o : CHILD_ORDER_BYTES,
	    MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void
stop(struct child *c, enum child_order_kind how)
{
	c->is_stopping = true;
	if (c->state != CHILD_ENDED)
		c->at.state = INSTANCE_SHUTTING_DOWN;
	order(c, how);
}

/* The loop must go on for a monitor that is not there yet. */
static void
ask(struct child *c, bool can_wait)
{
	bool is_asked = c->has_monitor && ask_to_end != NULL && ask_to_end(c, can_wait);

	stop(c, is_asked ? CHILD_EXPECT : CHILD_STOP);
}

void
child_stop(struct child *c, bool at_once)
{
	if (at_once)
		stop(c, CHILD_KILL);
	else
		ask(c, true);
}

void
child_reload(struct child *c)
{
	if (c->state == CHILD_RUNS && !c->is_stopping)
		order(c, CHILD_RELOAD);
}

void
child_move(struct child *c, const char *group)
{
	free(c->group);
	c->group = xstrdup(group);
	order(c, CHILD_META);
}

/* ---- samples ---- */

static uint64_t
grown(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

bool
child_sample_take(struct child *c, struct provider_sample *ret)
{
	const struct child_sample *a = &c->taken, *b = &c->last;
	bool is_first = a->at_us == 0;
	uint64_t us = grown(b->at_us, a->at_us);

	if (us == 0)
		return false;
	*ret = (struct provider_sample){
		.cpu_pct = (double)grown(b->cpu_us, a->cpu_us) * 100 / (double)us,
		.memory_bytes = b->memory_bytes, .has_io = b->has_io, .has_net = b->has_net,
		.net_in = grown(b->net_in, a->net_in), .net_out = grown(b->net_out, a->net_out),
		.disk_read = grown(b->read_bytes, a->read_bytes),
		.disk_write = grown(b->write_bytes, a->write_bytes),
		.disk_read_ops = grown(b->read_ops, a->read_ops),
		.disk_write_ops = grown(b->write_ops, a->write_ops),
	};
	if (b->cpu_pct > 0)
		ret->cpu_pct = ret->cpu_pct * 100 / b->cpu_pct;
	c->taken = *b;
	return !is_first;
}

/* ---- those that were there before us ---- */

/* The next field of a meta text. */
static const char *
next_field(char **rest)
{
	char *field = strsep(rest, "\t");

	return field != NULL ? field : "";
}

static void
adopt(const char *id, int fd, struct child_report *r)
{
	char meta[CHILD_META_MAX + 1], *rest = meta;
	const char *provider, *group;
	struct child *c;

	memcpy(meta, r->meta, r->meta_len);
	meta[r->meta_len] = '\0';
	provider = next_field(&rest);
	group = next_field(&rest);
	c = child_new(provider, group);
	snprintf(c->at.id, sizeof c->at.id, "%s", id);
	snprintf(c->at.token, sizeof c->at.token, "%s", next_field(&rest));
	snprintf(c->at.zone, sizeof c->at.zone, "%s", next_field(&rest));
	snprintf(c->at.address, sizeof c->at.address, "%s", next_field(&rest));
	c->at.port = (uint16_t)strtoul(next_field(&rest), NULL, 10);
	c->at.launched_us = strtoull(next_field(&rest), NULL, 10);
	c->epoch = strtoull(next_field(&rest), NULL, 10);
	c->has_monitor = next_field(&rest)[0] == '1';
	c->at.state = INSTANCE_RUNNING;
	child_listen(c, fd);
	log_notice("instance %s of group %s goes on (process %d)", id, group, (int)r->pid);
	take_report(c, r);
}

/* On a busy machine that takes a while; the time is that of all of them. */
static bool
hears_hello(int fd, struct child_report *r, uint64_t until_us)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t now = clock_mono_us();

	if (poll(&p, 1, now < until_us ? (int)((until_us - now + 999) / 1000) : 0) != 1)
		return false;
	return is_whole(r, recv(fd, r, sizeof *r, MSG_DONTWAIT)) && r->kind == CHILD_HELLO;
}

/* Threads are not there yet: this may wait. */
static int
module_start(void)
{
	uint64_t until_us = clock_mono_us() + HELLO_US;
	char id[CHILD_ID_MAX + 1] = "";
	struct child_report r;
	int fd;

	while (program_has_folder() && (fd = program_adopt(id, id)) != -1) {
		if (hears_hello(fd, &r, until_us)) {
			adopt(id, fd, &r);
			continue;
		}
		log_warnx("instance %s lives on, but its warden does not answer: it is not taken "
		    "over", id);
		close(fd);
	}
	return 0;
}

/* ---- the end of weir ---- */

static bool
are_running(void)
{
	LIST_EACH(n, &children)
		if (CHILD_OF(n)->fd != -1)
			return true;
	return false;
}

static void
module_stop(void)
{
	uint64_t until = clock_mono_us() + STOP_MS * 1000ull;

	changed = NULL;
	LIST_EACH(n, &children)
		ask(CHILD_OF(n), false);
	while (are_running() && clock_mono_us() < until)
		LIST_EACH_SAFE(n, tmp, &children) {
			struct child *c = CHILD_OF(n);
			struct pollfd p = { .fd = c->fd, .events = POLLIN };

			if (c->fd != -1 && poll(&p, 1, 20) == 1)
				on_report(c->fd, 0, c);
		}
	while (!list_is_empty(&children))
		child_free(CHILD_OF(children.next));
}

const struct module mod_child = {
	.name = "child", .start = module_start, .stop = module_stop
};
