/* SPDX-License-Identifier: BSD-2-Clause */
/* The model as weir's own answers fill it: snapshots, objects, histories, streams. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	rows_connected(h, T0);
}

static bool
feed(const char *command, int64_t ms, const char *text)
{
	return rows_feed(h, command, text, strlen(text), ms);
}

#define STAT "#stat,pxname,svname,qcur,scur,stot,status,type,req_tot,-,p50_us,p90_us,p99_us,\n"
#define GROUP "#group,name,min,desired,max,cooldown_left_s,cooldown_s\n"
#define ALARM "#alarm,name,state,idle,value\n"

static void
begin_snapshot(void)
{
	begin();
	ok(feed("show snapshot since 0 only stat,group,alarm", T0,
	    "#snapshot v=1 gen=100 since=0 full=1 pid=77 now=1795323600.123 paused=1 clock=test\n"
	    STAT "stat,www,FRONTEND,,1,10,OPEN,0,10,-,,,,\n"
	    "stat,app,web-1,0,1,10,UP,2,10,-,4000,9000,88000,\n"
	    "stat,app,web-2,0,1,10,DOWN,2,10,-,,,,\n"
	    "stat,app,BACKEND,3,1,10,UP,1,10,-,4000,9000,88000,\n"
	    GROUP "group,asg,1,2,5,71,300\ngroup,old,1,1,1,0,0\n"
	    ALARM "alarm,High,ALARM,0,\"910, or so\"\nalarm,Low,OK,0,1\n"
	    "alarm,Idle,INSUFFICIENT_DATA,1,\nalarm,None,INSUFFICIENT_DATA,0,\n"
	    "#end rows=10\n"));
}

static void
test_snapshot(void)
{
	struct totals t;

	begin_snapshot();
	is_int(h->kind, HOST_WEIR);
	is_u64(h->gen, 100);
	ok(h->is_paused && h->is_test_clock);
	is_int(h->skew_ms, 123);
	is_int((int)host_row(h, "app", "web-1")->p99_us, 88000);
	is_int(host_quality(h), Q_HISTOGRAM);
	is_int(host_row(h, "app", "BACKEND")->state, ST_DEGRADED);
	is_str(sheet_get(&h->kinds[KIND_ALARM], 0, "value"), "910, or so");
	model_totals(m, NULL, &t);
	is_int(t.alarms * 1000 + t.alarms_ok * 100 + t.idle * 10 + t.insufficient, 1111);
	is_int(t.backends * 100 + t.degraded * 10 + t.critical, 110);
	is_int((int)t.p99_us, 88000);
	is_int((int)t.queue, 3);
}

static void
test_delta(void)
{
	begin_snapshot();
	ok(feed("show snapshot since 100 only stat,group,alarm", T0 + 2000,
	    "#snapshot v=1 gen=102 since=100 full=0 pid=77 now=1795323602.123\n"
	    STAT "stat,app,web-1,0,1,30,UP,2,30,-,4000,9000,88000,\n"
	    "stat,app,web-3,0,1,0,UP,2,0,-,,,,\n"
	    "-stat,app,web-2\n" ALARM "alarm,High,OK,0,3\n-group,old\n#end rows=5\n"));
	ok(!h->is_paused);
	is_int((int)host_row(h, "app", "web-1")->rate[C_REQ], 10);
	is_int((int)host_row(h, "www", "FRONTEND")->rate[C_REQ], 0);
	is_int((int)history_at(host_row(h, "www", "FRONTEND")->hist, M_REQ, T0 / 1000 + 2), 0);
	ok(host_row(h, "app", "web-2") == NULL);
	is_str(h->rows[2]->sv, "web-3");
	is_int(host_row(h, "app", "BACKEND")->state, ST_OK);
	is_int(h->kinds[KIND_GROUP].nrows, 1);
	is_str(sheet_get(&h->kinds[KIND_GROUP], 0, "cooldown_left_s"), "69");
	is_str(sheet_get(&h->kinds[KIND_ALARM], 0, "state"), "OK");
	is_int(sheet_find(&h->kinds[KIND_ALARM], "name", "Idle"), 2);
	is_int(h->restarts, 0);
	/* Another process: everything anew, with a mark. */
	ok(feed("show snapshot since 102 only stat,group,alarm", T0 + 3000,
	    "#snapshot v=1 gen=50 since=102 full=1 pid=78 now=1795323603.123\n"
	    STAT "stat,app,web-1,0,1,50,UP,2,50,-,,,,\n#end rows=1\n"));
	is_int(h->restarts, 1);
	is_int(h->nrows, 1);
	ok(isnan(host_row(h, "app", "web-1")->rate[C_REQ]));
	is_int(h->kinds[KIND_GROUP].nrows, 0);
	is_int(h->kinds[KIND_ALARM].nrows, 0);
}

