/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of keys.def, and the names of keys. What is drawn about keys (help,
 * key bar) reads the same rows that dispatch does, so that they cannot differ.
 */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "tui/grid.h"
#include "tui/keys.h"

static struct key_row rows[] = {
#define KEY(scope, act, keys, label, help) { #scope, ACT_##act, #act, keys, label, help },
#include "tui/keys.def"
#undef KEY
};
#define NROWS	(sizeof(rows) / sizeof(rows[0]))

/* Names by act and keys by the user: what the rows' pointers lead to. */
static char act_names[NROWS][20], remapped[NROWS][64];

static const struct { const char *name; uint32_t code; } named[] = {
	{ "Space", ' ' }, { "Enter", K_ENTER }, { "Tab", K_TAB }, { "S-Tab", K_STAB },
	{ "Esc", K_ESC }, { "Bksp", K_BACKSPACE }, { "Up", K_UP }, { "Down", K_DOWN },
	{ "Left", K_LEFT }, { "Right", K_RIGHT }, { "PgUp", K_PGUP }, { "PgDn", K_PGDN },
	{ "Home", K_HOME }, { "End", K_END }, { "Ins", K_INS }, { "Del", K_DEL },
	{ "S-Up", K_SUP }, { "S-Down", K_SDOWN }, { "F1", K_F1 }, { "F2", K_F2 },
	{ "F3", K_F3 }, { "F4", K_F4 }, { "F5", K_F5 }, { "F6", K_F6 }, { "F7", K_F7 },
	{ "F8", K_F8 }, { "F9", K_F9 }, { "F10", K_F10 }, { "F11", K_F11 }, { "F12", K_F12 },
	/* Other ways to write them, behind the one that is shown */
	{ "Backspace", K_BACKSPACE }, { "^M", K_ENTER }, { "^J", K_ENTER }, { "^I", K_TAB },
	{ "^[", K_ESC }, { "^H", K_BACKSPACE }
};
#define NNAMED	(sizeof(named) / sizeof(named[0]))

static void
init_names(void)
{
	size_t i, k;

	for (i = 0; i < NROWS; i++) {
		for (k = 0; rows[i].act_name[k] != '\0' && k < sizeof(act_names[i]) - 1; k++)
			act_names[i][k] = rows[i].act_name[k] == '_' ? '-' :
			    ascii_lower(rows[i].act_name[k]);
		rows[i].act_name = act_names[i];
	}
}

const struct key_row *
key_rows(size_t *ret_n)
{
	if (rows[0].act_name != act_names[0])
		init_names();
	*ret_n = NROWS;
	return rows;
}

/* --- Names ---------------------------------------------------------------- */

static uint32_t
code_of(struct str name)
{
	const char *p = name.p;
	uint32_t rune;
	size_t i;

	for (i = 0; i < NNAMED; i++)
		if (str_is(name, named[i].name))
			return named[i].code;
	if (name.len == 2 && name.p[0] == '^' && name.p[1] >= '@' && name.p[1] <= '_')
		return K_CTRL((uint32_t)name.p[1]);
	if (name.len == 1)
		return name.p[0] > ' ' && name.p[0] < 0x7f ? (uint32_t)name.p[0] : 0;
	rune = text_next(&p, name.p + name.len);
	return p == name.p + name.len && rune > 0x7f ? rune : 0;
}

uint32_t
key_code(const char *name)
{
	return code_of(str_of(name));
}

static void
name_rune(uint32_t c, char buf[8])
{
	static const unsigned char lead[4] = { 0, 0xc0, 0xe0, 0xf0 };
	int more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3, i;

	buf[0] = (char)(lead[more] | c >> (6 * more));
	for (i = 1; i <= more; i++)
		buf[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3f));
	buf[i] = '\0';
}

const char *
key_show(uint32_t code, char buf[8])
{
	size_t i;

	for (i = 0; i < NNAMED; i++)
		if (named[i].code == code)
			return named[i].name;
	if (code < ' ')
		snprintf(buf, 8, "^%c", (int)code + '@');
	else if (code < KEY_BASE_)
		name_rune(code, buf);
	else
		snprintf(buf, 8, "?");
	return buf;
}

/* --- Rows ----------------------------------------------------------------- */

static bool
list_has(const char *keys, uint32_t code)
{
	struct str rest = str_of(keys), name;

	while (code != 0 && str_next_elem(&rest, ' ', &name))
		if (code_of(name) == code)
			return true;
	return false;
}

bool
key_row_has(const struct key_row *r, uint32_t code)
{
	return list_has(r->keys, code);
}

bool
key_is_own(const struct key_row *r)
{
	return strcmp(r->scope, "any") != 0;
}

static bool
names_screen(const struct key_row *r, struct str screen)
{
	struct str rest = str_of(r->scope), name;

	while (str_next_elem(&rest, '|', &name))
		if (str_eq(name, screen))
			return true;
	return false;
}

