/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A connection to the stats socket, from accept to close.
 *
 * One function, proceed, drives it: it goes on with a long answer, else takes the
 * next command of the line, else the next line. It stops when there is nothing to
 * do, when a millisecond has passed (and comes back in the next pass), or when
 * the reader is slow: with HIGH_WATER bytes waiting nothing further is produced
 * and nothing is read. So a client can neither fill memory nor hold the thread.
 *
 * Thread: control.
 */
#include "api/cli.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/audit.h"
#include "base/clock.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/store.h"
#include "net/listen.h"
#include "proxy/global.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"

#define HIGH_WATER	65536u
#define SLICE_US	1000u
#define READ_BYTES	16384u
#define OUT_MAX		(64u << 20)
#define STREAM_MAX	(1u << 20)
#define GROUPS_MAX	1024

static struct list clis = { &clis, &clis };
static unsigned nclis;
static uint64_t start_us;

static void proceed(struct cli *c);
static size_t unsent(const struct cli *c);

/* ---- messages ---- */

const char *
cli_level_name(unsigned level)
{
	return level >= CLI_ADMIN ? "admin" : level == CLI_OPERATOR ? "operator" : "user";
}

uint64_t
cli_uptime_us(void)
{
	return clock_mono_us() - start_us;
}

static const char *
severity_word(enum log_level level)
{
	static const char *const words[] = {
		"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
	};

	return words[level <= LOG_L_DEBUG ? level : LOG_L_DEBUG];
}

void
cli_msg(struct cli *c, enum log_level level, const char *fmt, ...)
{
	va_list ap;
	size_t at;

	if (c->severity == CLI_SEV_NUMBER)
		outbuf_fmt(&c->out, "[%u]: ", (unsigned)level);
	else if (c->severity == CLI_SEV_STRING)
		outbuf_fmt(&c->out, "[%s]: ", severity_word(level));
	at = c->out.len;
	va_start(ap, fmt);
	outbuf_vfmt(&c->out, fmt, ap);
	va_end(ap);
	if (c->audit_id != 0 && c->problem == NULL && level <= LOG_L_ERR && c->out.data != NULL)
		c->problem = xstrdup(c->out.data + at);
	outbuf_z(&c->out, "\n");
}

void
cli_err_near(struct cli *c, const char *near, const char *end, const char *fmt, ...)
{
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (near != NULL)
		cli_err(c, "%s, did you mean '%s'?", text, near);
	else
		cli_err(c, "%s%s", text, end);
	free(text);
}

void
cli_text(struct cli *c, const char *text)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		if (len == 0)
			outbuf_z(&c->out, " ");
		outbuf_mem(&c->out, text, len);
		outbuf_z(&c->out, "\n");
		text += len + (text[len] == '\n');
	}
}

const char *
cli_arg(const struct cli *c, int i)
{
	return i < c->nargs ? c->args[i] : "";
}

char *
cli_rest(const struct cli *c, int i)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	for (outbuf_z(&b, ""); i < c->nargs; i++)
		outbuf_fmt(&b, "%s%s", b.len > 0 ? " " : "", c->args[i]);
	return b.data != NULL ? b.data : xstrdup("");
}

bool
cli_has_arg(const struct cli *c, const char *word)
{
	for (int i = 0; i < c->nargs; i++)
		if (strcmp(c->args[i], word) == 0)
			return true;
	return false;
}

/* ---- life ---- */

static void
on_free(struct loop_task *t)
{
	struct cli *c = CONTAINER_OF(t, struct cli, task);

	cli_input_fini(&c->in);
	outbuf_fini(&c->out);
	free(c);
}

static void
cli_unref(struct cli *c)
{
	if (--c->refs > 0)
		return;
	c->task.run = on_free;
	loop_defer(control_loop, &c->task);
}

