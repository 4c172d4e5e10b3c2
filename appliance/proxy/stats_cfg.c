/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `stats ...` of proxies: where the statistics page is, who may see it and who
 * may act on it; and the requests that are for it. Any of these words switches
 * the page on. A section that changes what its defaults said copies it first.
 *
 * Threads: the one that loads; stats_intercept: data.
 */
#include "proxy/stats.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "http/msg.h"
#include "proxy/acl.h"
#include "proxy/proxy.h"
#include "proxy/reply.h"
#include "proxy/sample.h"
#include "proxy/service.h"
#include "proxy/txn_steps.h"

#define DEFAULT_URI	"/haproxy?stats"
#define DEFAULT_REALM	"HAProxy Statistics"

/* ---- requests ---- */

/* Path and query, as the client wrote them. */
static struct str
path_and_query(const struct http_msg *m)
{
	struct str target = http_str(m, m->target), path = http_path(m);

	return (struct str){ path.p, (size_t)(target.p + target.len - path.p) };
}

static bool
is_for_page(const struct txn *t, const struct stats_conf *conf)
{
	enum http_method m = txn_client_method(t);

	return (m == HTTP_M_GET || m == HTTP_M_HEAD || m == HTTP_M_POST) &&
	    t->req.target.len >= conf->uri.len && http_path(&t->req).len != 0 &&
	    str_starts(path_and_query(&t->req), conf->uri);
}

static bool
is_user(const struct txn *t, const struct stats_conf *conf)
{
	const struct http_field *f = http_find(&t->req, STR("authorization"), NULL);
	struct str v = f != NULL ? http_field_value(&t->req, f) : STR_NONE;
	bool found = false;

	if (!str_istarts(v, STR("basic ")))
		return false;
	v = str_trim((struct str){ v.p + 6, v.len - 6 });
	for (const struct stats_user *u = conf->users; u != NULL; u = u->next)
		found |= u->basic.len == v.len && CRYPTO_memcmp(u->basic.p, v.p, v.len) == 0;
	return found;
}

static bool
is_admin(struct txn *t, struct proxy *px, const struct stats_conf *conf)
{
	struct sample_ctx x;

	sample_ctx_init(&x, t, px, DIR_REQ);
	for (const struct stats_admin *a = conf->admins; a != NULL; a = a->next)
		if (acl_cond_passes(a->cond, &x))
			return true;
	return false;
}

bool
stats_intercept(struct txn *t, struct proxy *px)
{
	const struct stats_conf *conf = px->set.stats;

	if (conf->service == NULL || !is_for_page(t, conf))
		return false;
	if (conf->users != NULL && !is_user(t, conf)) {
		t->reply = conf->denied;
		(void)txn_verdict(t, RULE_DENY, DIR_REQ);
		return true;
	}
	t->service = conf->service;
	(void)txn_verdict(t, RULE_SERVICE, DIR_REQ);
	t->call->arg = px;
	t->call->flags = is_admin(t, px, conf) ? STATS_F_ADMIN : 0;
	return true;
}

bool
stats_in_scope(const struct proxy *px, const void *page_of)
{
	const struct proxy *own = page_of;
	const struct stats_conf *conf = own->set.stats;

	if (conf == NULL || conf->scopes == NULL)
		return true;
	for (const struct stats_scope *s = conf->scopes; s != NULL; s = s->next)
		if (strcmp(px->name, strcmp(s->name, ".") == 0 ? own->name : s->name) == 0)
			return true;
	return false;
}

/* ---- words ---- */

static struct stats_conf *
conf_of(struct cfg *c)
{
	struct proxy *px = proxy_of(c);
	struct stats_conf *conf = px->set.stats;

	if (conf != NULL && conf->owner == px)
		return conf;
	conf = arena_alloc(c->arena, sizeof(*conf));
	if (px->set.stats != NULL)
		*conf = *px->set.stats;
	else
		*conf = (struct stats_conf){ .uri = STR(DEFAULT_URI), .realm = DEFAULT_REALM,
		    .service = service_find("stats") };
	conf->owner = px;
	px->set.stats = conf;
	return conf;
}

enum { W_ENABLE, W_URI, W_REALM, W_REFRESH, W_HIDE, W_LEGENDS, W_MODULES, W_NODE, W_DESC };

static int
parse_refresh(struct cfg *c, const struct kw_row *row, struct stats_conf *conf, const char *word)
{
	uint64_t us;

	if (cfg_duration(c, row->name, word, 1000000, &us) < 0)
		return -1;
	conf->refresh_s = us / 1000000 > 86400 ? 86400 : (uint32_t)(us / 1000000);
	return 0;
}

/* All words of the line, with single blanks. */
static const char *
joined(struct cfg *c, char **args, int nargs)
{
	struct outbuf b;
	const char *z;

	if (nargs == 0)
		return NULL;
	outbuf_init(&b, 0);
	for (int i = 0; i < nargs; i++)
		outbuf_fmt(&b, "%s%s", i > 0 ? " " : "", args[i]);
	z = arena_strdup(c->arena, b.data);
	outbuf_fini(&b);
	return z;
}

static int
parse_uri(struct cfg *c, struct stats_conf *conf, const char *word)
{
	if (word[0] != '/') {
		diag_error(c->diag, "'stats uri' expects a path that begins with '/', but got "
		    "'%s'.", word);
		return -1;
	}
	conf->uri = str_of(word);
	return 0;
}

