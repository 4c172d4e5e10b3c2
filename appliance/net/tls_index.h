/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which files the TLS of one configuration uses, and how often: certificates, CA
 * and CRL files, crt-lists, OCSP responses. Filled while contexts are built,
 * immutable afterwards, in the memory of the snapshot.
 */
#ifndef WEIR_NET_TLS_INDEX_H
#define WEIR_NET_TLS_INDEX_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct tls_index;

enum tls_kind { TLS_KIND_CERT, TLS_KIND_CA, TLS_KIND_CRL, TLS_KIND_LIST, TLS_KINDS };

struct tls_used {
	struct tls_used	*next;		/* in the order of first use */
	struct tls_used	*same;		/* same bucket */
	const char	*name;		/* as listeners and servers name it, with its base */
	const char	*file;		/* where it is read: of @system-ca, the bundle */
	unsigned	 uses;		/* lines and crt-list entries */
	int64_t		 not_after_s;	/* certificates: Unix time */
	bool		 is_folder;	/* CA: the files are those of the folder */
	bool		 is_default;	/* list: its first entry is some listener's default */
	bool		 has_ocsp;	/* certificate: a response is stapled */
};

/* The thread that loads. All functions take NULL for no index. */
struct tls_index *tls_index_new(struct arena *a);
/* Counts one use; file NULL = name. NULL without an index. */
struct tls_used *tls_index_note(struct tls_index *ix, enum tls_kind kind, const char *name,
	    const char *file);

/* any thread, once it is in service */
const struct tls_used *tls_index_first(const struct tls_index *ix, enum tls_kind kind);
const struct tls_used *tls_index_find(const struct tls_index *ix, enum tls_kind kind,
	    const char *name);
/* Days until the first certificate expires, negative when one has; false: none. */
bool	tls_index_days_left(const struct tls_index *ix, int64_t now_s, double *ret_days);

#endif
