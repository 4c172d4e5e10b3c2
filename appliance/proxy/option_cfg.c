/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `option NAME` and `no option NAME`. Most are a bit: the row's arg tells which,
 * and what kind of section it belongs to. A bit that was written is marked in
 * options_written. Options of checks are rows of ctl. Runs in the thread that
 * loads.
 */
#include <ctype.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "proxy/proxy.h"

#define FE	CAP_FRONTEND
#define BE	CAP_BACKEND
#define BOTH	(CAP_FRONTEND | CAP_BACKEND)

/* Set, or clear under `no` and `default`; false when the section has no use for it. */
static bool
option_write(struct cfg *c, unsigned cap, const char *name, uint64_t bits)
{
	struct proxy_settings *set = &proxy_of(c)->set;

	if (!proxy_takes(c, cap, name, NULL))
		return false;
	if (c->is_no || c->is_default)
		set->options &= ~bits;
	else
		set->options |= bits;
	set->options_written |= bits;
	return true;
}

static const char *
option_name(const struct kw_row *row)
{
	return row->name + strlen("option ");
}

struct option_bit {
	uint64_t	 bits;
	unsigned	 cap;		/* the sections that have a use for it */
};

static int
parse_bit(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const struct option_bit *o = (const struct option_bit *)row->arg;

	(void)args;
	(void)nargs;
	option_write(c, o->cap, option_name(row), o->bits);
	return 0;
}

static bool
is_log_style(const char *word, bool is_https)
{
	return strcmp(word, "json") == 0 || strcmp(word, "elb") == 0 ||
	    (strcmp(word, "clf") == 0 && !is_https);
}

/* The log line's form: the last one written wins. */
static int
parse_log_form(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const uint64_t bits[] = { OPT_HTTPLOG, OPT_TCPLOG, OPT_HTTPSLOG };
	struct proxy *px = proxy_of(c);

	if (nargs > 1 || (nargs == 1 && !is_log_style(args[0], row->arg == 2))) {
		diag_error(c->diag, "'%s' expects nothing, %s'json' or 'elb', but got '%s'.",
		    row->name, row->arg == 2 ? "" : "'clf', ", args[nargs - 1]);
		return -1;
	}
	if (!proxy_takes(c, FE, option_name(row), NULL))
		return 0;
	if (!c->is_no && !c->is_default) {
		px->set.options &= ~(OPT_HTTPLOG | OPT_TCPLOG | OPT_HTTPSLOG);
		px->set.log_format = NULL;
		px->set.log_style = nargs > 0 ? args[0] : NULL;
	}
	option_write(c, FE, option_name(row), bits[row->arg]);
	return 0;
}

static int
parse_conn_mode(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	enum http_conn_mode mode = (enum http_conn_mode)row->arg;

	(void)args;
	(void)nargs;
	if (!c->is_no && !c->is_default)
		px->set.conn_mode = mode;
	else if (px->set.conn_mode == mode)
		px->set.conn_mode = CONN_KEEP_ALIVE;
	return 0;
}

/* ---- redispatch ---- */

static int
parse_redispatch(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	int64_t every = -1;

	if (nargs > 0 && (!str_to_i64(str_of(args[0]), &every) ||
	    every < -1000 || every > 1000)) {
		diag_error(c->diag, "'%s' expects an integer from -1000 to 1000 (got '%s')",
		    row->name, args[0]);
		return -1;
	}
	if (!option_write(c, BE, "redispatch", OPT_REDISPATCH))
		return 0;
	px->set.redispatch_every = (int32_t)every;
	if (every == 0)
		px->set.options &= ~OPT_REDISPATCH;
	return 0;
}

/* ---- forwardfor ---- */

struct forwardfor {
	struct ip_net	*nets;
	uint32_t	 n;
	const char	*header;
	bool		 if_none;
};

