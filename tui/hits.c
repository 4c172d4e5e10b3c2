/* SPDX-License-Identifier: BSD-2-Clause */
/* Where things were drawn, for the mouse. */
#include "tui/screen.h"

void
hits_add(struct hits *h, enum hit_kind kind, struct area a, int id, unsigned row)
{
	if (h == NULL || h->n == HITS_MAX || a.w <= 0 || a.h <= 0)
		return;
	h->at[h->n++] = (struct hit){ kind, a.x, a.y, a.w, a.h, id, row };
}
