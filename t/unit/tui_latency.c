/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The latency screen: which backend it shows and the way through all of them, servers one
 * by one, the time cursor, what is asked of the appliances.
 */
#include <stdio.h>
#include <string.h>

#include "picture.h"
#include "tap.h"
#include "tui/rows.h"
#include "tui/screen.h"

#define T0	1360945800000

static struct model *m;
static struct host *one, *two;
static struct hits hits;

static void
feed(struct host *h, const char *rows)
{
	char text[512];

	h->kind = HOST_HAPROXY;
	rows_connected(h, T0);
	snprintf(text, sizeof(text), "# pxname,svname,type,status,weight,\n%s", rows);
	ok(rows_feed(h, "show stat", text, strlen(text), T0));
	h->kind = HOST_WEIR;
}

static void
begin_model(void)
{
	m = model_new();
	m->ui = ui_new();
	m->ui->screen = &screen_latency;
	m->now_ms = T0;
	one = model_host(m, "lb1");
	two = model_host(m, "lb2");
	feed(one, "www,FRONTEND,0,OPEN,,\napp,a,2,UP,1,\napp,b,2,UP,1,\napp,BACKEND,1,UP,2,\n"
	    "shop,BACKEND,1,UP,0,\n");
	feed(two, "app,x,2,UP,1,\napp,BACKEND,1,UP,1,\n");
}

static void
act(enum act a)
{
	const struct key k = { 0 };

	screen_act(m, a, &k);
}

/* The title of the map. */
static const char *
title(void)
{
	static char buf[64];
	const char *p;

	screen_draw(m, (begin(80, 24, GLYPHS_ASCII), &g), &hits);
	p = strstr(picture(), "Latency ");
	snprintf(buf, sizeof(buf), "%.*s", p != NULL ? (int)strcspn(p + 8, ")-") : 0,
	    p != NULL ? p + 8 : "");
	return buf;
}

static void
test_backends(void)
{
	static const char *const round[] = { "lb1 app", "lb1 shop", "lb2 app", "lb1 app" };
	size_t i, n;

	snprintf(m->ui->px, sizeof(m->ui->px), "app");
	for (i = 0; i < 4; i++) {
		n = strlen(round[i]);
		if (!ok_named(strncmp(title(), round[i], n) == 0, "down: %s", round[i]))
			tap_diag("%s", title());
		act(ACT_DOWN);
	}
	act(ACT_UP);
	act(ACT_UP);
	ok(strncmp(title(), "lb2 app", 7) == 0);
	act(ACT_UP);
	ok(strncmp(title(), "lb1 shop", 8) == 0);
	m->ui->only = two;			/* one appliance: its own only */
	ok(strncmp(title(), "lb2 app", 7) == 0);
	act(ACT_DOWN);
	ok(strncmp(title(), "lb2 app", 7) == 0);
	m->ui->only = NULL;
}

static void
test_servers(void)
{
	struct wants w = { .n = 0 };
	unsigned i, n = 0;

	m->ui->px_host = one;
	snprintf(m->ui->px, sizeof(m->ui->px), "app");
	act(ACT_GROUP_BY);
	ok(strstr(title(), "app a") != NULL);
	screen_latency.wants(m, &w);
	for (i = 0; i < w.n; i++)
		n += w.at[i].host == one && w.at[i].kind == WANT_HISTOGRAM;
	is_int(n, 2);				/* its own and the other server's, once each */
	is_int(w.n, 2);
	act(ACT_GROUP_BY);
	ok(strstr(title(), "app b") != NULL);
	act(ACT_GROUP_BY);
	ok(strstr(title(), "all servers") != NULL);
	act(ACT_GROUP_BY);
	host_row_del(one, host_row(one, "app", "a"));	/* gone while it is looked at */
	ok(title()[0] != '\0');
	act(ACT_GROUP_BY);
	ok(strstr(title(), "all servers") != NULL);
}

static void
test_cursor(void)
{
	act(ACT_LEFT);
	is_int(m->ui->cursor_ms % 10000, 0);	/* bins of ten seconds */
	ok(m->ui->cursor_ms < T0 && m->ui->cursor_ms >= T0 - 20000);
	act(ACT_RIGHT);
	act(ACT_RIGHT);
	act(ACT_RIGHT);
	ok(m->ui->cursor_ms <= T0);		/* never behind now */
	for (int i = 0; i < 100; i++)
		act(ACT_LEFT);
	is_int(m->ui->cursor_ms, T0 - 600000);	/* nor before the window */
	act(ACT_BACK);
	is_int(m->ui->cursor_ms, 0);
}

/* No backend, no appliance: something is drawn, and no key does harm. */
static void
test_nothing(void)
{
	static const enum act acts[] = { ACT_UP, ACT_DOWN, ACT_LEFT, ACT_GROUP_BY, ACT_OPEN,
		ACT_HEAT, ACT_BASELINE };
	size_t i;

	host_rows_set(one, NULL, 0);
	host_rows_set(two, NULL, 0);
	title();
	ok(strstr(picture(), "no backend yet") != NULL);
	for (i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		act(acts[i]);
	is_str(m->ui->screen->name, "latency");
}

int
main(void)
{
	begin_model();
	test_backends();
	test_servers();
	test_cursor();
	test_nothing();
	ui_free(m->ui);
	model_free(m);
	grid_fini(&g);
	return tap_done();
}