static void
command_release(struct cli *c)
{
	if (c->state_free != NULL)
		c->state_free(c->state);
	c->state = NULL;
	c->state_free = NULL;
	c->more = NULL;
	if (c->held != NULL)
		snapshot_unhold(c->held);
	c->held = NULL;
	if (c->audit_id != 0)
		audit_end(c->audit_id, c->problem != NULL ? c->problem : "ok");
	c->audit_id = 0;
	free(c->problem);
	c->problem = NULL;
	c->is_running = false;
}

/* What was received and not read would turn the close into a reset. */
static void
drop_input(struct cli *c)
{
	char buf[4096];

	for (int i = 0; i < 64 && conn_recv(&c->conn, buf, sizeof buf) > 0; i++)
		;
}

static void
resume_listeners(void)
{
	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (l->is_control)
			listener_resume(l, control_loop);
	}
}

static void
cli_close(struct cli *c)
{
	if (c->is_dead)
		return;
	c->is_dead = true;
	conn_shut_write(&c->conn);
	drop_input(c);
	conn_close(&c->conn);
	loop_task_cancel(&c->task);
	list_del(&c->node);
	if (nclis-- >= snapshot_current()->global->stats_maxconn)
		resume_listeners();
	if (c->is_stream) {
		c->is_stream = c->is_waiting = false;
		c->refs--;
	}
	if (!c->is_waiting)
		command_release(c);
	cli_unref(c);
}

void
cli_close_all(void)
{
	LIST_EACH_SAFE(n, tmp, &clis)
		cli_close(LIST_ITEM(n, struct cli, node));
}

static void
touch(struct cli *c)
{
	timer_set(&control_loop->wheel, &c->conn.timer, clock_now_us + c->timeout_us);
}

/* ---- the end of a command ---- */

static void
put_prompt(struct cli *c)
{
	unsigned long long s = cli_uptime_us() / 1000000;

	if (!c->has_prompt)
		return;
	if (c->is_timed)
		outbuf_fmt(&c->out, "[%llu:%02llu:%02llu:%02llu]", s / 86400, s / 3600 % 24,
		    s / 60 % 60, s % 60);
	outbuf_z(&c->out, "> ");
}

static void
on_kept(void *arg, bool is_kept)
{
	struct cli *c = arg;

	if (!is_kept)
		cli_err(c, "Done, but it will not outlive this process: %s.",
		    store_problem() != NULL ? store_problem() : "the store is closed");
	c->is_keeping = false;
	cli_done(c);
}

/* What a command changed is in the store before its success is told. */
static bool
keep_first(struct cli *c)
{
	if (c->audit_id == 0 || c->was_kept || c->nputs == store_puts())
		return false;
	c->was_kept = true;
	c->is_keeping = true;
	cli_wait(c);
	store_sync(on_kept, c);
	return true;
}

static void
command_end(struct cli *c)
{
	if (keep_first(c))
		return;
	command_release(c);
	if (c->is_closing)
		return;
	outbuf_z(&c->out, "\n");
	put_prompt(c);
}

void
cli_more(struct cli *c, cli_more_fn *more, void *state, void (*state_free)(void *))
{
	WEIR_ASSERT(c->more == NULL && c->state == NULL);
	c->more = more;
	c->state = state;
	c->state_free = state_free;
}

struct snapshot *
cli_hold(struct cli *c)
{
	if (c->held == NULL) {
		c->held = snapshot_current();
		snapshot_hold(c->held);
	}
	return c->held;
}

void
cli_wait(struct cli *c)
{
	c->is_waiting = true;
	c->refs++;
	timer_clear(&c->conn.timer);
}

void
cli_done(struct cli *c)
{
	WEIR_ASSERT(c->is_waiting);
	c->is_waiting = false;
	if (c->is_dead)
		command_release(c);
	else {
		if (c->more == NULL)
			command_end(c);
		touch(c);
		loop_ready(control_loop, &c->task);
	}
	cli_unref(c);
}

bool
cli_is_gone(const struct cli *c)
{
	return c->is_dead;
}

/* ---- streams ---- */

