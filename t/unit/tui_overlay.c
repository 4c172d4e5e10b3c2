/* SPDX-License-Identifier: BSD-2-Clause */
/* What lies over a screen: the four levels of confirmation, the palette, the log, help. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "tap.h"
#include "tui/cmds.h"
#include "tui/overlay.h"
#include "tui/rows.h"

#define T0	1795323600000

static struct model *m;
static struct host *h;

static const char stat[] =
    "# pxname,svname,scur,status,weight,act,bck,type,addr,uweight,\n"
    "app,web-1,5,UP,100,1,0,2,10.0.0.1:80,100,\n"
    "app,web-2,7,UP,100,1,0,2,10.0.0.2:80,100,\n"
    "app,web-3,7,DRAIN,100,1,0,2,10.0.0.2:80,100,\n"
    "app,BACKEND,13,UP,250,3,1,1,,250,\n"
    "one,x,3,UP,1,1,0,2,,1,\n"
    "one,BACKEND,3,UP,1,1,0,1,,1,\n";

static void
end(void)
{
	if (m != NULL)
		ui_free(m->ui);
	model_free(m);
}

static void
start(void)
{
	end();
	m = model_new();
	m->ui = ui_new();
	m->ui->screen = screen_find("overview");
	m->now_ms = T0;
	h = model_host(m, "lb1");
	rows_connected(h, T0);
	rows_feed(h, "show stat", stat, sizeof(stat) - 1, T0);
	h->level = LEVEL_ADMIN;
}

static void
draw(int w, int height)
{
	overlay_draw(m, begin(w, height, GLYPHS_ASCII), NULL);
}

static void
press(uint32_t code)
{
	struct key k = { .code = code };

	if (m->ui->overlay != OVERLAY_NONE) {
		draw(80, 22);
		overlay_key(m, &k, NULL);
	}
}

static void
type(const char *z)
{
	for (; *z != '\0'; z++)
		press((uint32_t)*z);
}

static void
sees(const char *text)
{
	char *seen;

	draw(80, 22);
	seen = picture();
	if (!ok_named(strstr(seen, text) != NULL, "sees: %s", text))
		tap_diag("%s", seen);
}

static void
confirm(enum action_kind kind, const char *argument, const char *px, const char *sv)
{
	struct plan p;

	start();
	plan_init(&p, kind, argument);
	plan_target(&p, h, px, sv);
	confirm_open(m, &p);
}

static void
sent(const char *command)
{
	is_str(m->ui->orders.n > 0 ? m->ui->orders.at[0].command : NULL, command);
}

static void
test_soft(void)
{
	confirm(DO_READY, "", "app", "web-3");
	sees("set server app/web-3 state ready");
	sees("Enter do it    Esc no");
	press('j');
	press(' ');
	is_int(m->ui->overlay, OVERLAY_CONFIRM);
	press(K_ENTER);
	sent("set server app/web-3 state ready");
	is_int(m->ui->overlay, OVERLAY_NONE);
	confirm(DO_READY, "", "app", "web-3");
	press(K_ESC);
	sent(NULL);
	is_int(m->ui->overlay, OVERLAY_NONE);
	is_int(m->ui->wishes & WISH_SEND, 0);
}

static void
test_hard(void)
{
	confirm(DO_DRAIN, "", "app", "web-1");
	sees("UP > DRAIN");
	sees("app keeps 1 of 2 usable servers, 50 % of its weight; 5 sessions under way");
	sees("Tab [ ] then maintenance when 0 sessions are left");
	press(K_TAB);
	sees("Tab [x]");
	press(K_ENTER);
	sent(NULL);
	press('y');
	sent("set server app/web-1 state drain");
	is_int(m->ui->nfollowups, 1);
	confirm(DO_DRAIN, "", "app", "web-1");
	press('n');
	is_int(m->ui->overlay, OVERLAY_NONE);
	sent(NULL);
	/* Keys that were typed before it was shown confirm nothing */
	confirm(DO_DRAIN, "", "app", "web-1");
	overlay_key(m, &(struct key){ .code = 'y' }, NULL);
	sent(NULL);
	/* Nor does what is pasted */
	draw(80, 22);
	overlay_key(m, &(struct key){ .code = 'y', .is_pasted = true }, NULL);
	sent(NULL);
	press('y');
	sent("set server app/web-1 state drain");
}

