/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DNS messages: a question out, an answer in. Reading is strict: the answer must
 * repeat the question, names must be well formed, pointers in them lead backwards
 * only and not often, and nothing is read past the end.
 */
#ifndef WEIR_NET_DNS_MSG_H
#define WEIR_NET_DNS_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"

#define DNS_NAME_BYTES	256		/* as text, with its NUL */
#define DNS_RECORDS	256		/* of one answer; more are left out */
#define DNS_QUERY_BYTES	(12 + DNS_NAME_BYTES + 4 + 11)

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28, DNS_SRV = 33, DNS_OPT = 41 };

enum dns_result {
	DNS_VALID,		/* with records */
	DNS_EMPTY,		/* the name is there, but has none of that type */
	DNS_CNAME_ERROR,	/* names point to one without records of that type */
	DNS_NX, DNS_REFUSED, DNS_OTHER,
	DNS_TRUNCATED, DNS_INVALID
};

struct dns_record {
	struct ip_port	 ip;		/* A, AAAA: port 0 */
	uint16_t	 priority, weight, port;	/* SRV */
	char		 target[DNS_NAME_BYTES];	/* SRV; lower case, no dot at its end */
};

struct dns_answer {
	enum dns_result	 result;
	bool		 has_cname;
	unsigned	 n;
	struct dns_record records[DNS_RECORDS];
};

/* any thread */
/* A name that can be asked for: labels of 1 to 63 letters, digits, - and _. */
bool	dns_name_ok(const char *name);
/* Bytes of the question, 0 = the name is none. payload > 512: EDNS tells it. */
size_t	dns_query(uint16_t id, const char *name, enum dns_type type, uint16_t payload,
	    uint8_t buf[DNS_QUERY_BYTES]);
/* The id that an answer claims, or -1. */
int	dns_id(const uint8_t *msg, size_t len);
void	dns_parse(const uint8_t *msg, size_t len, const char *name, enum dns_type type,
	    struct dns_answer *ret);

#endif
