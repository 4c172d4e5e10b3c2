/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `option external-check`: a program decides, 0 is good. The helper process runs
 * it (event/keeper.c): this file says with which words, and reads the end. A
 * question to the helper waits, so a job thread asks it.
 *
 * At most MAX_RUNNING programs run at a time; other checks wait in order, their
 * time counts from the start of the program.
 *
 * Life of a struct check_program: from start until both the check has let it go
 * and the job thread has answered.
 *
 * Thread: control.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/magic.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/check.h"
#include "ctl/check_record.h"
#include "ctl/control.h"
#include "event/child.h"
#include "event/job.h"
#include "event/loop.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define MAX_RUNNING	64
#define GRACE_US	2000000u	/* the keeper tells the end; else we do */
#define WAIT_US		(3600ull * 1000000)	/* for a place among those that run */

struct check_program {
	struct check	*chk;		/* NULL: let go */
	struct list	 node;		/* waiting for its turn */
	struct helper_run *run;		/* owned until it was asked */
	bool		 is_asked;	/* a job thread has it */
	int		 fd, error;	/* of the answer */
	struct event	*event;		/* owned; of fd */
};

static struct {
	struct list	 waiting;
	unsigned	 nrunning;
} state = { .waiting = { &state.waiting, &state.waiting } };

/* ---- its words ---- */

static void
address_words(const struct addr *a, char *addr, size_t size, char *port)
{
	struct ip_port ip;

	addr[0] = port[0] = '\0';
	if (a->kind == ADDR_INET || a->kind == ADDR_INET6) {
		ip = ip_port_of(&a->u.sa);
		ip_text(&ip, addr, size);
		snprintf(port, 8, "%u", addr_port(a));
	} else if (a->kind == ADDR_UNIX)
		snprintf(addr, size, "%s", a->u.un.sun_path);
}

static const char *
or_not_used(const char *text)
{
	return text[0] != '\0' ? text : "NOT_USED";
}

static bool
env_number(struct helper_run *r, const char *name, unsigned n)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", n);
	return helper_run_env(r, name, text);
}

static bool
keep_environment(struct helper_run *r)
{
	for (char **e = environ; *e != NULL; e++) {
		const char *eq = strchr(*e, '=');
		char name[128];

		if (eq == NULL || (size_t)(eq - *e) >= sizeof(name) ||
		    strncmp(*e, "HAPROXY_", 8) == 0 || strncmp(*e, "PATH=", 5) == 0)
			continue;
		memcpy(name, *e, (size_t)(eq - *e));
		name[eq - *e] = '\0';
		if (!helper_run_env(r, name, eq + 1))
			return false;
	}
	return true;
}

static bool
add_environment(struct helper_run *r, const struct check *chk, const char *const words[4])
{
	const struct server *srv = chk->srv;
	const struct proxy *px = srv->backend;
	const char *path = chk->conf->px->path;

	return helper_run_env(r, "PATH", path != NULL ? path : "/usr/bin:/bin") &&
	    helper_run_env(r, "HAPROXY_PROXY_NAME", px->name) &&
	    env_number(r, "HAPROXY_PROXY_ID", (unsigned)px->id) &&
	    helper_run_env(r, "HAPROXY_PROXY_ADDR", words[0]) &&
	    helper_run_env(r, "HAPROXY_PROXY_PORT", words[1]) &&
	    helper_run_env(r, "HAPROXY_SERVER_NAME", srv->name) &&
	    env_number(r, "HAPROXY_SERVER_ID", (unsigned)srv->id) &&
	    helper_run_env(r, "HAPROXY_SERVER_ADDR", words[2]) &&
	    helper_run_env(r, "HAPROXY_SERVER_PORT", words[3]) &&
	    env_number(r, "HAPROXY_SERVER_MAXCONN", srv->maxconn) &&
	    env_number(r, "HAPROXY_SERVER_CURCONN", gauge_get(&chk->live->inflight)) &&
	    helper_run_env(r, "HAPROXY_SERVER_SSL", srv->flags & SRV_SSL ? "1" : "0") &&
	    helper_run_env(r, "HAPROXY_SERVER_PROTO", px->set.mode == MODE_HTTP ? "h1" : "tcp") &&
	    (!px->snap->global->preserves_env || keep_environment(r));
}

static struct helper_run *
make_words(const struct check *chk, unsigned timeout_ms)
{
	struct helper_run *r = helper_run_new(timeout_ms);
	const struct bind_conf *b = chk->srv->backend->binds;
	char addr[2][128] = { "", "" }, port[2][8] = { "", "" };
	const char *const words[4] = { addr[0], port[0], addr[1], port[1] };

	while (b != NULL && b->addr.kind != ADDR_INET && b->addr.kind != ADDR_INET6 &&
	    b->addr.kind != ADDR_UNIX)
		b = b->next;
	if (b != NULL)
		address_words(&b->addr, addr[0], sizeof(addr[0]), port[0]);
	address_words(&chk->conf->to, addr[1], sizeof(addr[1]), port[1]);
	if (helper_run_arg(r, chk->conf->px->command) &&
	    helper_run_arg(r, or_not_used(addr[0])) && helper_run_arg(r, or_not_used(port[0])) &&
	    helper_run_arg(r, or_not_used(addr[1])) && helper_run_arg(r, or_not_used(port[1])) &&
	    add_environment(r, chk, words))
		return r;
	free(r);
	return NULL;
}

