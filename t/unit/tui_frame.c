/* SPDX-License-Identifier: BSD-2-Clause */
/* The frame around screens: title, tabs, messages, key bar at their widths; and what the
 * last minute's requests were made of. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "picture.h"
#include "tap.h"
#include "tui/cmds.h"
#include "tui/requests.h"
#include "tui/rows.h"

static struct model *m;
static struct host *h;
static struct hits hits;

static void
begin_model(void)
{
	m = model_new();
	m->ui = ui_new();
	m->ui->screen = &screen_overview;
	m->ui->glyphs = &glyph_sets[GLYPHS_BLOCK];
	m->now_ms = 1360945800000;		/* 2013-02-15T16:30:00Z */
	m->poll_s = 1;
	h = model_host(m, "lb1");
	rows_connected(h, m->now_ms);
	h->kind = HOST_WEIR;
	h->state = HOST_UP;
	snprintf(h->version, sizeof(h->version), "3.3.0-weir0.1");
	h->uptime_s = 90061;
}

static void
end_model(void)
{
	cmds_fini(m);
	ui_free(m->ui);
	model_free(m);
}

/* Row y of the whole picture; from the end when below 0. */
static const char *
row(int w, int height, int y)
{
	static char buf[2048];
	const char *p;
	int i, to;

	begin(w, height, GLYPHS_BLOCK);
	screen_draw(m, &g, &hits);
	to = y < 0 ? height + y : y;
	for (p = picture(), i = 0; i < to; i++)
		p = strchr(p, '\n') + 1;
	snprintf(buf, sizeof(buf), "%.*s", (int)strcspn(p, "\n"), p);
	return buf;
}

static void
test_title(void)
{
	const char *p;

	is_str(row(40, 24, 0), " weirtop  lb1 ●   weir 0.1    16:30:00Z");
	is_str(row(80, 24, 0),
	    " weirtop  lb1 ●   weir 0.1  up 1d01h  rw  1s                          16:30:00Z");
	is_str(row(120, 24, 0),
	    " weirtop  lb1 ●   weir 0.1  up 1d01h  rw  ever"
	    "y 1 s                                                2013-02-15 16:30:00Z");
	p = row(200, 24, 0);
	ok(strstr(p, "  rw  every 1 s      ") != NULL);
	ok(strcmp(p + strlen(p) - 21, " 2013-02-15 16:30:00Z") == 0);
	is_str(row(120, 24, 1),
	    "  1 Overview  2 Servers  3 Latency  4 Alarms  5 Scaling  6 Lua  7 Requests");
	h->kind = HOST_HAPROXY;
	snprintf(h->version, sizeof(h->version), "2.6.12-1+deb12u1");
	h->uptime_s = 59;
	m->is_readonly = true;
	is_str(row(80, 24, 0),
	    " weirtop  lb1 ●   haproxy 2.6.12  up 0m59s  ro  1s                    16:30:00Z");
	h->kind = HOST_WEIR;
	h->is_paused = h->is_test_clock = m->ui->is_paused = true;
	is_str(row(120, 24, 0),
	    " weirtop  lb1 ●   weir 2.6.12-1+deb12u1  up 0m59s  ro  every 1 s    HELD    TES"
	    "T CLOCK    PAUSED   2013-02-15 16:30:00Z");
	h->is_paused = h->is_test_clock = m->ui->is_paused = m->is_readonly = false;
	model_host(m, "a-name-that-is-long-in-zone-b");
	p = row(80, 24, 0);
	ok(strstr(p, "…") != NULL && strstr(p, "zone-b ▸   rw  1s  ") != NULL);
}

static void
test_alarms(void)
{
	static const char text[] = "#name,state,idle\nhot,ALARM,0\ncold,OK,0\n"
	    "new,INSUFFICIENT_DATA,0\nslow,INSUFFICIENT_DATA,1\n";

	ok(sheet_parse(&h->kinds[KIND_ALARM], text, sizeof(text) - 1));
	ok(strstr(row(80, 24, 0), "  1 ALARM  16:30:00Z") != NULL);
	ok(strstr(row(120, 24, 0), "  1 ALARM  1 INSUFFICIENT  1 OK  2013-") != NULL);
}

static void
test_small(void)
{
	is_str(row(20, 5, 0), "weirtop needs 40x10");
	is_str(row(39, 40, 0), "weirtop needs 40x10 (has 39x40)");
	is_str(row(40, 9, 0), "weirtop needs 40x10 (has 40x9)");
}

static void
test_keys(void)
{
	is_str(row(40, 24, -1), "?Help SpaceMark dDrain mMaint   F10Quit");
	is_str(row(80, 24, -1),
	    "?Help SpaceMark dDrain mMaint rReady wWeight aAck SScale /Filter        F10Quit");
	is_str(row(120, 24, -1),
	    "?Help SpaceMark dDrain mMaint rReady wWeight aAck SScale /Filter :Command EnterO"
	    "pen TabPane uUndo pPause sSort  F10Quit");
	m->is_readonly = true;
	is_str(row(80, 24, -1),
	    "?Help SpaceMark /Filter :Command EnterOpen TabPane pPause sSort         F10Quit");
	m->is_readonly = false;
	m->ui->screen = &screen_lua;
	is_str(row(120, 24, -1),
	    "?Help ^EEdit F2Save draft F3Check F5Dry run F6Diff F8Apply F9Roll back F4Consol"
	    "e /Filter :Command EnterOpen     F10Quit");
	m->ui->screen = &screen_overview;
}