static int
forwardfor_except(struct cfg *c, struct forwardfor *ff, const char *text)
{
	struct str rest, elem;

	if (text == NULL) {
		diag_error(c->diag, "'option forwardfor except' expects <address>[/mask] as "
		    "argument.");
		return -1;
	}
	rest = str_of(text);
	while (str_next_elem(&rest, ',', &elem)) {
		struct ip_net *nets = arena_calloc(c->arena, ff->n + 1u, sizeof(*nets));

		if (ff->n > 0)
			memcpy(nets, ff->nets, ff->n * sizeof(*nets));
		if (ip_net_parse(elem, &nets[ff->n]) == -1) {
			diag_error(c->diag, "'option forwardfor except' expects <address>[/mask] "
			    "as argument (got '" STR_FMT "').", STR_ARG(elem));
			return -1;
		}
		ff->nets = nets;
		ff->n++;
	}
	return 0;
}

static int
forwardfor_header(struct cfg *c, struct forwardfor *ff, const char *name)
{
	char *lower;
	size_t i;

	if (name == NULL || *name == '\0') {
		diag_error(c->diag, "'option forwardfor header' expects <header_name> as "
		    "argument.");
		return -1;
	}
	lower = arena_strdup(c->arena, name);
	for (i = 0; lower[i] != '\0'; i++) {
		lower[i] = ascii_lower(lower[i]);
		if (isalnum((unsigned char)lower[i]) ||
		    strchr("!#$%&'*+-.^_`|~", lower[i]) != NULL)
			continue;
		diag_error(c->diag, "'option forwardfor header' : '%s' is no header name.", name);
		return -1;
	}
	ff->header = lower;
	return 0;
}

/* One of the optional words and its value; *i moves past them. */
static int
forwardfor_word(struct cfg *c, struct forwardfor *ff, char **args, int nargs, int *i)
{
	const char *word = args[(*i)++], *value;

	if (strcmp(word, "if-none") == 0) {
		ff->if_none = true;
		return 0;
	}
	value = *i < nargs ? args[*i] : NULL;
	(*i)++;
	if (strcmp(word, "except") == 0)
		return forwardfor_except(c, ff, value);
	if (strcmp(word, "header") == 0)
		return forwardfor_header(c, ff, value);
	diag_error(c->diag, "'option forwardfor' only supports optional values: 'except', "
	    "'header' and 'if-none'.");
	return -1;
}

static int
parse_forwardfor(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy_settings *set = &proxy_of(c)->set;
	struct forwardfor ff = { 0 };
	int i = 0;

	(void)row;
	while (i < nargs)
		if (forwardfor_word(c, &ff, args, nargs, &i) == -1)
			return -1;
	option_write(c, BOTH, "forwardfor", OPT_FORWARDFOR | OPT_FORWARDFOR_IFNONE);
	if (!ff.if_none)
		set->options &= ~OPT_FORWARDFOR_IFNONE;
	set->ff_except = ff.nets;
	set->ff_nexcept = ff.n;
	set->ff_header = ff.header;
	return 0;
}

/* ---- ours ---- */

static int
parse_x_forwarded(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const uint64_t all = OPT_XFWD_PROTO | OPT_XFWD_PORT | OPT_XFWD_IFNONE;
	struct proxy_settings *set = &proxy_of(c)->set;
	uint64_t bits = 0;
	int i;

	for (i = 0; i < nargs; i++) {
		if (strcmp(args[i], "proto") == 0)
			bits |= OPT_XFWD_PROTO;
		else if (strcmp(args[i], "port") == 0)
			bits |= OPT_XFWD_PORT;
		else if (strcmp(args[i], "if-none") == 0)
			bits |= OPT_XFWD_IFNONE;
		else {
			diag_error(c->diag, "'%s' only supports 'proto', 'port' and 'if-none' "
			    "(got '%s')", row->name, args[i]);
			return -1;
		}
	}
	if ((bits & (OPT_XFWD_PROTO | OPT_XFWD_PORT)) == 0)
		bits |= OPT_XFWD_PROTO | OPT_XFWD_PORT;
	if (!option_write(c, BOTH, option_name(row), all))
		return 0;
	if (!c->is_no && !c->is_default)
		set->options = (set->options & ~all) | bits;
	return 0;
}

