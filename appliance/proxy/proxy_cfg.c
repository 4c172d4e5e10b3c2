/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plain keywords of frontends and backends: mode, limits, retries, reuse and the
 * like. Options, timeouts and balancing have files of their own; words that are
 * built later are in later_cfg.c. Runs in the thread that loads.
 */
#include <stddef.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/proxy.h"

static int
parse_mode(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);

	(void)row;
	(void)nargs;
	if (strcmp(args[0], "http") == 0)
		px->set.mode = MODE_HTTP;
	else if (strcmp(args[0], "tcp") == 0)
		px->set.mode = MODE_TCP;
	else {
		diag_error(c->diag, "unknown proxy mode '%s'.%s", args[0],
		    strcmp(args[0], "log") == 0 || strcmp(args[0], "health") == 0 ?
		    " It is not built in this release." : "");
		return -1;
	}
	return 0;
}

/* ---- words that fill one member ---- */

struct setting {
	struct cfg_field field;		/* first: cfg_set reads it; in struct proxy_settings */
	unsigned	 cap;		/* the sections that have a use for it */
	const char	*hint;
};

static int
parse_setting(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const struct setting *s = (const struct setting *)row->arg;

	if (!proxy_takes(c, s->cap, row->name, s->hint))
		return 0;
	if (s->field.kind == CFG_UINT && nargs == 0 && !c->is_no && !c->is_default) {
		diag_error(c->diag, "'%s' expects an integer argument.", row->name);
		return -1;
	}
	return cfg_set(c, row, &proxy_of(c)->set, args, nargs);
}

/* ---- retry-on ---- */

static const struct { const char *name; uint32_t bits; } retry_words[] = {
	{ "none", 0 },
	{ "conn-failure", RETRY_CONN_FAILURE },
	{ "empty-response", RETRY_EMPTY },
	{ "junk-response", RETRY_JUNK },
	{ "response-timeout", RETRY_TIMEOUT },
	{ "0rtt-rejected", RETRY_0RTT },
	{ "all-retryable-errors", RETRY_CONN_FAILURE | RETRY_EMPTY | RETRY_JUNK |
	    RETRY_TIMEOUT | RETRY_0RTT },
};

static bool
retry_status(const char *word, uint64_t bits[10])
{
	uint64_t v;

	if (!str_to_u64(str_of(word), &v) || v < 400 || v > 599)
		return false;
	bits[v / 64] |= 1ull << (v % 64);
	return true;
}

static int
parse_retry_on(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy_settings *set = &proxy_of(c)->set;
	uint32_t bits = RETRY_WRITTEN;
	uint64_t status[10] = { 0 };
	size_t j;
	int i;

	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	for (i = 0; i < nargs; i++) {
		for (j = 0; j < ARRAY_LEN(retry_words); j++)
			if (strcmp(args[i], retry_words[j].name) == 0)
				break;
		if (j < ARRAY_LEN(retry_words))
			bits |= retry_words[j].bits;
		else if (retry_status(args[i], status))
			bits |= RETRY_STATUS;
		else {
			diag_error(c->diag, "'retry-on': unknown keyword '%s'", args[i]);
			return -1;
		}
		if (j == 0 && nargs > 1) {
			diag_error(c->diag, "'retry-on': 'none' keyword only usable alone");
			return -1;
		}
	}
	set->retry_on = bits;
	memcpy(set->retry_status, status, sizeof(status));
	return 0;
}

/* ---- the rest ---- */

static int
parse_http_reuse(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const struct { const char *name; enum http_reuse reuse; } words[] = {
		{ "never", REUSE_NEVER }, { "safe", REUSE_SAFE },
		{ "aggressive", REUSE_AGGRESSIVE }, { "always", REUSE_ALWAYS },
	};
	size_t i;

	(void)nargs;
	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	for (i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(args[0], words[i].name) == 0) {
			proxy_of(c)->set.reuse = words[i].reuse;
			return 0;
		}
	diag_error(c->diag, "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always'.");
	return -1;
}

static int
parse_default_backend(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);

	if (!proxy_takes(c, CAP_FRONTEND, row->name, NULL))
		return 0;
	if (nargs == 0 && !c->is_no && !c->is_default) {
		diag_error(c->diag, "'%s' expects a backend name.", row->name);
		return -1;
	}
	px->set.default_backend = nargs > 0 ? args[0] : NULL;
	return 0;
}

