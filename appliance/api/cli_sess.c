/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show sess, shutdown session(s): what is under way. Transactions belong to their
 * data thread, so each question is a round of messages, one to each thread and
 * one back, in batches: a thread looks at BATCH transactions, then serves its
 * clients, and a further round goes on where it stopped. Text is made by the
 * thread and copied by control.
 *
 * The id is the transaction's serial number and its thread. It is never given
 * again, so an old id names nobody else.
 *
 * Thread: control, on_* of a round in data threads.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "base/clock.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/broadcast.h"
#include "net/listen.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/server_conn.h"
#include "proxy/session.h"
#include "proxy/txn.h"

#define BATCH		128u
#define SKIP_MAX	4096u
#define ID_SHIFT	6	/* at most 64 threads */

enum walk_kind { WALK_LIST, WALK_FULL, WALK_KILL };

/* What one thread has found, and how far it is. */
struct part {
	struct outbuf	 text;
	uint64_t	 last;		/* serial of the latest one looked at */
	uint32_t	 hits;
	bool		 is_done;
};

struct walk {
	struct cli	*c;
	enum walk_kind	 kind;
	uint64_t	 id;		/* this one only; 0 = all */
	uint64_t	 older_us;	/* those of at least this age */
	const struct server_live *live;	/* those on this server only; held; NULL = all */
	bool		 asked;		/* a round has come back */
	uint32_t	 hits;
	struct part	*parts;		/* owned: one per data thread */
};

static uint64_t
id_of(const struct txn *t)
{
	return t->serial << ID_SHIFT | dt->id;
}

/* ---- lines; data thread ---- */

static void
put_ms(struct outbuf *b, const char *name, uint64_t deadline_us)
{
	if (deadline_us == 0)
		outbuf_fmt(b, " %s=", name);
	else
		outbuf_fmt(b, " %s=%llus", name, (unsigned long long)
		    (deadline_us > clock_now_us ? (deadline_us - clock_now_us) / 1000000 : 0));
}

static const char *
proto_name(const struct session *s)
{
	return s->src.family == AF_INET6 ? "tcpv6" : s->src.family == AF_INET ? "tcpv4" :
	    "unix_stream";
}

static const char *
server_name(const struct txn *t)
{
	return t->srv != NULL ? t->srv->name : "<none>";
}

static int
server_fd(const struct txn *t)
{
	return t->sc != NULL ? t->sc->conn.fd : -1;
}

static unsigned long long
age_s(const struct txn *t)
{
	uint64_t start = t->at.start != 0 ? t->at.start : t->at.accept;

	return clock_now_us > start ? (clock_now_us - start) / 1000000 : 0;
}

static void
put_line(struct outbuf *b, const struct txn *t)
{
	const struct session *s = t->sess;
	char src[64];

	ip_text(&s->src, src, sizeof src);
	outbuf_fmt(b, "0x%llx: proto=%s src=%s:%u fe=%s be=%s srv=%s ts=%02x epoch=0 age=%llus "
	    "calls=%u rate=0 cpu=0 lat=0", (unsigned long long)id_of(t), proto_name(s), src,
	    s->src.port, t->fe->name, t->be != NULL ? t->be->name : "<NONE>", server_name(t),
	    t->step, age_s(t), s->requests + 1);
	outbuf_fmt(b, " rq[f=%llxh,i=%llu,an=00h] rp[f=%xh,i=%llu,an=00h]",
	    (unsigned long long)t->flags, (unsigned long long)t->bytes.in, t->status,
	    (unsigned long long)t->bytes.from_server);
	outbuf_fmt(b, " scf=[8,%xh,fd=%d] scb=[8,%xh,fd=%d]", s->conn.flags, s->conn.fd,
	    t->sc != NULL ? t->sc->conn.flags : 0, server_fd(t));
	put_ms(b, "exp", s->conn.timer.deadline_us);
	outbuf_fmt(b, " rc=%u", t->retries);
	put_ms(b, "c_exp", t->timer.deadline_us);
	outbuf_z(b, "\n");
}

static void
put_addr(struct outbuf *b, const struct server *srv)
{
	char text[160];

	addr_text(&srv->addr, text, sizeof text);
	outbuf_fmt(b, "  server=%s (id=%d) addr=%s\n", srv->name, srv->id, text);
}

