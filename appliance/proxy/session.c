/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sessions: from accept to close, in phases.
 *
 *	accept -> tcp-request connection -> [PROXY header] -> [TLS] ->
 *	tcp-request session -> ready: the front side (HTTP/1) or TCP
 *
 * A plain HTTP connection is not registered with epoll before that is needed: a
 * request that came with the accept is read at once, and if its answer is out
 * and the connection closed within LAZY_US, epoll never heard of it.
 *
 * Thread: data.
 */
#include "proxy/session.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "net/buf.h"
#include "net/listen.h"
#include "net/pp.h"
#include "net/tls.h"
#include "proxy/bind_count.h"
#include "proxy/dthread.h"
#include "proxy/front_h1.h"
#include "proxy/front_tcp.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/reply.h"
#include "proxy/rules.h"
#include "proxy/server_conn.h"
#include "proxy/stick_track.h"
#include "proxy/txn.h"
#include "proxy/vars.h"

#define LAZY_US		20000u		/* served within this: never registered */
#define LINGER_US	1000000u
#define LINGER_BYTES	65536u		/* of who was refused */
#define EARLY_BYTES	(16u << 20)	/* of a body that was answered before its end */
#define DRAIN_PER_PASS	65536u

static struct bind_conf *
bind_of(const struct session *s)
{
	return atomic_load_explicit(&s->listener->user, memory_order_acquire);
}

static struct proxy_live *
live_of(const struct session *s)
{
	return s->listener->live;
}

static struct counters *
count_of(const struct session *s)
{
	return &live_of(s)->threads[dt->id].fe;
}

/* In the frontend's block, and in the listener's if it has one. */
#define COUNT_FRONT(s, id)						\
	do {								\
		COUNT(count_of(s), id);					\
		COUNT_BIND((s)->listener, id);				\
	} while (0)

static bool
is_tcp(const struct session *s)
{
	return bind_of(s)->frontend->set.mode == MODE_TCP;
}

/* ---- limits ---- */

static bool
below(_Atomic uint32_t *cur, uint32_t max)
{
	return max == 0 || atomic_load_explicit(cur, memory_order_relaxed) < max;
}

#define PER_SECOND(field)	atomic_load_explicit(&limits.field, memory_order_relaxed)

/* Limits per second; the clients wait in the kernel's queue. Asked before
 * an accept that may find nobody, so counted only after it. */
static bool
within_rates(const struct bind_conf *b, const struct proxy_live *live)
{
	const struct global *g = b->frontend->snap->global;

	if (b->is_ssl && (!below(&limits.ssl_conns, (uint32_t)g->maxsslconn) ||
	    !rate_has_room(&limits.ssl_rate, PER_SECOND(maxsslrate))))
		return false;
	return rate_has_room(&limits.conn_rate, PER_SECOND(maxconnrate)) &&
	    rate_has_room(&limits.sess_rate, PER_SECOND(maxsessrate)) &&
	    rate_has_room(&live->fe_sess_rate, b->frontend->set.rate_limit_sessions);
}

static void
count_rates(const struct bind_conf *b, struct proxy_live *live)
{
	if (b->is_ssl)
		rate_count(&limits.ssl_rate, PER_SECOND(maxsslrate));
	rate_count(&limits.conn_rate, PER_SECOND(maxconnrate));
	rate_count(&limits.sess_rate, PER_SECOND(maxsessrate));
	rate_count(&live->fe_sess_rate, b->frontend->set.rate_limit_sessions);
}

/* At a limit of connections: who closes one wakes the threads that wait. */
static bool
wait_for_close(void)
{
	atomic_fetch_or_explicit(&limits.accept_waits, 1ull << dt->id, memory_order_relaxed);
	return false;
}

