/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses of servers by name servers, at run time. Sections of the configuration
 * become struct dns_section with a socket per name server, and a connection while
 * answers do not fit into a datagram; each name that servers
 * use is one struct resolution, asked for again and again; what is found goes to
 * the servers' live cells (ctl/resolve_server.c), so no snapshot changes.
 *
 * Thread: control.
 */
#ifndef WEIR_CTL_RESOLVE_H
#define WEIR_CTL_RESOLVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "event/timer.h"
#include "net/dns_msg.h"

struct dns_section;
struct dns_tcp;
struct event;
struct resolvers;
struct server;
struct snapshot;

/* What `show resolvers` tells of a name server. */
#define DNS_COUNTERS(X) \
	X(sent) X(snd_error) X(valid) X(update) X(cname) X(cname_error) X(any_err) X(nx) \
	X(timeout) X(refused) X(other) X(invalid) X(too_big) X(truncated) X(outdated)

struct dns_server {
	struct list	 node;
	struct dns_section *section;
	char		*name;		/* owned */
	struct ip_port	 ip;
	bool		 is_tcp;	/* never by UDP */
	int		 fd;		/* UDP; -1 = not opened yet */
	struct event	*event;		/* owned */
	struct dns_tcp	*tcp;		/* owned; NULL = not open */
	uint32_t	 generation;
#define X(name)	uint64_t name;
	struct { DNS_COUNTERS(X) } count;
#undef X
};

struct dns_section {
	struct list	 node;
	char		*name;		/* owned */
	const struct resolvers *conf;	/* borrowed: current snapshot */
	struct list	 servers;	/* struct dns_server */
	unsigned	 nservers;
	struct list	 resolutions;
	uint32_t	 generation;
};

/* Something that was found, and when it was seen last. */
struct found {
	struct dns_record rec;
	uint64_t	 seen_us;
};

struct resolution {
	struct list	 node;		/* of its section */
	struct dns_section *section;
	char		 name[DNS_NAME_BYTES];
	bool		 is_srv;
	uint8_t		 prefer;	/* AF_INET or AF_INET6 */
	uint32_t	 refs;		/* servers; 0 = it goes at the end of a publish */
	struct timer	 timer;		/* idle: the next question; running: its deadline */
	/* a question under way */
	bool		 is_running, tried_other;
	enum dns_type	 type;
	uint16_t	 id;
	unsigned	 tries, negatives;
	unsigned	 by_tcp;	/* truncated answers that are asked for again */
	/* what is known */
	bool		 is_known;	/* some answer counted, good or bad */
	uint64_t	 valid_us;	/* last good answer, at first when it was made */
	struct found	*found;		/* owned: n of them */
	unsigned	 n;
};

/* ---- resolve.c ---- */

/* A name of a section, new or known; counted. */
struct resolution *resolution_get(struct dns_section *sec, const char *name, bool is_srv,
	    uint8_t prefer);
void	resolution_put(struct resolution *r);	/* NULL is fine */
struct dns_section *dns_section_find(const char *name);
/* All sections, for show resolvers; NULL = the first one. */
struct dns_section *dns_section_next(struct dns_section *s);
uint64_t resolve_failures(void);

/* What a name server sent. */
void	resolve_take(struct dns_server *ns, const uint8_t *msg, size_t len, bool is_tcp);

/* ---- resolve_tcp.c ---- */

/* A question; false: it cannot be sent. */
bool	resolve_tcp_send(struct dns_server *ns, const uint8_t *query, size_t len);
/* A question got no answer in time: a connection that is silent is closed. */
void	resolve_tcp_silent(struct dns_server *ns);
void	resolve_tcp_close(struct dns_server *ns);

/* ---- resolve_server.c ---- */

void	resolve_servers_publish(struct snapshot *s);
void	resolve_servers_fini(void);
/* Something changed in what is known; by: who said it, or NULL. True: a server
 * has another address now. */
bool	resolve_apply(struct resolution *r, const struct dns_server *by);
/* `set server ... fqdn`; false: it is not resolved at run time. */
bool	resolve_set_fqdn(struct server *srv, const char *name);
/* For the state of servers: the name it has, and the SRV record's; NULL = none. */
void	resolve_names(const struct server *srv, const char **ret_fqdn, const char **ret_srv);

#endif
