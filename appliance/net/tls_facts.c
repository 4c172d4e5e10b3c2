/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PROXY header tells of the certificates of a connection, in the words
 * HAProxy uses: "RSA-SHA256", "RSA2048". Asked once per server connection, so
 * nothing is kept.
 *
 * Thread: the connection's.
 */
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "net/tls.h"
#include "net/tls_int.h"
#include "net/tls_text.h"

struct str
tls_peer_cn(const struct tls *t, char *buf, size_t size)
{
	X509 *x = SSL_get0_peer_certificate(t->ssl);
	int n;

	if (x == NULL)
		return STR_NONE;
	n = X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, buf, (int)size);
	return n > 0 ? (struct str){ buf, (size_t)n } : STR_NONE;
}

struct str
tls_own_sig_alg(const struct tls *t)
{
	const X509 *x = SSL_get_certificate(t->ssl);
	const char *z = x != NULL ? OBJ_nid2sn(X509_get_signature_nid(x)) : NULL;

	return z != NULL ? str_of(z) : STR_NONE;
}

struct str
tls_own_key_alg(const struct tls *t, char *buf, size_t size)
{
	const X509 *x = SSL_get_certificate(t->ssl);
	const EVP_PKEY *key = x != NULL ? X509_get0_pubkey(x) : NULL;

	return key != NULL ? tls_key_alg(key, buf, size) : STR_NONE;
}
