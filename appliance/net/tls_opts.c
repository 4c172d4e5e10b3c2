/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of struct tls_opts: one table, which bind and server lines (through
 * proxy/tls_cfg.c), crt-lists and ssl-default-*-options share, so that a word
 * means the same wherever it stands.
 *
 * Versions: `no-*` and `force-*` are kept beside ssl-min-ver and ssl-max-ver and
 * combined at the end, so their order on a line does not matter.
 */
#include "net/tls_opts.h"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/str.h"

struct word_ctx {
	struct tls_opts	*o;
	unsigned	 where;
	const char	*word, *arg;
	struct arena	*a;
	struct diag	*d;
};

struct tls_word {
	const char	*name;
	uint8_t		 where;
	uint8_t		 nargs;
	int		(*set)(struct word_ctx *w, intptr_t v);
	intptr_t	 v;
};

#define IN_ALL	(TLS_IN_BIND | TLS_IN_SERVER | TLS_IN_OPTIONS)
#define IN_LINE	(TLS_IN_BIND | TLS_IN_SERVER | TLS_IN_CRTLIST)
#define IN_FRONT (TLS_IN_BIND | TLS_IN_CRTLIST)
#define VERSION_BIT(v)	(1u << ((v) - TLS1_VERSION))
#define VERSIONS_ALL	(VERSION_BIT(TLS1_VERSION) | VERSION_BIT(TLS1_1_VERSION) | \
	    VERSION_BIT(TLS1_2_VERSION) | VERSION_BIT(TLS1_3_VERSION))

static int
set_string(struct word_ctx *w, intptr_t offset)
{
	*(const char **)((char *)w->o + offset) = arena_strdup(w->a, w->arg);
	return 0;
}

static int
set_verify(struct word_ctx *w, intptr_t v)
{
	(void)v;
	if (strcmp(w->arg, "none") == 0)
		w->o->verify = TLS_VERIFY_NONE;
	else if (strcmp(w->arg, "required") == 0)
		w->o->verify = TLS_VERIFY_REQUIRED;
	else if (strcmp(w->arg, "optional") == 0 && w->where != TLS_IN_SERVER)
		w->o->verify = TLS_VERIFY_OPTIONAL;
	else {
		diag_error(w->d, "'verify' : unknown verify method '%s', expects %s.", w->arg,
		    w->where == TLS_IN_SERVER ? "'none' or 'required'" :
		    "'none', 'optional' or 'required'");
		return -1;
	}
	return 0;
}

static uint16_t
version_of(const char *s)
{
	static const char *const names[] = { "TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3" };

	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(s, names[i]) == 0)
			return (uint16_t)(TLS1_VERSION + i);
	return 0;
}

static int
set_version(struct word_ctx *w, intptr_t is_max)
{
	uint16_t v = version_of(w->arg);

	if (v == 0) {
		diag_error(w->d, "'%s' : unknown or unsupported version '%s', expects 'TLSv1.0', "
		    "'TLSv1.1', 'TLSv1.2' or 'TLSv1.3'.", w->word, w->arg);
		return -1;
	}
	*(is_max ? &w->o->max_version : &w->o->min_version) = v;
	return 0;
}

static int
set_no_version(struct word_ctx *w, intptr_t v)
{
	if (v != 0)	/* no-sslv3: never offered */
		w->o->no_versions |= (uint8_t)VERSION_BIT(v);
	return 0;
}

static int
set_force_version(struct word_ctx *w, intptr_t v)
{
	w->o->min_version = w->o->max_version = (uint16_t)v;
	return 0;
}

static int
refuse_sslv3(struct word_ctx *w, intptr_t v)
{
	(void)v;
	diag_error(w->d, "'%s' : SSLv3 is broken and not offered.", w->word);
	return -1;
}

static int
set_switch(struct word_ctx *w, intptr_t v)
{
	uint8_t *cell[] = { &w->o->tickets, &w->o->client_order, &w->o->ca_names };

	*cell[v >> 4] = (uint8_t)(v & 15);
	return 0;
}
#define SWITCH(cell, value)	((cell) << 4 | (value))

/* ---- ALPN ---- */

static int
alpn_elem(struct word_ctx *w, struct str e, uint8_t *wire, size_t *len, size_t size)
{
	if (e.len > 255 || *len + 1 + e.len > size) {
		diag_error(w->d, "'%s' : protocol list is too long.", w->word);
		return -1;
	}
	if (str_is(e, "h2") || str_is(e, "h3")) {
		diag_warn(w->d, "'%s' : '" STR_FMT "' is left out of the list until HTTP/%c is "
		    "built.", w->word, STR_ARG(e), e.p[1]);
		return 0;
	}
	wire[*len] = (uint8_t)e.len;
	memcpy(wire + *len + 1, e.p, e.len);
	*len += 1 + e.len;
	return 0;
}

