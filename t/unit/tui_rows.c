/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers of stats sockets become rows: states, rates, marks, and what is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/out.h"
#include "tap.h"
#include "tui/rows.h"

#define T0	1795323600000

static struct model *m;
static struct host *h;

static void
begin(void)
{
	model_free(m);
	m = model_new();
	h = model_host(m, "lb1");
}

static bool
feed(const char *command, int64_t ms, const char *text)
{
	return rows_feed(h, command, text, strlen(text), ms);
}

#define HEAD "# pxname,svname,qcur,scur,stot,bin,econ,status,act,bck,lastchg,iid,type," \
	"check_status,req_tot,hrsp_5xx,ttime,\n"
#define WWW(tot) "www,FRONTEND,,3," #tot ",10,,OPEN,,,,1,0,," #tot ",0,,\n"
#define WEB(name, status, tot) \
	"app," name ",0,1," #tot ",10,0," status ",1,0,60,2,2,L7OK," #tot ",0,12,\n"
#define APP(tot) "app,BACKEND,2,1," #tot ",10,0,UP,1,0,60,2,1,," #tot ",0,12,\n"

static const struct row *
server(const char *name)
{
	return host_row(h, "app", name);
}

static void
test_states(void)
{
	static const struct { const char *status, *word; enum state state; } rows[] = {
		{ "UP", "UP", ST_OK }, { "UP 2/3", "UP 2/3", ST_DEGRADED },
		{ "DOWN 1/2", "DOWN 1/2", ST_DEGRADED }, { "NOLB", "NOLB", ST_DEGRADED },
		{ "DRAIN", "DRAIN", ST_DRAIN }, { "MAINT", "MAINT", ST_MAINT },
		{ "MAINT (via app/x)", "MAINT", ST_MAINT }, { "DOWN", "DOWN", ST_CRIT },
		{ "DOWN (agent)", "DOWN", ST_CRIT }, { "no check", "no check", ST_OK },
		{ "odd", "odd", ST_UNKNOWN }
	};
	char text[600];

	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		begin();
		snprintf(text, sizeof(text), HEAD "app,s,0,1,5,10,0,%s,1,0,60,2,2,L7OK,5,0,12,\n",
		    rows[i].status);
		ok(feed("show stat", T0, text));
		is_str(server("s")->word, rows[i].word);
		ok_named(server("s")->state == rows[i].state, "state of %s", rows[i].status);
		is_int(server("s")->changed_s, T0 / 1000 - 60);
	}
}

static void
test_backends(void)
{
	begin();
	feed("show stat", T0,
	    HEAD WEB("a", "UP", 1) WEB("b", "UP 2/3", 1) WEB("c", "MAINT", 1) APP(3));
	is_int(server("BACKEND")->state, ST_DEGRADED);
	is_int(server("BACKEND")->up, 2);
	is_int(server("BACKEND")->servers, 3);
	feed("show stat", T0 + 1000, HEAD WEB("a", "UP", 1) WEB("c", "MAINT", 1) APP(3));
	is_int(server("BACKEND")->state, ST_OK);
	ok(server("b") == NULL);
	is_int(h->nrows, 3);
	feed("show stat", T0 + 2000, HEAD WEB("a", "DOWN", 1) WEB("c", "MAINT", 1) APP(3));
	is_int(server("BACKEND")->state, ST_CRIT);
	feed("show stat", T0 + 3000, HEAD WEB("c", "UP", 1) WEB("a", "UP", 1) APP(3));
	is_str(h->rows[0]->sv, "c");
	ok(host_next_server(h, "app", NULL) == server("c"));
	ok(host_next_server(h, "app", server("c")) == server("a"));
	ok(host_next_server(h, "app", server("a")) == NULL);
	/* A stock haproxy tells no events, so that changes are noted. */
	is_str(event_newest(&h->events, 0)->name, "app/a");
	is_str(event_newest(&h->events, 0)->to, "UP");
}

