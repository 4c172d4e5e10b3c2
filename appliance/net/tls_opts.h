/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The TLS words that bind lines, server lines, crt-list entries and the
 * ssl-default-* statements share, as plain values. What is not written stays
 * unset and is filled from the defaults when a context is built.
 */
#ifndef WEIR_NET_TLS_OPTS_H
#define WEIR_NET_TLS_OPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct diag;

enum tls_verify { TLS_VERIFY_UNSET, TLS_VERIFY_NONE, TLS_VERIFY_OPTIONAL, TLS_VERIFY_REQUIRED };
enum tls_switch { TLS_UNSET, TLS_ON, TLS_OFF };

/* X509_V_ERR_* numbers whose failures are let through */
#define TLS_IGNORE_WORDS	2
struct tls_ignore {
	uint64_t	 bits[TLS_IGNORE_WORDS];
};

struct tls_opts {
	/* borrowed: the configuration's arena; NULL = not written */
	const char	*ca_file, *ca_verify_file, *crl_file;
	const char	*ciphers;	/* TLS 1.2 and older */
	const char	*ciphersuites;	/* TLS 1.3 */
	const char	*curves, *sigalgs, *client_sigalgs;
	const uint8_t	*alpn;		/* wire form */
	uint16_t	 alpn_len;
	bool		 is_alpn_written;
	uint16_t	 min_version, max_version;	/* TLS1_2_VERSION...; 0 = not written */
	uint8_t		 no_versions;	/* bit per version: 1 << (version - TLS1_VERSION) */
	uint8_t		 verify;	/* enum tls_verify */
	uint8_t		 tickets;	/* enum tls_switch */
	uint8_t		 client_order;	/* enum tls_switch: prefer-client-ciphers */
	uint8_t		 ca_names;	/* enum tls_switch */
	struct tls_ignore crt_ignore, ca_ignore;
};

/* Where a word may stand */
#define TLS_IN_BIND	0x1u
#define TLS_IN_SERVER	0x2u
#define TLS_IN_CRTLIST	0x4u
#define TLS_IN_OPTIONS	0x8u	/* ssl-default-{bind,server}-options */

/* control thread or a job thread */
/* How many arguments the word takes there: 0, 1, or -1 = no such word. */
int	tls_word_args(const char *word, unsigned where);
/* Obey one word; strings are copied to a. 0, or -1 after diag_error. */
int	tls_word_set(struct tls_opts *o, unsigned where, const char *word, const char *arg,
	    struct arena *a, struct diag *d);
/* What o leaves open comes from base. */
void	tls_opts_inherit(struct tls_opts *o, const struct tls_opts *base);
/* Versions left by min, max and no-*: bits as no_versions. min_version unset = 1.2. */
unsigned tls_opts_versions(const struct tls_opts *o);

/* any thread */
static inline bool
tls_ignore_has(const struct tls_ignore *ig, int error)
{
	return error >= 0 && error < 64 * TLS_IGNORE_WORDS &&
	    (ig->bits[error / 64] >> (error % 64) & 1);
}

#endif
