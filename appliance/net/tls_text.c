/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates in words; see tls_text.h. Names and dates are OpenSSL's, the order
 * of the lines is HAProxy's, so that tools find what they look for.
 */
#include "net/tls_text.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/out.h"

#define OCSP_SKEW_S	300

struct str
tls_key_alg(const EVP_PKEY *key, char *buf, size_t size)
{
	const char *kind;
	int n;

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
		kind = "RSA";
		break;
	case EVP_PKEY_EC:
		kind = "EC";
		break;
	case EVP_PKEY_DSA:
		kind = "DSA";
		break;
	default:
		return STR_NONE;
	}
	n = snprintf(buf, size, "%s%d", kind, EVP_PKEY_get_bits(key));
	return (struct str){ buf, (size_t)n };
}

/* ---- small parts ---- */

/* What was printed, without control characters and empty lines; closes it. */
static void
put_bio(struct outbuf *b, BIO *bio)
{
	char *p;
	long len = BIO_get_mem_data(bio, &p);
	struct out o;

	for (struct str rest = { p, len > 0 ? (size_t)len : 0 }, line; rest.len > 0; ) {
		const char *lf = memchr(rest.p, '\n', rest.len);

		line = (struct str){ rest.p, lf != NULL ? (size_t)(lf - rest.p) : rest.len };
		rest.p += line.len + (lf != NULL);
		rest.len -= line.len + (lf != NULL);
		o = outbuf_reserve(b, 4 * line.len + 2);
		if (line.len == 0)
			out_char(&o, ' ');
		out_visible(&o, line);
		if (lf != NULL)
			out_char(&o, '\n');
		outbuf_commit(b, &o);
	}
	BIO_free(bio);
}

static void
put_time(struct outbuf *b, const char *label, const ASN1_TIME *t)
{
	BIO *bio = BIO_new(BIO_s_mem());

	outbuf_z(b, label);
	if (t != NULL)
		ASN1_TIME_print(bio, t);
	put_bio(b, bio);
	outbuf_z(b, "\n");
}

static void
put_name(struct outbuf *b, const char *label, const X509_NAME *name)
{
	char *line = X509_NAME_oneline(name, NULL, 0);

	outbuf_fmt(b, "%s%s\n", label, line != NULL ? line : "");
	OPENSSL_free(line);
}

static void
put_hex(struct outbuf *b, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		outbuf_fmt(b, "%02X", p[i]);
}

static void
put_integer(struct outbuf *b, const char *label, const ASN1_INTEGER *n)
{
	BIO *bio = BIO_new(BIO_s_mem());

	outbuf_z(b, label);
	if (n != NULL)
		i2a_ASN1_INTEGER(bio, n);
	put_bio(b, bio);
	outbuf_z(b, "\n");
}

/* ---- certificates ---- */

static void
put_dns_names(struct outbuf *b, X509 *x)
{
	GENERAL_NAMES *san = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	outbuf_z(b, "Subject Alternative Name: ");
	for (int i = 0; i < sk_GENERAL_NAME_num(san); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(san, i);
		struct out o;

		if (g->type != GEN_DNS)
			continue;
		o = outbuf_reserve(b, 4 * (size_t)ASN1_STRING_length(g->d.dNSName) + 8);
		out_z(&o, "DNS:");
		out_visible(&o, (struct str){ (const char *)ASN1_STRING_get0_data(g->d.dNSName),
		    (size_t)ASN1_STRING_length(g->d.dNSName) });
		out_z(&o, ", ");
		outbuf_commit(b, &o);
	}
	outbuf_z(b, "\n");
	GENERAL_NAMES_free(san);
}

static void
put_algorithm(struct outbuf *b, const X509 *x)
{
	const EVP_PKEY *key = X509_get0_pubkey(x);
	struct str alg = STR_NONE;
	char buf[64];

	if (key != NULL)
		alg = tls_key_alg(key, buf, sizeof buf);
	if (key != NULL && alg.p == NULL)
		alg = str_of(EVP_PKEY_get0_type_name(key));
	outbuf_z(b, "Algorithm: ");
	outbuf_mem(b, alg.p, alg.len);
	outbuf_z(b, "\n");
}

void
tls_text_cert(struct outbuf *b, X509 *x)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	put_integer(b, "Serial: ", X509_get0_serialNumber(x));
	put_time(b, "notBefore: ", X509_get0_notBefore(x));
	put_time(b, "notAfter: ", X509_get0_notAfter(x));
	put_dns_names(b, x);
	put_algorithm(b, x);
	(void)X509_digest(x, EVP_sha1(), md, &len);
	outbuf_z(b, "SHA1 FingerPrint: ");
	put_hex(b, md, len);
	outbuf_z(b, "\n");
	put_name(b, "Subject: ", X509_get_subject_name(x));
	put_name(b, "Issuer: ", X509_get_issuer_name(x));
	ERR_clear_error();
}

void
tls_text_chain(struct outbuf *b, STACK_OF(X509) *certs)
{
	for (int i = 1; i < sk_X509_num(certs); i++) {
		put_name(b, "Chain Subject: ", X509_get_subject_name(sk_X509_value(certs, i)));
		put_name(b, "Chain Issuer: ", X509_get_issuer_name(sk_X509_value(certs, i)));
	}
}

/* ---- revocation lists ---- */

