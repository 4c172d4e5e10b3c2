/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words of providers that start programs: what is run, as whom, where, with which
 * limits. Their settings begin with a struct program_conf.
 *
 * Thread: the one that loads.
 */
#ifndef WEIR_CTL_PROVIDER_PROGRAM_H
#define WEIR_CTL_PROVIDER_PROGRAM_H

#include "ctl/provider.h"
#include "event/program.h"

struct program_conf {
	struct program	 program;
	uint64_t	 kill_after_us;
	bool		 has_kill_after;
	int		 row;		/* of event/program.h */
};

extern const struct provider_type provider_process, provider_exec, provider_netns, provider_qemu;

/* In the type's settle: checks the command, defaults, and names the program to the
 * helper. 0, or -1 after diag_error. */
int	provider_program_settle(struct cfg *c, const struct provider_conf *p);
/* The last part of it, for another program of the same provider. */
int	provider_program_name(struct cfg *c, const struct provider_conf *p,
	    struct program_conf *s);

/* any thread */
/* What a program that could not be run, by errno, means for its group. */
enum provider_error provider_program_error(int error);

#endif