static void
test_dangerous(void)
{
	confirm(DO_MAINT, "", "one", "x");
	sees("dangerous: maintenance");
	sees("one is left without a usable server");
	sees("type one and Enter:");
	press('y');
	press(K_ENTER);
	sent(NULL);
	press(K_BACKSPACE);
	type("one");
	press(K_ENTER);
	sent("set server one/x state maint");
	/* What was hard has become dangerous since it was shown */
	confirm(DO_DRAIN, "", "app", "web-1");
	draw(80, 22);
	host_row(h, "app", "web-2")->state = ST_CRIT;
	overlay_key(m, &(struct key){ .code = 'y' }, NULL);
	sent(NULL);
	sees("this has changed meanwhile: look again");
	type("app");
	press(K_ENTER);
	sent("set server app/web-1 state drain");
	/* And what cannot be done any more is not done */
	confirm(DO_DRAIN, "", "app", "web-1");
	draw(80, 22);
	h->state = HOST_LOST;
	overlay_key(m, &(struct key){ .code = 'y' }, NULL);
	sent(NULL);
	sees("lb1 is not connected");
}

static void
test_refused(void)
{
	confirm(DO_READY, "", "app", "web-1");
	is_int(m->ui->overlay, OVERLAY_NONE);
	is_str(m->ui->message, "nothing to do: ready already");
}

static void
test_input(void)
{
	struct plan p;

	start();
	plan_init(&p, DO_WEIGHT, "");
	plan_target(&p, h, "app", "web-1");
	input_open(m, &p, "weight of app/web-1", "100");
	sees("weight of app/web-1");
	press(K_CTRL('u'));
	type("5x");
	sees("a weight is 0 to 256");
	press(K_ENTER);
	is_int(m->ui->overlay, OVERLAY_INPUT);
	press(K_BACKSPACE);
	type("0%");
	sees("set server app/web-1 weight 50%");
	press(K_ENTER);
	is_int(m->ui->overlay, OVERLAY_CONFIRM);
	press(K_ENTER);
	sent("set server app/web-1 weight 50%");
	is_str(m->ui->orders.at[0].inverse, "set server app/web-1 weight 100");
}

static void
palette(const char *line)
{
	start();
	palette_open(m, "");
	type(line);
	press(K_ENTER);
}

static void
test_palette(void)
{
	palette("drain app/web-*");
	is_int(m->ui->plan.orders.n, 2);
	sees("S-Tab [x] the rest is not sent after a failure");
	sees("app is left without a usable server");
	palette("weight web-1 50%");
	sees("set server app/web-1 weight 50%");
	palette("ready wb3");
	sees("set server app/web-3 state ready");
	palette("drain nosuch*");
	is_str(m->ui->message, "no server is called nosuch*");
	palette("show info");
	sent("show info");
	is_int(m->ui->overlay, OVERLAY_CMDLOG);
	palette("set server app/web-1 state maint");
	is_int(m->ui->overlay, OVERLAY_CONFIRM);
	sees("y do it");
	palette("theme mono");
	is_str(m->ui->theme->name, "mono");
	palette("sort p99");
	is_str(m->ui->screen->name, "servers");
	palette("every 5");
	ok(m->poll_s == 5);
	palette("filter state:up p99>");
	is_str(m->ui->message, "column 14: expected a value");
	palette("ro");
	ok(m->is_readonly);
	palette("quit");
	ok(m->ui->wishes & WISH_QUIT);
	start();
	palette_open(m, "");
	type("set server app/we");
	press(K_TAB);
	is_str(m->ui->edit.text, "set server app/web-");
	press(K_ESC);
	is_int(m->ui->overlay, OVERLAY_NONE);
}