void
cli_stream(struct cli *c, bool any_key, void *state, void (*state_free)(void *))
{
	WEIR_ASSERT(c->more == NULL && c->state == NULL);
	c->is_stream = true;
	c->any_key = any_key;
	c->lost = 0;
	c->state = state;
	c->state_free = state_free;
	cli_wait(c);
}

void
cli_stream_end(struct cli *c)
{
	if (!c->is_stream)
		return;
	c->is_stream = false;
	cli_done(c);
}

bool
cli_push(struct cli *c, const char *line, size_t len)
{
	if (c->is_dead || unsent(c) + len + 32 > STREAM_MAX) {
		c->lost++;
		return false;
	}
	if (c->lost > 0)
		outbuf_fmt(&c->out, "#lost %llu\n", (unsigned long long)c->lost);
	c->lost = 0;
	outbuf_mem(&c->out, line, len);
	loop_ready(control_loop, &c->task);
	return true;
}

/* What the client says meanwhile. A half-closed connection goes on: a shell's
 * pipe is like that. */
static void
stream_look(struct cli *c)
{
	struct pollfd p = { .fd = c->conn.fd };
	char buf[256];
	ssize_t n;

	while (c->is_stream && conn_can_read(&c->conn)) {
		n = conn_recv(&c->conn, buf, sizeof buf - 1);
		if (n <= 0)
			break;
		buf[n] = '\0';
		if (strncmp(buf, "quit", 4) == 0)
			c->is_closing = true;
		if (c->any_key || c->is_closing)
			cli_stream_end(c);
	}
	if (c->is_stream && poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)))
		cli_close(c);
}

/* ---- running commands ---- */

static unsigned
hidden_flags(const struct cli *c)
{
	return (c->is_expert ? 0 : CLI_F_EXPERT) | (c->is_experimental ? 0 : CLI_F_EXPERIMENTAL);
}

static bool
is_allowed(struct cli *c, const struct cli_row *row)
{
	if (row->level > c->level)
		cli_err(c, "Permission denied");
	else if ((row->flags & CLI_F_EXPERT) && !c->is_expert)
		cli_err(c, "This command is restricted to expert mode only.");
	else if ((row->flags & CLI_F_EXPERIMENTAL) && !c->is_experimental)
		cli_err(c, "This command is restricted to experimental mode only.");
	else
		return true;
	return false;
}

static void
run_words(struct cli *c)
{
	const struct cli_row *row;
	int used;

	row = cli_find(c->words.w, c->words.n, &used);
	if (row == NULL) {
		if (c->severity != CLI_SEV_NONE)
			outbuf_z(&c->out, c->severity == CLI_SEV_NUMBER ? "[6]: " : "[info]: ");
		cli_unknown(&c->out, c->level, hidden_flags(c), c->words.w, c->words.n);
		return;
	}
	c->args = c->words.w + used;
	c->nargs = c->words.n - used;
	c->payload = STR_NONE;
	if ((row->flags & CLI_F_PAYLOAD) && c->in.has_payload && c->rest == NULL)
		c->payload = (struct str){ c->in.payload.data, c->in.payload.len };
	if (row->flags & CLI_F_CHANGE)
		c->audit_id = audit_begin(c, row->flags & CLI_F_SECRET ? used + 1 : c->words.n);
	if (!is_allowed(c, row))
		return;
	row->run(c);
}

/* An empty command has an empty answer. */
static void
command_start(struct cli *c, char *text)
{
	c->is_running = true;
	c->nputs = store_puts();
	c->was_kept = false;
	if (cli_split(text, &c->words) != 0)
		cli_err(c, "Too many words.");
	else if (c->words.n > 0)
		run_words(c);
	if (c->more == NULL && !c->is_waiting)
		command_end(c);
}

/* ---- input and output ---- */

static size_t
unsent(const struct cli *c)
{
	return c->out.len - c->out_sent;
}

