/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of TLS on `bind` and `server` lines and in `global`. What they mean
 * is in net/tls_opts.c; the rows here collect them, and a check after parsing
 * builds the objects, so that one file is read once and every error of it is
 * reported with the line that named it.
 *
 * A bind line's conf is shared by the addresses of the line, and so is what is
 * built from it. A server starts with its template's conf; the first TLS word
 * of its own makes a copy.
 *
 * Runs in the thread that loads.
 */
#include "proxy/tls_cfg.h"

#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "net/tls_index.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"

/* What proxy.h points to. */
struct bind_tls {
	struct tls_bind_conf conf;	/* first: struct tls_bind_conf * points here */
	struct tls_bind	*built;		/* counted by the snapshot */
	bool		 is_tried;
};

struct server_tls {
	struct tls_server_conf conf;	/* first */
	const struct server *owner;
};

static bool no_verify;	/* -dV */

void
tls_cfg_set_no_verify(void)
{
	no_verify = true;
}

struct tls_global *
tls_global_of(struct cfg *c)
{
	struct global *g = global_of(c);

	if (g->tls == NULL) {
		g->tls = arena_alloc(c->arena, sizeof(*g->tls));
		tls_defaults_init(&g->tls->d);
		g->tls->d.index = tls_index_new(c->arena);
	}
	return g->tls;
}

static struct bind_tls *
bind_tls_of(struct cfg *c)
{
	struct bind_conf *b = c->option_object;
	struct bind_tls *bt;

	if (b->tls_conf == NULL) {
		bt = arena_alloc(c->arena, sizeof(*bt));
		b->tls_conf = &bt->conf;
	}
	return (struct bind_tls *)(void *)b->tls_conf;
}

static struct server_tls *
server_tls_of(struct cfg *c)
{
	struct server *srv = c->option_object;
	struct server_tls *old = (struct server_tls *)(void *)srv->tls_conf, *own;

	if (old != NULL && old->owner == srv)
		return old;
	own = arena_alloc(c->arena, sizeof(*own));
	if (old != NULL)
		*own = *old;
	own->owner = srv;
	srv->tls_conf = &own->conf;
	return own;
}

/* ---- bind ---- */

static int
bind_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, &bind_tls_of(c)->conf, args, nargs);
}

static int
bind_word(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return tls_word_set(&bind_tls_of(c)->conf.opts, TLS_IN_BIND, row->name,
	    nargs > 0 ? args[0] : NULL, c->arena, c->diag);
}

static int
bind_ssl(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct bind_conf *b = c->option_object;

	(void)row, (void)args, (void)nargs;
	(void)bind_tls_of(c);
	b->is_ssl = true;
	return 0;
}

static int
bind_source(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct tls_bind_conf *conf = &bind_tls_of(c)->conf;
	struct tls_source *s = arena_alloc(c->arena, sizeof(*s));

	(void)nargs;
	s->path = args[0];
	s->is_list = row->arg != 0;
	s->file = c->file;
	s->line = c->line;
	if (conf->last != NULL)
		conf->last->next = s;
	else
		conf->sources = s;
	conf->last = s;
	return 0;
}

/* ---- server ---- */

static int
server_word(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return tls_word_set(&server_tls_of(c)->conf.opts, TLS_IN_SERVER, row->name,
	    nargs > 0 ? args[0] : NULL, c->arena, c->diag);
}

static int
server_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, &server_tls_of(c)->conf, args, nargs);
}

static int
server_sni(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct server *srv = c->option_object;

	(void)row, (void)nargs;
	server_tls_of(c)->conf.sni = args[0];
	srv->sni = expr_parse(c, srv->backend, args[0], USE_AT_REQ);
	return srv->sni != NULL ? 0 : -1;
}

/* ---- global ---- */

static int
global_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, tls_global_of(c), args, nargs);
}

static int
global_dh_bits(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (cfg_uint(c, row->name, args[0], 1024, 16384, &v) == -1)
		return -1;
	if (v < 2048) {
		diag_warn(c->diag, "'%s' : %s bits are too weak, 2048 are used.", row->name,
		    args[0]);
		v = 2048;
	}
	tls_global_of(c)->d.dh_bits = (uint32_t)v;
	return 0;
}

static int
global_lifetime(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t us;

	(void)nargs;
	if (cfg_duration(c, row->name, args[0], 1000000, &us) == -1)
		return -1;
	if (us < 1000000 || us > 43200ull * 1000000) {
		diag_error(c->diag, "'%s' : '%s' is not between 1s and 12h.", row->name, args[0]);
		return -1;
	}
	tls_global_of(c)->d.lifetime_s = (uint32_t)(us / 1000000);
	return 0;
}

