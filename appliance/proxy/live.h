/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Live cells: what outlives a snapshot. Keyed by (kind, proxy, name): a reload
 * finds the cell of the same name again, so counters, states, inflight, queues
 * and idle pools stay. Counted by the snapshots that point to them, freed when
 * the last one is reclaimed.
 *
 * Who writes what: state, weight, epoch: control, read by data threads as 32-bit
 * atomics. inflight and other gauges: data threads, atomic add. Per-thread parts
 * (counters, idle connections): their thread.
 */
#ifndef WEIR_PROXY_LIVE_H
#define WEIR_PROXY_LIVE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/hist.h"
#include "base/list.h"
#include "base/magic.h"
#include "proxy/badmsg.h"
#include "event/mailbox.h"
#include "proxy/count.h"
#include "proxy/rate.h"

struct addr;			/* net/addr.h */
struct dns_user;
struct check;			/* ctl/check.h */
struct proxy;
struct server;
struct snapshot;

#define PROXY_LIVE_MAGIC	0x504c4956u
#define SERVER_LIVE_MAGIC	0x534c4956u
#define LIVE_NOT_SET		UINT32_MAX

/* A queue of transactions that wait for a slot; FIFO over all threads. The
 * mutex is taken only when no slot was free or somebody waits. */
struct wait_queue {
	pthread_mutex_t	 lock;
	struct list	 head;		/* struct txn by queue_node, oldest first */
	_Atomic uint32_t len;
	_Atomic uint32_t max;
	_Atomic uint32_t entered;	/* in all; see queue.c */
};

/* A gauge with its maximum. */
struct gauge {
	_Atomic uint32_t cur, max;
};

/* any thread; returns the new value */
static inline uint32_t
gauge_inc(struct gauge *g)
{
	uint32_t v = atomic_fetch_add_explicit(&g->cur, 1, memory_order_relaxed) + 1;

	if (unlikely(v > atomic_load_explicit(&g->max, memory_order_relaxed)))
		atomic_store_explicit(&g->max, v, memory_order_relaxed);
	return v;
}

static inline uint32_t
gauge_dec(struct gauge *g)
{
	return atomic_fetch_sub_explicit(&g->cur, 1, memory_order_relaxed) - 1;
}

static inline uint32_t
gauge_get(const struct gauge *g)
{
	return atomic_load_explicit(&g->cur, memory_order_relaxed);
}

/* Operational state of a server as balancing sees it. */
enum server_op { SRV_OP_STOPPED = 0, SRV_OP_STARTING = 1, SRV_OP_RUNNING = 2, SRV_OP_STOPPING = 3 };
/* Admin bits, as `show servers state` prints them. */
#define SRV_ADM_FMAINT	0x01u	/* forced maintenance */
#define SRV_ADM_IMAINT	0x02u	/* inherited maintenance (tracking) */
#define SRV_ADM_CMAINT	0x04u	/* configured `disabled` (kept beside FMAINT) */
#define SRV_ADM_FDRAIN	0x08u	/* forced drain */
#define SRV_ADM_IDRAIN	0x10u
#define SRV_ADM_RMAINT	0x20u	/* no address */
#define SRV_ADM_MAINT	(SRV_ADM_FMAINT | SRV_ADM_IMAINT | SRV_ADM_CMAINT | SRV_ADM_RMAINT)
#define SRV_ADM_DRAIN	(SRV_ADM_FDRAIN | SRV_ADM_IDRAIN)

enum fe_state { FE_OPEN, FE_PAUSED, FE_STOPPED };

/* An address set at run time: proxy/server_addr.h. */
struct live_addr {
	_Atomic uint32_t version;	/* odd: being written; 0 = never set */
	_Atomic uint32_t meta;
	_Atomic uint64_t ip[2];
};

/* How long a server took to answer: one thread's sums, and the extremes since the
 * reader last asked for new ones (server_live.latency_round). */