static void
test_garbled(void)
{
	static const char *const texts[] = {
		"#snapshot v=1 gen=102 since=100 full=0 pid=77 now=1795323602.123\n" STAT
		    "stat,app,web-1,0,1,30,UP,2,30,-,4000,9000,88000,\n",
		"#snapshot v=1 gen=102 since=100 full=0 pid=77 now=1795323602.123\n#end rows=1\n",
		"#snapshot v=2 gen=102 since=100 full=0 pid=77 now=1795323602.123\n#end rows=0\n",
		"#snapshot v=1 gen=102 since=100 full=1 pid=77 now=1795323602.123\n" STAT
		    "stat,app,web-1,0,1\n#end rows=1\n",
		"#snapshot v=1 gen=102 since=100 full=1 pid=77 now=1795323602.123\n"
		    "stat,app,web-1,0,1\n#end rows=1\n",
		"#snapshot v=1 gen=102 since=100 full=1 pid=77 now=1795323602.123\nzork\n"
		    "#end rows=1\n"
	};

	begin_snapshot();
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		h->error[0] = '\0';
		ok_named(!feed("show snapshot since 100", T0 + 2000, texts[i]), "refused: %u", i);
		ok(h->error[0] != '\0');
	}
	is_u64(h->gen, 100);
	is_int(h->nrows, 4);
	ok(!feed("show histogram app", T0, "#histogram v=1 unit=us lo=64 hi=64000000 sub=8 n=160\n"
	    "1795323600,3,1:2 999:1\n"));
	is_int(h->nlatmaps, 0);
	ok(!feed("show history app", T0, "Unknown field\n"));
	ok(!feed("show activities", T0, "No.\n"));
}

static void
test_info(void)
{
	begin();
	ok(feed("show snapshot only info", T0,
	    "#snapshot v=1 gen=1 since=0 full=1 pid=77 now=1795323600.123\n"
	    "#info,Name,Version,Pid,Uptime_sec,Maxconn,CurrConns,node,\n"
	    "info,weir,3.3.0-weir0.1,77,12,2000,312,vm,\n#end rows=1\n"));
	is_str(h->version, "3.3.0-weir0.1");
	is_str(h->node, "vm");
	is_int((int)h->maxconn, 2000);
	is_int((int)h->conns, 312);
	ok(feed("show version", T0, "3.3.0\n"));
	ok(feed("show cli level", T0, "operator\n"));
	is_int(h->level, LEVEL_OPERATOR);
	ok(feed("help", T0, "  show stat\n"));
	is_int(h->kind, HOST_HAPROXY);
	ok(feed("show clock", T0, "2013-02-15T16:32:56Z, test\n"));
	ok(h->is_test_clock);
}