bool
session_admit(struct listener *l)
{
	struct bind_conf *b = atomic_load_explicit(&l->user, memory_order_acquire);
	struct proxy_live *live = l->live;
	uint32_t fe_max = atomic_load_explicit(&live->fe_max_now, memory_order_relaxed);

	if (!below(&limits.conns, atomic_load_explicit(&limits.maxconn, memory_order_relaxed))) {
		atomic_fetch_add_explicit(&limits.maxconn_reached, 1, memory_order_relaxed);
		return wait_for_close();
	}
	if (fe_max == 0)
		fe_max = (uint32_t)b->frontend->set.maxconn;
	if (!below(&live->fe_conn.cur, fe_max) || !below(&l->conns, b->maxconn))
		return wait_for_close();
	return within_rates(b, live);
}

static void
resume_here(void)
{
	LIST_EACH(n, &listeners) {
		struct listener *l = LIST_ITEM(n, struct listener, node);

		if (!l->is_control)
			listener_resume(l, loop_self);
	}
}

static void
on_resume(struct mail *m)
{
	free(m);
	resume_here();
}

/* A close that falls between a thread's look at the limit and its bit is missed
 * here: the pause's timer is there for that. */
static void
resume_accepting(void)
{
	uint64_t waits = atomic_exchange_explicit(&limits.accept_waits, 0, memory_order_relaxed);

	for (unsigned i = 0; i < ndthreads; i++)
		if (i == dt->id && (waits >> i & 1))
			resume_here();
		else if (waits >> i & 1)
			mailbox_send(&dthreads[i].loop->mailbox, xcalloc(1, sizeof(struct mail)),
			    on_resume);
}

/* ---- closing ---- */

static void
on_free(struct loop_task *task)
{
	struct session *s = LIST_ITEM(task, struct session, task);

	pool_put(&dt->sessions, s);
}

static void
uncount_handshake(struct session *s)
{
	if (s->flags & SESS_F_TLS_COUNTED) {
		s->flags &= (uint16_t)~SESS_F_TLS_COUNTED;
		list_del(&s->node);
		list_append(&dt->session_list, &s->node);
		atomic_fetch_sub_explicit(&limits.handshakes, 1, memory_order_relaxed);
	}
}

static void
free_parts(struct session *s)
{
	buf_drop(&s->in);
	buf_drop(&s->out);
	pp_info_free(s->pp);
	s->pp = NULL;			/* a step under way may write its log line yet */
	vars_free_session(s);
	if (unlikely(s->tracked != NULL))
		stick_track_end(&s->tracked);
	uncount_handshake(s);
	if (s->flags & SESS_F_SSL)	/* a reload may have changed the bind */
		atomic_fetch_sub_explicit(&limits.ssl_conns, 1, memory_order_relaxed);
}

void
session_close(struct session *s)
{
	if (s->flags & SESS_F_DEAD)
		return;
	s->flags |= SESS_F_DEAD;
	if (s->txn != NULL)
		txn_front_gone(s->txn);
	conn_close(&s->conn);
	free_parts(s);
	list_del(&s->node);
	STAT_ADD(nsessions, -1);
	gauge_dec(&live_of(s)->fe_conn);
	atomic_fetch_sub_explicit(&s->listener->conns, 1, memory_order_relaxed);
	atomic_fetch_sub_explicit(&limits.conns, 1, memory_order_relaxed);
	if (unlikely(atomic_load_explicit(&limits.accept_waits, memory_order_relaxed) != 0))
		resume_accepting();
	loop_task_cancel(&s->task);
	loop_task_init(&s->task, on_free);
	loop_defer(loop_self, &s->task);
}

int
session_watch(struct session *s)
{
	s->flags &= (uint16_t)~SESS_F_LAZY;
	return conn_register(&s->conn);
}

/* Send FIN, then read and drop what still comes, for at most 1 s: a close with bytes
 * unread would send a RST, and the client lose what it has not read of our answer. */
static void
linger(struct session *s)
{
	conn_shut_write(&s->conn);
	if (session_watch(s) != 0) {
		session_close(s);
		return;
	}
	s->requests = 0;		/* counts the bytes from here on */
	timer_set(&loop_self->wheel, &s->conn.timer, clock_now_us + LINGER_US);
	session_drain(s);
}

