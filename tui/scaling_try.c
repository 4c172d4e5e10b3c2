/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Simulation: `policy test` twice, as the policy is and with the values that were
 * typed; both sizes over time, the changes, the totals.
 */
#include <stdio.h>
#include <string.h>

#include "tui/overlay.h"
#include "tui/rows.h"
#include "tui/scaling.h"

/* Recorded metrics are looked at for at least an hour. */
static unsigned
window_of(const struct model *m)
{
	return m->ui->window_s < 3600 ? 3600 : m->ui->window_s;
}

static void
command(const struct model *m, bool is_tried, char *buf, size_t size)
{
	const struct scaling_state *s = scaling_state(m);

	snprintf(buf, size, "policy test %s from -%us%s%s", s->policy, window_of(m),
	    is_tried && s->with[0] != '\0' ? " with " : "", is_tried ? s->with : "");
}

void
scaling_try_begin(struct model *m)
{
	struct scaling_state *s = scaling_state(m);
	const struct object *p = scaling_policy(m);
	char group[256], name[256];

	if (p == NULL) {
		ui_say(m, R_WARN, "the group has no policy");
		return;
	}
	word_quote(object_get(p, "group"), group, sizeof(group));
	word_quote(object_get(p, "name"), name, sizeof(name));
	snprintf(s->policy, sizeof(s->policy), "%.250s/%.250s", group, name);
	s->host = p->host;
	s->is_trying = s->is_typing = true;
	edit_set(&s->edit, s->with);
}

void
scaling_try_wants(struct model *m, struct wants *w)
{
	struct scaling_state *s = scaling_state(m);
	char cmd[900];

	if (!s->is_trying)
		return;
	command(m, false, cmd, sizeof(cmd));
	want_answer(w, s->host, 0, "%s", cmd);
	if (s->with[0] != '\0' && !s->is_typing) {
		command(m, true, cmd, sizeof(cmd));
		want_answer(w, s->host, 0, "%s", cmd);
	}
}

/* --- Drawing ------------------------------------------------------------- */

static const struct answer *
answer_of(const struct model *m, bool is_tried)
{
	char cmd[900];

	command(m, is_tried, cmd, sizeof(cmd));
	return host_answer(scaling_state(m)->host, cmd);
}

static void
draw_with(const struct scaling_state *s, struct area a)
{
	int x = area_fmt(a, 0, 0, R_TITLE, "%s", s->policy);

	x = area_text(a, x + 1, 0, R_KEY, "with ");
	if (s->is_typing) {
		edit_draw(a, x, 0, a.w - x, &s->edit);
		if (s->edit.len == 0)
			area_text(a, x + 1, 0, R_DIM,
			    "ALARM.threshold=1.5 POLICY.adjustment=2 cooldown=60s min=1 max=8");
	} else
		area_text(a, x, 0, R_FG, s->with[0] != '\0' ? s->with : "nothing changed");
}

void
scaling_try_draw(struct model *m, struct area a)
{
	struct scaling_state *s = scaling_state(m);
	const struct answer *now = answer_of(m, false);
	const struct answer *tried = NULL;

	if (s->with[0] != '\0' && !s->is_typing)
		tried = answer_of(m, true);

	draw_with(s, area_take_top(&a, 1));
	if (now == NULL) {
		area_text(a, 0, 0, R_DIM, "...");
		return;
	}
	trial_draw(&s->trial, (struct trial_side){ now, "as it is" },
	    (struct trial_side){ tried, "tried   " },
	    ui_until_s(m) + host_skew_s(s->host), window_of(m), a);
}

/* While values are typed all keys are the line's. */
bool
scaling_try_key(struct model *m, const struct key *k)
{
	struct scaling_state *s = scaling_state(m);

	if (!s->is_typing)
		return false;
	if (k->code == K_ESC) {
		s->is_typing = s->is_trying = false;
		return true;
	}
	if (k->code != K_ENTER)
		return edit_takes(&s->edit, k);
	if (edit_is_argument(m, &s->edit)) {
		s->is_typing = false;
		snprintf(s->with, sizeof(s->with), "%.250s", s->edit.text);
	}
	return true;
}
