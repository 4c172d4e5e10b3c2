/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which rows lists show and in which order, the tree, what filters and scripts read
 * of a row, marks; and how the overview and the servers screen answer to keys.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "tap.h"
#include "tui/columns.h"
#include "tui/lists.h"
#include "tui/row_acts.h"
#include "tui/rows.h"

static const char stat[] =
	"# pxname,svname,qcur,scur,stot,status,weight,type,lastchg,check_status,check_code,addr,"
	"req_tot,hrsp_5xx,ctime,mode,algo,\n"
	"www,FRONTEND,,7,10,OPEN,,0,,,,,100,0,,http,,\n"
	"api,a1,0,1,5,UP,100,2,7200,L7OK,200,10.0.0.1:80,50,0,3,http,,\n"
	"api,a2,0,1,5,UP,50,2,100,L7OK,200,10.0.0.2:80,50,0,3,http,,\n"
	"api,BACKEND,0,2,10,UP,150,1,7200,,,,100,0,3,http,roundrobin,\n"
	"shop,s1,0,1,5,DOWN,100,2,60,L4CON,,10.0.1.1:80,50,0,3,http,,\n"
	"shop,s2,2,1,5,UP,100,2,60,L7OK,200,10.0.1.2:80,50,5,3,http,,\n"
	"shop,BACKEND,2,2,10,UP,100,1,7200,,,,100,5,3,http,leastconn,\n"
	"old,o1,0,0,0,DOWN,1,2,60,L4TOUT,,10.0.2.1:80,0,0,0,http,,\n"
	"old,BACKEND,0,0,0,DOWN,0,1,60,,,,0,0,0,http,roundrobin,\n";

static struct model *m;
static struct host *h;
static struct hits hits;

static void
begin_model(void)
{
	m = model_new();
	m->ui = ui_new();
	m->now_ms = 1000000000;
	h = model_host(m, "lb1");
	h->kind = HOST_HAPROXY;
	rows_connected(h, m->now_ms);
	ok(rows_feed(h, "show stat", stat, sizeof(stat) - 1, m->now_ms));
	m->ui->screen = &screen_servers;
}

static void
end_model(void)
{
	ui_free(m->ui);
	model_free(m);
}

/* Names of a list's rows with blanks between them. */
static const char *
names(struct list *l)
{
	static char buf[256];
	size_t n = 0;
	unsigned i;

	buf[0] = '\0';
	for (i = 0; i < l->n; i++) {
		const struct row *r = l->at[i];

		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%s%s", i > 0 ? " " : "",
		    r->type == ROW_SERVER ? r->sv : r->px);
	}
	list_fini(l);
	return buf;
}

static const char *
tree(void)
{
	struct list l = { 0 };
	struct table t = { .list = LIST_TREE, .columns = row_columns, .ncolumns = nrow_columns,
		.key = row_key };

	list_tree(m, &t, &l);
	return names(&l);
}

static const char *
backends(void)
{
	struct list l = { 0 };

	list_backends(m, &l);
	return names(&l);
}

static void
test_order(void)
{
	struct list l = { 0 };

	is_str(backends(), "old shop api");
	list_servers(m, host_row(h, "api", "BACKEND"), &l);
	is_str(names(&l), "a1 a2");
	is_int(list_tree_size(m), 9);
	is_str(tree(), "old o1 shop s1 s2 api a1 a2 www");
	m->ui->lists[LIST_TREE].sort = row_column("name");
	is_str(tree(), "api a1 a2 old o1 shop s1 s2 www");
	m->ui->lists[LIST_TREE].sort = row_column("weight");
	m->ui->lists[LIST_TREE].is_reversed = true;
	is_str(tree(), "old o1 shop s1 s2 api a2 a1 www");
	m->ui->lists[LIST_TREE].sort = -1;
}

static void
test_folding(void)
{
	const struct row *api = host_row(h, "api", "BACKEND");

	is_int(tree_fold(m, api), FOLD_OPEN);
	is_int(tree_fold(m, host_row(h, "www", "FRONTEND")), FOLD_NONE);
	is_int(tree_indent(host_row(h, "api", "a1")), 2);
	tree_toggle(m, api);
	is_int(tree_fold(m, api), FOLD_CLOSED);
	is_str(tree(), "old o1 shop s1 s2 api www");
	m->ui->faults_only = true;
	is_str(tree(), "old o1 shop s1");
	m->ui->faults_only = false;
	ui_filter(m, "a2");		/* what is found is shown, folded or not */
	is_str(tree(), "api a2");
	ui_filter(m, "state:down");
	is_str(tree(), "old o1 shop s1");
	is_str(backends(), "old shop");
	ui_filter(m, "backend:shop");
	is_str(tree(), "shop s1 s2");
	ui_filter(m, "weight<100 weight>1");
	is_str(tree(), "api a2");
	ui_filter(m, "changed<90 !state:down");
	is_str(tree(), "shop s2");
	ui_filter(m, "");
	tree_toggle(m, api);
}

static void
field_is(const char *sv, const char *field, const char *text, double num)
{
	char buf[256];
	double v;

	if (!ok_named(row_field(host_row(h, "shop", sv), field, buf, sizeof(buf), &v) &&
	    strcmp(buf, text) == 0 && (v == num || (isnan(v) && isnan(num))), "%s of %s",
	    field != NULL ? field : "words", sv))
		tap_diag("'%s' %g", buf, v);
}