static void
test_rates(void)
{
	begin();
	feed("show stat", T0, HEAD WWW(100) WEB("a", "UP", 100) APP(100));
	ok(isnan(server("a")->rate[C_REQ]));
	feed("show stat", T0 + 2000, HEAD WWW(120) WEB("a", "UP", 140) APP(140));
	is_int((int)server("a")->rate[C_REQ], 20);
	is_int((int)history_at(server("a")->hist, M_REQ, T0 / 1000 + 1), 20);
	is_int((int)history_at(&h->total, M_REQ, T0 / 1000 + 2), 10);
	is_int((int)history_at(&h->total, M_QUEUE, T0 / 1000 + 2), 2);
	is_int((int)history_at(server("a")->hist, M_AVG, T0 / 1000 + 1), 12032);
	is_int(h->restarts, 0);
	feed("show stat", T0 + 3000, HEAD WWW(130) WEB("a", "UP", 5) APP(5));
	ok(isnan(server("a")->rate[C_REQ]));
	ok(isnan(history_at(server("a")->hist, M_REQ, T0 / 1000 + 3)));
	is_int(h->restarts, 1);
	is_int(h->restarted_ms, T0 + 3000);
	feed("show stat", T0 + 4000, HEAD WWW(135) WEB("a", "UP", 6) APP(6));
	is_int((int)server("a")->rate[C_REQ], 1);
	/* Lost for some seconds: a gap, and no rate over it. */
	rows_lost(h, "no answer", T0 + 5000, T0 + 6000);
	is_int(h->state, HOST_LOST);
	rows_connected(h, T0 + 8000);
	feed("show stat", T0 + 8000, HEAD WWW(1000) WEB("a", "UP", 600) APP(600));
	ok(isnan(server("a")->rate[C_REQ]));
	ok(isnan(history_at(server("a")->hist, M_REQ, T0 / 1000 + 6)));
	ok(isnan(history_at(&h->total, M_REQ, T0 / 1000 + 6)));
	/* Another process begins anew although no counter went back. */
	feed("show info", T0 + 9000, "Name: HAProxy\nVersion: 2.6.12\nPid: 7\nUptime_sec: 4\n");
	feed("show stat", T0 + 9000, HEAD WWW(1001) WEB("a", "UP", 601) APP(601));
	feed("show info", T0 + 10000, "Name: HAProxy\nPid: 8\nCurrConns: 3\nMaxconn: 100\n");
	feed("show stat", T0 + 10000, HEAD WWW(1002) WEB("a", "UP", 602) APP(602));
	ok(isnan(server("a")->rate[C_REQ]));
	is_int(h->restarts, 2);
	is_int(h->kind, HOST_HAPROXY);
	is_int((int)h->conns, 3);
}

static void
test_headers(void)
{
	begin();
	ok(feed("show stat", T0, "# svname,pxname,zork,status,\na,app,\"x, \"\"y\"\"\",UP,\n"));
	is_str(row_text(server("a"), F_pxname), "app");
	is_str(h->columns[2], "zork");
	is_str(server("a")->raw + server("a")->at[2], "x, \"y\"");
	is_str(row_text(server("a"), F_req_tot), "");
	ok(isnan(row_num(server("a"), F_req_tot)));
	ok(isnan(server("a")->rate[C_REQ]));
	is_int(server("a")->type, ROW_SERVER);
	ok(feed("show stat", T0 + 1000,
	    "# pxname,svname,-,status,h1_bytes_in,\napp,a,-,DOWN,3,\n"));
	is_str(server("a")->word, "DOWN");
}

