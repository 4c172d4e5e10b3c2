/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the configuration says of name resolution at run time: sections
 * `resolvers`, and the words of server lines that use one. ctl/resolve asks.
 */
#ifndef WEIR_PROXY_RESOLVERS_H
#define WEIR_PROXY_RESOLVERS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/addr.h"

struct cfg;
struct proxy;
struct server;
struct snapshot;

struct nameserver {
	struct nameserver *next;	/* as written */
	const char	*name;
	struct addr	 addr;		/* an IP address, with the port */
	bool		 is_tcp;	/* tcp@: never by UDP */
};

struct resolvers {
	struct resolvers *next;		/* file order */
	const char	*name;
	const char	*file;
	int		 line;
	struct nameserver *nameservers;
	uint32_t	 retries;		/* questions before giving up: 3 */
	uint32_t	 payload;		/* accepted_payload_size: 512 */
	uint64_t	 resolve_us, retry_us;	/* timeouts: 1 s */
	uint64_t	 valid_us, obsolete_us, nx_us, refused_us, other_us, timeout_us;
	bool		 has_timeout;	/* hold timeout was written */
};

enum init_addr { INIT_END, INIT_LAST, INIT_LIBC, INIT_NONE, INIT_IP };
#define INIT_ADDRS	8
#define RESOLVE_NETS	5

/* Words of a server line. */
struct resolve_conf {
	const struct server *owner;	/* differs: inherited, copied before a change */
	const char	*name;		/* `resolvers NAME`; NULL = none */
	uint8_t		 prefer;	/* AF_INET, AF_INET6; 0 = IPv6 */
	bool		 allow_dup_ip, ignore_weight;
	struct ip_net	 nets[RESOLVE_NETS];	/* resolve-net: preferred networks */
	unsigned	 nnets;
	uint8_t		 init[INIT_ADDRS];	/* enum init_addr, ends with INIT_END */
	struct ip_port	 ips[INIT_ADDRS];	/* of INIT_IP */
	/* settled: the section; NULL = not resolved at run time */
	const struct resolvers *section;
};

/* any thread */
struct resolvers *resolvers_find(const struct snapshot *s, const char *name);

/* while parsing */
/* Is the address of this server a name? Then its text without the port. */
bool	 resolvers_is_name(struct cfg *c, const char *addr_text, const char **ret_host);
/* The first address of a server that is known by a name, after its options were
 * read, as init-addr says; srv->no_addr: none yet. 0, or -1 with a message in err. */
int	 resolvers_init_addr(struct cfg *c, struct server *srv, char *err, size_t size);

#endif