static int
set_alpn(struct word_ctx *w, intptr_t v)
{
	struct str rest = w->arg != NULL ? str_of(w->arg) : STR(""), e;
	uint8_t wire[256], *copy;
	size_t len = 0;

	(void)v;
	while (str_next_elem(&rest, ',', &e))
		if (alpn_elem(w, e, wire, &len, sizeof(wire)) != 0)
			return -1;
	copy = arena_alloc(w->a, len + 1);
	memcpy(copy, wire, len);
	w->o->alpn = copy;
	w->o->alpn_len = (uint16_t)len;
	w->o->is_alpn_written = true;
	return 0;
}

/* ---- crt-ignore-err, ca-ignore-err ---- */

static const struct {
	const char	*name;
	int		 code;
} verify_errors[] = {
#define E(x)	{ #x, x }
	E(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT), E(X509_V_ERR_UNABLE_TO_GET_CRL),
	E(X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE),
	E(X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE),
	E(X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY), E(X509_V_ERR_CERT_SIGNATURE_FAILURE),
	E(X509_V_ERR_CRL_SIGNATURE_FAILURE), E(X509_V_ERR_CERT_NOT_YET_VALID),
	E(X509_V_ERR_CERT_HAS_EXPIRED), E(X509_V_ERR_CRL_NOT_YET_VALID),
	E(X509_V_ERR_CRL_HAS_EXPIRED), E(X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD),
	E(X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD), E(X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD),
	E(X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD), E(X509_V_ERR_OUT_OF_MEM),
	E(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT), E(X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN),
	E(X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY),
	E(X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE), E(X509_V_ERR_CERT_CHAIN_TOO_LONG),
	E(X509_V_ERR_CERT_REVOKED), E(X509_V_ERR_PATH_LENGTH_EXCEEDED),
	E(X509_V_ERR_INVALID_PURPOSE), E(X509_V_ERR_CERT_UNTRUSTED), E(X509_V_ERR_CERT_REJECTED),
	E(X509_V_ERR_SUBJECT_ISSUER_MISMATCH), E(X509_V_ERR_AKID_SKID_MISMATCH),
	E(X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH), E(X509_V_ERR_KEYUSAGE_NO_CERTSIGN),
	E(X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER), E(X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION),
	E(X509_V_ERR_KEYUSAGE_NO_CRL_SIGN), E(X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION),
	E(X509_V_ERR_INVALID_EXTENSION), E(X509_V_ERR_INVALID_POLICY_EXTENSION),
	E(X509_V_ERR_NO_EXPLICIT_POLICY), E(X509_V_ERR_DIFFERENT_CRL_SCOPE),
	E(X509_V_ERR_UNSUPPORTED_EXTENSION_FEATURE), E(X509_V_ERR_PERMITTED_VIOLATION),
	E(X509_V_ERR_EXCLUDED_VIOLATION), E(X509_V_ERR_EE_KEY_TOO_SMALL),
	E(X509_V_ERR_CA_KEY_TOO_SMALL), E(X509_V_ERR_CA_MD_TOO_WEAK), E(X509_V_ERR_INVALID_CA),
#undef E
};

static int
verify_error_of(struct str e)
{
	uint64_t n;

	if (str_to_u64(e, &n))
		return n > 0 && n < 64 * TLS_IGNORE_WORDS ? (int)n : -1;
	for (size_t i = 0; i < ARRAY_LEN(verify_errors); i++)
		if (str_is(e, verify_errors[i].name))
			return verify_errors[i].code;
	return -1;
}

static int
set_ignore(struct word_ctx *w, intptr_t is_ca)
{
	struct tls_ignore *ig = is_ca ? &w->o->ca_ignore : &w->o->crt_ignore;
	struct str rest = str_of(w->arg), e;
	int code;

	if (strcmp(w->arg, "all") == 0) {
		memset(ig->bits, 0xff, sizeof(ig->bits));
		return 0;
	}
	while (str_next_elem(&rest, ',', &e)) {
		code = verify_error_of(e);
		if (code < 0) {
			diag_error(w->d, "'%s' : '" STR_FMT "' is neither 'all' nor an error "
			    "number nor a name like X509_V_ERR_CERT_HAS_EXPIRED.", w->word,
			    STR_ARG(e));
			return -1;
		}
		ig->bits[code / 64] |= 1ull << (code % 64);
	}
	return 0;
}

/* ---- the table ---- */

