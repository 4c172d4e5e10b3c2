/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificates, revocation lists and OCSP responses in words, as HAProxy's
 * commands show them. Nothing here sees a private key.
 */
#ifndef WEIR_NET_TLS_TEXT_H
#define WEIR_NET_TLS_TEXT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct outbuf;

/* any thread */
/* "RSA2048", "EC256"; STR_NONE for other kinds. */
struct str tls_key_alg(const EVP_PKEY *key, char *buf, size_t size);
/* Lines from Serial to Issuer. */
void	tls_text_cert(struct outbuf *b, X509 *x);
void	tls_text_chain(struct outbuf *b, STACK_OF(X509) *certs);	/* all but the first */
/* The head of a CRL, then up to n of its entries from *at on; true: that was all. */
void	tls_text_crl(struct outbuf *b, X509_CRL *crl);
bool	tls_text_revoked(struct outbuf *b, X509_CRL *crl, int *at, int n);

/* OCSP: what a response is about, as hex of its DER. */
#define TLS_OCSP_ID_BYTES	256
/* NULL, or what is wrong with it; is_new: it must be good and valid now. */
const char *tls_ocsp_id(const void *der, size_t len, bool is_new,
	    char ret_id[TLS_OCSP_ID_BYTES]);
void	tls_text_ocsp_id(struct outbuf *b, const void *der, size_t len);
void	tls_text_ocsp(struct outbuf *b, const void *der, size_t len);

#endif