static int
parse_accept_method(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t bits = 0;
	int i;

	for (i = 0; i < nargs; i++) {
		if (strcmp(args[i], "TRACE") == 0)
			bits |= OPT_ACCEPT_TRACE;
		else if (strcmp(args[i], "CONNECT") == 0)
			bits |= OPT_ACCEPT_CONNECT;
		else {
			diag_error(c->diag, "'%s' only supports 'TRACE' and 'CONNECT' (got '%s')",
			    row->name, args[i]);
			return -1;
		}
	}
	if (nargs == 0)
		bits = OPT_ACCEPT_TRACE | OPT_ACCEPT_CONNECT;
	option_write(c, FE, option_name(row), bits);
	return 0;
}

/* ---- rows ---- */

#define BIT(name, cap, bits, help) \
	{ "option " name, IN_PROXY, KW_OBEYED, 0, 0, KW_F_NO, parse_bit, \
	    (intptr_t)&(const struct option_bit){ bits, cap }, "", help }
#define MODE(name, mode, help) \
	{ "option " name, IN_PROXY, KW_OBEYED, 0, 0, KW_F_NO, parse_conn_mode, mode, "", help }
#define LOGFORM(name, n, help) \
	{ "option " name, IN_PROXY, KW_OBEYED, 0, 1, KW_F_NO, parse_log_form, n, "", help }
#define NO_EFFECT(name, why) \
	{ "option " name, IN_PROXY, KW_NO_EFFECT, 0, 0, KW_F_NO | KW_F_ANY_ARGS, NULL, 0, "", why }
#define REFUSED(name, why) \
	{ "option " name, IN_PROXY, KW_REFUSED, 0, 0, KW_F_NO | KW_F_ANY_ARGS, NULL, 0, "", \
	    why }

