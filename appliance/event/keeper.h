/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting a program and ending all that it started: what the two kinds of keepers
 * share (keeper.c, warden.c). The helper forks them; each is a process with one
 * program.
 */
#ifndef WEIR_EVENT_KEEPER_H
#define WEIR_EVENT_KEEPER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "event/helper.h"

struct program;

/* A program about to start; descriptors are -1 where there is none. */
struct keeper_job {
	const char	*text;		/* args, then the environment, each with its 0 */
	unsigned	 nargs, nenv;
	struct helper_identity who;
	const char	*directory;	/* NULL: / */
	bool		 is_private;	/* what it makes is its user's alone */
	uint32_t	 timeout_ms, grace_ms;
	int		 in, out;
	/* of a child */
	int		 data[CHILD_DATA_MAX];	/* become 3 and 4 */
	int		 cgroup;	/* an open cgroup.procs that it joins */
	/* in the program before it drops privileges: 0, or -1 with errno */
	int		(*prepare)(void *arg);
	void		*arg;
};

#define KEEPER_JOB_NONE	((struct keeper_job){ .in = -1, .out = -1, .data = { -1, -1 }, \
	.cgroup = -1 })

struct keeper_program {
	pid_t		 pid;		/* leader of its group; 0 = none */
	int		 pidfd;		/* -1: not known to this kernel */
	int		 out, err;	/* its output; err -1: the same as out */
};

/* In the keeper: 0, or -1 with errno when it could not be run. `meanwhile`, if not
 * NULL, is called after the fork, while the program prepares. */
int	keeper_program_start(struct keeper_program *p, const struct keeper_job *job,
	    int (*meanwhile)(void *arg, pid_t pid));
/* All that descends from this process gets SIGKILL and is waited for. */
void	keeper_end_all(pid_t group);
int64_t	keeper_now_ms(void);
/* A status of waitpid(2), as enum program_end and its value. */
void	keeper_end_of(int status, int32_t *ret_end, int32_t *ret_value);

/* In the helper: a keeper for a call; the socket for its end, or -1 with errno. */
int	keeper_start(const struct keeper_job *job);

/* In the helper: a warden for a child (warden.c); the socket, or -1 with errno. */
struct warden_job {
	struct keeper_job job;
	const struct program *row;
	const char	*id, *address;
	const char	*meta;
	unsigned	 meta_len;
	int		 folder;	/* of instances; -1: none */
};
int	warden_start(const struct warden_job *w);

#endif
