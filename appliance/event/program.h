/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that the configuration names: rows, known to the helper and frozen when
 * it starts. What is started later is said by the row's number and by values for its
 * placeholders, `{name}` in words and environment; so whoever has taken over the
 * worker process can start what an operator wrote, and nothing else.
 *
 * A program is a call (it gets bytes, answers bytes and ends; event/keeper.c) or a
 * child that lives on (event/warden.c). A child has an id, a process beside it that
 * keeps its last output, samples it and ends it, and, where weir has a state-dir,
 * a socket there by which the next weir finds it: it outlives a crash, not a stop.
 */
#ifndef WEIR_EVENT_PROGRAM_H
#define WEIR_EVENT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PROGRAM_WORDS_MAX	128u
#define CHILD_ID_MAX		64u
#define CHILD_META_MAX		1024u
#define CHILD_CONSOLE_BYTES	4096u
#define CHILD_DATA_MAX		2	/* descriptors that a child is given */

#define PROGRAM_TAP_BYTES	16u

struct program {
	const char *const *args;	/* args[0]: an absolute path */
	unsigned	 nargs;
	const char *const *env;		/* "NAME=value"; PATH and LANG are there always */
	unsigned	 nenv;
	const char	*directory;	/* NULL: / */
	bool		 has_user;	/* else that of helper_set_user */
	uid_t		 uid;
	gid_t		 gid;
	/* of children */
	int		 stop_signal;	/* 0: SIGTERM */
	int		 reload_signal;	/* 0: none; when its files have changed */
	uint32_t	 kill_after_ms;
	const char	*cgroup;	/* NULL: none */
	uint32_t	 cpu_pct;	/* of one core; 0: no limit */
	uint64_t	 memory_bytes;
	const char	*bridge, *gateway;	/* own network: NULL: none. "10.9.0.1/24" */
	bool		 is_in_folder;	/* its working folder is that of instances */
	const char	*devices[2];	/* that it needs; NULL: none */
	bool		 is_tap;	/* `bridge` gets an interface of the program's: {tap} */
};

/* start-up, or while a configuration is loaded: any one thread */
/* The row's number; the same program, the same row. -1: the list is frozen and it
 * is not there. Texts are copied. */
int	program_row(const struct program *p);

/* any thread: words for a start, by the helper */
struct program_run;
struct program_run *program_run_new(int row);	/* released with free */
/* False: not [A-Za-z0-9._:/-]{1,255}, or too much. */
bool	program_run_value(struct program_run *r, const char *name, const char *value);
bool	program_is_value(const char *text);
/* The interface of a child with is_tap. */
void	program_tap_name(const char *id, char ret[PROGRAM_TAP_BYTES]);

/* These wait for the helper: a job thread's work. -1 with errno. */

/* A call: the socket that brings one struct program_result (event/child.h). `in`:
 * what it reads; `out`: gets what it writes, at most PROGRAM_OUTPUT_MAX, what it
 * writes to stderr is in the result then. -1: /dev/null, and both in the result.
 * When the time is over: SIGTERM, after grace_ms SIGKILL, to all of it. */
int	program_call(const struct program_run *r, uint32_t timeout_ms, uint32_t grace_ms, int in,
	    int out);

/* A child: the socket that brings struct child_report. meta: for whoever adopts it.
 * data: descriptors that it finds as 3 and 4; -1 = none. */
struct child_start {
	const char	*id;
	const void	*meta;
	size_t		 meta_len;
	int		 data[CHILD_DATA_MAX];
	const char	*address;	/* of its own network; NULL: none */
};
int	program_spawn(const struct program_run *r, const struct child_start *c);
/* The first child behind the id `after` ("": of all) that lives on; ENOENT: no more. */
int	program_adopt(const char *after, char ret_id[CHILD_ID_MAX + 1]);
/* Files that were made for a child that could not be started go; EBUSY: it is there. */
int	program_forget(const char *id);
/* A connection to the stream socket ID+suffix that a child has made in the folder of
 * instances. */
int	program_connect(const char *id, const char *suffix);
/* What this row asks for and this machine refuses, as a text; "" = nothing. */
void	program_probe(int row, char *ret, size_t size);

/* start-up: the folder of instances, made when it is not there; without one children
 * end with weir. A child's files there, ID.anything, go with it. */
void	program_set_folder(const char *path);
bool	program_has_folder(void);

/* ---- what a child's keeper says and hears ---- */

enum child_report_kind {
	CHILD_HELLO,		/* it runs: pid, meta */
	CHILD_SAMPLE,
	CHILD_EXITED,		/* the last one; end and value as of struct program_result */
};

/* Counted since its start, but memory. */
struct child_sample {
	uint64_t	 at_us;		/* monotonic */
	uint64_t	 cpu_us, memory_bytes, read_bytes, write_bytes, read_ops, write_ops;
	uint64_t	 net_in, net_out;
	uint32_t	 cpu_pct;	/* its limit; 0 = none */
	uint8_t		 has_io, has_net;
};

struct child_report {
	int32_t		 kind;
	int32_t		 end, value;
	int32_t		 pid;
	struct child_sample sample;
	uint32_t	 meta_len;
	char		 meta[CHILD_META_MAX];
	char		 missing[256];	/* what was refused of what the row asks for */
	uint32_t	 console_len;	/* valid when has_console: its last output */
	uint8_t		 has_console;
	char		 console[CHILD_CONSOLE_BYTES];	/* sent up to console_len */
};

enum child_order_kind {
	CHILD_STOP, CHILD_KILL, CHILD_RELOAD,
	CHILD_EXPECT,		/* it was told to end: no signal, but the delay counts */
	CHILD_META		/* another meta text */
};

/* meta is sent with CHILD_META only. */
struct child_order {
	int32_t		 kind;
	uint32_t	 meta_len;
	char		 meta[CHILD_META_MAX];
};
#define CHILD_ORDER_BYTES	(sizeof(int32_t))	/* of the others */

#endif
