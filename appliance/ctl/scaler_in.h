/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between scaler.c, which decides, and operation.c, which calls providers.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_SCALER_IN_H
#define WEIR_CTL_SCALER_IN_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/provider.h"
#include "event/sched.h"

struct activity;
struct group;
struct snapshot;

enum op_state {
	OP_NONE,
	OP_STORING,		/* its row is written first */
	OP_CALLING,
	OP_UNKNOWN		/* a launch whose result nobody knows: describe tells */
};

/* One call, and what it is to do. A launch of unknown result keeps its token. */
struct operation {
	struct group	*group;
	enum op_state	 state;
	uint64_t	 number;
	char		 token[PROVIDER_TOKEN_MAX + 1];
	struct provider_call call;
	struct snapshot	*snap;		/* held while it is called */
	unsigned	 count;
	char		 zone[64];
	char		*cause;		/* owned */
	bool		 begins_cooldown, is_warm;
	struct activity	**activities;	/* owned; count of them, of a launch */
	struct provider_tag *tags;	/* owned */
	char		*launch_name;	/* owned */
	uint32_t	 launch_version;
	char		(*ids)[INSTANCE_ID_MAX + 1];	/* owned; of all but a launch */
	const char	**id_list;	/* owned */
	uint64_t	 failed_look;	/* describes begun later tell what became of it */
};

struct scaler {
	struct group	*group;
	struct operation launch, terminate, power;	/* power: stop or start */
	/* describing */
	struct provider_call describe;
	struct snapshot	*describe_snap;
	bool		 is_describing, describes_again;
	uint64_t	 looks;		/* describes begun so far */
	uint64_t	 seen_look;	/* the last one that was answered */
	struct sched_timer describe_timer;
	/* trouble */
	struct sched_timer back_off;
	uint64_t	 back_off_us;	/* the last one */
	bool		 is_stopped;	/* until the configuration changes */
	char		 trouble[320];
	char		 failed_zone[64];
	/* looking */
	unsigned	 depth;		/* within something that looks at its end */
	bool		 is_dirty;
	unsigned	 nowed;		/* launches owed for unhealthy ones that went */
	bool		 is_rebalancing;
};

/* What a launch is for; texts are copied. */
struct launch_order {
	const char	*zone, *cause;
	unsigned	 count;
	bool		 begins_cooldown, is_warm;	/* is_warm: for the warm pool */
};

/* False: one is open already. */
bool	operation_launch(struct scaler *sc, const struct launch_order *o);
/* A launch of unknown result is tried again, with its token. */
void	operation_relaunch(struct scaler *sc);
/* ... or given up. */
void	operation_give_up(struct scaler *sc);
/* All that are ready. */
void	operation_terminate(struct scaler *sc);
/* Instances of the warm pool that are to stop, and those that come out of it. */
void	operation_power(struct scaler *sc);
void	operation_describe(struct scaler *sc);
void	operations_begin(struct scaler *sc);
void	operations_cancel(struct scaler *sc);
/* Brackets around what may kick the scaler more than once. */
void	scaler_enter(struct scaler *sc);
void	scaler_leave(struct scaler *sc);
/* The provider of a group, in the current snapshot; NULL: it is gone. */
const struct provider_conf *scaler_provider(const struct group *g);

#endif