static void
test_messages(void)
{
	struct order o = { .host = h, .command = (char *)"set server app/a state drain",
		.inverse = (char *)"set server app/a state ready" };
	unsigned n;

	h->state = HOST_LOST;
	snprintf(h->error, sizeof(h->error), "Connection refused");
	h->lost_ms = m->now_ms - 7000;
	h->retry_ms = m->now_ms + 1500;
	is_str(row(80, 24, -2), " lb1: Connection refused for 7 s, retry in 2 s");
	h->state = HOST_UP;
	ui_say(m, R_INFO, "a word");
	is_str(row(80, 24, -2), " a word");
	m->now_ms += 1000;
	n = cmds_add(m, &o, 0);			/* more than the word */
	is_str(row(80, 24, -2), " > set server app/a state drain  → ...   u undo");
	cmds_done(m, n, true, "", 0, m->now_ms + 4);
	is_str(row(80, 24, -2), " > set server app/a state drain  → ok (4 ms)   u undo");
	cmds_done(m, n, true, "No such server.\nmore", 20, m->now_ms + 4);
	is_str(row(80, 24, -2), " > set server app/a state drain  → failed: No such server.");
	m->now_ms += 61000;
	is_str(row(80, 24, -2), "");
	m->ui->is_filtering = true;
	edit_set(&m->ui->edit, "aä");
	is_str(row(80, 24, -2), "/aä  words  !not  /re/  state:down  p99>300  5xx>1%  changed<5m  "
	    "and or ( )");
	is_int(g.cursor_x, 3);
	m->ui->is_filtering = false;
}

/* --- Requests ---------------------------------------------------------------- */

static void
request(int64_t t_ms, const char *client, const char *target, int status, double ta_ms)
{
	struct request *r = requests_add(&h->requests);

	r->frontend = xstrdup("www");		/* what is freed; the others are lent */
	r->backend = (char *)"app";
	r->server = (char *)"one";
	r->client = (char *)client;
	r->target = (char *)target;
	r->method = (char *)"GET";
	r->term = (char *)"--";
	r->host = h;
	r->t_ms = t_ms;
	r->status = status;
	r->ta_ms = ta_ms;
}

static void
test_top(void)
{
	struct requests_state *s = requests_state(m);

	request(m->now_ms - 61000, "10.0.0.1:1", "/old", 200, 1);
	request(m->now_ms - 3000, "10.0.0.1:1", "/a?x=1", 200, 10);
	request(m->now_ms - 2000, "10.0.0.1:2", "/a?x=2", 503, 30);
	request(m->now_ms - 1000, "10.0.0.2:1", "/b", 200, NAN);
	s->top = TOP_PATH;
	requests_draw_top(m, begin(80, 4, GLYPHS_ASCII));
	is_str(picture(),
	    "3 requests by path            T: by path, client, status, server, and back to t~\n"
	    "\n"
	    "/a                                     2  66.7%     1 err  avg 20ms max 30ms\n"
	    "/b                                     1  33.3%     0 err  avg 0ms max 0ms\n");
	s->top = TOP_CLIENT;
	requests_draw_top(m, begin(80, 4, GLYPHS_ASCII));
	is_str(picture(),
	    "3 requests by client          T: by path, client, status, server, and back to t~\n"
	    "\n"
	    "10.0.0.1                               2  66.7%     1 err  avg 20ms max 30ms\n"
	    "10.0.0.2                               1  33.3%     0 err  avg 0ms max 0ms\n");
	s->top = TOP_STATUS;
	m->ui->until_ms = m->now_ms - 1500;	/* held: what came later is not counted */
	requests_draw_top(m, begin(80, 4, GLYPHS_ASCII));
	is_str(picture(),
	    "3 requests by status          T: by path, client, status, server, and back to t~\n"
	    "\n"
	    "200                                    2  66.7%     0 err  avg 6ms max 10ms\n"
	    "503                                    1  33.3%     1 err  avg 30ms max 30ms\n");
	m->ui->until_ms = 0;
	s->top = TOP_SERVER;
	ui_filter(m, "path:/b");
	requests_draw_top(m, begin(40, 3, GLYPHS_ASCII));
	is_str(picture(),
	    "1 request by server           T: by pat~\n"
	    "\n"
	    "app/one              1 100.0%     0 err\n");
	ui_filter(m, "path:/nowhere");
	requests_draw_top(m, begin(40, 3, GLYPHS_ASCII));
	is_str(picture(),
	    "0 requests by server          T: by pat~\n"
	    "\n"
	    "\n");
	ui_filter(m, "");
	s->top = TOP_NONE;
}

int
main(void)
{
	begin_model();
	test_title();
	test_alarms();
	test_small();
	test_keys();
	test_messages();
	test_top();
	end_model();
	grid_fini(&g);
	return tap_done();
}