/* What comes behind the limit stays in the kernel, whose window then stops the
 * client; but not what lies before its FIN, for that is all there is. */
static bool
may_drain(struct session *s)
{
	uint32_t limit = s->flags & SESS_F_EARLY ? EARLY_BYTES : LINGER_BYTES;

	return s->requests < limit || (s->conn.flags & CONN_RDHUP);
}

void
session_drain(struct session *s)
{
	size_t pass = 0;
	ssize_t n;

	if (!may_drain(s)) {
		if (conn_peer_is_gone(&s->conn))
			session_close(s);
		return;
	}
	do {
		n = conn_recv(&s->conn, dt->rbuf, RBUF_BYTES);
		if (n > 0)
			pass += (size_t)n;
	} while (n > 0 && pass < DRAIN_PER_PASS && (s->conn.flags & CONN_IN));
	s->requests += (uint32_t)pass;
	if (n == 0 || (s->conn.flags & CONN_ERROR))
		session_close(s);
	else if (n > 0 && (s->conn.flags & CONN_IN) && may_drain(s))
		loop_ready(loop_self, &s->task);
}

/* Forget the peer: it gets neither FIN nor RST until it speaks again. */
static void
silent_drop(struct session *s)
{
	int on = 1;

	/* in repair mode close(2) sends nothing; else a RST of TTL 1 dies on the way */
	if (setsockopt(s->conn.fd, IPPROTO_TCP, TCP_REPAIR, &on, sizeof on) != 0) {
		int ttl = 1;

		(void)setsockopt(s->conn.fd, SOL_IP, IP_TTL, &ttl, sizeof ttl);
		conn_reset(&s->conn);
	}
}

/* TLS records that the kernel has not taken go out first; on_event comes back. */
static bool
waits_for_flush(struct session *s)
{
	if ((s->flags & (SESS_F_DROP | SESS_F_RESET | SESS_F_CUT)) ||
	    (s->conn.flags & (CONN_ERROR | CONN_CLOSED)) || conn_is_flushed(&s->conn) ||
	    session_watch(s) != 0)
		return false;
	s->flags |= SESS_F_CLOSING | SESS_F_FLUSHING;
	timer_set(&loop_self->wheel, &s->conn.timer,
	    clock_now_us + proxy_timeout_client(bind_of(s)->frontend));
	return true;
}

static void
on_flush_event(struct session *s)
{
	if (!conn_is_flushed(&s->conn))
		return;
	s->flags &= (uint16_t)~SESS_F_FLUSHING;
	session_end(s);
}

void
session_end(struct session *s)
{
	if (waits_for_flush(s))
		return;
	if (s->flags & SESS_F_CUT)	/* no close_notify after half an answer */
		s->conn.flags |= CONN_ERROR;
	if (s->flags & SESS_F_DROP)
		silent_drop(s);
	else if (s->flags & SESS_F_RESET)
		conn_reset(&s->conn);
	else if ((s->flags & SESS_F_LINGER) && !(s->conn.flags & (CONN_ERROR | CONN_CLOSED))) {
		linger(s);
		return;
	}
	session_close(s);
}

void
session_refuse(struct session *s, unsigned status)
{
	struct str page = reply_raw(status);
	struct iovec iov = { (char *)(uintptr_t)page.p, page.len };

	(void)conn_sendv(&s->conn, &iov, 1);
	s->flags |= SESS_F_LINGER | SESS_F_CLOSING;
	session_end(s);
}

/* ---- phases ---- */

/* Not even a full socket had it registered: the timer is session_register_later's. */
static bool
is_lazy(const struct session *s)
{
	return (s->flags & SESS_F_LAZY) && !(s->conn.flags & CONN_REGISTERED);
}

void
session_register(struct session *s)
{
	if (session_watch(s) != 0)
		session_close(s);
}

