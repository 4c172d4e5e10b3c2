/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys by name, and what they do: keys.def as a table, with remapping.
 */
#ifndef WEIR_TUI_KEYS_H
#define WEIR_TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key: a character, or one of these; term and --keys make them. */
enum {
	KEY_BASE_ = 0x200000,
	K_UP, K_DOWN, K_LEFT, K_RIGHT, K_PGUP, K_PGDN, K_HOME, K_END, K_INS, K_DEL,
	K_ENTER, K_TAB, K_STAB, K_ESC, K_BACKSPACE, K_SUP, K_SDOWN,
	K_F1, K_F2, K_F3, K_F4, K_F5, K_F6, K_F7, K_F8, K_F9, K_F10, K_F11, K_F12,
	K_CLICK, K_DOUBLE, K_WHEEL_UP, K_WHEEL_DOWN,	/* with x, y */
	K_EDITED,					/* the editor has ended */
	K_PASTE						/* begins and ends pasted text */
};
#define K_CTRL(c)	((c) & 0x1f)

struct key {
	uint32_t code;
	int	 x, y;
	bool	 is_pasted;
};

enum act {
	ACT_NONE,
	ACT_HELP, ACT_FILTER, ACT_PALETTE, ACT_OPEN, ACT_NEXT_PANE, ACT_PREV_PANE, ACT_ZOOM_PANE,
	ACT_MARK, ACT_MARK_ALL, ACT_MARK_NONE, ACT_DRAIN, ACT_MAINT, ACT_READY, ACT_WEIGHT,
	ACT_WEIGHT_FULL, ACT_WEIGHT_DOWN_10, ACT_WEIGHT_DOWN, ACT_WEIGHT_UP, ACT_WEIGHT_UP_10,
	ACT_KILL, ACT_ACK, ACT_DESIRED, ACT_UNDO, ACT_PAUSE, ACT_TIME_BACK, ACT_TIME_ON,
	ACT_TIME_BACK_10, ACT_TIME_ON_10, ACT_ZOOM_IN, ACT_ZOOM_OUT, ACT_ZOOM_RESET, ACT_FASTER,
	ACT_SLOWER, ACT_UP, ACT_DOWN, ACT_LEFT, ACT_RIGHT, ACT_PAGE_UP, ACT_PAGE_DOWN,
	ACT_HALF_UP, ACT_HALF_DOWN, ACT_FIRST, ACT_LAST, ACT_NEXT_HIT, ACT_PREV_HIT, ACT_FAULTS,
	ACT_SORT, ACT_SORT_REVERSE, ACT_COLUMNS, ACT_CMDLOG, ACT_COPY, ACT_EXPORT, ACT_RECORD,
	ACT_THEME, ACT_SETTINGS, ACT_MOUSE, ACT_REPAINT, ACT_SUSPEND, ACT_BACK, ACT_CLOSE,
	ACT_QUIT, ACT_FOLD, ACT_RAW, ACT_LOG_LIN, ACT_HEAT, ACT_GROUP_BY, ACT_BASELINE,
	ACT_NORMALISE, ACT_EXPLAIN, ACT_SILENCE, ACT_SET_STATE, ACT_TRY, ACT_ENABLE,
	ACT_SUSPEND_GROUP, ACT_TERMINATE, ACT_DETACH, ACT_PAUSE_ALL, ACT_EDIT, ACT_SAVE,
	ACT_CHECK, ACT_DIFF, ACT_APPLY, ACT_ROLL_BACK, ACT_CONSOLE, ACT_FOLLOW, ACT_TOP, ACT_SAMPLE
};

struct key_row {
	const char *scope;		/* any, or names of screens with | between */
	enum act act;
	const char *act_name;		/* for remapping: drain, next-pane */
	const char *keys;		/* names by blanks, or none; may be remapped */
	const char *label, *help;
};

const struct key_row *key_rows(size_t *ret_n);

bool	key_in_scope(const struct key_row *r, const char *screen);
/* Its own screens are named: these rows come before those of any. */
bool	key_is_own(const struct key_row *r);

/* What the key does on that screen; ACT_NONE: nothing. */
enum act key_act(const char *screen, uint32_t code);
/* `Enter`, `^F`, `S-Tab`, `a`, `F10`; 0: no such name. */
uint32_t key_code(const char *name);
const char *key_show(uint32_t code, char buf[8]);
/* Does the row's list of names have that key? */
bool	key_row_has(const struct key_row *r, uint32_t code);
/* `scope act keys` of the configuration; keys `none`: it has none. Valid until the next
 * call: what is wrong; NULL: done. */
const char *key_remap(const char *scope, const char *act, const char *keys);

/* F4 to F10 as hatop has them; an error text, or NULL. */
const char *key_hatop(void);

#endif
