/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Health checks without a network: the connection of ctl/check_conn.c is replaced
 * by one end of a socketpair that stands at once, and the other end is in the
 * test's hands. Configuration, engine, verdicts and states are the real ones; time
 * is clock_now_us, moved by hand.
 *
 *	fake_setup(text);
 *	struct check *chk = fake_begin("backend/server");
 *	fake_say(chk, bytes, len);	fake_end(chk);
 *	fake_late(chk);			chk->status, chk->text
 *
 * All symbols of check_conn.c are defined here, so the linker does not take it.
 */
#ifndef WEIR_T_LIB_CHECK_FAKE_H
#define WEIR_T_LIB_CHECK_FAKE_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/snapshot.h"
#include "ctl/check.h"
#include "ctl/control.h"
#include "ctl/health.h"
#include "ctl/reload.h"
#include "event/loop.h"
#include "http/h1.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

static int fake_peer = -1;		/* the server's end; -1 = none */
static unsigned fake_opened;		/* connections so far */
static char fake_path[] __attribute__((unused)) = "/tmp/weir-unit-XXXXXX";

/* ---- instead of check_conn.c ---- */

static void
fake_event(struct conn *c)
{
	(void)c;
}

void
check_aim(struct check *chk)
{
	(void)chk;
}

void
check_conn_close(struct check *chk, bool by_reset)
{
	(void)by_reset;
	if (!chk->has_conn)
		return;
	conn_close(&chk->conn);
	chk->has_conn = false;
}

void
check_conn_open(struct check *chk, check_conn_fn *on_ready, check_conn_fn *on_io)
{
	int fds[2], small = 4096;

	if (fake_peer != -1)
		close(fake_peer);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0)
		abort();
	(void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	fake_peer = fds[1];
	fake_opened++;
	conn_init(&chk->conn, fds[0], CONN_OUT | CONN_UNIX, fake_event);
	chk->has_conn = true;
	chk->on_ready = on_ready;
	chk->on_io = on_io;
	chk->nfirst = 0;
	if (chk->first.len > 0 && fake_opened % 2 == 0) {	/* both ways are good */
		ssize_t n = conn_sendv(&chk->conn,
		    &(struct iovec){ (char *)(uintptr_t)chk->first.p, chk->first.len }, 1);

		chk->nfirst = n > 0 ? (size_t)n : 0;
	}
	on_ready(chk);
}

void
check_conn_failed(struct check *chk, int err)
{
	check_done(chk, CHECK_S_SOCKERR, 0, strerrorname_np(err));
}

void
check_conn_timed_out_as(struct check *chk, enum check_status status)
{
	check_done(chk, status, 0, NULL);
}

void
check_conn_timed_out(struct check *chk)
{
	check_conn_timed_out_as(chk, CHECK_S_L7TOUT);
}

/* ---- the world ---- */

static inline void
fake_log(enum log_level level, const char *text)
{
	(void)level;
	(void)text;
}

static inline void
fake_tidy(void)
{
	unlink(fake_path);
}

/* Loads the text and publishes it; false: it has errors, which stderr tells. */
static inline bool
fake_setup(const char *text)
{
	extern const struct module mod_health;
	static struct loop *data;
	static char *paths[] = { fake_path };
	int fd = mkstemp(fake_path);
	struct snapshot *s;
	struct diag d;

	if (fd == -1 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return false;
	close(fd);
	atexit(fake_tidy);
	h1_scan_init();
	MODULE_EACH(m)
		if (m->prepare != NULL && m->prepare() != 0)
			return false;
	config_set_paths(paths, 1);
	data = loop_new(0);
	control_loop = loop_new(1);
	snapshot_init(&data, 1, control_loop);
	loop_self = control_loop;
	diag_init(&d, true);
	s = config_load(&d, false);
	diag_fini(&d);
	if (s == NULL)
		return false;
	log_set_sink(fake_log);
	s->nthreads = 1;
	live_attach(s);
	mod_health.start();
	control_publish(s);
	return true;
}

/* The check's, or the agent's ("a:backend/server"), begun now. */
static inline struct check *
fake_begin(const char *name)
{
	bool is_agent = name[0] == 'a' && name[1] == ':';
	char backend[64];
	const char *slash;
	struct check *chk;

	name += is_agent ? 2 : 0;
	slash = strchr(name, '/');
	snprintf(backend, sizeof(backend), "%.*s", (int)(slash - name), name);
	for (struct proxy *px = snapshot_current()->proxies; px != NULL; px = px->next) {
		if (strcmp(px->name, backend) != 0)
			continue;
		struct server_live *l = server_find(px, slash + 1)->live;

		chk = is_agent ? l->agent : l->check;
		WEIR_ASSERT(chk != NULL && !chk->is_running);
		clock_now_us = chk->due_us;
		timer_unlink(&control_loop->wheel, &chk->timer);
		chk->timer.fn(&chk->timer);
		return chk;
	}
	abort();
}

/* ---- the server's side ---- */

/* What the check has sent; how many bytes. */
static inline size_t
fake_heard(char *buf, size_t size)
{
	ssize_t n = fake_peer != -1 ? recv(fake_peer, buf, size, 0) : -1;

	return n > 0 ? (size_t)n : 0;
}

/* An edge, if the check still listens. */
static inline void
fake_edge(struct check *chk, unsigned flags)
{
	if (!chk->is_running || !chk->has_conn)
		return;
	chk->conn.flags |= (uint16_t)flags;
	chk->on_io(chk);
}

static inline void
fake_say(struct check *chk, const char *p, size_t len)
{
	char sent[4096];

	while (fake_heard(sent, sizeof(sent)) != 0)
		;
	while (len > 0 && chk->is_running) {
		ssize_t n = send(fake_peer, p, len, MSG_NOSIGNAL);

		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
		fake_edge(chk, CONN_IN | CONN_OUT);
		if (n < 0)
			return;		/* it reads no more */
	}
}

static inline void
fake_end(struct check *chk)
{
	(void)shutdown(fake_peer, SHUT_WR);
	fake_edge(chk, CONN_IN | CONN_RDHUP);
}

/* The check's deadline. */
static inline void
fake_late(struct check *chk)
{
	if (chk->is_running)
		chk->conf->type->timed_out(chk);
}

#endif