void
session_register_later(struct session *s)
{
	if (is_lazy(s))
		timer_set(&loop_self->wheel, &s->conn.timer, clock_now_us + LAZY_US);
}

uint64_t
session_timeout_http_request(const struct session *s)
{
	return proxy_timeout_http_request(bind_of(s)->frontend);
}

bool
session_ignores_probes(const struct session *s)
{
	return (bind_of(s)->frontend->set.options & OPT_HTTP_IGNORE_PROBES) != 0;
}

/* False: the session is over. */
static bool
rules_allow(struct session *s, enum ruleset_kind kind)
{
	struct proxy *fe = bind_of(s)->frontend;
	struct sample_ctx x;
	enum rule_verdict v;

	if (fe->rules[kind] == NULL)
		return true;
	sample_ctx_session(&x, s, fe);
	v = ruleset_run(fe->rules[kind], &x);
	if (v != RULE_REJECT && v != RULE_DROP && v != RULE_DENY && v != RULE_ERROR)
		return true;
	if (kind == RS_TCP_CONNECTION)
		COUNT_FRONT(s, dcon);
	else
		COUNT_FRONT(s, dses);
	if (v == RULE_DROP)
		s->flags |= SESS_F_DROP;
	s->flags |= SESS_F_RESET;
	session_end(s);
	return false;
}

static void
ready(struct session *s)
{
	if (!rules_allow(s, RS_TCP_SESSION))
		return;
	s->flags |= SESS_F_READY;
	if (unlikely(s->tracked != NULL))
		stick_count_session(s);
	COUNT_FRONT(s, stot);
	COUNT(count_of(s), h1sess);
	COUNT_SESSION(count_of(s));
	logline_connect(s, bind_of(s)->frontend);
	if (is_tcp(s)) {
		s->flags |= SESS_F_TCP;
		front_tcp_start(s);
	} else
		front_h1_start(s);
}

static void
failed_early(struct session *s, enum conn_err why)
{
	struct bind_conf *b = bind_of(s);

	COUNT_FRONT(s, ereq);
	s->err = (uint8_t)why;
	if (b->frontend->log_to != NULL &&
	    !((b->frontend->set.options & OPT_DONTLOGNULL) && conn_err_is_null(why)))
		logline_session_error(s, b);
	session_close(s);
}

static void
drive_handshake(struct session *s)
{
	enum tls_result r = tls_handshake(&s->conn);

	if (r == TLS_AGAIN) {
		list_del(&s->node);	/* it spoke: others are silent longer */
		list_append(&dt->handshake_list, &s->node);
		if (s->conn.flags & CONN_IN)	/* enough signed in this pass */
			loop_ready(loop_self, &s->task);
		return;
	}
	uncount_handshake(s);
	if (r == TLS_FAILED) {
		failed_early(s, tls_error_kind(s->conn.tls));
		return;
	}
	STAT_ADD(ssl_handshakes, 1);
	if (tls_is_resumed(s->conn.tls))
		STAT_ADD(ssl_resumed, 1);
	s->handshake_ms = (uint16_t)((clock_now_us - s->accept_us) / 1000);
	ready(s);
}

/* At the cap, the handshake of this thread that is silent longest ends. */
static void
make_room_for_handshake(const struct global *g)
{
	if (g->max_handshakes == 0 || list_is_empty(&dt->handshake_list) ||
	    atomic_load_explicit(&limits.handshakes, memory_order_relaxed) < g->max_handshakes)
		return;
	session_close(LIST_ITEM(dt->handshake_list.next, struct session, node));
}

