/* SPDX-License-Identifier: BSD-2-Clause */
/* Settings: a row each, changed by left and right, in force at once. */
#include <stdio.h>
#include <string.h>

#include "tui/overlay_in.h"

struct setting {
	const char *name;
	void	(*value)(const struct model *m, char *buf, size_t size);
	void	(*step)(struct model *m, int step);
};

static void
theme_value(const struct model *m, char *buf, size_t size)
{
	snprintf(buf, size, "%s: %s", m->ui->theme->name, m->ui->theme->text);
}

static void
theme_step(struct model *m, int step)
{
	unsigned n, i;

	for (n = 0; theme_name(n) != NULL; n++)
		;
	for (i = 0; i < n && theme_find(theme_name(i)) != m->ui->theme; i++)
		;
	m->ui->theme = theme_find(theme_name((i + n + (unsigned)step) % n));
	m->ui->wishes |= WISH_REPAINT;
}

static void
signs_value(const struct model *m, char *buf, size_t size)
{
	snprintf(buf, size, "%s", m->ui->glyphs->name);
}

static void
signs_step(struct model *m, int step)
{
	int i = (int)(m->ui->glyphs - glyph_sets);

	m->ui->glyphs = &glyph_sets[(i + GLYPHS_COUNT + step) % GLYPHS_COUNT];
	m->ui->wishes |= WISH_REPAINT;
}

static void
every_value(const struct model *m, char *buf, size_t size)
{
	snprintf(buf, size, "%g s", m->poll_s);
}

static void
every_step(struct model *m, int step)
{
	double s = step > 0 ? m->poll_s * 2 : m->poll_s / 2;

	m->poll_s = s < 0.25 ? 0.25 : s > 60 ? 60 : s;
	m->ui->wishes |= WISH_POLL;
}

static void
sparks_value(const struct model *m, char *buf, size_t size)
{
	snprintf(buf, size, "%s", m->ui->is_slow ? "no (slow line)" : "yes");
}

static void
sparks_step(struct model *m, int step)
{
	(void)step;
	m->ui->is_slow = !m->ui->is_slow;
}

static void
mouse_value(const struct model *m, char *buf, size_t size)
{
	snprintf(buf, size, "%s", m->ui->has_mouse ? "on (Shift-drag selects text)" : "off");
}

static void
mouse_step(struct model *m, int step)
{
	(void)step;
	m->ui->wishes |= WISH_MOUSE;
}

static void
faults_value(const struct model *m, char *buf, size_t size)
{
	snprintf(buf, size, "%s", m->ui->faults_only ? "yes" : "no");
}

static void
faults_step(struct model *m, int step)
{
	(void)step;
	m->ui->faults_only = !m->ui->faults_only;
}

static void
actions_value(const struct model *m, char *buf, size_t size)
{
	snprintf(buf, size, "%s", m->is_replay ? "no: a recording" : m->is_hard_readonly ?
	    "no, for good" : m->is_readonly ? "no (: rw allows them)" : "allowed");
}

/* Only towards the safe side; back again by the palette, which asks. */
static void
actions_step(struct model *m, int step)
{
	(void)step;
	m->is_readonly = true;
}

static void
appliance_value(const struct model *m, char *buf, size_t size)
{
	snprintf(buf, size, "%s", m->ui->only != NULL ? m->ui->only->name : "all");
}

static void
appliance_step(struct model *m, int step)
{
	unsigned i, n = m->nhosts + 1;

	for (i = 0; i < m->nhosts && m->hosts[i] != m->ui->only; i++)
		;
	i = (i + n + (unsigned)step) % n;
	m->ui->only = i < m->nhosts ? m->hosts[i] : NULL;
}

static const struct setting settings[] = {
	{ "Theme", theme_value, theme_step },
	{ "Signs and graphs", signs_value, signs_step },
	{ "Refresh every", every_value, every_step },
	{ "Sparklines", sparks_value, sparks_step },
	{ "Mouse", mouse_value, mouse_step },
	{ "Appliance", appliance_value, appliance_step },
	{ "Faults only", faults_value, faults_step },
	{ "Actions", actions_value, actions_step }
};
#define NSETTINGS	(sizeof(settings) / sizeof(settings[0]))

void
settings_draw(struct model *m, struct area a, struct hits *hits)
{
	struct area in = overlay_frame(a, 72, NSETTINGS + 4, "Settings", "Left, Right, Esc");
	char value[160];
	unsigned i;

	for (i = 0; i < NSETTINGS; i++) {
		settings[i].value(m, value, sizeof(value));
		area_text(in, 1, (int)i + 1, R_TITLE, settings[i].name);
		area_cut(in, 20, (int)i + 1, in.w - 21, R_FG, value);
		overlay_hit(hits, in, (int)i + 1, i);
		if (i == m->ui->overlay_row)
			area_select(in, (int)i + 1);
	}
}

bool
settings_key(struct model *m, const struct key *k)
{
	const struct setting *s = &settings[m->ui->overlay_row];
	const struct key plain = overlay_arrows(k);

	if (overlay_move(&m->ui->overlay_row, NSETTINGS, 4, &plain))
		return true;
	if (k->code == K_RIGHT || k->code == 'l' || k->code == ' ' || k->code == K_ENTER)
		s->step(m, 1);
	else if (k->code == K_LEFT || k->code == 'h')
		s->step(m, -1);
	else if (k->code == K_F2)
		overlay_close(m);
	else
		return false;
	return true;
}

void
settings_open(struct model *m)
{
	overlay_open(m, OVERLAY_SETTINGS);
}
