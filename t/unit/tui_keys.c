/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of keys: names, scopes, that it has no key twice, remapping. */
#include <string.h>

#include "tap.h"
#include "tui/keys.h"

static void
test_names(void)
{
	static const struct { const char *name; uint32_t code; } all[] = {
		{ "a", 'a' }, { "\\", '\\' }, { "Space", ' ' }, { "^F", 6 }, { "^Z", 26 },
		{ "^E", 5 }, { "Enter", K_ENTER }, { "S-Tab", K_STAB }, { "F10", K_F10 },
		{ "PgDn", K_PGDN }, { "Esc", K_ESC }, { "Bksp", K_BACKSPACE }, { "S-Up", K_SUP },
		{ "\u00e4", 0xe4 }
	};
	char buf[8];
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		is_int(key_code(all[i].name), all[i].code);
		is_str(key_show(all[i].code, buf), all[i].name);
	}
	is_int(key_code("^I"), K_TAB);
	is_int(key_code("^M"), K_ENTER);
	is_int(key_code("Backspace"), K_BACKSPACE);
	is_int(key_code("F13"), 0);
	is_int(key_code(""), 0);
	is_int(key_code("ab"), 0);
	is_int(key_code("\001"), 0);
	is_int(key_code("enter"), 0);
}

/* Rows of one scope share no key, each name is one, each act has one label. */
static void
test_table(void)
{
	static const char *const scopes[] = { "overview", "servers", "server", "latency", "alarms",
		"scaling", "lua", "requests" };
	const struct key_row *r;
	char word[64];
	const char *p;
	size_t n, i, k, s, len;
	unsigned names = 0;

	r = key_rows(&n);
	for (i = 0; i < n; i++) {
		for (s = 0; s < 8 && !key_in_scope(&r[i], scopes[s]); s++)
			;
		if (s == 8)
			fail("scope %s", r[i].scope);
		if (r[i].help[0] == '\0')
			fail("%s has no help", r[i].act_name);
		for (p = r[i].keys; *p != '\0'; p += len + (p[len] == ' ')) {
			len = strcspn(p, " ");
			memcpy(word, p, len);
			word[len] = '\0';
			names++;
			if (key_code(word) == 0 && strcmp(word, "none") != 0)
				fail("%s: no key %s", r[i].act_name, word);
			for (k = 0; k < n; k++)
				if (k != i && key_row_has(&r[k], key_code(word)) &&
				    key_is_own(&r[k]) == key_is_own(&r[i]) &&
				    key_in_scope(&r[k], scopes[s]))
					fail("%s twice in %s", word, scopes[s]);
		}
	}
	ok_named(names > 90, "%u keys, none twice", names);
	is_str(r[0].act_name, "help");
}

static void
test_scopes(void)
{
	is_int(key_act("overview", 'd'), ACT_DRAIN);
	is_int(key_act("overview", 'g'), ACT_FIRST);
	is_int(key_act("latency", 'g'), ACT_GROUP_BY);
	is_int(key_act("latency", K_HOME), ACT_FIRST);
	is_int(key_act("alarms", '='), ACT_SET_STATE);
	is_int(key_act("scaling", '='), ACT_ZOOM_RESET);
	is_int(key_act("servers", 'x'), ACT_FOLD);
	is_int(key_act("overview", 'x'), ACT_NONE);
	is_int(key_act("overview", K_CTRL('C')), ACT_QUIT);
	is_int(key_act("overview", 0), ACT_NONE);
}

static void
test_hatop(void)
{
	is_int(key_act("servers", 0), ACT_NONE);
	is_str(key_hatop(), NULL);
	is_int(key_act("servers", K_F4), ACT_WEIGHT_FULL);
	is_int(key_act("servers", K_F8), ACT_WEIGHT_UP_10);
	is_int(key_act("servers", K_F9), ACT_READY);
	is_int(key_act("servers", K_F10), ACT_MAINT);
	is_int(key_act("servers", 'm'), ACT_MAINT);
	is_int(key_act("lua", K_F5), ACT_TRY);
	is_int(key_act("lua", K_F10), ACT_NONE);
}

static void
test_remap(void)
{
	is_str(key_remap("any", "drain", "D F3"), NULL);
	is_int(key_act("overview", 'D'), ACT_DRAIN);
	is_int(key_act("server", K_F3), ACT_DRAIN);
	is_int(key_act("lua", 'D'), ACT_NONE);
	is_int(key_act("overview", 'd'), ACT_NONE);
	is_int(key_act("scaling", 'D'), ACT_DETACH);
	is_str(key_remap("servers", "maint", "D"), "D is bound twice: drain and maint");
	is_str(key_remap("any", "maint", "Hyper"), "no key is called Hyper");
	is_str(key_remap("any", "spaceship", "f"), "no action spaceship in any");
	is_str(key_remap("any", "drian", "f"), "no action drian in any; did you mean drain?");
	is_str(key_remap("latency", "drain", "d"), "no action drain in latency");
	is_str(key_remap("any", "theme", "x"), "x is bound twice: fold and theme");
	is_str(key_remap("any", "maint", "1"), "1 opens a screen");
	is_str(key_remap("any", "maint", "Del"), "Del is too near to harmless keys for maint");
	is_str(key_remap("any", "kill", "^K"), "^K is too near to harmless keys for kill");
	is_str(key_remap("any", "maint", "f f f f f f f f f f f f f f f f f f f f f f f f f f f f"
	    " f f f f f"), "too many keys for maint");
	is_int(key_act("overview", 'm'), ACT_MAINT);
	is_str(key_remap("any", "next-pane", "none"), NULL);
	is_int(key_act("overview", K_TAB), ACT_NONE);
	is_str(key_remap("servers", "fold", "d"), NULL);
	is_int(key_act("servers", 'd'), ACT_FOLD);
	is_int(key_act("server", 'd'), ACT_NONE);
	is_str(key_remap("scaling", "try", "f"), NULL);
	is_int(key_act("alarms", 'T'), ACT_TRY);
}

int
main(void)
{
	test_names();
	test_table();
	test_scopes();
	test_remap();
	test_hatop();
	return tap_done();
}