/* A change is told when it is done and in the store; but pieces as they come. */
static bool
is_held_back(const struct cli *c)
{
	return c->is_keeping || (c->is_waiting && c->audit_id != 0 && c->more == NULL);
}

static void
flush(struct cli *c)
{
	if (is_held_back(c))
		return;
	while (unsent(c) > 0 && conn_can_write(&c->conn)) {
		struct iovec iov = { c->out.data + c->out_sent, unsent(c) };
		ssize_t n = conn_sendv(&c->conn, &iov, 1);

		if (n <= 0)
			break;
		c->out_sent += (size_t)n;
		touch(c);
	}
	if (unsent(c) == 0) {
		outbuf_clear(&c->out);
		c->out_sent = 0;
	} else if (c->out_sent > HIGH_WATER) {
		memmove(c->out.data, c->out.data + c->out_sent, unsent(c) + 1);
		c->out.len -= c->out_sent;
		c->out_sent = 0;
	}
}

static void
receive(struct cli *c)
{
	static char buf[READ_BYTES];
	size_t most = CLI_LINE_BYTES;
	ssize_t n;

	if (c->in.in_payload)		/* a line of it may be as long as it may be */
		most += cli_input_left(&c->in);
	while (conn_can_read(&c->conn) && cli_input_left(&c->in) <= most) {
		n = conn_recv(&c->conn, buf, sizeof buf);
		if (n <= 0)
			return;
		cli_input_add(&c->in, buf, (size_t)n);
		touch(c);
	}
}

static void
too_long(struct cli *c)
{
	cli_err(c, c->in.in_payload ? "The payload is too large." : "The line is too long.");
	outbuf_z(&c->out, "\n");
	c->is_closing = true;
}

/* The next line; false: wait for more bytes, or end. */
static bool
next_line(struct cli *c)
{
	enum cli_input_result result;

	receive(c);
	c->in.payload_max = c->level >= CLI_ADMIN ? CLI_PAYLOAD_ADMIN_BYTES : CLI_PAYLOAD_BYTES;
	result = cli_input_next(&c->in, c->conn.flags & CONN_EOF);
	for (; c->in.nwanted > 0; c->in.nwanted--)
		if (c->has_prompt)
			outbuf_z(&c->out, "+ ");
	switch (result) {
	case CLI_IN_LINE:
		c->rest = c->in.line;
		c->had_line = true;
		return true;
	case CLI_IN_TOO_LONG:
		too_long(c);
		return false;
	case CLI_IN_MORE:
		break;
	}
	if (conn_can_read(&c->conn))
		return true;
	c->is_closing = (c->conn.flags & CONN_EOF) != 0;
	return false;
}

/* Pieces of a long answer for a millisecond; false: it stops for now. */
static bool
produce(struct cli *c, uint64_t end_us)
{
	while (unsent(c) < HIGH_WATER) {
		if (c->more(c)) {
			command_end(c);
			return true;
		}
		if (c->is_waiting || clock_mono_us() >= end_us)
			return false;
	}
	return true;
}

/* One move; false: nothing to do now. */
static bool
step(struct cli *c, uint64_t end_us)
{
	char *text;

	if (c->is_waiting || c->is_closing)
		return false;
	if (c->more != NULL)
		return produce(c, end_us);
	text = cli_next_command(&c->rest);
	if (text != NULL) {
		command_start(c, text);
		if (c->rest == NULL && !c->is_interactive && c->more == NULL && !c->is_waiting)
			c->is_closing = true;
		return true;
	}
	if (c->had_line && !c->is_interactive) {
		c->is_closing = true;		/* one line was asked */
		return false;
	}
	return next_line(c);
}

