/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that is asked something: it reads a text, writes one, and ends. Exec
 * providers and notifiers are such programs. It is a row of event/program.h, run by
 * the helper; nothing here waits.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_EXEC_CALL_H
#define WEIR_CTL_EXEC_CALL_H

#include <stddef.h>
#include <stdint.h>

#include "event/child.h"
#include "event/program.h"

struct exec_work;

/* The caller's; texts are borrowed until start has returned. */
struct exec_call {
	int		 row;
	const char	*const (*values)[2];	/* name and value; the last is NULL, NULL */
	const char	*input;
	size_t		 input_len;
	uint64_t	 timeout_us;	/* SIGTERM then, SIGKILL 2 s later */
	void		(*done)(struct exec_call *);
	void		*arg;
	/* the answer, valid within done */
	enum program_end end;
	int		 value;		/* of program_end */
	const char	*output;	/* ends with a 0 that is not counted */
	size_t		 output_len;
	const char	*errors;	/* what it wrote to stderr, the begin of it */
	size_t		 errors_len;
	struct exec_work *work;	/* its own; NULL: not under way */
};

void	exec_call_start(struct exec_call *a);	/* done comes later, never from here */
/* It is ended, done will not come; harmless when idle. */
void	exec_call_cancel(struct exec_call *a);
/* "exit status 3", "killed by signal 9 (Killed)", "no answer within 300 ms", ... */
void	exec_call_end_text(const struct exec_call *a, char *ret, size_t size);

#endif
