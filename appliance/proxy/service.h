/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP services: answers that the control thread makes and a data thread sends,
 * as the statistics page and the Prometheus exporter. A service is a row.
 *
 * A call goes back and forth between the two threads and belongs to one of them
 * at any time. The data thread fills in the request and sends it off; control
 * makes a piece of the answer (at most 1 ms of work and about 16 KiB a visit) and
 * sends it back; when the client has taken it the call goes for the next piece.
 * A client that leaves ends it at its next visit to control, which frees it. A
 * transaction waits for its call to come home before it ends, so what control
 * reads of it (request, configuration) is there.
 */
#ifndef WEIR_PROXY_SERVICE_H
#define WEIR_PROXY_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/out.h"
#include "base/str.h"
#include "event/mailbox.h"

struct loop;
struct service_call;
struct snapshot;
struct txn;

struct service_row {
	const char	*name;		/* what `use-service` takes */
	const char	*log_name;	/* `<STATS>`: its server in log lines */
	bool		 is_internal;	/* begun by its own keywords, not by use-service */
	bool		 wants_body;	/* of a POST, up to SERVICE_BODY bytes */
	/* control thread: sets status, type and fields; then `more` or all of `out` */
	void		(*start)(struct service_call *c);
	const char	*help;
};

#define SERVICE_BODY	16384u
#define SERVICE_PIECE	16384u
#define SERVICE_FIELDS	8

struct service_call {
	struct mail	 mail;
	const struct service_row *row;
	struct loop	*home;
	/* the request; the data thread fills it in before the first visit */
	const void	*arg;		/* of the rule or keyword; borrowed: snapshot */
	uint8_t		 method;	/* enum http_method */
	struct str	 path, query, host, origin, referer, fetch_site;
	struct str	 client;	/* its address as text */
	bool		 is_tls;
	unsigned	 flags;		/* the row's own */
	struct outbuf	 body;
	bool		 body_is_cut;
	/* the answer; control fills it in */
	uint16_t	 status;
	const char	*content_type;	/* NULL = none */
	struct {
		const char	*name;
		char		*value;	/* owned */
	} fields[SERVICE_FIELDS];
	unsigned	 nfields;
	struct outbuf	 out;		/* the piece under way */
	bool		 is_last;
	bool		(*more)(struct service_call *c);	/* true: that was all */
	void		*state;		/* owned by state_free */
	void		(*state_free)(void *state);
	struct snapshot	*held;		/* control: see service_hold */
	/* the data thread's */
	struct txn	*t;
	uint8_t		 place;		/* enum service_place */
	bool		 is_started;	/* control: start was called */
	bool		 is_ending;	/* this visit is the last */
	char		 client_text[64];
};

/* start-up; the loop of the control thread */
void	service_init(struct loop *control);

/* control thread, from a row's functions */
void	service_field(struct service_call *c, const char *name, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
/* The configuration in service, kept until the call ends. */
struct snapshot *service_hold(struct service_call *c);

/* data thread */
/* The transaction will be answered by this service: sets its next step. */
void	service_begin(struct txn *t, const struct service_row *row, const void *arg,
	    unsigned flags);
/* step_service's, while t->call is there: enum step_result */
int	service_step(struct txn *t);
void	service_body_in(struct txn *t, struct str data);
/* False: the call is with control, wait for it. */
bool	service_leave(struct txn *t);

/* any thread; NULL = none */
const struct service_row *service_find(const char *name);

#endif