static void
proceed(struct cli *c)
{
	uint64_t end_us = clock_mono_us() + SLICE_US;

	if (c->is_stream)
		stream_look(c);
	while (!c->is_dead && !(c->conn.flags & CONN_ERROR) && !c->out.overflow) {
		if (unsent(c) >= HIGH_WATER) {
			flush(c);
			if (unsent(c) >= HIGH_WATER)
				return;
		}
		if (!step(c, end_us))
			break;
		if (clock_mono_us() >= end_us)
			break;
	}
	if (c->is_dead)
		return;
	flush(c);
	if ((c->conn.flags & CONN_ERROR) || c->out.overflow || (c->is_closing && unsent(c) == 0))
		cli_close(c);
	else if (!c->is_waiting && !c->is_closing && unsent(c) < HIGH_WATER &&
	    (c->more != NULL || c->rest != NULL || clock_mono_us() >= end_us))
		loop_ready(control_loop, &c->task);
}

static void
on_event(struct conn *conn)
{
	proceed(CONTAINER_OF(conn, struct cli, conn));
}

static void
on_ready(struct loop_task *t)
{
	proceed(CONTAINER_OF(t, struct cli, task));
}

static void
on_timeout(struct timer *t)
{
	struct cli *c = CONTAINER_OF(CONTAINER_OF(t, struct conn, timer), struct cli, conn);

	if (!c->is_waiting)
		cli_close(c);
}

/* ---- accepting ---- */

bool
cli_admit(struct listener *l)
{
	(void)l;
	return nclis < snapshot_current()->global->stats_maxconn;
}

static void
ask_who(struct cli *c)
{
	struct ucred cred;
	socklen_t len = sizeof cred;

	if (getsockopt(c->conn.fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 && cred.pid > 0) {
		c->uid = cred.uid;
		c->gid = cred.gid;
		c->pid = cred.pid;
	}
}

static bool
is_in_group(const struct cli *c, gid_t gid)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof groups;

	if (c->gid == gid)
		return true;
	if (getsockopt(c->conn.fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0)
		return false;
	for (socklen_t i = 0; i < len / sizeof groups[0]; i++)
		if (groups[i] == gid)
			return true;
	return false;
}

/* The highest that its user or groups have; without a rule for it, the socket's. */
static uint8_t
level_for(const struct cli *c, const struct bind_conf *b)
{
	uint8_t level = 0;

	for (const struct level_rule *r = b->level_rules; r != NULL && c->pid != 0; r = r->next)
		if (r->level > level &&
		    (r->is_group ? is_in_group(c, r->id) : c->uid == r->id))
			level = r->level;
	return level != 0 ? level : b->level != 0 ? b->level : CLI_OPERATOR;
}

void
cli_accepted(struct listener *l, int fd, const struct sockaddr *sa)
{
	const struct bind_conf *b = atomic_load_explicit(&l->user, memory_order_acquire);
	struct cli *c = xcalloc(1, sizeof *c);

	conn_init(&c->conn, fd, CONN_IN | CONN_OUT | (sa->sa_family == AF_UNIX ? CONN_UNIX : 0),
	    on_event);
	c->conn.timer.fn = on_timeout;
	c->refs = 1;
	c->severity = b->severity;
	c->timeout_us = snapshot_current()->global->stats_timeout_us;
	cli_input_init(&c->in);
	outbuf_init(&c->out, OUT_MAX);
	loop_task_init(&c->task, on_ready);
	list_append(&clis, &c->node);
	nclis++;
	ask_who(c);
	c->level = level_for(c, b);
	touch(c);
	if (conn_register(&c->conn) != 0)
		cli_close(c);
	else
		loop_ready(control_loop, &c->task);
}

/* ---- module ---- */

static int
cli_start(void)
{
	start_us = clock_mono_us();
	cli_rows_init();
	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (!l->is_control)
			continue;
		l->admit = cli_admit;
		l->accepted = cli_accepted;
		if (listener_start(l, control_loop) != 0)
			return -1;
	}
	return 0;
}

static void
cli_stop(void)
{
	cli_close_all();
	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (l->is_control)
			listener_stop(l, control_loop);
	}
	loop_once(control_loop, false);
	cli_rows_fini();
}

const struct module mod_cli = { .name = "cli", .start = cli_start, .stop = cli_stop };
