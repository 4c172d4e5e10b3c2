/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The PROXY protocol, v1 and v2: reading it from a client side, writing it to a
 * server. Strict: what is not a complete, valid header is refused.
 */
#ifndef WEIR_NET_PP_H
#define WEIR_NET_PP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "net/addr.h"


#define PP_MAX_BYTES	4096		/* longest header that is accepted */

/* What a header told. heap; owned by the session */
struct pp_info {
	struct ip_port	 src, dst;
	bool		 is_local;	/* LOCAL or UNKNOWN: the connection's own addresses hold */
	bool		 has_ssl;	/* TLV 0x20: the client came over TLS */
	uint8_t		 ssl_flags;
	char		*authority;	/* TLV 0x02, owned; NULL */
	char		*unique_id;	/* TLV 0x05, owned; NULL */
	size_t		 authority_len, unique_id_len;
	/* all TLVs as they came, for fc_pp_tlv */
	uint8_t		*tlvs;		/* owned */
	size_t		 tlvs_len;
};

/* FOREIGN: no PROXY header; PROTO: of a protocol that is not taken; LONG: its line
 * has no end. */
enum pp_result { PP_MORE, PP_DONE, PP_BAD, PP_FOREIGN, PP_PROTO, PP_LONG };

/* any thread */
/* Reads from buf; *ret_used bytes belong to the header on DONE. *ret_info is
 * malloc'ed; pp_info_free. */
enum pp_result pp_parse(const char *buf, size_t len, size_t *ret_used, struct pp_info **ret_info);
void	pp_info_free(struct pp_info *p);

/* What to tell a server. */
#define PP2_OPT_SSL		0x01u
#define PP2_OPT_CERT_CN		0x02u
#define PP2_OPT_SSL_CIPHER	0x04u
#define PP2_OPT_CERT_SIG		0x08u
#define PP2_OPT_CERT_KEY		0x10u
#define PP2_OPT_AUTHORITY	0x20u
#define PP2_OPT_CRC32C		0x40u
#define PP2_OPT_UNIQUE_ID	0x80u

struct pp_out {
	struct ip_port	 src, dst;
	bool		 is_local;	/* health checks: no client */
	uint32_t	 options;	/* PP2_OPT_* */
	bool		 has_ssl;	/* the client side is TLS */
	const char	*ssl_version, *ssl_cipher;
	bool		 client_cert;
	long		 verify_result;
	struct str	 cn, authority, unique_id, sig_alg, key_alg;
};

size_t	pp_write_v1(const struct pp_out *o, char *buf, size_t size);	/* 0 = no room */
size_t	pp_write_v2(const struct pp_out *o, char *buf, size_t size);

#endif