struct latency {
	uint64_t	 n, sum_us;
	uint32_t	 round, min_us, max_us;
};

/* One thread's part of a server. */
struct server_thread {
	struct list	 idle;		/* server connections, most recently used first */
	uint32_t	 nidle;
	uint32_t	 inflight;	/* of this thread */
	uint32_t	 lb_bucket;
	uint64_t	 ewma_us, ewma_at_us;	/* peak-ewma: cost, time of last update */
	/* passive health: this thread's part of the present and the last slot of 2.5 s;
	 * relaxed stores, summed over threads when something failed */
	uint32_t	 win_requests, win_failures;
	uint32_t	 win_last_requests, win_last_failures;
	uint64_t	 win_start_us;
	struct latency	 latency;
	struct counters	 count;
	struct hist	 total;		/* total time of its transactions */
} __attribute__((aligned(CACHE_LINE)));

struct server_live {
	uint32_t	 magic;
	_Atomic uint32_t refs;		/* snapshots */
	char		*backend, *name;	/* owned */
	int		 proxy_id, id;
	unsigned	 nthreads;
	/* control writes, all read */
	_Atomic uint32_t op_state;	/* enum server_op */
	_Atomic uint32_t admin;		/* SRV_ADM_* */
	_Atomic uint32_t usable;	/* 1: may get new sessions (weight may still be 0) */
	_Atomic uint32_t eweight;	/* effective weight now, x16 under slowstart; see lb.h */
	_Atomic uint32_t uweight;	/* user's weight 0..256 */
	_Atomic uint32_t iweight;	/* configured */
	_Atomic uint32_t max_now;	/* effective maxconn now; 0 = unlimited */
	struct live_addr addr;		/* set at run time; server_addr.h */
	_Atomic uint64_t eject_until_us;	/* > now: softly ejected, or on probe; passive.c */
	_Atomic uint32_t eject_count;
	_Atomic uint32_t errors_in_row;	/* observe.c's, and the three below */
	_Atomic uint32_t observed, limits_hit, observe_told;
	_Atomic uint32_t latency_round;	/* control; see struct latency */
	/* all data threads */
	struct gauge	 inflight __attribute__((aligned(CACHE_LINE)));	/* slots in use */
	struct gauge	 idle;		/* idle connections, all threads */
	struct wait_queue queue;
	/* control only */
	struct check	*check, *agent;	/* owned by ctl */
	struct mail	 observe_mail;	/* of the data thread that met a limit, to control */
	uint32_t	 hanafail;	/* limits of observe reached */
	bool		 is_leaving;	/* its instance goes: nothing new, by cookie neither */
	uint64_t	 since_us;	/* last change, monotonic */
	uint64_t	 down_us;	/* sum of finished downtimes */
	const char	*told;		/* static: its state in the latest event; NULL = none */
	uint32_t	 chkfail, chkdown;
	uint32_t	 chkconn_failed;	/* checks that did not get a connection */
	uint32_t	 rate_last, rate_max;	/* sessions per second, by the tick */
	uint64_t	 rate_prev;
	uint32_t	 maxconn_set;	/* `set maxconn server`; LIVE_NOT_SET = configured */
	struct dns_user	*dns;		/* owned by ctl/resolve_server.c */
	struct addr	*check_addr;	/* owned: `set server ... check-addr`; NULL = configured */
	uint16_t	 check_port;	/* `set server ... check-port`; 0 = configured */
	uint64_t	*base;		/* owned: counters when they were cleared; NULL = never */
	_Atomic(const struct server *) conf;	/* of the current snapshot; NULL: of none */
	struct server_live *reg_next;	/* registry */
	uint32_t	 snaps;		/* registry: snapshots among refs */
	bool		 is_retired;	/* registry: not to be found any more */
	struct server_thread *threads;	/* owned: nthreads of them */
};