static void
start_tls(struct session *s)
{
	struct bind_conf *b = bind_of(s);

	if (b->tls == NULL) {
		ready(s);
		return;
	}
	if (tls_accept(&s->conn, b->tls) != 0) {
		session_close(s);
		return;
	}
	make_room_for_handshake(b->frontend->snap->global);
	s->flags |= SESS_F_TLS_COUNTED;
	list_del(&s->node);
	list_append(&dt->handshake_list, &s->node);
	atomic_fetch_add_explicit(&limits.handshakes, 1, memory_order_relaxed);
	STAT_ADD(cum_ssl, 1);
	timer_set(&loop_self->wheel, &s->conn.timer,
	    clock_now_us + proxy_timeout_client_hs(b->frontend));
	session_register(s);
	if (!(s->flags & SESS_F_DEAD))
		drive_handshake(s);
}

static enum conn_err
pp_error(enum pp_result r)
{
	switch (r) {
	case PP_FOREIGN:
		return CONN_ERR_PP_FOREIGN;
	case PP_PROTO:
		return CONN_ERR_PP_PROTO;
	case PP_LONG:
		return CONN_ERR_PP_TRUNCATED;
	default:
		return CONN_ERR_PP_BAD;
	}
}

/* Exactly the header's bytes are taken from the socket: peek, then read them, so
 * that TLS finds its own first byte. */
static void
read_pp(struct session *s)
{
	char buf[PP_MAX_BYTES];
	ssize_t n = recv(s->conn.fd, buf, sizeof buf, MSG_PEEK | MSG_DONTWAIT);
	enum pp_result r;
	size_t used;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		failed_early(s, s->flags & SESS_F_PP_BEGUN ? CONN_ERR_PP_TRUNCATED :
		    n == 0 ? CONN_ERR_PP_EMPTY : CONN_ERR_PP_ABORT);
		return;
	}
	s->flags |= SESS_F_PP_BEGUN;
	r = pp_parse(buf, (size_t)n, &used, &s->pp);
	if (r == PP_MORE && ((s->conn.flags & CONN_RDHUP) || conn_peer_is_gone(&s->conn)))
		r = PP_LONG;		/* no edge will tell */
	if (r == PP_MORE && n < (ssize_t)sizeof buf)
		return;
	if (r == PP_DONE && recv(s->conn.fd, buf, used, 0) != (ssize_t)used)
		r = PP_BAD;
	if (r != PP_DONE) {
		failed_early(s, pp_error(r));
		return;
	}
	s->flags &= (uint16_t)~SESS_F_PP_WAIT;
	s->conn.flags |= CONN_IN;
	if (!s->pp->is_local)
		s->src = s->pp->src;
	start_tls(s);
}

static void
on_event(struct conn *c)
{
	struct session *s = (struct session *)c;

	if (s->flags & SESS_F_DEAD)
		return;
	if (s->flags & SESS_F_FLUSHING)
		on_flush_event(s);
	else if (s->flags & SESS_F_PP_WAIT)
		read_pp(s);
	else if (c->flags & CONN_HANDSHAKE)
		drive_handshake(s);
	else if (s->flags & SESS_F_TCP)
		front_tcp_event(s);
	else
		front_h1_event(s);
}

static void
on_timer(struct timer *timer)
{
	struct session *s = (struct session *)CONTAINER_OF(timer, struct conn, timer);

	timer_clear(timer);
	if (s->flags & SESS_F_DEAD)
		return;
	if (is_lazy(s)) {
		session_register(s);
		return;
	}
	if (!(s->flags & SESS_F_READY))
		failed_early(s, s->flags & SESS_F_PP_WAIT ? CONN_ERR_PP_TIMEOUT :
		    CONN_ERR_TLS_TIMEOUT);
	else if (s->flags & SESS_F_TCP)
		front_tcp_timeout(s);
	else
		front_h1_timeout(s);
}

static void
on_task(struct loop_task *task)
{
	struct session *s = LIST_ITEM(task, struct session, task);

	if (s->flags & (SESS_F_DEAD | SESS_F_FLUSHING))
		return;
	if (s->conn.flags & CONN_HANDSHAKE)
		drive_handshake(s);
	else if (s->flags & SESS_F_TCP)
		front_tcp_task(s);
	else
		front_h1_task(s);
}

/* ---- accept ---- */

