/* SPDX-License-Identifier: BSD-2-Clause */
/* What the user is looking at: its beginning, its end, and a line of input. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/rows.h"
#include "tui/screen.h"

struct ui *
ui_new(void)
{
	struct ui *ui = xcalloc(1, sizeof(*ui));
	int i;

	ui->window_s = 600;
	ui->theme = theme_find("default");
	ui->depth = DEPTH_256;
	ui->glyphs = &glyph_sets[GLYPHS_BRAILLE];
	for (i = 0; i < LIST_COUNT; i++)
		ui->lists[i].sort = -1;
	return ui;
}

static void
ask_fini(struct ask *a)
{
	free(a->command);
	free(a->answer.text);
	sheet_fini(&a->answer.sheet);
	*a = (struct ask){ .serial = a->serial };
}

void
ui_free(struct ui *ui)
{
	int i;

	if (ui == NULL)
		return;
	for (i = 0; screens[i] != NULL; i++) {
		if (ui->state[i] != NULL && screens[i]->state_fini != NULL)
			screens[i]->state_fini(ui->state[i]);
		free(ui->state[i]);
	}
	filter_free(ui->filter);
	plan_fini(&ui->plan);
	orders_clear(&ui->orders);
	for (i = 0; i < ASKS; i++)
		ask_fini(&ui->asks[i]);
	free(ui->editor_text);
	followups_clear(ui);
	free(ui->text_title);
	free(ui->text);
	free(ui);
}

void
ui_say(struct model *m, int role, const char *fmt, ...)
{
	struct ui *ui = m->ui;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(ui->message, sizeof(ui->message), fmt, ap);
	va_end(ap);
	ui->message_role = role;
	ui->message_ms = m->now_ms;
}

void
ui_ask(struct model *m, enum ask_id id, struct host *h, char *command)
{
	struct ask *a = &m->ui->asks[id];

	ask_fini(a);
	a->state = ASKED;
	a->host = h;
	a->command = command;
	a->serial++;
}

void
ui_answered(struct model *m, enum ask_id id, unsigned serial, bool ok, const char *text, size_t len)
{
	struct ask *a = &m->ui->asks[id];

	if (a->serial != serial || a->state != ASK_SENT)
		return;
	a->state = ok ? ASK_ANSWERED : ASK_LOST;
	a->answer.text = xstrndup(ok ? text : "", ok ? len : 0);
	a->answer.len = ok ? len : 0;
	sheet_parse(&a->answer.sheet, a->answer.text, a->answer.len);
}

bool
ui_shows(const struct model *m, const struct host *h)
{
	return m->ui->only == NULL || m->ui->only == h;
}

int64_t
ui_until_s(const struct model *m)
{
	return (m->ui->until_ms != 0 ? m->ui->until_ms : m->now_ms) / 1000;
}

void
ui_filter(struct model *m, const char *text)
{
	struct ui *ui = m->ui;
	struct filter *f = NULL;

	snprintf(ui->filter_text, sizeof(ui->filter_text), "%s", text);
	ui->filter_error[0] = '\0';
	if (text[0] != '\0') {
		f = filter_new(text, ui->filter_error, sizeof(ui->filter_error));
		if (f == NULL)
			return;		/* the last good one stays in force while typing */
	}
	filter_free(ui->filter);
	ui->filter = f;
}

/* --- One line of input --------------------------------------------------- */

void
edit_set(struct edit *e, const char *text)
{
	e->len = e->at = (unsigned)strlen(text);
	if (e->len >= sizeof(e->text))
		e->len = e->at = sizeof(e->text) - 1;
	memmove(e->text, text, e->len);
	e->text[e->len] = '\0';
}

/* Bytes of the rune before, or behind, the cursor. */
static unsigned
rune_before(const struct edit *e)
{
	unsigned n = 0;

	while (n < e->at && ((unsigned char)e->text[e->at - ++n] & 0xc0) == 0x80)
		;
	return n;
}

static unsigned
rune_behind(const struct edit *e)
{
	unsigned n = e->at < e->len;

	while (e->at + n < e->len && ((unsigned char)e->text[e->at + n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Takes n bytes from `from` on away. */
static void
edit_cut(struct edit *e, unsigned from, unsigned n)
{
	memmove(e->text + from, e->text + from + n, e->len - from - n + 1);
	e->len -= n;
	e->at = from;
}

/* Controls are no text, nor are those above ASCII. */
static bool
is_text(uint32_t c)
{
	return (c >= 0x20 && c < 0x7f) || (c >= 0xa0 && c < 0x10000);
}

static void
edit_insert(struct edit *e, uint32_t rune)
{
	char utf8[4];
	unsigned n;

	n = rune < 0x80 ? 1 : rune < 0x800 ? 2 : 3;
	if (e->len + n >= sizeof(e->text))
		return;
	if (n == 1)
		utf8[0] = (char)rune;
	else if (n == 2) {
		utf8[0] = (char)(0xc0 | rune >> 6);
		utf8[1] = (char)(0x80 | (rune & 0x3f));
	} else {
		utf8[0] = (char)(0xe0 | rune >> 12);
		utf8[1] = (char)(0x80 | (rune >> 6 & 0x3f));
		utf8[2] = (char)(0x80 | (rune & 0x3f));
	}
	memmove(e->text + e->at + n, e->text + e->at, e->len - e->at + 1);
	memcpy(e->text + e->at, utf8, n);
	e->len += n;
	e->at += n;
}

/* Back to the begin of the word before the cursor. */
static void
edit_cut_word(struct edit *e)
{
	unsigned from = e->at, end = e->at;

	while (from > 0 && e->text[from - 1] == ' ')
		from--;
	while (from > 0 && e->text[from - 1] != ' ')
		from--;
	edit_cut(e, from, end - from);
}

bool
edit_key(struct edit *e, const struct key *k)
{
	switch (k->code) {
	case K_LEFT:
		e->at -= rune_before(e);
		return true;
	case K_RIGHT:
		e->at += rune_behind(e);
		return true;
	case K_HOME: case K_CTRL('a'):
		e->at = 0;
		return true;
	case K_END: case K_CTRL('e'):
		e->at = e->len;
		return true;
	case K_BACKSPACE:
		edit_cut(e, e->at - rune_before(e), rune_before(e));
		return true;
	case K_DEL:
		edit_cut(e, e->at, rune_behind(e));
		return true;
	case K_CTRL('u'):
		edit_cut(e, 0, e->at);
		return true;
	case K_CTRL('w'):
		edit_cut_word(e);
		return true;
	}
	if (!is_text(k->code))
		return false;
	edit_insert(e, k->code);
	return true;
}

bool
edit_takes(struct edit *e, const struct key *k)
{
	return edit_key(e, k) || (k->code != K_F10 && k->code != K_CTRL('z') &&
	    k->code != K_CTRL('l'));
}

bool
edit_is_argument(struct model *m, const struct edit *e)
{
	if (strpbrk(e->text, ";<") == NULL)
		return true;
	ui_say(m, R_WARN, "; and < begin other commands: they cannot stand here");
	return false;
}