static const struct kw_row rows[] = {
	LOGFORM("httplog", 0, "Log lines in HAProxy's HTTP format."),
	LOGFORM("tcplog", 1, "Log lines in HAProxy's TCP format."),
	LOGFORM("httpslog", 2, "Log lines in HAProxy's HTTPS format."),
	BIT("dontlognull", FE, OPT_DONTLOGNULL,
	    "No log line for connections without a byte of data."),
	BIT("dontlog-normal", FE, OPT_DONTLOG_NORMAL,
	    "No log line for transactions that went well."),
	BIT("logasap", FE, OPT_LOGASAP, "Log when the response head is known, not at the end."),
	BIT("log-separate-errors", FE, OPT_LOG_SEPARATE_ERRORS,
	    "Log failed transactions at level err."),
	BIT("log-health-checks", BE, OPT_LOG_HEALTH_CHECKS,
	    "Log each change of a check's result."),

	MODE("http-keep-alive", CONN_KEEP_ALIVE, "Keep both sides' connections; the default."),
	MODE("http-server-close", CONN_SERVER_CLOSE,
	    "Close the server's connection after each response."),
	MODE("httpclose", CONN_CLOSE, "Close both connections after each response."),
	BIT("http-ignore-probes", FE, OPT_HTTP_IGNORE_PROBES,
	    "No answer and no log for connections closed before a request."),
	BIT("abortonclose", BOTH, OPT_ABORTONCLOSE,
	    "A client that leaves while waiting aborts its transaction."),
	BIT("accept-unsafe-violations-in-http-request", FE, OPT_UNSAFE_REQUEST,
	    "Let some forbidden bytes pass in the target; nothing about framing."),
	BIT("accept-invalid-http-request", FE, OPT_UNSAFE_REQUEST,
	    "Old name of accept-unsafe-violations-in-http-request."),
	{ "option accept-method", IN_PROXY, KW_OBEYED, 0, 2, KW_F_NO, parse_accept_method, 0,
	    "TRACE|CONNECT ...", "Methods that are answered 405 without it." },
	{ "option forwardfor", IN_PROXY, KW_OBEYED, 0, 0, KW_F_NO | KW_F_ANY_ARGS,
	    parse_forwardfor, 0, "[except <net>] [header <name>] [if-none]",
	    "Add the client's address to requests, as X-Forwarded-For." },
	{ "option x-forwarded", IN_PROXY, KW_OBEYED, 0, 3, KW_F_NO, parse_x_forwarded, 0,
	    "[proto] [port] [if-none]", "Add X-Forwarded-Proto and X-Forwarded-Port." },

	{ "option redispatch", IN_PROXY, KW_OBEYED, 0, 1, KW_F_NO, parse_redispatch, 0,
	    "[<number>]", "Retries may go to another server." },
	BIT("allbackups", BE, OPT_ALLBACKUPS,
	    "All backup servers share the traffic, not only the first."),
	BIT("persist", BE, OPT_PERSIST,
	    "Users try their own server first, even if it is down."),
	BIT("no-passive-health", BE, OPT_NO_PASSIVE_HEALTH,
	    "Failing transactions do not take a server out of balancing."),

	BIT("splice-auto", BOTH, OPT_SPLICE_AUTO, "Splice in the kernel where it pays."),
	BIT("splice-request", BOTH, OPT_SPLICE_REQUEST, "Splice what clients send."),
	BIT("splice-response", BOTH, OPT_SPLICE_RESPONSE, "Splice what servers send."),
	BIT("tcpka", BOTH, OPT_CLITCPKA | OPT_SRVTCPKA, "TCP keep-alives on both sides."),
	BIT("clitcpka", FE, OPT_CLITCPKA, "TCP keep-alives to clients."),
	BIT("srvtcpka", BE, OPT_SRVTCPKA, "TCP keep-alives to servers."),

	NO_EFFECT("http-no-delay", "What is there is sent at the end of each pass."),
	NO_EFFECT("tcp-smart-accept", "Acknowledgements are left to the kernel."),
	BIT("socket-stats", FE, OPT_SOCKET_STATS, "Statistics of each listener too."),

	NO_EFFECT("contstats", "Counters are always up to date."),
	NO_EFFECT("tcp-smart-connect", "A connection's first bytes always follow its SYN at once."),
	NO_EFFECT("http-pretend-keepalive", "Connections to servers are kept alive."),

	REFUSED("http-buffer-request", "built in a later release."),
	REFUSED("prefer-last-server", "built in a later release."),
	REFUSED("idle-close-on-response", "built in a later release."),
	REFUSED("nolinger", "built in a later release."),
	REFUSED("originalto", "built in a later release; use http-request set-header."),
	REFUSED("forwarded", "built in a later release; use http-request set-header."),
	REFUSED("h1-case-adjust-bogus-client", "built in a later release."),
	REFUSED("h1-case-adjust-bogus-server", "built in a later release."),
	REFUSED("accept-unsafe-violations-in-http-response",
	    "responses are checked by one strict parser."),
	REFUSED("accept-invalid-http-response", "responses are checked by one strict parser."),
	REFUSED("http-restrict-req-hdr-names", "built in a later release."),
	REFUSED("http-use-proxy-header", "built in a later release."),
	REFUSED("http-drop-request-trailers", "built in a later release."),
	REFUSED("http-drop-response-trailers", "built in a later release."),
	REFUSED("disable-h2-upgrade", "HTTP/2 is built in a later release."),
	REFUSED("independent-streams", "activity in one direction always counts for both."),
	REFUSED("checkcache", "not built; a response rule can do it."),
	REFUSED("transparent", "transparent proxying is built in a later release."),
	REFUSED("http_proxy", "plain proxying of absolute addresses is not supported."),
	REFUSED("dispatch", "not supported; use a backend with one server."),
	REFUSED("spop-check", "stream processing agents are not supported."),
	REFUSED("rdp-cookie", "weir does not read RDP."),
	{ 0 }
};

const struct module mod_option_cfg = { .name = "option_cfg", .cfg = rows };