static void
test_readonly(void)
{
	start();
	m->is_readonly = true;
	palette_open(m, "");
	type("pause-sca");
	sees("nothing fits");
	press(K_CTRL('u'));
	type("rw");
	press(K_ENTER);
	sees("actions are allowed for the rest of this run");
	press('y');
	ok(!m->is_readonly);
	help_open(m);
	type("drain");
	sees("drain: no new users; asks first");
	m->is_readonly = true;
	draw(80, 22);
	ok(strstr(picture(), "asks first") == NULL);
}

static void
test_log(void)
{
	struct order o;
	unsigned n;

	start();
	o = (struct order){ .host = h, .command = strdup("set server app/web-1 state drain"),
	    .inverse = strdup("set server app/web-1 state ready") };
	n = cmds_add(m, &o, 0);
	cmdlog_open(m);
	sees("sent");
	cmds_done(m, n, true, "", 0, T0 + 3);
	sees("ok (3 ms)");
	sees("u undo");
	sees("(nothing)");
	press('u');
	sees("set server app/web-1 state ready");
	press(K_ESC);
	cmdlog_open(m);
	press('y');
	is_str(m->ui->copy, "set server app/web-1 state drain");
	press('q');
	is_int(m->ui->overlay, OVERLAY_NONE);
	is_int(m->ui->wishes & WISH_QUIT, 0);
	free(o.command);
	free(o.inverse);
	cmds_fini(m);
}

static void
click(uint32_t code, int x, int y)
{
	static struct hits hits;
	struct key k = { .code = code, .x = x, .y = y };

	overlay_draw(m, begin(80, 22, GLYPHS_ASCII), &hits);
	overlay_key(m, &k, &hits);
}

static void
test_mouse(void)
{
	start();
	settings_open(m);
	click(K_CLICK, 20, 9);
	is_int(m->ui->overlay_row, 2);
	ok(m->poll_s == 1);
	click(K_DOUBLE, 20, 9);
	ok(m->poll_s == 2);
	click(K_CLICK, 0, 0);
	is_int(m->ui->overlay_row, 2);
	confirm(DO_DRAIN, "", "app", "web-1");
	click(K_DOUBLE, 30, 11);
	sent(NULL);
	is_int(m->ui->overlay, OVERLAY_CONFIRM);
}

/* No size and no key makes any of them stumble. */
static void
test_sizes(void)
{
	static const uint32_t keys[] = { K_DOWN, K_PGDN, K_END, K_UP, K_HOME, K_RIGHT, K_TAB, 'x' };
	int w, o, i;

	start();
	for (o = OVERLAY_HELP; o <= OVERLAY_TEXT; o++)
		for (w = 1; w < 200; w = w * 2 + 1) {
			if (o == OVERLAY_CONFIRM || o == OVERLAY_INPUT)
				confirm(DO_DRAIN, "", "app", "web-1");
			if (o == OVERLAY_INPUT)
				m->ui->text_title = strdup("x");
			if (o == OVERLAY_TEXT)
				text_open(m, "title", "one\ntwo\n\nthree");
			m->ui->overlay = (enum overlay)o;
			for (i = 0; i < 8; i++) {
				draw(w, w / 3);
				overlay_key(m, &(struct key){ .code = keys[i] }, NULL);
				m->ui->overlay = (enum overlay)o;
			}
		}
	pass("sizes");
}

int
main(void)
{
	test_soft();
	test_hard();
	test_dangerous();
	test_refused();
	test_input();
	test_palette();
	test_readonly();
	test_log();
	test_mouse();
	test_sizes();
	end();
	return tap_done();
}
