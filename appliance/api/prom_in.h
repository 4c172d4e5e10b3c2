/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the Prometheus exporter share. Thread: control. */
#ifndef WEIR_API_PROM_IN_H
#define WEIR_API_PROM_IN_H

#include "api/stat.h"

struct outbuf;
struct proxy_live;
struct server_live;

/* The first four as enum stat_kind. */
#define PROM_FRONTEND	0x01u
#define PROM_BACKEND	0x02u
#define PROM_SERVER	0x04u
#define PROM_LISTENER	0x08u
#define PROM_GLOBAL	0x10u
#define PROM_STICK	0x20u		/* stick tables */
#define PROM_ALL	0x3fu

enum prom_state { PROM_DOWN, PROM_UP, PROM_MAINT, PROM_DRAIN, PROM_NOLB, PROM_STATES };

/* Times in cumulative buckets; bounds are powers of two in microseconds. */
#define PROM_BOUND_FIRST	7	/* 128 us */
#define PROM_BOUNDS		20	/* to 67 s */

struct prom_hist {
	uint64_t	 below[PROM_BOUNDS], count;
	double		 sum_s;		/* from the middles of the fine buckets */
};

enum prom_phase { PROM_QUEUE, PROM_CONNECT, PROM_RESPONSE, PROM_TOTAL, PROM_PHASES };

struct prom_row {
	enum stat_kind	 kind;
	int		 iid;
	bool		 is_http, is_ejected;
	int		 state, check;	/* number of its name; check: -1 = none */
	char		*proxy, *name;	/* owned; of a server or listener, else NULL */
	struct prom_hist *hist;		/* owned; of a backend PROM_PHASES of them */
	struct stat_value v[ST_MAX];	/* numbers only */
};

struct prom_rows {
	struct prom_row	*row;		/* owned */
	size_t		 n, cap;
};

/* weir_*: the walk over its names */
struct prom_own {
	unsigned	 wanted;	/* PROM_* */
	bool		 extra, is_begun;
	unsigned	 name;
	size_t		 at;
};

void	prom_head(struct outbuf *b, const char *name, const char *type, const char *help);
void	prom_labels(struct outbuf *b, const struct prom_row *r);	/* behind the { */
/* Of a server's state, enum prom_state; all other rows but listeners have two of them. */
const char *prom_state_name(unsigned state);
const char *prom_check_name(int i);		/* NULL: no more */
int	prom_check_of(const char *name);	/* `* L4OK`: its number, -1 = none */

/* prom_own.c */
struct prom_hist *prom_hist_backend(const struct proxy_live *l);
struct prom_hist *prom_hist_server(const struct server_live *l);
bool	prom_is_ejected(const struct server_live *l);
/* prom_stick.c */
void	prom_stick(struct outbuf *b);
/* prom_own.c */
bool	prom_own_piece(struct prom_own *o, const struct prom_rows *rows, struct outbuf *b);

#endif
