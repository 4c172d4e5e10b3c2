/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Certificate files: reading them with their mode, taking PEM apart, and the
 * rules for keys. Nothing here opens a file but through base/file.h, and
 * OpenSSL parses from memory, so all of it works in the sandbox.
 */
#ifndef WEIR_NET_TLS_PEM_H
#define WEIR_NET_TLS_PEM_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct diag;

struct tls_file {
	char	*data;		/* owned, NUL-terminated; NULL for a folder */
	size_t	 len;
	mode_t	 mode;
	bool	 is_dir;
};

/* What a PEM text holds; members may be NULL. */
struct tls_pem {
	STACK_OF(X509)		*certs;		/* owned, in file order */
	STACK_OF(X509_CRL)	*crls;		/* owned */
	EVP_PKEY		*key;		/* owned: the first */
	EVP_PKEY		*dh;		/* owned */
	bool			 has_encrypted_key;
};

/* control thread or a job thread */
int	tls_file_read(const char *path, struct tls_file *ret_file);	/* 0; -1 with errno */
void	tls_file_fini(struct tls_file *f);	/* wipes: it may hold a key */

/* 0, or -1 with a text in err ("block 2 (CERTIFICATE) is damaged"). */
int	tls_pem_parse(const char *data, size_t len, struct tls_pem *ret_pem,
	    char *err, size_t err_size);
void	tls_pem_fini(struct tls_pem *p);

/* A certificate with its key: `path`, and `path`.key when the key is not in it.
 * word is the keyword for messages. 0, or -1 after diag_error. The texts read
 * are kept for the store's key: files[0] and, when used, files[1]. */
struct tls_pair {
	struct tls_pem	 pem;		/* certs[0] is the leaf; key belongs to it */
	struct tls_file	 files[2];
};
int	tls_pair_read(const char *word, const char *path, struct tls_pair *ret_pair,
	    struct diag *d);
int	tls_pair_parse(const char *word, const char *path, struct tls_pair *p, struct diag *d);
void	tls_pair_fini(struct tls_pair *p);

/* Unix time; 0 when it is malformed. */
int64_t	tls_time_s(const ASN1_TIME *t);

/* OpenSSL's last reason in words, "unknown reason" when there is none; clears the queue. */
const char *tls_last_reason(char *buf, size_t size);

#endif