#define STRING(f)	set_string, (intptr_t)offsetof(struct tls_opts, f)
static const struct tls_word words[] = {
	{ "ca-file", IN_LINE, 1, STRING(ca_file) },
	{ "ca-verify-file", IN_FRONT, 1, STRING(ca_verify_file) },
	{ "crl-file", IN_LINE, 1, STRING(crl_file) },
	{ "ciphers", IN_LINE, 1, STRING(ciphers) },
	{ "ciphersuites", IN_LINE, 1, STRING(ciphersuites) },
	{ "curves", IN_LINE, 1, STRING(curves) },
	{ "ecdhe", IN_FRONT, 1, STRING(curves) },
	{ "sigalgs", IN_LINE, 1, STRING(sigalgs) },
	{ "client-sigalgs", IN_LINE, 1, STRING(client_sigalgs) },
	{ "alpn", IN_LINE, 1, set_alpn, 0 },
	{ "no-alpn", IN_LINE, 0, set_alpn, 0 },
	{ "verify", IN_LINE, 1, set_verify, 0 },
	{ "crt-ignore-err", IN_FRONT, 1, set_ignore, 0 },
	{ "ca-ignore-err", IN_FRONT, 1, set_ignore, 1 },
	{ "no-ca-names", IN_FRONT, 0, set_switch, SWITCH(2, TLS_OFF) },
	{ "ssl-min-ver", IN_ALL | TLS_IN_CRTLIST, 1, set_version, 0 },
	{ "ssl-max-ver", IN_ALL | TLS_IN_CRTLIST, 1, set_version, 1 },
	{ "no-sslv3", IN_ALL, 0, set_no_version, 0 },
	{ "no-tlsv10", IN_ALL, 0, set_no_version, TLS1_VERSION },
	{ "no-tlsv11", IN_ALL, 0, set_no_version, TLS1_1_VERSION },
	{ "no-tlsv12", IN_ALL, 0, set_no_version, TLS1_2_VERSION },
	{ "no-tlsv13", IN_ALL, 0, set_no_version, TLS1_3_VERSION },
	{ "force-sslv3", IN_ALL, 0, refuse_sslv3, 0 },
	{ "force-tlsv10", IN_ALL, 0, set_force_version, TLS1_VERSION },
	{ "force-tlsv11", IN_ALL, 0, set_force_version, TLS1_1_VERSION },
	{ "force-tlsv12", IN_ALL, 0, set_force_version, TLS1_2_VERSION },
	{ "force-tlsv13", IN_ALL, 0, set_force_version, TLS1_3_VERSION },
	{ "no-tls-tickets", IN_ALL, 0, set_switch, SWITCH(0, TLS_OFF) },
	{ "tls-tickets", IN_ALL, 0, set_switch, SWITCH(0, TLS_ON) },
	{ "prefer-client-ciphers", TLS_IN_BIND | TLS_IN_OPTIONS, 0, set_switch, SWITCH(1, TLS_ON) },
};

static const struct tls_word *
word_find(const char *word, unsigned where)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if ((words[i].where & where) && strcmp(words[i].name, word) == 0)
			return &words[i];
	return NULL;
}

int
tls_word_args(const char *word, unsigned where)
{
	const struct tls_word *w = word_find(word, where);

	return w != NULL ? w->nargs : -1;
}

int
tls_word_set(struct tls_opts *o, unsigned where, const char *word, const char *arg,
    struct arena *a, struct diag *d)
{
	const struct tls_word *w = word_find(word, where);
	struct word_ctx ctx = { o, where, word, arg, a, d };

	WEIR_ASSERT(w != NULL);
	if (w->nargs == 1 && arg == NULL) {
		diag_error(d, "'%s' expects an argument.", word);
		return -1;
	}
	if (w->nargs == 0)
		ctx.arg = NULL;
	return w->set(&ctx, w->v);
}

#define INHERIT(f)	do { if (!o->f) o->f = base->f; } while (0)
void
tls_opts_inherit(struct tls_opts *o, const struct tls_opts *base)
{
	INHERIT(ca_file);
	INHERIT(ca_verify_file);
	INHERIT(crl_file);
	INHERIT(ciphers);
	INHERIT(ciphersuites);
	INHERIT(curves);
	INHERIT(sigalgs);
	INHERIT(client_sigalgs);
	INHERIT(min_version);
	INHERIT(max_version);
	INHERIT(verify);
	INHERIT(tickets);
	INHERIT(client_order);
	INHERIT(ca_names);
	o->no_versions |= base->no_versions;
	if (!o->is_alpn_written) {
		o->alpn = base->alpn;
		o->alpn_len = base->alpn_len;
		o->is_alpn_written = base->is_alpn_written;
	}
	for (int i = 0; i < TLS_IGNORE_WORDS; i++) {
		o->crt_ignore.bits[i] |= base->crt_ignore.bits[i];
		o->ca_ignore.bits[i] |= base->ca_ignore.bits[i];
	}
}

unsigned
tls_opts_versions(const struct tls_opts *o)
{
	unsigned min = o->min_version != 0 ? o->min_version : TLS1_2_VERSION;
	unsigned max = o->max_version != 0 ? o->max_version : TLS1_3_VERSION;
	unsigned set = VERSIONS_ALL & ~(unsigned)o->no_versions;

	for (unsigned v = TLS1_VERSION; v <= TLS1_3_VERSION; v++)
		if (v < min || v > max)
			set &= ~VERSION_BIT(v);
	return set;
}