static int
parse_id(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c), *other;
	uint64_t v;

	(void)nargs;
	if (px->cap & CAP_DEFAULTS) {
		diag_error(c->diag, "'id' not allowed in 'defaults' section.");
		return -1;
	}
	if (cfg_uint(c, row->name, args[0], 1, INT32_MAX, &v) == -1)
		return -1;
	for (other = c->snap->proxies; other != NULL; other = other->next)
		if (other != px && other->id == (int)v) {
			diag_error(c->diag, "%s %s reuses same custom id as %s %s (declared at "
			    "%s:%d).", proxy_type_name(px), px->name, proxy_type_name(other),
			    other->name, other->file, other->line);
			return -1;
		}
	px->id = (int)v;
	px->has_own_id = true;
	return 0;
}

static int
parse_source(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	return source_parse(c, row->name, args, nargs, &proxy_of(c)->set.source);
}

/* ---- rows ---- */

#define FE	CAP_FRONTEND
#define BE	CAP_BACKEND
#define F(cap, hint, kind, member, ...)	((intptr_t)&(const struct setting){ \
	CFG_MEMBER(kind, struct proxy_settings, member, ##__VA_ARGS__), cap, hint })
#define NUMBER(name, field, help) \
	{ name, IN_PROXY, KW_OBEYED, 0, 1, KW_F_NO, parse_setting, field, "<number>", help }

static const struct kw_row rows[] = {
	{ "mode", IN_PROXY, KW_OBEYED, 1, 1, 0, parse_mode, 0, "http|tcp",
	    "What is balanced: HTTP transactions or byte streams; tcp by default." },
	NUMBER("maxconn", F(FE, "Maybe you want 'fullconn' instead ?", CFG_UINT, maxconn),
	    "Connections of this frontend at a time; global's by default."),
	NUMBER("fullconn", F(BE, "Maybe you want 'maxconn' instead ?", CFG_UINT, fullconn),
	    "Load at which servers with minconn reach their maxconn."),
	NUMBER("backlog", F(FE, NULL, CFG_UINT, backlog),
	    "Length of the kernel's queue of new connections."),
	NUMBER("retries", F(BE, NULL, CFG_UINT, retries, .none = 3),
	    "Further tries to connect to a server; 3 by default."),
	NUMBER("rate-limit sessions", F(FE, NULL, CFG_UINT, rate_limit_sessions),
	    "New sessions a second; the rest waits."),
	{ "retry-on", IN_PROXY, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_retry_on, 0,
	    "<word>|<status> ...", "Failures after which a request is sent again." },
	{ "http-reuse", IN_PROXY, KW_OBEYED, 1, 1, 0, parse_http_reuse, 0,
	    "never|safe|aggressive|always", "How server connections are shared." },
	{ "default_backend", IN_PROXY, KW_OBEYED, 0, 1, KW_F_NO, parse_default_backend, 0,
	    "<backend>", "Where requests go that no use_backend rule took." },
	{ "description", IN_PROXY, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, parse_setting,
	    F(FE | BE, NULL, CFG_LINE, description), "<text>", "A text for statistics." },
	{ "disabled", IN_PROXY, KW_OBEYED, 0, 0, 0, parse_setting,
	    F(FE | BE, NULL, CFG_BITS, disabled, .set = true), "", "This section is not started." },
	{ "enabled", IN_PROXY, KW_OBEYED, 0, 0, 0, parse_setting,
	    F(FE | BE, NULL, CFG_BITS, disabled, .clear = true), "", "Undoes disabled." },
	{ "id", IN_PROXY, KW_OBEYED, 1, 1, 0, parse_id, 0, "<number>",
	    "Number of this section; by default in order from 2." },
	{ "monitor-uri", IN_PROXY, KW_OBEYED, 1, 1, 0, parse_setting,
	    F(FE, NULL, CFG_TEXT, monitor_uri), "<path>",
	    "A path that is answered here with 200, without a log line." },
	{ "source", IN_PROXY, KW_OBEYED, 1, 3, KW_F_ADDRESS, parse_source, 0,
	    "<address>[:<port>]", "Local address of connections to servers." },
	{ 0 }
};

const struct module mod_proxy_cfg = { .name = "proxy_cfg", .cfg = rows };
