/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses as the configuration writes them, and their text forms.
 */
#ifndef WEIR_NET_ADDR_H
#define WEIR_NET_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/str.h"

enum addr_kind { ADDR_NONE, ADDR_INET, ADDR_INET6, ADDR_UNIX, ADDR_ABNS, ADDR_FD };

/* 20 bytes of an IP endpoint: what sessions keep. */
struct ip_port {
	uint8_t		 family;	/* AF_INET, AF_INET6, AF_UNIX (no address), 0 */
	uint8_t		 pad;
	uint16_t	 port;		/* host order */
	union {
		struct in_addr	 v4;
		struct in6_addr	 v6;
	} ip;
};

struct addr {
	enum addr_kind	 kind;
	bool		 is_dgram;
	int		 fd;		/* ADDR_FD */
	uint16_t	 port_lo, port_hi;	/* range; equal for one port; 0 = none given */
	int8_t		 port_sign;	/* server `+N` / `-N`: relative to the client's port */
	socklen_t	 len;
	union {
		struct sockaddr		 sa;
		struct sockaddr_in	 in;
		struct sockaddr_in6	 in6;
		struct sockaddr_un	 un;
		struct sockaddr_storage	 ss;
	} u;
};

enum addr_flags {
	ADDR_NEED_PORT = 1,	/* `bind`: missing port is an error */
	ADDR_PORT_RANGE = 2,
	ADDR_RESOLVE = 4,	/* names by getaddrinfo (configuration time) */
	ADDR_PORT_OFFSET = 8,	/* server lines: +N, -N */
	ADDR_DEFAULT_PORT_OK = 16	/* server lines: no port = the client's */
};

/* configuration time: 0, or -1 with a message in err ("missing port specification in '...'") */
int	addr_parse(const char *text, unsigned flags, struct addr *ret_a, char *err,
	    size_t err_size);

/* any thread */
void	addr_set_port(struct addr *a, uint16_t port);
uint16_t addr_port(const struct addr *a);
bool	addr_eq(const struct addr *a, const struct addr *b);
bool	addr_is_loopback(const struct addr *a);		/* 127.0.0.0/8, ::1 */
/* `127.0.0.1:80`, `[::1]:80` (brackets as HAProxy's messages), `unix@/p`, `abns@n`, `fd@3` */
size_t	addr_text(const struct addr *a, char *buf, size_t size);
const char *addr_protocol(const struct addr *a);	/* "tcpv4", "tcpv6", "unix_stream" ... */
struct ip_port ip_port_of(const struct sockaddr *sa);
socklen_t ip_port_sockaddr(const struct ip_port *p, struct sockaddr_storage *ret_ss);
size_t	ip_text(const struct ip_port *p, char *buf, size_t size);	/* without port; "unix" */

/* Networks for `src` ACLs and `except`: parse `10.0.0.0/8`, `::1`; match. */
struct ip_net {
	struct ip_port	 base;
	uint8_t		 bits;
};
int	ip_net_parse(struct str s, struct ip_net *ret_net);
bool	ip_net_has(const struct ip_net *n, const struct ip_port *p);	/* v4-mapped v6 match v4 */

#endif
