/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Log lines of traffic: at the end of a transaction, at accept for a frontend
 * without a format, and for a connection that failed before any transaction;
 * unique ids; the rows that choose formats. A line is built straight into the
 * thread's ring.
 */
#include <stdio.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "http/msg.h"
#include "net/tls.h"
#include "proxy/log_target.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/rules_in.h"
#include "proxy/sample.h"
#include "proxy/session.h"
#include "proxy/txn.h"

#define HTTPLOG	"%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc " \
		"%ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r"
#define TCPLOG	"%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq"
/* A transaction has had its handshake: no error of connection or TLS is possible. */
#define HTTPSLOG HTTPLOG " 0/00000000/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] " \
		"%[ssl_fc_sni]/%sslv/%sslc"
#define CLF_TAIL "%TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq %CC %CS %hrl %hsl"
#define CLFLOG	"%{+Q}o %{-Q}ci - - [%trg] %r %ST %B \"\" \"\" %cp %ms %ft %b %s " CLF_TAIL
#define TCPCLF	"%{+Q}o %{-Q}ci - - [%T] \"TCP \" 000 %B \"\" \"\" %cp %ms %ft %b %s %Th " \
		"%Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq \"\" \"\" "
/* JSON: what is measured in milliseconds ends in _ms. */
#define J_ENDS	"%{+json}o %(time)iso %(client_ip)ci %(client_port)cp %(frontend)f %(backend)b " \
		"%(server)s %(server_ip)si %(server_port)sp %(tls_version)sslv %(tls_cipher)sslc "
#define J_LOAD	"%(retries)rc %(termination)ts %(process_connections)ac " \
		"%(frontend_connections)fc %(backend_requests)bc %(server_requests)sc " \
		"%(server_queue)sq %(backend_queue)bq"
#define J_HTTP	J_ENDS "%(method)HM %(host)[req.hdr(host)] %(path)HP %(query)HQ %(version)HV " \
		"%(status)ST %(bytes_received)U %(bytes_read)B %(request_ms)TR %(queue_ms)Tw " \
		"%(connect_ms)Tc %(response_ms)Tr %(active_ms)Ta " J_LOAD " %(cookie_state)tsc " \
		"%(request_cookie)CC %(response_cookie)CS %(request_captures)hr " \
		"%(response_captures)hs %(user_agent)[req.hdr(user-agent)] " \
		"%(referer)[req.hdr(referer)] %(unique_id)ID"
#define J_TCP	J_ENDS "%(bytes_received)U %(bytes_read)B %(queue_ms)Tw %(connect_ms)Tc " \
		"%(total_ms)Tt " J_LOAD
#define J_HTTPS	J_HTTP " %(tls_sni)[ssl_fc_sni] %(tls_resumed)[ssl_fc_is_resumed] " \
		"%(tls_client_verify)[ssl_c_verify]"