static void
test_histogram(void)
{
	struct latmap *l;

	begin();
	ok(feed("show histogram app step 10s from -10m", T0,
	    "#histogram v=1 unit=us lo=64 hi=64000000 sub=8 n=160 phase=total\n"
	    "1795323580,5,12:3 13:2\n1795323590,1,20:1\n"));
	l = host_latmap(h, "app", "", 10);
	is_int(l->nbins, 2);
	is_int(l->bins[0].count[12], 3);
	is_int(l->quality, Q_HISTOGRAM);
	is_int(l->to_s, T0 / 1000);
	/* The last bin was not complete; it comes again. */
	ok(feed("show histogram app step 10s from 1795323590", T0 + 10000,
	    "#histogram v=1 unit=us lo=64 hi=64000000 sub=8 n=160 phase=total\n"
	    "1795323590,4,20:4\n1795323600,1,21:1\n"));
	is_int(l->nbins, 3);
	is_int(l->bins[1].count[20], 4);
	ok(host_latmap(h, "app", "", 60) == l);
	ok(host_latmap(h, "app", "web-1", 10) == NULL);
	is_int(l->from_s, 1795323580);
	feed("show histogram app web-1 step 60s from -1h", T0,
	    "#histogram v=1 unit=us lo=64 hi=64000000 sub=8 n=160 phase=total\n");
	is_int(host_latmap(h, "app", "web-1", 60)->nbins, 0);
	feed("show histogram app phase queue step 10s", T0,
	    "#histogram v=1 unit=us lo=64 hi=64000000 sub=8 n=160 phase=queue\n"
	    "1795323590,4,20:4\n");
	is_int(h->nlatmaps, 2);
	ok(host_answer(h, "show histogram app phase queue step 10s") != NULL);
}

static void
test_history(void)
{
	begin_snapshot();
	ok(feed("show history www FRONTEND", T0,
	    "#t,req_rate,rate,scur,qcur,bin,bout,hrsp_2xx,hrsp_4xx,hrsp_5xx,errors,p50_us,p99_us\n"
	    "1795323595,7,3,2,,100,1000,7,1,0,0,,\n1795323596,,,,,,,,,,,,\n"
	    "1795323597,9,3,2,,100,1000,7,1,0,0,,\n"));
	is_int((int)history_at(&h->total, M_REQ, 1795323595), 7);
	ok(isnan(history_at(&h->total, M_REQ, 1795323596)));
	is_int((int)history_at(host_row(h, "www", "FRONTEND")->hist, M_4XX, 1795323597), 1);
	ok(feed("show history app", T0, "#t,req_rate,p99_us\n1795323595,7,64000\n"));
	is_int((int)history_at(&h->total, M_P99, 1795323595), 64000);
}

static void
test_streams(void)
{
	const struct event *e;
	const struct request *r;

	begin();
	ok(feed("subscribe events since 0", T0, "#events v=1 next=3\n"
	    "1,1795323601.004,alarm,High,OK,ALARM,\"910 > 500, 3 of 3\"\n#alive\n"
	    "2,1795323602.000,group,asg,2,3,policy more\n#lost 17\nzork\n"));
	e = event_newest(&h->events, 1);
	is_str(e->name, "High");
	is_str(e->text, "910 > 500, 3 of 3");
	is_int(e->t_ms, 1795323601004);
	is_u64(h->events.lost, 17);
	feed("subscribe events since 1", T0, "2,1795323602.000,group,asg,2,3,policy more\n");
	is_int(h->events.n, 2);
	for (unsigned i = 3; i < 3 + EVENTS_MAX; i++) {
		char line[80];

		snprintf(line, sizeof(line), "%u,1795323602.000,group,g%u,2,3,t\n", i, i);
		feed("subscribe events", T0, line);
	}
	is_int(h->events.n, EVENTS_MAX);
	is_str(event_newest(&h->events, 0)->name, "g502");
	ok(event_newest(&h->events, EVENTS_MAX) == NULL);

	feed("subscribe requests sample 10", T0, "#requests v=1\n#t,frontend\n"
	    "1795323601.120,www,app,web-3,203.0.113.35:4,GET,\"/q?s=a,b\",504,100,1006,0,6,1,-1,"
	    "5010,sH\n"
	    "short,line\n");
	r = request_newest(&h->requests, 0);
	is_str(r->target, "/q?s=a,b");
	is_str(r->term, "sH");
	is_int(r->status, 504);
	is_int((int)r->ta_ms, 5010);
	ok(isnan(r->tresp_ms));
	is_int(h->requests.n, 1);
}