static int
global_maxrecord(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (cfg_uint(c, row->name, args[0], 0, 16384, &v) == -1)
		return -1;
	if (v != 0 && v < 512) {
		diag_error(c->diag, "'%s' : a record needs at least 512 bytes (0 for the "
		    "default), got '%s'.", row->name, args[0]);
		return -1;
	}
	tls_global_of(c)->d.max_record = v != 0 ? (uint32_t)v : 16384;
	return 0;
}

/* ssl-default-bind-options, ssl-default-server-options: words of one line */
static int
global_options(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct tls_opts *o = (struct tls_opts *)(void *)((char *)tls_global_of(c) + row->arg);
	int n, rc = 0;

	for (int i = 0; i < nargs; i += 1 + (n > 0 ? n : 0)) {
		n = tls_word_args(args[i], TLS_IN_OPTIONS);
		if (n < 0) {
			diag_error(c->diag, "'%s' : unknown option '%s'.", row->name, args[i]);
			rc = -1;
		} else if (tls_word_set(o, TLS_IN_OPTIONS, args[i], i + 1 < nargs ? args[i + 1] :
		    NULL, c->arena, c->diag) != 0)
			rc = -1;
	}
	return rc;
}

static int
global_server_verify(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)nargs;
	if (strcmp(args[0], "none") != 0 && strcmp(args[0], "required") != 0) {
		diag_error(c->diag, "'%s' expects 'none' or 'required', got '%s'.", row->name,
		    args[0]);
		return -1;
	}
	tls_global_of(c)->no_server_verify = args[0][0] == 'n';
	return 0;
}

/* ---- after parsing ---- */

static void
drop_bind(void *arg)
{
	tls_bind_unref(arg);
}

static void
drop_server(void *arg)
{
	tls_server_unref(arg);
}

static int
build_bind(struct cfg *c, const struct proxy *px, struct bind_conf *b)
{
	struct bind_tls *bt = (struct bind_tls *)(void *)b->tls_conf;
	struct tls_global *g = tls_global_of(c);

	if (!bt->is_tried) {
		bt->is_tried = true;
		bt->conf.where = arena_printf(c->arena, "%s/%s", px->name, b->text);
		bt->conf.wants_http_alpn = px->set.mode == MODE_HTTP;
		diag_at(c->diag, b->file, b->line);
		bt->built = tls_bind_new(&bt->conf, &g->d, c->diag);
		if (bt->built == NULL)
			return -1;
		arena_on_free(c->arena, drop_bind, bt->built);
	}
	b->tls = bt->built;
	return b->tls != NULL ? 0 : -1;
}

static struct tls_server *
build_server(struct cfg *c, const struct server *srv, bool is_lenient)
{
	struct tls_global *g = tls_global_of(c);
	struct tls_server_conf conf = { 0 };
	struct tls_server *s;

	if (srv->tls_conf != NULL)
		conf = *srv->tls_conf;
	conf.where = arena_printf(c->arena, "%s/%s", srv->backend->name, srv->name);
	if (no_verify || (conf.opts.verify == TLS_VERIFY_UNSET &&
	    (is_lenient || g->no_server_verify)))
		conf.opts.verify = TLS_VERIFY_NONE;
	diag_at(c->diag, srv->file, srv->line);
	s = tls_server_new(&conf, &g->d, c->diag);
	if (s != NULL)
		arena_on_free(c->arena, drop_server, s);
	return s;
}

struct tls_server *
tls_cfg_server(struct cfg *c, const struct server *srv)
{
	return build_server(c, srv, false);
}

struct tls_server *
tls_cfg_server_lenient(struct cfg *c, const struct server *srv)
{
	return build_server(c, srv, true);
}

static int
build_proxy(struct cfg *c, struct proxy *px)
{
	int rc = 0;

	for (struct bind_conf *b = px->binds; b != NULL; b = b->next) {
		if (b->is_ssl && build_bind(c, px, b) != 0)
			rc = -1;
		else if (!b->is_ssl && b->tls_conf != NULL && b->tls_conf->sources != NULL) {
			diag_at(c->diag, b->file, b->line);
			diag_warn(c->diag, "'bind %s' : 'crt' is given without 'ssl': TLS is not "
			    "used on this listener.", b->text);
		}
	}
	for (struct server *s = px->server_list; s != NULL; s = s->next)
		if ((s->flags & SRV_SSL) && (s->tls = tls_cfg_server(c, s)) == NULL)
			rc = -1;
	return rc;
}