const char *
logformat_default(const char *name)
{
	static const struct { const char *name, *text; } all[] = {
		{ "httplog", HTTPLOG }, { "tcplog", TCPLOG }, { "httpslog", HTTPSLOG },
		{ "httplog clf", CLFLOG }, { "tcplog clf", TCPCLF },
		{ "httplog json", J_HTTP }, { "tcplog json", J_TCP },
		{ "httpslog json", J_HTTPS }, { "httplog elb", "%elb" },
		{ "tcplog elb", "%elb" }, { "httpslog elb", "%elb" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(name, all[i].name) == 0)
			return all[i].text;
	return NULL;
}

/* ---- lines ---- */

static bool
is_error(const struct txn *t)
{
	return t->term[0] != '-' && t->term[0] != '\0' && t->term[0] != 'L';
}

/* `option dontlognull`: a connection that brought no byte; our own page for it is
 * none either. */
static bool
is_null(const struct txn *t)
{
	return (t->fe->set.options & OPT_DONTLOGNULL) && t->bytes.in == 0 &&
	    (t->flags & TXN_F_HTTP ? t->req.method_text.len == 0 : t->bytes.out == 0);
}

static bool
is_wanted(const struct txn *t)
{
	if (t->log_level == LOG_SILENT)
		return false;
	if ((t->fe->set.options & OPT_DONTLOG_NORMAL) && !is_error(t) && t->status < 500 &&
	    t->retries == 0)
		return false;
	return !is_null(t);
}

static enum log_level
level_of(const struct txn *t)
{
	if (t->log_level != 0)
		return (enum log_level)(t->log_level - 1);
	if ((t->fe->set.options & OPT_LOG_SEPARATE_ERRORS) && is_error(t))
		return LOG_L_ERR;
	return LOG_L_INFO;
}

/* What a target cuts off would leave half an object: values are made shorter. */
static void
fit_json(const struct proxy *fe, struct sample_ctx *x, struct log_line *l)
{
	static const size_t caps[] = { 512, 256, 128, 64, 32, 16, 0 };
	size_t room = log_line_room(l->targets);

	for (unsigned i = 0; i < ARRAY_LEN(caps); i++) {
		if (!l->o->overflow && out_len(l->o) <= room)
			return;
		out_init(l->o, l->o->start, (size_t)(l->o->end - l->o->start));
		logformat_build_json(fe->log_line, x, l->o, caps[i]);
	}
}

void
logline_emit(struct txn *t)
{
	const struct proxy *fe = t->fe;
	struct sample_ctx x;
	struct log_line l;

	if (fe->log_to == NULL || fe->log_line == NULL || !is_wanted(t))
		return;
	if (!log_line_begin(&l, fe->log_to, level_of(t)))
		return;
	sample_ctx_init(&x, t, t->fe, DIR_REQ);
	logformat_build(fe->log_line, &x, l.o);
	if (unlikely(logformat_is_json(fe->log_line)))
		fit_json(fe, &x, &l);
	log_line_end(&l);
}

static void
out_ends(struct out *o, struct session *s)
{
	struct ip_port dst = session_dst(s);
	char z[64];

	out_lit(o, "Connect from ");
	out_mem(o, z, ip_text(&s->src, z, sizeof(z)));
	out_char(o, ':');
	out_u64(o, s->src.port);
	out_lit(o, " to ");
	out_mem(o, z, ip_text(&dst, z, sizeof(z)));
	out_char(o, ':');
	out_u64(o, dst.port);
}

void
logline_connect(struct session *s, struct proxy *fe)
{
	struct log_line l;

	if (fe->log_to == NULL || fe->log_line != NULL ||
	    !log_line_begin(&l, fe->log_to, LOG_L_INFO))
		return;
	out_ends(l.o, s);
	out_lit(l.o, " (");
	out_z(l.o, fe->name);
	out_z(l.o, fe->set.mode == MODE_HTTP ? "/HTTP)" : "/TCP)");
	log_line_end(&l);
}

/* What HAProxy writes without `error-log-format`. */
static void
out_session_error(struct out *o, const struct session *s, const struct bind_conf *b)
{
	char z[64];

	out_mem(o, z, ip_text(&s->src, z, sizeof(z)));
	out_char(o, ':');
	out_u64(o, s->src.port);
	out_lit(o, " [");
	out_mem(o, z, clock_format_log(clock_wall_of(s->accept_us), z));
	out_lit(o, "] ");
	out_z(o, b->frontend->name);
	out_char(o, '/');
	if (b->name != NULL)
		out_z(o, b->name);
	else
		out_u64(o, (uint64_t)b->id);
	out_lit(o, ": ");
	out_log(o, str_of(s->err == CONN_ERR_TLS_HANDSHAKE ? tls_error_text(s->conn.tls) :
	    conn_err_text(s->err)));
}

void
logline_session_error(struct session *s, const struct bind_conf *b)
{
	struct proxy *fe = b->frontend;
	bool is_apart = (fe->set.options & OPT_LOG_SEPARATE_ERRORS) != 0;
	struct sample_ctx x;
	struct log_line l;

	if (fe->log_to == NULL ||
	    !log_line_begin(&l, fe->log_to, is_apart ? LOG_L_ERR : LOG_L_INFO))
		return;
	if (fe->set.error_log_format != NULL) {
		sample_ctx_session(&x, s, fe);
		logformat_build(fe->set.error_log_format, &x, l.o);
	} else
		out_session_error(l.o, s, b);
	log_line_end(&l);
}

struct str
logline_unique_id(struct txn *t)
{
	const struct logformat *f = t->fe->set.unique_id_format;
	struct sample_ctx x;
	size_t mark;
	struct str s;
	char *p;

	if (f == NULL || t->unique_id.len != 0)
		return t->unique_id;
	mark = eval_mark();
	sample_ctx_init(&x, t, t->fe, DIR_REQ);
	s = logformat_eval(f, &x);
	if (s.len > 0 && (p = txn_scratch(t, s.len)) != NULL) {
		memcpy(p, s.p, s.len);
		t->unique_id = (struct str){ p, s.len };
	}
	eval_release(mark);
	return t->unique_id;
}

/* ---- rows ---- */

enum { F_LOG, F_ERROR, F_ID };

static struct logformat **
format_of(struct proxy *px, intptr_t which)
{
	return which == F_LOG ? &px->set.log_format :
	    which == F_ERROR ? &px->set.error_log_format : &px->set.unique_id_format;
}

static int
parse_format(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	struct logformat *f;

	if (c->is_no || c->is_default) {
		*format_of(px, row->arg) = NULL;
		return 0;
	}
	if (nargs != 1) {
		diag_error(c->diag, "'%s' expects exactly one argument; quote a format that has "
		    "blanks.", row->name);
		return -1;
	}
	if (!proxy_takes(c, CAP_FRONTEND, row->name, NULL))
		return 0;
	f = logformat_parse(c, px, args[0],
	    row->arg == F_LOG ? USE_AT_LOG : row->arg == F_ERROR ? USE_AT_SESSION : USE_AT_REQ,
	    row->arg == F_ID ? LF_HTTP : LF_LOG);
	if (f == NULL)
		return -1;
	*format_of(px, row->arg) = f;
	if (row->arg == F_LOG)
		px->set.options &= ~(OPT_HTTPLOG | OPT_TCPLOG | OPT_HTTPSLOG);
	return 0;
}

static int
parse_id_header(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	char *name = arena_strdup(c->arena, args[0]);

	(void)row, (void)nargs;
	for (char *p = name; *p != '\0'; p++)
		*p = ascii_lower(*p);
	if (!http_token_is_valid(str_of(name))) {
		diag_error(c->diag, "'unique-id-header' : '%s' is not a header name.", args[0]);
		return -1;
	}
	proxy_of(c)->set.unique_id_header = name;
	return 0;
}

static int
parse_tag(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)row, (void)nargs;
	proxy_of(c)->set.log_tag = args[0];
	return 0;
}