#define LOG "127.0.0.1:4 [27/Nov/2026:02:53:35.368] www~ app/a 0/1/2/30/33 200 73 - - ---- " \
	"2/1/0/0/0 0/0 \"GET /x?y=1 HTTP/1.1\""

static void
test_ring(void)
{
	const struct request *r;
	struct latmap *l;

	begin();
	feed("show events", T0, "Supported events sinks are listed below. Add -w(wait)\n"
	    "    stdout     : type=fd, 0 dropped, standard output (fd#1)\n"
	    "    buf0       : type=buffer, 0 dropped, in-memory ring buffer\n"
	    "    reqs       : type=buffer, 0 dropped, reqs\n");
	is_str(h->ring, "reqs");
	feed("show events reqs -w -n", T0, LOG "\n<134>Nov 27 02:53:35 haproxy[9]: " LOG "\n"
	    "<133>Server app/a is DOWN.\n"
	    "1.2.3.4:5 [27/Nov/2026:02:53:35.368] tcp tb/x 1/2/44 512 -- 1/1/0/0/0 0/0\n"
	    "1.2.3.4:5 [27/Nov/2026:02:53:35.368] w w/<NOSRV> 0/-1/-1/-1/0 503 7 - - SC-- 4/3/0 "
	    "0/0 \"<BADREQ>\"\n");
	is_int(h->requests.n, 4);
	r = request_newest(&h->requests, 3);
	is_str(r->frontend, "www");
	is_str(r->server, "a");
	is_str(r->client, "127.0.0.1:4");
	is_str(r->method, "GET");
	is_str(r->target, "/x?y=1");
	is_str(r->term, "----");
	is_int(r->status, 200);
	is_int((int)r->ta_ms, 33);
	is_int((int)request_newest(&h->requests, 1)->ta_ms, 44);
	is_str(request_newest(&h->requests, 0)->target, "");
	l = host_latmap(h, "app", "a", 10);
	is_int(l->quality, Q_RING);
	is_int(l->bins[0].count[hist_coarse_index(hist_index(33000))], 2);
	feed("show stat", T0 + 1000, "# pxname,svname,status,type,ttime,\napp,a,UP,2,900,\n");
	ok(host_row(h, "app", "a")->p50_us > 30000 && host_row(h, "app", "a")->p50_us < 36000);
	is_str(quality_name(host_quality(h)), "from ring");
}

static void
test_answers(void)
{
	const struct answer *a;

	begin();
	feed("show group asg", T0, "id: x\n#name,min\nasg,1\n");
	a = host_answer(h, "show group asg");
	is_int(a->sheet.ncols, 0);
	is_int((int)a->len, 22);
	feed("policy test asg/more from 1795323000 to 1795323600", T0, "#open loop: as recorded\n"
	    "#time,from,to\n2026,1,2\n#total changes=1\n");
	a = host_answer(h, "policy test asg/more from 1795329999 to 1795330000");
	is_str(sheet_get(&a->sheet, 0, "to"), "2");
	is_str(a->sheet.notes, "#open loop: as recorded\n#total changes=1\n");
	is_str(sheet_get(&a->sheet, 1, "to"), "");
	is_str(sheet_get(&a->sheet, 0, "zork"), "");
	ok(host_answer(h, "policy test asg/less") == NULL);
	for (int i = 0; i < 200; i++) {
		char command[40];

		snprintf(command, sizeof(command), "show group g%d", i);
		feed(command, T0 + i, "x\n");
	}
	is_int(h->nanswers, 64);
	ok(host_answer(h, "show group g199") != NULL);
	feed("show activities", T0, "#id,cause\n1,\"a\n\"\n");
	is_int(h->activities.nrows, 0);
	feed("show activities", T0, "#id,cause\n1,\"a, b\"\n");
	is_str(sheet_get(&h->activities, 0, "cause"), "a, b");
}

int
main(void)
{
	test_snapshot();
	test_delta();
	test_garbled();
	test_info();
	test_histogram();
	test_history();
	test_streams();
	test_ring();
	test_answers();
	model_free(m);
	return tap_done();
}