/* ---- its life ---- */

static void
program_free(struct check_program *p)
{
	list_del(&p->node);
	if (p->event != NULL)
		event_free(p->event);
	if (p->fd != -1)
		close(p->fd);
	free(p->run);
	free(p);
}

static void
record(struct check *chk, const struct program_result *r)
{
	record_begin(chk);
	record_add(&chk->record->got, r->output, r->output_len);
	chk->record->got.total = r->output_total;
}

static void
tell(struct check *chk, const struct program_result *r)
{
	char text[CHECK_TEXT_BYTES] = "";

	record(chk, r);
	switch (r->end) {
	case PROGRAM_EXITED:
		check_done(chk, r->value == 0 ? CHECK_S_PROCOK : CHECK_S_PROCERR,
		    (unsigned)r->value, NULL);
		return;
	case PROGRAM_TIMEOUT:
		check_done(chk, CHECK_S_PROCTOUT, 0, NULL);
		return;
	case PROGRAM_KILLED:
		snprintf(text, sizeof(text), "killed by signal %d (%s)", r->value,
		    strsignal(r->value));
		break;
	case PROGRAM_FLOODED:
		snprintf(text, sizeof(text), "wrote more than %u bytes", PROGRAM_OUTPUT_MAX);
		break;
	default:
		snprintf(text, sizeof(text), "cannot be run: %s", strerror(r->value));
	}
	check_done(chk, CHECK_S_PROCERR, 0, text);
}

static void
on_result(evutil_socket_t fd, short what, void *arg)
{
	struct check_program *p = arg;
	struct program_result r = { .end = PROGRAM_NOT_RUN, .value = EPIPE };
	ssize_t n = recv(fd, &r, sizeof(r), MSG_DONTWAIT);

	(void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof(r) || r.output_len > PROGRAM_OUTPUT_KEPT)
		r = (struct program_result){ .end = PROGRAM_NOT_RUN, .value = EPIPE };
	tell(p->chk, &r);	/* cancel frees p */
}

static void
ask(void *arg)
{
	struct check_program *p = arg;

	p->fd = helper_run(p->run);
	p->error = errno;
}

static void
on_asked(void *arg)
{
	struct check_program *p = arg;

	p->is_asked = false;
	free(p->run);
	p->run = NULL;
	if (p->chk == NULL) {		/* closing the socket ends the program */
		program_free(p);
		return;
	}
	if (p->fd == -1) {
		tell(p->chk, &(struct program_result){ .end = PROGRAM_NOT_RUN,
		    .value = p->error });
		return;
	}
	p->event = event_new(control_loop->base, p->fd, EV_READ | EV_PERSIST, on_result, p);
	event_add(p->event, NULL);
}

static void
run_program(struct check_program *p)
{
	struct check *chk = p->chk;
	uint64_t us = chk->conf->timeout_us != 0 ? chk->conf->timeout_us : chk->conf->connect_us;

	state.nrunning++;
	chk->start_us = clock_now_us;
	check_deadline(chk, us + GRACE_US);
	p->run = make_words(chk, (unsigned)(us / 1000));
	if (p->run == NULL) {
		tell(chk, &(struct program_result){ .end = PROGRAM_NOT_RUN, .value = E2BIG });
		return;
	}
	p->is_asked = true;
	job_run(control_loop, ask, on_asked, p);
}

static void
run_next(void)
{
	while (state.nrunning < MAX_RUNNING && !list_is_empty(&state.waiting)) {
		struct check_program *p = LIST_ITEM(state.waiting.next, struct check_program,
		    node);

		list_del(&p->node);
		run_program(p);
	}
}

static void
start(struct check *chk)
{
	struct check_program *p = xcalloc(1, sizeof(*p));

	p->chk = chk;
	p->fd = -1;
	list_init(&p->node);
	chk->program = p;
	check_deadline(chk, WAIT_US);
	list_append(&state.waiting, &p->node);
	run_next();
}

static void
cancel(struct check *chk)
{
	struct check_program *p = chk->program;
	bool was_running;

	if (p == NULL)
		return;
	chk->program = NULL;
	was_running = list_is_empty(&p->node);
	p->chk = NULL;
	if (!p->is_asked)
		program_free(p);
	if (was_running) {
		state.nrunning--;
		run_next();
	}
}

static void
timed_out(struct check *chk)
{
	check_done(chk, CHECK_S_PROCTOUT, 0, NULL);
}

const struct check_type check_type_program = {
	.name = "program", .start = start, .cancel = cancel, .timed_out = timed_out,
};