void
tls_text_crl(struct outbuf *b, X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
	const ASN1_TIME *next = X509_CRL_get0_nextUpdate(crl);

	outbuf_fmt(b, "Version %ld\nSignature Algorithm: %s\n", X509_CRL_get_version(crl) + 1,
	    OBJ_nid2ln(X509_CRL_get_signature_nid(crl)));
	put_name(b, "Issuer: ", X509_CRL_get_issuer(crl));
	put_time(b, "Last Update: ", X509_CRL_get0_lastUpdate(crl));
	if (next != NULL)
		put_time(b, "Next Update: ", next);
	else
		outbuf_z(b, "Next Update: NONE\n");
	outbuf_z(b, sk_X509_REVOKED_num(entries) > 0 ? "Revoked Certificates:\n" :
	    "No Revoked Certificates.\n");
}

bool
tls_text_revoked(struct outbuf *b, X509_CRL *crl, int *at, int n)
{
	STACK_OF(X509_REVOKED) *entries = X509_CRL_get_REVOKED(crl);
	int end = sk_X509_REVOKED_num(entries);

	for (; *at < end && n > 0; ++*at, n--) {
		const X509_REVOKED *e = sk_X509_REVOKED_value(entries, *at);

		put_integer(b, "    Serial Number: ", X509_REVOKED_get0_serialNumber(e));
		put_time(b, "        Revocation Date: ", X509_REVOKED_get0_revocationDate(e));
	}
	return *at >= end;
}

/* ---- OCSP ---- */

static const char *
check_times(OCSP_SINGLERESP *single)
{
	ASN1_GENERALIZEDTIME *revoked, *this_update, *next_update;
	int reason, status;

	status = OCSP_single_get0_status(single, &reason, &revoked, &this_update, &next_update);
	if (status != V_OCSP_CERTSTATUS_GOOD && status != V_OCSP_CERTSTATUS_UNKNOWN)
		return "OCSP single response: certificate revoked";
	if (next_update == NULL)
		return "OCSP single response: missing nextupdate";
	if (OCSP_check_validity(this_update, next_update, OCSP_SKEW_S, -1) != 1)
		return "OCSP single response: no longer valid";
	return NULL;
}

/* The one statement of a response; NULL with what is wrong. The basic part is the
 * caller's to free. */
static OCSP_SINGLERESP *
single_of(OCSP_RESPONSE *r, OCSP_BASICRESP **ret_basic, const char **ret_wrong)
{
	if (r == NULL)
		*ret_wrong = "Unable to parse OCSP response";
	else if (OCSP_response_status(r) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		*ret_wrong = "OCSP response status not successful";
	else if ((*ret_basic = OCSP_response_get1_basic(r)) == NULL)
		*ret_wrong = "Failed to get basic response from OCSP Response";
	else if (OCSP_resp_count(*ret_basic) != 1)
		*ret_wrong = "OCSP response ignored because contains multiple single responses";
	else
		return OCSP_resp_get0(*ret_basic, 0);
	return NULL;
}

static void
write_id(const OCSP_CERTID *id, char ret_id[TLS_OCSP_ID_BYTES])
{
	unsigned char der[TLS_OCSP_ID_BYTES / 2], *p = der;
	int len = i2d_OCSP_CERTID(id, NULL);

	ret_id[0] = '\0';
	if (len <= 0 || len >= (int)sizeof der)
		return;
	(void)i2d_OCSP_CERTID(id, &p);
	for (int i = 0; i < len; i++)
		snprintf(ret_id + 2 * i, 3, "%02x", der[i]);
}

const char *
tls_ocsp_id(const void *der, size_t len, bool is_new, char ret_id[TLS_OCSP_ID_BYTES])
{
	const unsigned char *p = der;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)len);
	OCSP_BASICRESP *basic = NULL;
	OCSP_SINGLERESP *single;
	const char *wrong = NULL;

	single = single_of(r, &basic, &wrong);
	if (single != NULL && is_new)
		wrong = check_times(single);
	if (wrong == NULL)
		write_id(OCSP_SINGLERESP_get0_id(single), ret_id);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
	return wrong;
}

void
tls_text_ocsp_id(struct outbuf *b, const void *der, size_t len)
{
	const unsigned char *p = der;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)len);
	OCSP_BASICRESP *basic = NULL;
	ASN1_OCTET_STRING *name, *key;
	OCSP_SINGLERESP *single;
	ASN1_INTEGER *serial;
	const char *wrong;

	single = single_of(r, &basic, &wrong);
	if (single != NULL && OCSP_id_get0_info(&name, NULL, &key, &serial,
	    (OCSP_CERTID *)(uintptr_t)OCSP_SINGLERESP_get0_id(single)) == 1) {
		outbuf_z(b, "    Certificate ID:\n      Issuer Name Hash: ");
		put_hex(b, ASN1_STRING_get0_data(name), (size_t)ASN1_STRING_length(name));
		outbuf_z(b, "\n      Issuer Key Hash: ");
		put_hex(b, ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key));
		put_integer(b, "\n      Serial Number: ", serial);
	}
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
}

void
tls_text_ocsp(struct outbuf *b, const void *der, size_t len)
{
	const unsigned char *p = der;
	OCSP_RESPONSE *r = d2i_OCSP_RESPONSE(NULL, &p, (long)len);
	BIO *bio = BIO_new(BIO_s_mem());

	if (r != NULL)
		(void)OCSP_RESPONSE_print(bio, r, 0);
	put_bio(b, bio);
	OCSP_RESPONSE_free(r);
	ERR_clear_error();
}
