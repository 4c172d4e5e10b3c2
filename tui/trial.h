/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two answers of `policy test` side by side: sizes over time, totals, changes.
 */
#ifndef WEIR_TUI_TRIAL_H
#define WEIR_TUI_TRIAL_H

#include "tui/objects.h"
#include "tui/points.h"

struct trial {
	struct points now, tried;	/* sizes over time, made while drawing */
};
void	trial_fini(struct trial *t);

/* tried NULL: one only. Names stand before the totals; until_s is the appliance's time. */
struct trial_side { const struct answer *answer; const char *name; };
void	trial_draw(struct trial *t, struct trial_side now, struct trial_side tried,
	    int64_t until_s, unsigned window_s, struct area a);

#endif
