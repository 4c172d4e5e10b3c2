/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the commands on certificates, CA files, CRL files and crt-lists share: which
 * files there are, the open transactions, and bringing other bytes into service.
 *
 * A commit gives ctl/overlay the new bytes. It builds the configuration again aside,
 * in a job thread, where only what uses these bytes is new; all listeners and servers
 * take it up with one pointer. Files on disk win again at the next reload, which also
 * forgets names made here and open transactions.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_SSL_STORE_H
#define WEIR_API_SSL_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"
#include "ctl/overlay.h"
#include "net/tls_index.h"

struct cli;

/* Owned bytes that may be a key: wiped when they go. */
struct ssl_bytes {
	char	*data;		/* NUL-terminated; NULL = none */
	size_t	 len;
};

struct ssl_txn {
	char		*name;		/* owned; NULL = none is open */
	struct ssl_bytes text;		/* PEM */
	struct ssl_bytes key;		/* certificate: instead of the one in text */
	struct ssl_bytes ocsp;		/* certificate: DER */
};

/* Words of a kind in messages. */
struct ssl_noun {
	enum tls_kind	 kind;
	const char	*word;		/* of the command */
	const char	*small;		/* "certificate" */
	const char	*txn, *of;	/* "Transaction" created for "certificate" */
	const char	*thing;		/* "CA file", "Certificate" */
	const char	*payload;	/* "a certificate as a payload" */
};
extern const struct ssl_noun ssl_nouns[];	/* by kind; not of lists */
/* Of the command under work: `new ssl cert`. */
const struct ssl_noun *ssl_noun_of(const struct cli *c);

/* First of every command here: forgets what a reload has made void. */
const struct tls_index *ssl_index(void);

struct ssl_txn *ssl_txn(enum tls_kind kind);		/* never NULL */
void	ssl_txn_close(struct ssl_txn *t);
void	ssl_bytes_set(struct ssl_bytes *b, char *data, size_t len);	/* takes data */
struct ssl_bytes ssl_bytes_copy(const struct ssl_bytes *b);
struct ssl_bytes ssl_bytes_decode(struct str base64);	/* data NULL: it is none */

/* `name` as the store knows it, with crt-base or ca-base where that is needed; owned.
 * NULL: not known. */
char	*ssl_known(enum tls_kind kind, const char *name);
unsigned ssl_uses(enum tls_kind kind, const char *known);
/* Its bytes in service; of a CA folder all of them. None: data NULL. */
struct ssl_bytes ssl_read(enum tls_kind kind, const char *known);
struct ssl_bytes ssl_read_with(const char *known, const char *suffix);	/* ".key", ".ocsp" */

/* Names that no line uses. */
void	ssl_made_add(enum tls_kind kind, const char *name);
void	ssl_made_drop(enum tls_kind kind, const char *name);
/* All names, sorted, owned. */
char	**ssl_names(enum tls_kind kind, size_t *ret_n);

/* One change at a time: false after a message (`what`: "update the certificate"). */
bool	ssl_unlocked(struct cli *c, const char *what);
void	ssl_lock(void);
void	ssl_unlock(void);
/* Brings them into service; then done, with the reason when it failed; the command
 * waits. name is copied. */
typedef void ssl_done_fn(struct cli *c, enum tls_kind kind, const char *name, const char *wrong);
void	ssl_submit(struct cli *c, enum tls_kind kind, const char *name,
	    const struct overlay_file *files, int nfiles, ssl_done_fn *done);

#endif
