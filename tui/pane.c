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

struct area
pane_frame(struct area a, const char *title, const char *right, bool has_focus)
{
	if (!is_boxed(a.g->w))
		return area_rule(a, title, right, has_focus);
	a = area_box(a, title, right, has_focus);
	return area_part(a, 1, 0, a.w - 2, a.h);
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
	p->draw(m, pane_frame(a, left, right, has_focus), has_focus, hits);
}
