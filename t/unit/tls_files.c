/* SPDX-License-Identifier: BSD-2-Clause */
/* tls_list.c, tls_index.c, tls_text.c: lines of crt-lists, files in use, in words. */
#include "base/arena.h"
#include "base/out.h"
#include "net/tls_index.h"
#include "net/tls_list.h"
#include "net/tls_text.h"
#include "tls_pki.h"

/* ---- lines of crt-lists ---- */

static void
is_put(const char *line, unsigned number, const char *want)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	tls_list_put(&b, str_of(line), number);
	is_str(b.data != NULL ? b.data : "", want);
	outbuf_fini(&b);
}

static void
test_words(void)
{
	struct str rest = STR("a[b\tc]d # e"), word;
	const char *want[] = { "a", "[", "b", "c", "]", "d" };

	for (unsigned i = 0; i < ARRAY_LEN(want); i++)
		ok(tls_list_word(&rest, &word) && str_is(word, want[i]));
	ok(!tls_list_word(&rest, &word));
	is_put("", 3, "");
	is_put("  # only words about it", 3, "");
	is_put("a.pem", 0, "a.pem\n");
	is_put(" a.pem\t[ alpn  h2,http/1.1 ] *.a  !b.a # c\r", 7,
	    "a.pem:7 [alpn h2,http/1.1] *.a !b.a\n");
	is_put("a.pem []", 0, "a.pem []\n");
	is_put("a.pem x]y", 0, "a.pem x] y\n");
}

static void
test_lines(void)
{
	struct str line;

	ok(tls_list_line(STR("a\n\nc"), 1, &line) && str_is(line, "a"));
	ok(tls_list_line(STR("a\n\nc"), 2, &line) && line.len == 0);
	ok(tls_list_line(STR("a\n\nc"), 3, &line) && str_is(line, "c"));
	ok(!tls_list_line(STR("a\n\nc"), 4, &line));
	ok(!tls_list_line(STR("a\n"), 2, &line));
	ok(!tls_list_line(STR_NONE, 1, &line));
}

/* ---- which files are used ---- */

static void
test_index(void)
{
	struct arena *a = arena_new();
	struct tls_index *ix = tls_index_new(a);
	struct tls_used *u;
	double days;

	ok(tls_index_note(NULL, TLS_KIND_CERT, "x", NULL) == NULL);
	ok(tls_index_find(NULL, TLS_KIND_CERT, "x") == NULL);
	ok(tls_index_first(NULL, TLS_KIND_CERT) == NULL);
	ok(!tls_index_days_left(NULL, 0, &days) && !tls_index_days_left(ix, 0, &days));
	u = tls_index_note(ix, TLS_KIND_CERT, "x", NULL);
	u->not_after_s = 10 * 86400;
	tls_index_note(ix, TLS_KIND_CERT, "y", NULL)->not_after_s = 3 * 86400;
	ok(tls_index_note(ix, TLS_KIND_CERT, "x", NULL) == u);
	is_u64(u->uses, 2);
	ok(u->file == u->name && tls_index_first(ix, TLS_KIND_CERT) == u);
	is_str(u->next->name, "y");
	ok(tls_index_find(ix, TLS_KIND_CA, "x") == NULL);
	ok(tls_index_days_left(ix, 86400, &days) && days == 2);
	ok(tls_index_days_left(ix, 4 * 86400, &days) && days == -1);
	u = tls_index_note(ix, TLS_KIND_CA, "@system-ca", "/bundle");
	is_str(u->file, "/bundle");
	u = tls_index_note(ix, TLS_KIND_CA, "/same", "/same");
	ok(u->file == u->name);
	arena_free(a);
}

/* ---- in words ---- */

static void
test_cert(void)
{
	struct pki ca = pki_make("the CA", NULL, NULL, 30);
	struct pki p = pki_make("a\nb", "DNS:a.test,IP:127.0.0.1,DNS:b.test", &ca, 30);
	STACK_OF(X509) *chain = sk_X509_new_null();
	struct outbuf b;

	outbuf_init(&b, 0);
	tls_text_cert(&b, p.crt);
	ok(strncmp(b.data, "Serial: 02\nnotBefore: ", 22) == 0);
	ok(strstr(b.data, " GMT\nSubject Alternative Name: DNS:a.test, DNS:b.test, \n"
	    "Algorithm: EC256\nSHA1 FingerPrint: ") != NULL);
	ok(strstr(b.data, "\nSubject: /CN=a\\x0Ab\nIssuer: /CN=the CA\n") != NULL);
	outbuf_clear(&b);
	sk_X509_push(chain, p.crt);
	sk_X509_push(chain, ca.crt);
	tls_text_chain(&b, chain);
	is_str(b.data, "Chain Subject: /CN=the CA\nChain Issuer: /CN=the CA\n");
	sk_X509_free(chain);
	outbuf_fini(&b);
	pki_free(&p);
	pki_free(&ca);
}

static void
test_crl(void)
{
	struct pki ca = pki_make("the CA", NULL, NULL, 30);
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *now = ASN1_TIME_set(NULL, 0);
	struct outbuf b;
	int at = 0;

	outbuf_init(&b, 0);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca.crt));
	X509_CRL_set1_lastUpdate(crl, now);
	for (long i = 1; i <= 3; i++) {
		X509_REVOKED *e = X509_REVOKED_new();
		ASN1_INTEGER *n = ASN1_INTEGER_new();

		ASN1_INTEGER_set(n, i);
		X509_REVOKED_set_serialNumber(e, n);
		X509_REVOKED_set_revocationDate(e, now);
		X509_CRL_add0_revoked(crl, e);
		ASN1_INTEGER_free(n);
	}
	X509_CRL_sign(crl, ca.key, EVP_sha256());
	tls_text_crl(&b, crl);
	is_str(b.data, "Version 1\nSignature Algorithm: ecdsa-with-SHA256\nIssuer: /CN=the CA\n"
	    "Last Update: Jan  1 00:00:00 1970 GMT\nNext Update: NONE\n"
	    "Revoked Certificates:\n");
	outbuf_clear(&b);
	ok(!tls_text_revoked(&b, crl, &at, 2));
	ok(tls_text_revoked(&b, crl, &at, 2) && at == 3);
	ok(strstr(b.data, "    Serial Number: 03\n        Revocation Date: Jan  1 00:00:00 1970 "
	    "GMT\n") != NULL);
	outbuf_fini(&b);
	ASN1_TIME_free(now);
	X509_CRL_free(crl);
	pki_free(&ca);
}

static void
test_ocsp(void)
{
	static const unsigned char try_later[] = { 0x30, 3, 0x0a, 1, 3 };
	char id[TLS_OCSP_ID_BYTES] = "same";
	struct outbuf b;

	is_str(tls_ocsp_id("", 0, true, id), "Unable to parse OCSP response");
	is_str(tls_ocsp_id("\x30\x82\xff\xff", 4, true, id), "Unable to parse OCSP response");
	is_str(tls_ocsp_id(try_later, sizeof try_later, true, id),
	    "OCSP response status not successful");
	is_str(id, "same");
	outbuf_init(&b, 0);
	tls_text_ocsp_id(&b, "", 0);
	is_u64(b.len, 0);
	tls_text_ocsp(&b, try_later, sizeof try_later);
	ok(strstr(b.data, "trylater (0x3)") != NULL);
	outbuf_fini(&b);
}

int
main(void)
{
	test_words();
	test_lines();
	test_index();
	test_cert();
	test_crl();
	test_ocsp();
	return tap_done();
}
