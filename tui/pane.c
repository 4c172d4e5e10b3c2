/* SPDX-License-Identifier: BSD-2-Clause */
#include "tui/pane.h"

static bool
is_boxed(int width)
{
	return width >= PANE_BOXES;
}

int
pane_frame_rows(int width)
{
	return is_boxed(width) ? 2 : 1;
}

void
pane_draw(struct model *m, const struct pane *p, struct area a, int index, struct hits *hits)
{
	bool has_focus = index >= 0 && m->ui->pane == (unsigned)index;
	char left[128] = "", right[128] = "";

	if (a.w <= 0 || a.h <= 0)
		return;
	if (index >= 0)
		hits_add(hits, HIT_PANE, a, index, 0);
	p->title(m, left, right, sizeof(left));
	if (is_boxed(a.g->w)) {
		a = area_box(a, left, right, has_focus);
		a = area_part(a, 1, 0, a.w - 2, a.h);
	} else
		a = area_rule(a, left, right, has_focus);
	p->draw(m, a, has_focus, hits);
}
