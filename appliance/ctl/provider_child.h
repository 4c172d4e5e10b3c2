/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Providers whose instances are children of this machine (child.h): launch, terminate
 * and describe are the same for all of them. A type adds where an instance is to be
 * reached, and what its program is told. Settings begin with a struct child_settings.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_PROVIDER_CHILD_H
#define WEIR_CTL_PROVIDER_CHILD_H

#include "ctl/child.h"
#include "ctl/file_sync.h"
#include "ctl/provider_program.h"

struct child_kind {
	/* Address and port of a new instance; false: there is none, `why` tells. */
	bool	(*place)(const struct provider_call *call, struct provider_instance *i,
		    char *why, size_t size);
	/* What else its order says; NULL: user data alone. PROVIDER_OK, or `why` tells. */
	enum provider_error (*fill)(const struct provider_call *call, struct child_order_new *o,
		    char *why, size_t size);
	bool	 has_network;	/* the address is its own */
};

struct child_settings {
	struct program_conf program;	/* first */
	const struct child_kind *kind;
	struct program_conf before;	/* runs before each; without words: nothing does */
	uint16_t	 lo, hi;	/* ports of 127.0.0.1; 0: any free one */
	uint32_t	 first, last;	/* of its subnet: addresses of instances, host order */
};

/* Members of a provider_type. */
void	provider_child_start(struct provider_call *call);
void	provider_child_cancel(struct provider_call *call);
bool	provider_child_sample(const struct provider_conf *p, const char *id,
	    struct provider_sample *ret);
const char *provider_child_console(const struct provider_conf *p, const char *id);
const char *provider_child_missing(const struct provider_conf *p);
/* Of their struct provider_type. */
#define PROVIDER_OF_CHILDREN \
	.start = provider_child_start, .cancel = provider_child_cancel, \
	.sample = provider_child_sample, .console = provider_child_console, \
	.missing = provider_child_missing, .can_adopt = true, .owns_all = true
extern const struct provider_files provider_child_files;	/* child_files.c */

/* `place` of a kind: 127.0.0.1 and a port that nobody has; an address of the subnet. */
bool	provider_child_port(const struct provider_call *call, struct provider_instance *i,
	    char *why, size_t size);
bool	provider_child_address(const struct provider_call *call, struct provider_instance *i,
	    char *why, size_t size);

/* "WEIR_ID={id}" and so on: what each program finds in its environment. */
extern const char *const provider_child_env[];
extern const unsigned provider_child_nenv;

#endif