bool
key_in_scope(const struct key_row *r, const char *screen)
{
	return !key_is_own(r) || names_screen(r, str_of(screen));
}

enum act
key_act(const char *screen, uint32_t code)
{
	enum act general = ACT_NONE;
	size_t i;

	for (i = 0; i < NROWS; i++) {
		if (!key_in_scope(&rows[i], screen) || !key_row_has(&rows[i], code))
			continue;
		if (key_is_own(&rows[i]))
			return rows[i].act;
		general = rows[i].act;
	}
	return general;
}

/* --- Remapping ------------------------------------------------------------ */

static char error[160];

#define refuse(...)	(snprintf(error, sizeof(error), __VA_ARGS__), error)

/* What changes something keeps away from keys that are hit while one types. */
static bool
changes_something(enum act act)
{
	switch (act) {
	case ACT_DRAIN: case ACT_MAINT: case ACT_READY: case ACT_WEIGHT: case ACT_KILL:
	case ACT_WEIGHT_FULL: case ACT_WEIGHT_DOWN_10: case ACT_WEIGHT_DOWN:
	case ACT_WEIGHT_UP: case ACT_WEIGHT_UP_10:
	case ACT_ACK: case ACT_DESIRED: case ACT_UNDO: case ACT_SILENCE: case ACT_SET_STATE:
	case ACT_ENABLE: case ACT_SUSPEND_GROUP: case ACT_TERMINATE: case ACT_DETACH:
	case ACT_PAUSE_ALL: case ACT_APPLY: case ACT_ROLL_BACK:
		return true;
	default:
		return false;
	}
}

/* Is there a screen where both are in force? */
static bool
meet(const struct key_row *a, const struct key_row *b)
{
	struct str rest = str_of(a->scope), name;

	if (!key_is_own(a) || !key_is_own(b))
		return true;
	while (str_next_elem(&rest, '|', &name))
		if (names_screen(b, name))
			return true;
	return false;
}

static const char *
check_key(const struct key_row *r, struct str name)
{
	uint32_t code = code_of(name);
	size_t i;

	if (code == 0)
		return refuse("no key is called %.*s", (int)name.len, name.p);
	if (code >= '0' && code <= '9')
		return refuse("%.*s opens a screen", (int)name.len, name.p);
	if (changes_something(r->act) && (code < ' ' || code == K_DEL || code == K_BACKSPACE))
		return refuse("%.*s is too near to harmless keys for %s", (int)name.len, name.p,
		    r->act_name);
	for (i = 0; i < NROWS; i++)
		if (&rows[i] != r && meet(&rows[i], r) && key_row_has(&rows[i], code))
			return refuse("%.*s is bound twice: %s and %s", (int)name.len, name.p,
			    rows[i].act_name, r->act_name);
	return NULL;
}

static struct key_row *
row_find(const char *scope, const char *act)
{
	size_t i;

	for (i = 0; i < NROWS; i++)
		if (strcmp(rows[i].act_name, act) == 0 &&
		    (strcmp(scope, "any") == 0 || key_in_scope(&rows[i], scope)))
			return &rows[i];
	return NULL;
}

static const char *
nth_act(size_t i, void *arg)
{
	(void)arg;
	return i < NROWS ? rows[i].act_name : NULL;
}

const char *
key_remap(const char *scope, const char *act, const char *keys)
{
	const char *list = strcmp(keys, "none") == 0 ? "" : keys, *bad, *near;
	struct str rest = str_of(list), name;
	struct key_row *r;
	size_t n;

	key_rows(&n);
	r = row_find(scope, act);
	if (r == NULL) {
		near = str_nearest(act, nth_act, NULL);
		if (near != NULL && strcmp(near, act) != 0)
			return refuse("no action %s in %s; did you mean %s?", act, scope, near);
		return refuse("no action %s in %s", act, scope);
	}
	if (rest.len >= sizeof(remapped[0]))
		return refuse("too many keys for %s", act);
	while (str_next_elem(&rest, ' ', &name))
		if ((bad = check_key(r, name)) != NULL)
			return bad;
	snprintf(remapped[r - rows], sizeof(remapped[0]), "%s", list);
	r->keys = remapped[r - rows];
	return NULL;
}

const char *
key_hatop(void)
{
	static const char *const rows_of[][2] = {
		{ "quit", "^C" }, { "weight-full", "F4" }, { "weight-down-10", "F5" },
		{ "weight-down", "F6" }, { "weight-up", "F7" }, { "weight-up-10", "F8" },
		{ "ready", "r F9" }, { "maint", "m F10" }
	};
	const char *why = NULL;
	size_t i;

	for (i = 0; i < sizeof(rows_of) / sizeof(rows_of[0]) && why == NULL; i++)
		why = key_remap("any", rows_of[i][0], rows_of[i][1]);
	return why;
}