/* The request as it stands now; client's bytes, so made visible. */
static void
put_request(struct outbuf *b, const struct txn *t)
{
	struct out o;

	if (!(t->flags & TXN_F_HTTP) || t->at.request == 0)
		return;
	outbuf_z(b, "  request=");
	o = outbuf_reserve(b, 4 * (t->req.target.len + 32u) + 8);
	out_visible(&o, http_str(&t->req, t->req.method_text));
	out_char(&o, ' ');
	out_visible(&o, http_str(&t->req, t->req.target));
	out_char(&o, '\n');
	outbuf_commit(b, &o);
}

static void
put_full(struct outbuf *b, const struct txn *t)
{
	const struct session *s = t->sess;
	uint64_t us = clock_wall_of(t->at.start != 0 ? t->at.start : t->at.accept);
	char src[64], date[40];

	ip_text(&s->src, src, sizeof src);
	date[clock_format_log(us, date)] = '\0';
	outbuf_fmt(b, "0x%llx: [%s] id=%llu proto=%s source=%s:%u\n",
	    (unsigned long long)id_of(t), date, (unsigned long long)t->serial, proto_name(s), src,
	    s->src.port);
	outbuf_fmt(b, "  flags=0x%llx, step=%s, conn_retries=%u, waiting=%d, term=%c%c, "
	    "thread=%u\n", (unsigned long long)t->flags, txn_step_name(t->step), t->retries,
	    t->queue != NULL, t->term[0], t->term[1], dt->id + 1);
	outbuf_fmt(b, "  frontend=%s (id=%d mode=%s), listener=%s\n", t->fe->name, t->fe->id,
	    t->fe->set.mode == MODE_HTTP ? "http" : "tcp", s->conn.tls != NULL ? "tls" : "plain");
	if (t->be != NULL)
		outbuf_fmt(b, "  backend=%s (id=%d mode=%s)\n", t->be->name, t->be->id,
		    t->be->set.mode == MODE_HTTP ? "http" : "tcp");
	else
		outbuf_z(b, "  backend=<NONE> (id=-1 mode=-)\n");
	if (t->srv != NULL)
		put_addr(b, t->srv);
	else
		outbuf_z(b, "  server=<NONE> (id=-1)\n");
	put_request(b, t);
	outbuf_fmt(b, "  scf: flags=0x%x fd=%d", s->conn.flags, s->conn.fd);
	put_ms(b, "exp", s->conn.timer.deadline_us);
	outbuf_fmt(b, "\n  scb: flags=0x%x fd=%d", t->sc != NULL ? t->sc->conn.flags : 0,
	    server_fd(t));
	put_ms(b, "exp", t->sc != NULL ? t->sc->conn.timer.deadline_us : 0);
	outbuf_fmt(b, "\n  bytes: in=%llu to_server=%llu from_server=%llu out=%llu status=%u\n",
	    (unsigned long long)t->bytes.in, (unsigned long long)t->bytes.to_server,
	    (unsigned long long)t->bytes.from_server, (unsigned long long)t->bytes.out,
	    t->status);
}

/* ---- a round; data thread ---- */

static bool
is_wanted(const struct walk *w, const struct txn *t)
{
	if (w->id != 0)
		return id_of(t) == w->id;
	if (w->live != NULL && (t->srv == NULL || t->srv->live != w->live))
		return false;
	return w->older_us == 0 || clock_now_us >= t->at.start + w->older_us;
}

static void
meet(const struct walk *w, struct part *p, struct txn *t)
{
	p->hits++;
	if (w->kind == WALK_KILL)
		txn_kill(t, 'K');
	else if (w->kind == WALK_FULL)
		put_full(&p->text, t);
	else
		put_line(&p->text, t);
}

/* The list is in the order of serials. */
static void
on_round(void *arg, struct dthread *d)
{
	struct walk *w = arg;
	struct part *p = &w->parts[d->id];
	unsigned n = 0, looked = 0;

	if (p->is_done)
		return;
	LIST_EACH_SAFE(node, next, &d->txn_list) {
		struct txn *t = LIST_ITEM(node, struct txn, node);

		if (t->serial <= p->last || (t->flags & TXN_F_FREED))
			continue;
		p->last = t->serial;
		if (is_wanted(w, t)) {
			meet(w, p, t);
			n++;
		}
		if (n >= BATCH || ++looked >= SKIP_MAX)
			return;
	}
	p->is_done = true;
}

/* ---- control ---- */