static int
build_all(struct cfg *c)
{
	int rc = 0;

	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next)
		if (build_proxy(c, px) != 0)
			rc = -1;
	return rc;
}

/* ---- rows ---- */

#define BIND(name, n, fn, arg, syntax, help) \
	{ name, IN_BIND, KW_OBEYED, n, n, 0, fn, arg, syntax, help }
#define SERVER(name, n, fn, arg, syntax, help) \
	{ name, IN_SERVER, KW_OBEYED, n, n, 0, fn, arg, syntax, help }
#define WORD0(name, help) \
	BIND(name, 0, bind_word, 0, "", help), SERVER(name, 0, server_word, 0, "", help)
#define WORD1(name, syntax, help) \
	BIND(name, 1, bind_word, 0, syntax, help), SERVER(name, 1, server_word, 0, syntax, help)
#define GLOBAL(name, fn, arg, syntax, help) \
	{ name, IN_GLOBAL, KW_OBEYED, 1, 1, 0, fn, arg, syntax, help }
#define NOT_BUILT(name, in, why) \
	{ name, in, KW_REFUSED, 0, 0, KW_F_ANY_ARGS, NULL, 0, "", why }
#define G(member)	offsetof(struct tls_global, member)
#define STRICT(bit)	CFG_FIELD(CFG_BITS, struct tls_bind_conf, is_strict, .bit = true)
#define REUSE(value) \
	CFG_FIELD(CFG_BITS, struct tls_server_conf, reuse, .clear = UINT8_MAX, .set = (value))
#define SERVER_TEXT(name, member, syntax, help) \
	SERVER(name, 1, server_field, CFG_FIELD(CFG_TEXT, struct tls_server_conf, member), \
	    syntax, help)
#define GLOBAL_TEXT(name, member, syntax, help) \
	GLOBAL(name, global_field, CFG_FIELD(CFG_TEXT, struct tls_global, member), syntax, help)
#define FLAG(name, clear_or_set, bits, help) \
	SERVER(name, 0, cfg_set_option, \
	    CFG_FIELD(CFG_BITS, struct server, flags, .clear_or_set = (bits)), "", help)

