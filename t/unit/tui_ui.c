/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of input with UTF-8; filters in force while typing; asks and late answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "picture.h"
#include "tap.h"
#include "tui/screen.h"

static struct edit e;

static bool
press(uint32_t code)
{
	const struct key k = { .code = code };

	return edit_key(&e, &k);
}

static void
type(const char *ascii)
{
	for (; *ascii != '\0'; ascii++)
		press((unsigned char)*ascii);
}

static void
test_edit(void)
{
	edit_set(&e, "ab");
	type("cd");
	is_str(e.text, "abcd");
	press(K_LEFT);
	press(K_BACKSPACE);
	is_str(e.text, "abd");
	press(K_DEL);
	is_str(e.text, "ab");
	press(K_DEL);				/* nothing behind */
	press(K_HOME);
	press(K_BACKSPACE);			/* nor before */
	press(K_LEFT);
	type("x");
	is_str(e.text, "xab");
	press(K_CTRL('e'));
	type(" two words");
	press(K_CTRL('w'));
	is_str(e.text, "xab two ");
	press(K_CTRL('w'));
	is_str(e.text, "xab ");
	press(K_CTRL('a'));
	press(K_RIGHT);
	press(K_CTRL('u'));
	is_str(e.text, "ab ");
	is_int(e.at, 0);
	ok(!press(K_UP));
	ok(!press(0x1b));
	ok(!press(0x7f));
	ok(!press(0x9b));			/* a control of eight bits */
	is_str(e.text, "ab ");
}

static void
test_utf8(void)
{
	edit_set(&e, "");
	press('a');
	press(0xe4);				/* ä */
	press(0x20ac);				/* € */
	press('z');
	is_str(e.text, "aä€z");
	is_int(e.len, 7);
	press(K_LEFT);
	press(K_LEFT);
	is_int(e.at, 3);
	press(K_BACKSPACE);
	is_str(e.text, "a€z");
	press(K_DEL);
	is_str(e.text, "az");
	press(K_RIGHT);
	is_int(e.at, 2);
	ok(!press(0x1f600));			/* two columns wide */
}

/* A line that is full takes no more, and no half of a character. */
static void
test_full(void)
{
	char text[600];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	edit_set(&e, text);
	is_int(e.len, sizeof(e.text) - 1);
	press('y');
	is_int(e.len, sizeof(e.text) - 1);
	press(K_BACKSPACE);
	press(0x20ac);
	is_int(e.len, sizeof(e.text) - 2);
	press('y');
	is_int(e.text[e.len - 1], 'y');
}

static void
test_drawing(void)
{
	edit_set(&e, "aäb");
	edit_draw(begin(8, 1, GLYPHS_BLOCK), 1, 0, 6, &e);
	is_str(picture(), " aäb\n");
	is_int(g.cursor_x, 4);			/* columns, not bytes */
	edit_set(&e, "0123456789");
	edit_draw(begin(8, 1, GLYPHS_BLOCK), 1, 0, 5, &e);
	is_str(picture(), " 6789\n");
	is_int(g.cursor_x, 5);
	press(K_HOME);
	edit_draw(begin(8, 1, GLYPHS_BLOCK), 1, 0, 5, &e);
	is_str(picture(), " 01234\n");
	is_int(g.cursor_x, 1);
}

static void
test_takes(void)
{
	static const uint32_t others[] = { K_F10, K_CTRL('z'), K_CTRL('l') };
	static const uint32_t own[] = { 'a', K_UP, K_TAB, K_F5, K_CTRL('d'), K_LEFT };
	size_t i;

	edit_set(&e, "");
	for (i = 0; i < 3; i++)
		ok(!edit_takes(&e, &(struct key){ .code = others[i] }));
	for (i = 0; i < 6; i++)
		ok(edit_takes(&e, &(struct key){ .code = own[i] }));
	is_str(e.text, "a");
}

static void
test_filter(struct model *m)
{
	ui_filter(m, "state:down");
	ok(m->ui->filter != NULL);
	ui_filter(m, "state:down (");
	ok(m->ui->filter != NULL);		/* the last good one */
	ok(m->ui->filter_error[0] != '\0');
	is_str(m->ui->filter_text, "state:down (");
	ui_filter(m, "");
	ok(m->ui->filter == NULL);
	is_str(m->ui->filter_error, "");
	edit_set(&e, "a.threshold=5");
	ok(edit_is_argument(m, &e));
	edit_set(&e, "5; disable server a/b");
	ok(!edit_is_argument(m, &e));
	ok(strstr(m->ui->message, "cannot stand here") != NULL);
}

static void
test_asks(struct model *m)
{
	struct host *h = model_host(m, "lb1");
	struct ask *a = &m->ui->asks[ASK_EVAL];
	unsigned serial;

	ui_ask(m, ASK_EVAL, h, xstrdup("lua eval 1"));
	is_int(a->state, ASKED);
	serial = a->serial;
	ui_answered(m, ASK_EVAL, serial, true, "1", 1);
	is_int(a->state, ASKED);		/* it was not sent */
	a->state = ASK_SENT;
	ui_ask(m, ASK_EVAL, h, xstrdup("lua eval 2"));
	a->state = ASK_SENT;
	ui_answered(m, ASK_EVAL, serial, true, "1", 1);
	is_int(a->state, ASK_SENT);		/* the answer to the one before */
	ui_answered(m, ASK_EVAL, a->serial, true, "#a,b\n1,2\n", 9);
	is_int(a->state, ASK_ANSWERED);
	is_str(sheet_get(&a->answer.sheet, 0, "b"), "2");
	ui_ask(m, ASK_EVAL, h, xstrdup("lua eval 3"));
	a->state = ASK_SENT;
	ui_answered(m, ASK_EVAL, a->serial, false, NULL, 0);
	is_int(a->state, ASK_LOST);
	is_str(a->answer.text, "");
}

static void
test_time(struct model *m)
{
	m->now_ms = 5000999;
	is_int(ui_until_s(m), 5000);
	m->ui->until_ms = 4000000;
	is_int(ui_until_s(m), 4000);
	m->ui->until_ms = 0;
}

int
main(void)
{
	struct model *m = model_new();

	m->ui = ui_new();
	test_edit();
	test_utf8();
	test_full();
	test_drawing();
	test_takes();
	test_filter(m);
	test_asks(m);
	test_time(m);
	ui_free(m->ui);
	model_free(m);
	grid_fini(&g);
	return tap_done();
}
