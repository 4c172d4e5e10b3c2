/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listening sockets. They belong to the process, never to a snapshot: opened all
 * at once before threads start, never closed and reopened, so no accept queue
 * ever dies with connections in it. A snapshot only refers to them.
 *
 * TCP addresses of our own: nthreads sockets with SO_REUSEPORT; before that one
 * probe bind without it, so that a port used by anyone is an error. fd@, unix
 * and abns: one descriptor, watched by each data thread. Level-triggered and
 * persistent; a pause is event_del in that thread, resumed by timer or message.
 */
#ifndef WEIR_NET_LISTEN_H
#define WEIR_NET_LISTEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/list.h"
#include "net/addr.h"

struct event;
struct listener;
struct loop;

/* How to open it; what bind options say. */
struct listen_conf {
	uint32_t	 backlog;	/* 0 = default */
	bool		 defer_accept, tfo, transparent, v6only, noreuseport;
	const char	*interface;
	mode_t		 mode;		/* unix: 0 = umask's */
	bool		 has_uid, has_gid;
	uid_t		 uid;
	gid_t		 gid;
};

/* New connections; the callee owns fd. Return false to pause this thread's
 * socket (limit reached): resumed by listener_resume_here. */
typedef bool listener_admit(struct listener *l);
typedef void listener_accepted(struct listener *l, int fd, const struct sockaddr *sa);

struct listener {
	struct list	 node;		/* of all listeners */
	struct addr	 addr;		/* as bound; for fd@ what getsockname says */
	struct addr	 conf_addr;	/* as configured: the key */
	unsigned	 nfds;		/* nthreads, or 1 when shared */
	int		*fds;		/* owned */
	struct event	**events;	/* owned: one per thread, each touched by its thread only */
	unsigned	 nthreads;
	unsigned	 maxaccept;
	bool		 is_control;	/* watched by the control thread only (stats socket) */
	char		*unlink_path;	/* owned; NULL = none */
	listener_admit	*admit;		/* asked before each accept; may be NULL */
	listener_accepted *accepted;
	void		(*starved)(struct listener *l);	/* out of descriptors; may be NULL */
	_Atomic(void *)	 user;		/* the snapshot's bind_conf; release/acquire */
	void		*live;		/* the frontend's live cell; never changes */
	_Atomic uint32_t conns;		/* for a bind's own maxconn */
	_Atomic(void *)	 counts;	/* owned: of this listener alone; NULL = none */
	_Atomic uint32_t disabled;	/* control: pauses last until it is 0 again */
};

/* start-up, before threads: NULL with a message in err, as HAProxy words it
 * ("cannot bind socket (Address already in use) for [127.0.0.1:80]") */
struct listener *listener_open(const struct addr *a, const struct listen_conf *conf,
	    unsigned nthreads, char *err, size_t err_size);
struct listener *listener_find(const struct addr *conf_addr);
extern struct list listeners;		/* all of them */
void	listener_close(struct listener *l);	/* all threads stopped watching it */
void	listener_close_all(void);	/* shutdown; threads are gone */

/* the thread of `loop` */
int	listener_start(struct listener *l, struct loop *loop);	/* watch; 0 or -1 */
void	listener_stop(struct listener *l, struct loop *loop);	/* stop watching for good */
/* us 0 = until resumed */
/* A soft stop: take what already waits in the kernel's queue; then stop. */
void	listener_drain(struct listener *l, struct loop *loop);
void	listener_pause(struct listener *l, struct loop *loop, uint64_t us);
void	listener_resume(struct listener *l, struct loop *loop);

#endif