struct proxy_thread {
	struct counters	 fe, be;
	struct hist	 queue, connect, response, total;	/* backend */
	/* balance state of this thread, rebuilt when generation or epoch differ */
	uint32_t	 lb_generation, lb_epoch;
	void		*lb_state;	/* owned: lb.c's, with the algorithm's inside */
	void		(*lb_free)(void *);
} __attribute__((aligned(CACHE_LINE)));

struct proxy_live {
	uint32_t	 magic;
	_Atomic uint32_t refs;
	char		*name;		/* owned */
	unsigned	 nthreads;
	_Atomic uint32_t fe_state;	/* enum fe_state */
	_Atomic uint32_t fe_max_now;	/* `set maxconn frontend`; 0 = configured */
	_Atomic uint32_t epoch;		/* control: grows with each change of a server */
	_Atomic uint32_t nusable;	/* can serve now; backups when active ones are gone */
	_Atomic bool	 is_unpublished;	/* no rule leads here: be_switch.h */
	bool		 said_unpublished;	/* control: by the configuration in service */
	struct gauge	 fe_conn __attribute__((aligned(CACHE_LINE)));
	struct gauge	 be_conn;	/* transactions in the backend, queued ones too */
	struct gauge	 be_served;	/* of them, holding a server */
	struct rate	 fe_sess_rate;	/* rate-limit sessions */
	_Atomic uint64_t rr_cursor __attribute__((aligned(CACHE_LINE)));
	struct wait_queue queue;
	badmsg_slot	 bad_request, bad_response;	/* owned */
	/* control only */
	uint64_t	 since_us, down_us;
	uint32_t	 chkdown;
	uint32_t	 fe_rate_max, be_rate_max, req_rate_max, conn_rate_max;
	uint32_t	 fe_rate, be_rate, req_rate, conn_rate;
	uint64_t	 fe_prev, be_prev, req_prev, conn_prev;
	uint64_t	*base_fe, *base_be;	/* owned: as in struct server_live */
	void		*cookies;	/* owned: cookie_map.c's; what commands changed */
	_Atomic(const struct proxy *) conf;	/* of the current snapshot; NULL: of none */
	unsigned	 cap;		/* CAP_*: part of the key */
	struct proxy_live *reg_next;	/* registry */
	uint32_t	 snaps;
	struct proxy_thread *threads;	/* owned */
};

/* control thread or a job thread */
/* Give each proxy and server of a prepared snapshot its cell (old or new); the
 * references are dropped when the snapshot is freed. */
void	live_attach(struct snapshot *s);
/* Just before a snapshot that was attached is published: cells take over what
 * it says (weights, `disabled`, limits); what an operator set stays. control thread */
void	live_commit(struct snapshot *s);
/* Connections hold their cells too. any thread; only the last one takes a lock */
void	live_server_ref(struct server_live *l);
void	live_server_unref(struct server_live *l);
void	live_proxy_ref(struct proxy_live *l);
void	live_proxy_unref(struct proxy_live *l);
/* Called with each server cell just before it is freed (ctl frees its check);
 * start-up. The registry is locked during the call. */
void	live_on_server_free(void (*fn)(struct server_live *));
/* The server was removed: one of this name that comes later is a new one. */
void	live_server_retire(const char *backend, const char *name);
unsigned live_count(void);	/* cells there are; a gauge */
/* Recompute usable/eweight/max_now of a server from op_state, admin, weights and
 * bump its backend's epoch; control thread. */
void	live_server_changed(struct proxy_live *be, struct server_live *s);
/* Servers that can serve now. */
void	live_count_usable(const struct proxy *px, unsigned *ret_active, unsigned *ret_backup);
/* The maxconn in force before slow start: set by command, else configured; 0 = none. */
uint32_t live_server_maxconn(const struct server_live *s);
uint64_t live_sum_fe(const struct proxy_live *l, enum counter id);	/* any thread */
uint64_t live_sum_be(const struct proxy_live *l, enum counter id);
uint64_t live_sum_server(const struct server_live *l, enum counter id);

#endif