static void
test_garbled(void)
{
	static const char nul[] = HEAD "app,a\0b,0,1,5,10,0,UP,1,0,60,2,2,L7OK,5,0,12,\n";
	static const char *const texts[] = {
		"", "\n", "Permission denied\n", "# pxname,svname,\napp,\n", "# a,b,\nx,y,\n",
		HEAD WEB("b", "UP", 9) "app,a,0,1,5,10", HEAD "app,\"a,0,1\n",
		HEAD WEB("b", "UP", 9) "\x1b[2Jx\n"
	};

	begin();
	ok(feed("show stat", T0, HEAD WEB("a", "UP", 1) APP(1)));
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		h->error[0] = '\0';
		ok_named(!feed("show stat", T0 + 1000, texts[i]), "refused: %u", i);
		ok(h->error[0] != '\0');
	}
	ok(!rows_feed(h, "show stat", nul, sizeof(nul) - 1, T0));
	is_int(h->nrows, 2);
	ok(server("b") == NULL);
	is_int(server("a")->sampled_ms, T0);
	ok(!feed("show info", T0, "zork\n"));
	ok(!feed("show cli level", T0, "king\n"));
	ok(!feed("show version", T0, "Unknown command\n"));
	ok(!rows_feed(h, "show alarms", "a\0b", 3, T0));
}

static void
test_partial(void)
{
	begin();
	feed("show stat -1 3 -1", T0, HEAD WWW(1) APP(1));
	is_int(h->nrows, 2);
	is_int(server("BACKEND")->up, 1);
	feed("show stat 2 4 -1", T0, HEAD WEB("a", "UP", 1) WEB("b", "UP", 1));
	is_int(h->nrows, 4);
	is_str(h->rows[3]->sv, "BACKEND");
	is_int(server("BACKEND")->servers, 2);
	feed("show stat 2 4 -1", T0 + 1000, HEAD WEB("b", "UP", 3));
	is_int(h->nrows, 3);
	feed("show stat -1 3 -1", T0 + 1000, HEAD APP(1));
	is_int(h->nrows, 2);
	ok(host_row(h, "www", "FRONTEND") == NULL);
	is_int((int)server("b")->rate[C_REQ], 2);
}

/* As haproxy sends it, with about a hundred columns. */
static void
big_text(struct outbuf *b, unsigned rows, unsigned n)
{
	outbuf_clear(b);
	outbuf_z(b, "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,");
	for (unsigned i = 0; i < 80; i++)
		outbuf_fmt(b, "col%u,", i);
	outbuf_z(b, "status,type,iid,check_status,req_tot,hrsp_4xx,hrsp_5xx,econ,eresp,ttime,"
	    "addr,\n");
	for (unsigned i = 0; i < rows; i++) {
		outbuf_fmt(b, "app-%u,srv-%u,0,0,%u,12,4000,%u,%u,%u,", i / 100, i, i % 7, n,
		    n * 100, n * 1000);
		for (unsigned k = 0; k < 80; k++)
			outbuf_z(b, k % 3 ? "," : "12345,");
		outbuf_fmt(b, "UP,2,%u,L7OK,%u,0,0,0,0,12,10.0.0.1:80,\n", i / 100, n);
	}
}

static double
feed_big(struct outbuf *b, unsigned rows)
{
	double best = 1e9;

	begin();
	for (unsigned i = 1; i < 5; i++) {
		uint64_t from;
		double ms;

		big_text(b, rows, i);
		from = clock_read_us(CLOCK_PROCESS_CPUTIME_ID);
		ok(rows_feed(h, "show stat", b->data, b->len, T0 + i * 1000));
		ms = (double)(clock_read_us(CLOCK_PROCESS_CPUTIME_ID) - from) / 1000;
		best = ms < best ? ms : best;
	}
	return best;
}

static void
test_big(void)
{
	struct outbuf b;
	double ms;

	outbuf_init(&b, 0);
	ms = feed_big(&b, 1011);
	tap_diag("1,011 rows, %zu bytes: %.2f ms", b.len, ms);
	/* 2 ms in the release; ten times that for a busy machine, and builds without -O2. */
	ok(ms < 20 * TAP_PATIENCE);
	is_int((int)host_row(h, "app-3", "srv-300")->rate[C_REQ], 1);
	ms = feed_big(&b, 100000);
	tap_diag("100,000 rows: %.0f ms", ms);
	is_int(h->nrows, 100000);
	ok(host_row(h, "app-3", "srv-300")->hist == NULL);
	outbuf_fini(&b);
}

int
main(void)
{
	test_states();
	test_backends();
	test_rates();
	test_headers();
	test_garbled();
	test_partial();
	test_big();
	model_free(m);
	return tap_done();
}
