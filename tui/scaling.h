/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the scaling screen share. */
#ifndef WEIR_TUI_SCALING_H
#define WEIR_TUI_SCALING_H

#include "tui/objects.h"
#include "tui/trial.h"

struct scaling_state {
	struct objects groups, instances, policies, activities;
	bool	 is_trying, is_typing;
	struct edit edit;
	char	 with[256];		/* busy.threshold=10 cooldown=60s max=8 */
	char	 policy[512];		/* GROUP/POLICY as the command wants it */
	struct host *host;
	struct trial trial;
};

struct scaling_state *scaling_state(const struct model *m);
const struct object *scaling_group(struct model *m);		/* chosen; NULL: none */
const struct object *scaling_policy(struct model *m);

/* What the chosen policy would have done on what was recorded, as it is and with other
 * values. */
void	scaling_try_begin(struct model *m);
void	scaling_try_wants(struct model *m, struct wants *w);
void	scaling_try_draw(struct model *m, struct area a);
bool	scaling_try_key(struct model *m, const struct key *k);

#endif