#define SHED_LOOK	256u
#define SHED_MAX	32u

/* Out of descriptors: the oldest idle connections of this thread make room. */
void
session_shed_idle(struct listener *l)
{
	unsigned looked = 0, shed = 0;

	(void)l;
	LIST_EACH_SAFE(n, tmp, &dt->session_list) {
		struct session *s = LIST_ITEM(n, struct session, node);

		if (++looked > SHED_LOOK || shed >= SHED_MAX)
			break;
		if (s->txn == NULL && (s->flags & SESS_F_KEEP_ALIVE) && s->out == NULL) {
			session_close(s);
			shed++;
		}
	}
	server_conn_purge(NULL);
}

static void
count_accept(struct session *s)
{
	atomic_fetch_add_explicit(&limits.conns, 1, memory_order_relaxed);
	bind_count_most(s->listener, 1 +
	    atomic_fetch_add_explicit(&s->listener->conns, 1, memory_order_relaxed));
	gauge_inc(&live_of(s)->fe_conn);
	STAT_ADD(cum_conns, 1);
	COUNT(count_of(s), conn_tot);
	STAT_ADD(nsessions, 1);
}

static struct session *
session_new(struct listener *l, int fd, const struct sockaddr *sa)
{
	struct session *s = pool_get(&dt->sessions, POOL_SITE_ACCEPT);

	if (s == NULL)
		return NULL;
	conn_init(&s->conn, fd, CONN_IN | CONN_OUT | (sa->sa_family == AF_UNIX ? CONN_UNIX : 0),
	    on_event);
	s->conn.timer.fn = on_timer;
	loop_task_init(&s->task, on_task);
	s->listener = l;
	s->txn = NULL;
	s->in = s->out = NULL;
	s->pp = NULL;
	s->vars = NULL;
	s->tracked = NULL;
	s->serial = ++dt->session_serial;
	s->accept_us = clock_now_us;
	s->src = ip_port_of(sa);
	s->requests = 0;
	s->flags = SESS_F_LAZY;
	s->handshake_ms = 0;
	s->err = CONN_ERR_NONE;
	list_append(&dt->session_list, &s->node);
	return s;
}

static void
set_buffers(const struct session *s, const struct global *g)
{
	int fd = s->conn.fd, one = 1;

	if (g->rcvbuf_client != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &g->rcvbuf_client, sizeof(int));
	if (g->sndbuf_client != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &g->sndbuf_client, sizeof(int));
	if (bind_of(s)->frontend->set.options & OPT_CLITCPKA)
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
}

void
session_accepted(struct listener *l, int fd, const struct sockaddr *sa)
{
	struct session *s = session_new(l, fd, sa);
	struct bind_conf *b;

	if (s == NULL) {
		close(fd);
		listener_pause(l, loop_self, 100000);
		return;
	}
	count_accept(s);
	b = bind_of(s);
	count_rates(b, live_of(s));
	if (b->is_ssl) {
		s->flags |= SESS_F_SSL;
		atomic_fetch_add_explicit(&limits.ssl_conns, 1, memory_order_relaxed);
	}
	set_buffers(s, b->frontend->snap->global);
	if (!rules_allow(s, RS_TCP_CONNECTION))
		return;
	if (b->accept_proxy) {
		s->flags |= SESS_F_PP_WAIT;
		timer_set(&loop_self->wheel, &s->conn.timer,
		    clock_now_us + proxy_timeout_client_hs(b->frontend));
		session_register(s);
		if (!(s->flags & SESS_F_DEAD))
			read_pp(s);
		return;
	}
	start_tls(s);
}

struct ip_port
session_dst(struct session *s)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	if (s->pp != NULL && !s->pp->is_local)
		return s->pp->dst;
	ss.ss_family = AF_UNIX;
	(void)getsockname(s->conn.fd, (struct sockaddr *)&ss, &len);
	return ip_port_of((struct sockaddr *)&ss);
}