static void
on_round_done(void *arg)
{
	struct walk *w = arg;

	w->asked = true;
	cli_done(w->c);
}

static void
walk_free(void *state)
{
	struct walk *w = state;

	for (unsigned i = 0; i < ndthreads; i++)
		outbuf_fini(&w->parts[i].text);
	if (w->live != NULL)
		live_server_unref((struct server_live *)(uintptr_t)w->live);
	free(w->parts);
	free(w);
}

/* Takes what the threads have made; true when all are done. */
static bool
collect(struct cli *c, struct walk *w)
{
	bool is_done = true;

	for (unsigned i = 0; i < ndthreads; i++) {
		struct part *p = &w->parts[i];

		outbuf_mem(&c->out, p->text.data != NULL ? p->text.data : "", p->text.len);
		outbuf_clear(&p->text);
		w->hits += p->hits;
		p->hits = 0;
		is_done &= p->is_done;
	}
	return is_done;
}

static bool
walk_more(struct cli *c)
{
	struct walk *w = c->state;

	if (w->asked && (collect(c, w) || cli_is_gone(c))) {
		if (w->id != 0 && w->hits == 0)
			cli_err(c, w->kind == WALK_KILL ?
			    "No such session (use 'show sess')." : "Session not found.");
		return true;
	}
	w->asked = false;
	cli_wait(c);
	broadcast(on_round, on_round_done, w);
	return false;
}

static struct walk *
walk_new(struct cli *c, enum walk_kind kind)
{
	struct walk *w = xcalloc(1, sizeof *w);

	w->c = c;
	w->kind = kind;
	w->parts = xcalloc(ndthreads, sizeof *w->parts);
	for (unsigned i = 0; i < ndthreads; i++)
		outbuf_init(&w->parts[i].text, 0);
	return w;
}

static void
walk_start(struct cli *c, struct walk *w)
{
	cli_more(c, walk_more, w, walk_free);
}

static bool
read_id(const char *word, uint64_t *ret_id)
{
	if (word[0] == '0' && (word[1] == 'x' || word[1] == 'X'))
		word += 2;
	return str_to_hex(str_of(word), ret_id) && *ret_id != 0 &&
	    (*ret_id & ((1u << ID_SHIFT) - 1)) < ndthreads;
}

static void
show_sess(struct cli *c)
{
	const char *word = cli_arg(c, 0);
	struct walk *w;
	uint64_t id = 0, older = 0;

	if (strcmp(word, "older") == 0) {
		if (str_to_duration_us(str_of(cli_arg(c, 1)), 1000000, &older) != PARSE_OK) {
			cli_err(c, "Invalid age.");
			return;
		}
	} else if (word[0] != '\0' && strcmp(word, "all") != 0 && !read_id(word, &id)) {
		cli_err(c, "Session not found.");
		return;
	}
	w = walk_new(c, id != 0 || strcmp(word, "all") == 0 ? WALK_FULL : WALK_LIST);
	w->id = id;
	w->older_us = older;
	walk_start(c, w);
}

static void
shutdown_session(struct cli *c)
{
	const char *word = cli_arg(c, 0);
	struct walk *w;
	uint64_t id;

	if (word[0] == '\0') {
		cli_err(c, "Session pointer expected (use 'show sess').");
		return;
	}
	if (!read_id(word, &id)) {
		cli_err(c, "No such session (use 'show sess').");
		return;
	}
	w = walk_new(c, WALK_KILL);
	w->id = id;
	walk_start(c, w);
}

static void
shutdown_server(struct cli *c)
{
	struct server *srv = cli_find_server(c, cli_arg(c, 0));
	struct walk *w;

	if (srv == NULL)
		return;
	w = walk_new(c, WALK_KILL);
	w->live = srv->live;
	live_server_ref(srv->live);
	walk_start(c, w);
}

static const struct cli_row rows[] = {
	{ "show sess", CLI_OPERATOR, 0, show_sess, "[<id>|all|older <age>]",
	  "list requests and sessions under way, or one in full" },
	{ "shutdown session", CLI_ADMIN, CLI_F_CHANGE, shutdown_session, "<id>",
	  "end a session" },
	{ "shutdown sessions server", CLI_ADMIN, CLI_F_CHANGE, shutdown_server, "<bk>/<srv>",
	  "end all sessions on a server" },
	{ 0 }
};

const struct module mod_cli_sess = { .name = "cli_sess", .cli = rows };
