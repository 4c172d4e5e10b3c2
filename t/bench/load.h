/*
 * The load generator's parts: load.c (options, clock, report), load_run.c
 * (one worker thread: its connections and their steps), load_tls.c (OpenSSL
 * over an own BIO), load_cpu.c (CPU time of other processes).
 */
#ifndef WEIR_BENCH_LOAD_H
#define WEIR_BENCH_LOAD_H

#include <netinet/in.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/ssl.h>

#include "hist.h"

enum {
	RX_SIZE = 64 * 1024,		/* a worker's read buffer */
	HEAD_MAX = 4096,		/* a response head in pieces */
	THREADS_MAX = 64,
	WATCH_MAX = 8,
	WATCH_PIDS = 64,
};

enum proto { P_HTTP, P_TCP, P_BULK };

struct options {
	struct sockaddr_in addr;
	enum proto	 proto;
	bool		 tls;
	bool		 fresh;		/* a new connection per request */
	bool		 resume;	/* TLS session of the connection before */
	bool		 idle;		/* open, one request each, hold */
	int		 conns;
	int		 threads;
	int		 each;		/* idle: requests before holding */
	uint64_t	 requests;	/* in all, 0 = no bound */
	double		 seconds, warmup;
	double		 rate;		/* per second, 0 = closed loop */
	uint64_t	 size;		/* body, or TCP bytes, or bulk bytes */
	const char	*request;	/* bytes of one request */
	size_t		 request_len;
};

extern struct options	 opt;

enum state {
	S_FREE, S_CONNECT, S_HANDSHAKE,
	S_IDLE,			/* paced or held: owes nothing */
	S_HEAD,			/* request sent, head awaited */
	S_BODY,			/* body awaited; the state of TCP too */
	S_EOF,			/* answered, close of the peer awaited */
};

struct worker;

struct conn {
	int		 fd;
	enum state	 state;
	bool		 drained;	/* no edge since recv fell short */
	bool		 hung_up;	/* no further edge will come: read to the end */
	bool		 peer_closes;	/* Connection: close in the head */
	int		 done;		/* requests on this connection */
	uint64_t	 start_ns;
	uint64_t	 body_left;
	size_t		 sent;		/* of the request */
	int		 lowat;		/* SO_RCVLOWAT, 1 = as it was */
	char		*head;		/* owned; a head that came in pieces */
	size_t		 head_len;
	SSL		*ssl;		/* owned */
	SSL_SESSION	*session;	/* owned; for the next connection */
	struct worker	*worker;
	struct conn	*next_idle;
};

struct worker {
	pthread_t	 thread;
	int		 epfd;
	struct conn	*conns;		/* owned */
	int		 nconns, live;
	int		 opened;	/* of nconns, ever */
	uint64_t	 quota;		/* requests still to be begun */
	bool		 bounded;	/* quota counts */
	struct conn	*idle;		/* paced: free connections */
	double		 next_due_ns, interval_ns;
	SSL_CTX		*tls;		/* owned */
	/* TLS: bytes received and not yet taken by OpenSSL, of one conn */
	unsigned char	*raw;		/* owned */
	size_t		 raw_off, raw_len;
	char		*rx;		/* owned */
	struct hist	 hist;
	/* one writer, read by the main thread */
	_Atomic uint64_t requests, bytes, errors, handshakes, resumed, held;
	const char *_Atomic first_error;
	atomic_bool	 ended;
};

/* any thread */
uint64_t now_ns(void);

/* main thread; true = latencies count */
extern atomic_bool	 measuring;
extern atomic_bool	 stopping;

/* load_run.c; worker_run is the thread's main function */
void worker_init(struct worker *w, int nconns, uint64_t quota, double rate);
void *worker_run(void *arg);
void worker_fini(struct worker *w);

/* load_tls.c, worker thread: 1 or bytes = done, 0 = again later, -1 = broken
 * or closed by the peer (tls_read says closed by *ret_eof) */
void tls_worker_init(struct worker *w);
void tls_worker_fini(struct worker *w);
int tls_open(struct conn *c);
int tls_handshake(struct conn *c);
int tls_write(struct conn *c, const char *buf, size_t len);
int tls_read(struct conn *c, char *buf, size_t len, bool *ret_eof);
void tls_close(struct conn *c);

/* load_cpu.c, main thread: CPU time of processes and all their threads */
struct watch {
	char		 name[32];
	int		 pids[WATCH_PIDS];
	int		 npids;
	uint64_t	 sched_ns;	/* of /proc/PID/task/TID/schedstat */
	uint64_t	 stat_ns;	/* of /proc/PID/stat: coarser, but it
					 * knows threads that have ended */
};

void watch_parse(struct watch *w, const char *spec);
void watch_sample(struct watch *w);

#endif
