/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Instances that are gone: the last PAST_MAX of them, with their console's last output
 * and the transcripts of their last checks.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_INSTANCE_PAST_H
#define WEIR_CTL_INSTANCE_PAST_H

#include <stdint.h>

#include "ctl/provider.h"

struct instance;

#define PAST_MAX	64u

struct instance_past {
	char		 id[INSTANCE_ID_MAX + 1];
	char		 zone[64], address[80];
	char		*group, *launch_name;	/* owned */
	uint32_t	 launch_version;
	uint64_t	 launched_us, ended_us;
	char		*cause;		/* owned: why it ended; "" = not known */
	char		*console, *checks;	/* owned; NULL = none */
};

/* As it goes. */
void	past_add(const struct instance *i);
const struct instance_past *past_find(const char *id);	/* valid until the next past_add */
void	past_free(void);

/* Of one that is there; NULL = none. The checks' text is the caller's to free. */
const char *instance_console(const struct instance *i);
char	*instance_checks(const struct instance *i);

#endif
