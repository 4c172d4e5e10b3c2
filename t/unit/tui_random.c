/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys, clicks, sizes and answers in any order: each screen is drawn, and no
 * command is ever sent that was not shown and confirmed.
 */
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "tap.h"
#include "tui/screen.h"
#include "tui/source.h"

#define ROUNDS	3000

static struct model *m;
static struct replay *replay;
static struct hits hits;
static unsigned sent;
static uint64_t seed = 88172645463325252u;

/* Marsaglia's xorshift: the same each time. */
static unsigned
any(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 11) % n;
}

static uint32_t
any_code(void)
{
	static const uint32_t often[] = { K_UP, K_DOWN, K_LEFT, K_RIGHT, K_ENTER, K_ESC, K_TAB,
		K_PGUP, K_PGDN, K_CLICK, K_DOUBLE, K_WHEEL_DOWN, 'y', 'd', 'm' };
	const struct key_row *rows;
	char name[16];
	size_t n;

	if (m->ui->overlay == OVERLAY_CONFIRM && any(4) == 0)
		return 'y';
	switch (any(4)) {
	case 0: return 32 + any(95);
	case 1: return '1' + any(7);
	case 2: return often[any(sizeof(often) / sizeof(often[0]))];
	}
	rows = key_rows(&n);
	rows += any((unsigned)n);
	n = strcspn(rows->keys, " ");
	n = n < sizeof(name) ? n : sizeof(name) - 1;
	memcpy(name, rows->keys, n);
	name[n] = '\0';
	return key_code(name);
}

static void
change_size(void)
{
	begin((int)any(220), (int)any(70), (enum glyph_set)any(GLYPHS_COUNT));
}

/* One key, or a new size, or the next answers; false: a command without a question. */
static bool
round_of_play(void)
{
	enum overlay before = m->ui->overlay;
	struct wants w = { .n = 0 };
	bool fine = true;

	if (any(20) == 0)
		change_size();
	if (any(20) == 0 && !replay_step(replay))
		replay_seek(replay, 0);
	screen_key(m, &(struct key){ any_code(), (int)any(220), (int)any(70), false }, &hits);
	if (m->ui->orders.n > 0)
		fine = before == OVERLAY_CONFIRM;
	sent += m->ui->orders.n;
	orders_clear(&m->ui->orders);
	m->ui->wishes = 0;
	m->ui->screen->wants(m, &w);
	screen_draw(m, &g, &hits);
	return fine;
}

int
main(void)
{
	const char *error;
	unsigned i, bad = 0, confirmed = 0;

	m = model_new();
	m->ui = ui_new();
	replay = replay_open(m, "t/data/states.wrec", &error);
	if (replay == NULL)
		tap_skip_all("%s", error);
	m->is_replay = false;		/* as if it were alive: commands may be sent */
	m->ui->screen = &screen_overview;
	change_size();
	for (i = 0; i < ROUNDS; i++) {
		confirmed += m->ui->overlay == OVERLAY_CONFIRM;
		bad += !round_of_play();
	}
	is_int(bad, 0);
	ok_named(sent > 0, "%u keys met a question, %u commands were sent", confirmed, sent);
	replay_close(replay);
	ui_free(m->ui);
	model_free(m);
	grid_fini(&g);
	return tap_done();
}