#define FE	(IN_DEFAULTS | IN_FRONTEND)

static const struct kw_row rows[] = {
	{ "log-format", IN_PROXY, KW_OBEYED, 0, 255, KW_F_NO | KW_F_ANY_ARGS, parse_format, F_LOG,
	    "<format>", "The text of log lines." },
	{ "error-log-format", IN_PROXY, KW_OBEYED, 0, 255, KW_F_NO | KW_F_ANY_ARGS, parse_format,
	    F_ERROR, "<format>", "The text of lines for connections without a request." },
	{ "unique-id-format", FE, KW_OBEYED, 0, 255, KW_F_NO | KW_F_ANY_ARGS, parse_format, F_ID,
	    "<format>", "The text of each request's id." },
	{ "unique-id-header", FE, KW_OBEYED, 1, 1, 0, parse_id_header, 0, "<name>",
	    "Request header that carries the id to servers." },
	{ "log-tag", IN_PROXY, KW_OBEYED, 1, 1, 0, parse_tag, 0, "<text>",
	    "Name of this process in the section's log lines." },
	{ .name = NULL }
};

/* What the options say: `httplog`, `tcplog json` ...; NULL = none. */
static const char *
format_by_option(const struct proxy *px)
{
	uint64_t opt = px->set.options;
	const char *name = opt & OPT_HTTPSLOG ? "httpslog" : opt & OPT_HTTPLOG ? "httplog" :
	    opt & OPT_TCPLOG ? "tcplog" : NULL;
	char z[32];

	if (name == NULL)
		return NULL;
	if (px->set.mode == MODE_TCP && name[0] == 'h')
		name = "tcplog";
	snprintf(z, sizeof(z), "%s%s%s", name, px->set.log_style != NULL ? " " : "",
	    px->set.log_style != NULL ? px->set.log_style : "");
	return logformat_default(z);
}

/* Frontends with targets: their own format, or what an option names. */
static int
post_formats(struct cfg *c)
{
	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next) {
		const char *text = format_by_option(px);

		if (!(px->cap & CAP_FRONTEND))
			continue;
		px->log_line = px->set.log_format;
		if (px->log_line == NULL && text != NULL &&
		    (px->log_line = logformat_parse(c, px, text, USE_AT_LOG, LF_LOG)) == NULL)
			return -1;
		px->log_needs = px->log_line != NULL ? logformat_needs(px->log_line) & 0xff : 0;
	}
	return 0;
}

static const struct post_row post[] = {
	{ "log formats", post_formats },
	{ NULL, NULL }
};

const struct module mod_logline = {
	.name = "logline",
	.cfg = rows,
	.post = post,
};