static void
test_fields(void)
{
	char buf[64];
	double v;

	field_is("s2", NULL, "shop/s2 10.0.1.2:80 UP lb1", NAN);
	field_is("s2", "name", "s2", NAN);
	field_is("s2", "server", "s2", NAN);
	field_is("BACKEND", "name", "shop", NAN);
	field_is("BACKEND", "server", "", NAN);
	field_is("s2", "weight", "100", 100);
	field_is("s2", "queue", "2", 2);
	field_is("s2", "ctime", "3.0", 3);
	field_is("s2", "changed", "60s", 60);
	field_is("s1", "check", "L4CON", NAN);
	field_is("s2", "check", "L7OK 200", NAN);
	field_is("s2", "p99", "-", NAN);
	field_is("s2", "host", "lb1", NAN);
	field_is("BACKEND", "up/w", "1/2", NAN);
	ok(!row_field(host_row(h, "shop", "s2"), "nonsense", buf, sizeof(buf), &v));
}

/* Rates come from two answers. */
static void
test_rates(void)
{
	char next[sizeof(stat)], *p;

	memcpy(next, stat, sizeof(stat));
	p = strstr(next, "10.0.1.2:80,50,5");
	memcpy(p, "10.0.1.2:80,90,9", 16);
	m->now_ms += 2000;
	ok(rows_feed(h, "show stat", next, sizeof(stat) - 1, m->now_ms));
	field_is("s2", "req_s", "20", 20);
	field_is("s2", "5xx", "10", 10);
}

static void
test_columns(void)
{
	static const struct row_pick pick[] = { { "addr", NULL, 3, 0 }, { "name", "NODE", 0, 5 },
		{ NULL, NULL, 0, 0 } };
	struct column got[2];
	unsigned i;
	bool sane = true;

	for (i = 0; i < nrow_columns; i++)
		sane &= row_column(row_columns[i].name) == (int)i && row_columns[i].help[0] != '\0';
	ok_named(sane && nrow_columns >= 40, "%u columns, each with its own name", nrow_columns);
	is_int(table_sets(row_columns, nrow_columns), 8);
	is_int(row_columns_pick(pick, got), 2);
	is_str(got[0].title, "ADDRESS");
	is_str(got[1].title, "NODE");
	is_int(got[1].min, 5);
	is_int(row_column("nonsense"), -1);
}

static void
press(const char *keys)
{
	char buf[64], *t, *save;

	snprintf(buf, sizeof(buf), "%s", keys);
	for (t = strtok_r(buf, " ", &save); t != NULL; t = strtok_r(NULL, " ", &save)) {
		screen_key(m, &(struct key){ .code = key_code(t) }, &hits);
		screen_draw(m, &g, &hits);
	}
}

static void
test_keys(void)
{
	begin(120, 40, GLYPHS_ASCII);
	screen_draw(m, &g, &hits);
	press("j j j Space");
	is_int(host_row(h, "shop", "s1")->mark, 1);
	press("*");
	is_int(host_row(h, "api", "a1")->mark, 4);
	ok(strstr(picture(), "5 marked") != NULL);
	press("\\");
	is_int(host_row(h, "shop", "s1")->mark, 0);
	press("g Enter");
	ok(m->ui->screen == &screen_server);
	is_str(m->ui->px, "old");
	ok(row_in_view(m) == host_row(h, "old", "BACKEND"));
	ok(strstr(picture(), "Backend old") != NULL);
	press("x");
	ok(strstr(picture(), "all fields") != NULL);
	press("Esc");
	ok(m->ui->screen == &screen_servers);
	press("x");
	is_str(tree(), "old shop s1 s2 api a1 a2 www");
	press("C C");
	is_int(m->ui->lists[LIST_TREE].column_set, 2);
	press("y");
	is_str(m->ui->copy, "old/BACKEND");
}

static void
test_overview(void)
{
	struct wants w = { .n = 0 };

	m->ui->screen = &screen_overview;
	screen_draw(m, &g, &hits);
	ok(strstr(picture(), "Servers of old") != NULL);
	press("j");
	ok(strstr(picture(), "Servers of shop") != NULL);
	is_str(m->ui->px, "shop");
	press("Tab Enter");
	is_str(m->ui->sv, "s1");
	press("Esc h h");
	ok(m->ui->cursor_ms > 0);
	press("l l");
	is_int(m->ui->cursor_ms, 0);
	press("z");
	ok(strstr(picture(), "Requests/s") == NULL);
	press("z");
	h->kind = HOST_WEIR;
	screen_overview.wants(m, &w);
	ok(w.n >= 2 && w.at[0].kind == WANT_STREAM);
	m->ui->pane = 0;
	screen_draw(m, &g, &hits);
	press("S-Tab");			/* no alarms, groups, events: only two panes */
	is_int(m->ui->pane, 1);
}

/* Any size is drawn; at these each pane has come and gone. */
static void
test_sizes(void)
{
	static const char *const screens_[] = { "overview", "servers", "server" };
	int w, hgt;
	size_t i;

	for (i = 0; i < 3; i++)
		for (w = 1; w < 210; w += 13)
			for (hgt = 1; hgt < 70; hgt += 7) {
				m->ui->screen = screen_find(screens_[i]);
				begin(w, hgt, GLYPHS_BRAILLE);
				screen_draw(m, &g, &hits);
			}
	pass("all sizes");
}

int
main(void)
{
	begin_model();
	test_order();
	test_folding();
	test_fields();
	test_rates();
	test_columns();
	test_keys();
	test_overview();
	test_sizes();
	grid_fini(&g);
	end_model();
	return tap_done();
}