static int
parse_stats(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct stats_conf *conf;

	if (c->is_no || c->is_default) {
		proxy_of(c)->set.stats = NULL;
		return 0;
	}
	conf = conf_of(c);
	switch (row->arg) {
	case W_URI:
		return parse_uri(c, conf, args[0]);
	case W_REALM:
		conf->realm = args[0];
		break;
	case W_REFRESH:
		return parse_refresh(c, row, conf, args[0]);
	case W_HIDE:
		conf->hide_version = true;
		break;
	case W_LEGENDS:
		conf->show_legends = true;
		break;
	case W_MODULES:
		conf->show_modules = true;
		break;
	case W_NODE:
		conf->show_node = true;
		conf->node = nargs > 0 ? args[0] : NULL;
		break;
	case W_DESC:
		conf->show_desc = true;
		conf->desc = joined(c, args, nargs);
		break;
	default:
		break;
	}
	return 0;
}

static int
parse_auth(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct stats_conf *conf = conf_of(c);
	struct stats_user *u = arena_alloc(c->arena, sizeof(*u));
	const char *colon = strchr(args[0], ':');
	size_t len = strlen(args[0]);
	unsigned char *basic;

	(void)row, (void)nargs;
	if (colon == NULL || colon == args[0]) {
		diag_error(c->diag, "'stats auth' expects a user:password pair.");
		return -1;
	}
	u->name = arena_strndup(c->arena, args[0], (size_t)(colon - args[0]));
	basic = arena_alloc(c->arena, (len + 2) / 3 * 4 + 1);
	u->basic = (struct str){ (char *)basic, (size_t)EVP_EncodeBlock(basic,
	    (const unsigned char *)args[0], (int)len) };
	u->next = conf->users;
	conf->users = u;
	return 0;
}

static int
parse_scope(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct stats_conf *conf = conf_of(c);
	struct stats_scope *s = arena_alloc(c->arena, sizeof(*s));

	(void)row, (void)nargs;
	s->name = args[0];
	s->next = conf->scopes;
	conf->scopes = s;
	return 0;
}

static int
parse_admin(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct stats_conf *conf;
	struct stats_admin *a;

	(void)row;
	if (nargs == 0 || (strcmp(args[0], "if") != 0 && strcmp(args[0], "unless") != 0)) {
		diag_error(c->diag, "'stats admin' expects either 'if' or 'unless' followed by a "
		    "condition.");
		return -1;
	}
	conf = conf_of(c);
	a = arena_alloc(c->arena, sizeof(*a));
	a->cond = acl_cond_parse(c, proxy_of(c), args, nargs, USE_AT_REQ);
	if (a->cond == NULL)
		return -1;
	a->next = conf->admins;
	conf->admins = a;
	return 0;
}

#define STATS(name, min, max, which, syntax, help) \
	{ name, IN_PROXY, KW_OBEYED, min, max, KW_F_NO, parse_stats, which, syntax, help }

static const struct kw_row rows[] = {
	STATS("stats enable", 0, 0, W_ENABLE, "", "Switches the statistics page on."),
	STATS("stats uri", 1, 1, W_URI, "<prefix>", "Where the statistics page is."),
	STATS("stats realm", 1, 1, W_REALM, "<realm>", "What asks for a password."),
	STATS("stats refresh", 1, 1, W_REFRESH, "<time>", "How often the page loads again."),
	STATS("stats hide-version", 0, 0, W_HIDE, "", "No version on the page."),
	STATS("stats show-legends", 0, 0, W_LEGENDS, "",
	    "More of each row, where the pointer rests on it."),
	STATS("stats show-modules", 0, 0, W_MODULES, "", "A table of response times, in shares."),
	STATS("stats show-node", 0, 1, W_NODE, "[<name>]", "The machine's name on the page."),
	STATS("stats show-desc", 0, 255, W_DESC, "[<text>...]", "A description on the page."),
	{ "stats auth", IN_PROXY, KW_OBEYED, 1, 1, 0, parse_auth, 0, "<user>:<password>",
	    "Who may see the page; repeatable." },
	{ "stats scope", IN_PROXY, KW_OBEYED, 1, 1, 0, parse_scope, 0, "{<proxy> | .}",
	    "Shows only these sections; repeatable." },
	{ "stats admin", IN_FRONTEND | IN_BACKEND, KW_OBEYED, 0, 255, KW_F_ANY_ARGS, parse_admin,
	    0, "{if | unless} <condition>", "Who may change servers from the page." },
	{ .name = NULL }
};

/* ---- after parsing ---- */

static int
post_stats(struct cfg *c)
{
	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next) {
		struct stats_conf *conf = px->set.stats;

		if (conf == NULL)
			continue;
		if (px->set.mode != MODE_HTTP) {
			if (conf->owner == px)
				diag_warn(c->diag, "'stats' statement ignored for %s '%s' as it "
				    "requires HTTP mode.", proxy_type_name(px), px->name);
			px->set.stats = NULL;
		} else if (conf->users != NULL && conf->denied == NULL)
			conf->denied = reply_unauthorized(c, conf->realm);
	}
	return 0;
}

static const struct post_row post[] = {
	{ "statistics pages", post_stats },
	{ NULL, NULL }
};

const struct module mod_stats_cfg = { .name = "stats_cfg", .cfg = rows, .post = post };