static const struct kw_row rows[] = {
	/* both */
	WORD1("ca-file", "<file>|<folder>|@system-ca", "CA certificates to verify the peer with."),
	WORD1("crl-file", "<file>", "Revocation lists to check the peer's chain with."),
	WORD1("ciphers", "<list>", "Cipher suites of TLS 1.2 and older, OpenSSL's syntax."),
	WORD1("ciphersuites", "<list>", "Cipher suites of TLS 1.3."),
	WORD1("curves", "<list>", "Groups of the key exchange, best first."),
	WORD1("sigalgs", "<list>", "Signature algorithms."),
	WORD1("client-sigalgs", "<list>", "Signature algorithms for client certificates."),
	WORD1("alpn", "<protocol>[,<protocol>...]", "Protocols of ALPN, best first."),
	WORD0("no-alpn", "No ALPN."),
	WORD1("ssl-min-ver", "TLSv1.0|TLSv1.1|TLSv1.2|TLSv1.3", "Oldest version; 1.2 by default."),
	WORD1("ssl-max-ver", "TLSv1.0|TLSv1.1|TLSv1.2|TLSv1.3", "Newest version."),
	WORD0("no-sslv3", "SSLv3 is never offered; accepted for old configurations."),
	WORD0("no-tlsv10", "Without TLS 1.0."),
	WORD0("no-tlsv11", "Without TLS 1.1."),
	WORD0("no-tlsv12", "Without TLS 1.2."),
	WORD0("no-tlsv13", "Without TLS 1.3."),
	WORD0("force-tlsv10", "TLS 1.0 only."),
	WORD0("force-tlsv11", "TLS 1.1 only."),
	WORD0("force-tlsv12", "TLS 1.2 only."),
	WORD0("force-tlsv13", "TLS 1.3 only."),
	WORD0("no-tls-tickets", "Sessions are kept here instead of in tickets."),
	WORD0("tls-tickets", "Undoes no-tls-tickets of the defaults."),
	NOT_BUILT("force-sslv3", IN_BIND | IN_SERVER, "SSLv3 is broken and not offered."),
	NOT_BUILT("allow-0rtt", IN_BIND | IN_SERVER,
	    "early data can be replayed by anybody who recorded it."),
	NOT_BUILT("npn", IN_BIND | IN_SERVER, "NPN is obsolete: use alpn."),

	/* bind */
	BIND("ssl", 0, bind_ssl, 0, "", "TLS on this listener."),
	BIND("crt", 1, bind_source, 0, "<file>|<folder>", "Certificate, chain and key (or the "
	    "key in <file>.key); the first is the default."),
	BIND("crt-list", 1, bind_source, 1, "<file>",
	    "File with lines of certificate, [options] and names."),
	BIND("strict-sni", 0, bind_field, STRICT(set), "", "Refuse names without a certificate."),
	BIND("no-strict-sni", 0, bind_field, STRICT(clear), "", "Undoes strict-sni."),
	BIND("verify", 1, bind_word, 0, "none|optional|required", "Ask for client certificates."),
	BIND("ca-verify-file", 1, bind_word, 0, "<file>",
	    "More CA certificates, whose names clients are not told."),
	BIND("no-ca-names", 0, bind_word, 0, "", "Do not tell clients the names of the CAs."),
	BIND("crt-ignore-err", 1, bind_word, 0, "all|<error>[,<error>...]",
	    "Errors of client certificates that are let through."),
	BIND("ca-ignore-err", 1, bind_word, 0, "all|<error>[,<error>...]",
	    "Errors of their issuers that are let through."),
	BIND("ecdhe", 1, bind_word, 0, "<curve>", "The old name of curves."),
	BIND("prefer-client-ciphers", 0, bind_word, 0, "", "The client's order of ciphers wins."),
	NOT_BUILT("ocsp-update", IN_BIND, "responses are stapled from <file>.ocsp; fetching them "
	    "is not built."),
	NOT_BUILT("generate-certificates", IN_BIND, "making certificates on the fly is not built."),
	NOT_BUILT("ca-sign-file", IN_BIND, "making certificates on the fly is not built."),
	NOT_BUILT("ca-sign-pass", IN_BIND, "making certificates on the fly is not built."),
	NOT_BUILT("ca-sign-use-chain", IN_BIND, "making certificates on the fly is not built."),
	NOT_BUILT("tls-ticket-keys", IN_BIND,
	    "ticket keys live in memory only, are shared by all listeners and rotate."),
	NOT_BUILT("ktls", IN_BIND | IN_SERVER, "TLS in the kernel is not built."),
	NOT_BUILT("ech", IN_BIND, "encrypted client hellos need a newer OpenSSL."),

	/* server */
	FLAG("ssl", set, SRV_SSL, "TLS to this server."),
	FLAG("no-ssl", clear, SRV_SSL, "Undoes ssl of default-server."),
	SERVER("verify", 1, server_word, 0, "none|required",
	    "Verify the server's certificate; required by default."),
	SERVER_TEXT("verifyhost", verifyhost, "<name>",
	    "Name that the certificate must have; by default that of sni."),
	SERVER_TEXT("crt", crt, "<file>", "Client certificate with its key."),
	SERVER("sni", 1, server_sni, 0, "<expression>", "Name to ask the server for."),
	FLAG("no-sni-auto", set, SRV_NO_SNI_AUTO,
	    "Without sni, send no name instead of the Host field's."),
	FLAG("sni-auto", clear, SRV_NO_SNI_AUTO, "Undoes no-sni-auto."),
	SERVER("no-ssl-reuse", 0, server_field, REUSE(TLS_OFF), "", "A full handshake each time."),
	SERVER("ssl-reuse", 0, server_field, REUSE(TLS_ON), "", "Undoes no-ssl-reuse."),

	/* global */
	GLOBAL_TEXT("ca-base", d.ca_base, "<folder>", "Where relative ca-file and "
	    "crl-file paths start."),
	GLOBAL_TEXT("crt-base", d.crt_base, "<folder>",
	    "Where relative crt paths start."),
	GLOBAL_TEXT("ssl-default-bind-ciphers", d.bind.ciphers, "<list>",
	    "ciphers of bind lines that have none."),
	GLOBAL_TEXT("ssl-default-bind-ciphersuites", d.bind.ciphersuites, "<list>",
	    "ciphersuites of bind lines that have none."),
	GLOBAL_TEXT("ssl-default-bind-curves", d.bind.curves, "<list>",
	    "curves of bind lines that have none."),
	GLOBAL_TEXT("ssl-default-bind-sigalgs", d.bind.sigalgs, "<list>",
	    "sigalgs of bind lines that have none."),
	GLOBAL_TEXT("ssl-default-bind-client-sigalgs", d.bind.client_sigalgs, "<list>",
	    "client-sigalgs of bind lines that have none."),
	{ "ssl-default-bind-options", IN_GLOBAL, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, global_options,
	    G(d.bind), "<option>...", "Version and ticket words for all bind lines." },
	GLOBAL_TEXT("ssl-default-server-ciphers", d.server.ciphers, "<list>",
	    "ciphers of server lines that have none."),
	GLOBAL_TEXT("ssl-default-server-ciphersuites", d.server.ciphersuites, "<list>",
	    "ciphersuites of server lines that have none."),
	GLOBAL_TEXT("ssl-default-server-curves", d.server.curves, "<list>",
	    "curves of server lines that have none."),
	GLOBAL_TEXT("ssl-default-server-sigalgs", d.server.sigalgs, "<list>",
	    "sigalgs of server lines that have none."),
	GLOBAL_TEXT("ssl-default-server-client-sigalgs", d.server.client_sigalgs,
	    "<list>", "client-sigalgs of server lines that have none."),
	{ "ssl-default-server-options", IN_GLOBAL, KW_OBEYED, 1, 0, KW_F_ANY_ARGS, global_options,
	    G(d.server), "<option>...", "Version and ticket words for all server lines." },
	GLOBAL("ssl-server-verify", global_server_verify, 0, "none|required",
	    "verify of server lines that have none."),
	GLOBAL_TEXT("ssl-dh-param-file", d.dh_file, "<file>",
	    "DH parameters for ciphers with DHE."),
	GLOBAL("tune.ssl.default-dh-param", global_dh_bits, 0, "<bits>",
	    "Size of the DH group for ciphers with DHE; 2048 by default."),
	GLOBAL("tune.ssl.cachesize", global_field,
	    CFG_FIELD(CFG_UINT, struct tls_global, d.cache_entries), "<number>",
	    "Sessions without tickets kept per certificate; 20000 by default."),
	GLOBAL("tune.ssl.lifetime", global_lifetime, 0, "<time>",
	    "How long a session may be resumed; 300s by default."),
	GLOBAL("tune.ssl.maxrecord", global_maxrecord, 0, "<bytes>",
	    "Plain bytes of one record; 16384 by default."),
	{ "tune.ssl.force-private-cache", IN_GLOBAL, KW_NO_EFFECT, 0, 0, 0, NULL, 0, "",
	    "There is one process: the cache is private." },
	NOT_BUILT("tune.ssl.capture-buffer-size", IN_GLOBAL,
	    "the fetches of captured ClientHellos are built in a later release."),
	NOT_BUILT("tune.ssl.capture-cipherlist-size", IN_GLOBAL,
	    "the fetches of captured ClientHellos are built in a later release."),
	NOT_BUILT("tune.ssl.keylog", IN_GLOBAL, "key logs are built in a later release."),
	NOT_BUILT("ssl-engine", IN_GLOBAL, "engines are gone from OpenSSL: use a provider."),
	NOT_BUILT("ssl-mode-async", IN_GLOBAL, "asynchronous signing is not built."),
	NOT_BUILT("ssl-propquery", IN_GLOBAL, "OpenSSL property queries are not built."),
	NOT_BUILT("ssl-provider", IN_GLOBAL, "providers are loaded by OpenSSL's configuration."),
	NOT_BUILT("ssl-provider-path", IN_GLOBAL,
	    "providers are loaded by OpenSSL's configuration."),
	NOT_BUILT("ssl-load-extra-files", IN_GLOBAL, "<file>.key and <file>.ocsp are read."),
	NOT_BUILT("ssl-load-extra-del-ext", IN_GLOBAL, "<file>.key and <file>.ocsp are read."),
	NOT_BUILT("ssl-skip-self-issued-ca", IN_GLOBAL, "chains are sent as they are in the file."),
	NOT_BUILT("ssl-security-level", IN_GLOBAL, "write @SECLEVEL=n in ciphers."),
	NOT_BUILT("issuers-chain-path", IN_GLOBAL, "put the chain into the certificate's file."),
	NOT_BUILT("key-base", IN_GLOBAL, "keys lie beside their certificates, as <file>.key."),
	NOT_BUILT("ocsp-update.mode", IN_GLOBAL, "fetching OCSP responses is not built."),
	{ 0 }
};

static const struct post_row posts[] = {
	{ "tls", build_all },
	{ 0 }
};

const struct module mod_tls_cfg = { .name = "tls_cfg", .cfg = rows, .post = posts };
