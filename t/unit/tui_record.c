/* SPDX-License-Identifier: BSD-2-Clause */
/* Recordings: what is written is read again; steps, back and seek; other names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/out.h"
#include "tap.h"
#include "tui/record.h"
#include "tui/rows.h"
#include "tui/source.h"

#define T0	1795323600000

static char path[64];

static struct record *
begin(size_t cap)
{
	const char *why;

	snprintf(path, sizeof(path), "/tmp/tui-record-%d", (int)getpid());
	return record_open(path, cap, false, &why);
}

static void
put(struct record *r, int64_t ms, const char *host, const char *command, const char *text)
{
	record_frame(r, ms, host, command, text, strlen(text));
}

static void
stat_frame(struct record *r, int64_t ms, const char *host, unsigned n)
{
	char text[200];

	snprintf(text, sizeof(text), "# pxname,svname,status,type,req_tot,\napp,a,UP,2,%u,\n", n);
	put(r, ms, host, "show stat", text);
}

static void
test_format(void)
{
	struct record *r = begin(0);
	struct frame *f;
	unsigned n = 0, line = 0;
	size_t len;
	char *data;

	put(r, T0, "lb 1", "show version", "2.6.12\n");
	put(r, T0 + 5, "lb2", "lua load x <<\nnot this", "");
	record_close(r);
	data = file_read(path, 1 << 20, &len);
	is_str(data, "@1795323600000 lb_1 7 show version\n2.6.12\n\n"
	    "@1795323600005 lb2 0 lua load x <<\n\n");
	ok(record_parse(data, len, &f, &n, &line));
	is_int(n, 2);
	is_str(f[1].command, "lua load x <<");
	is_mem(f[0].text, f[0].len, "2.6.12\n", 7);
	free(f);
	free(data);
}

static void
test_bad(void)
{
	static const char *const texts[] = {
		"x", "@1 h 3 c\nab\n", "@1 h 2 c\nabc\n", "@ h 2 c\nab\n", "@1 h 2\nab\n",
		"@1  2 c\nab\n",
		"@1 h 2 c\nab\n@1 h 9999999999 c\nab\n", "@1 h -1 c\nab\n"
	};
	struct frame *f;
	unsigned n, line = 0;

	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char *z = strdup(texts[i]);

		ok_named(!record_parse(z, strlen(z), &f, &n, &line), "refused: %u", i);
		is_int(line, i == 6 ? 3 : 1);
		free(z);
	}
}

static void
test_replay(void)
{
	struct record *rec = begin(0);
	struct model *m = model_new();
	struct replay *r;
	struct host *h;
	const char *why;

	for (unsigned i = 0; i < 10; i++) {
		stat_frame(rec, T0 + i * 1000, "lb1", i * 10);
		if (i > 4)
			stat_frame(rec, T0 + i * 1000, "lb2", i);
	}
	put(rec, T0 + 10000, "lb1", "#lost", "no answer for 5 s\n");
	record_close(rec);
	r = replay_open(m, path, &why);
	is_int(m->nhosts, 2);
	h = m->hosts[0];
	is_int(replay_next_ms(r), T0);
	ok(replay_step(r) && replay_step(r));
	is_int(m->now_ms, T0 + 1000);
	is_int((int)host_row(h, "app", "a")->rate[C_REQ], 10);
	ok(replay_back(r));
	is_int(m->now_ms, T0);
	ok(isnan(host_row(h, "app", "a")->rate[C_REQ]));
	ok(!replay_back(r));
	ok(replay_seek(r, T0 + 6500));
	is_int(m->now_ms, T0 + 6000);
	is_int((int)host_row(m->hosts[1], "app", "a")->rate[C_REQ], 1);
	ok(replay_seek(r, T0 + 3000));
	is_int(m->now_ms, T0 + 3000);
	is_int(m->hosts[1]->nrows, 0);
	ok(!replay_seek(r, T0 - 1));
	while (replay_step(r))
		;
	is_int(h->state, HOST_LOST);
	is_str(h->error, "no answer for 5 s");
	is_int(replay_next_ms(r), 0);
	ok(replay_back(r));
	is_int(h->state, HOST_UP);
	ok(m->hosts[0] == h);
	replay_close(r);
	model_free(m);
	ok(replay_open(m, "/proc/none/x.wrec", &why) == NULL);
	is_str(why, "No such file or directory");
}

static void
test_rotation(void)
{
	struct record *r = begin(300);
	char old[80];

	for (unsigned i = 0; i < 8; i++)
		stat_frame(r, T0 + i, "lb1", i);
	ok(record_files(r) >= 2);
	record_close(r);
	snprintf(old, sizeof(old), "%s.1", path);
	ok(access(old, R_OK) == 0 && access(path, R_OK) == 0);
	unlink(old);
	unlink(path);
}

static const char *
other(struct anonymizer *a, const char *command, const char *text)
{
	static struct outbuf b;

	outbuf_fini(&b);
	outbuf_init(&b, 0);
	anonymize(a, command, text, strlen(text), &b);
	return b.data;
}

static void
test_anonymize(void)
{
	struct anonymizer *a = anonymizer_new();

	is_str(other(a, "show stat", "# pxname,svname,status,addr,\nshop,web-1,UP,10.0.0.9:80,\n"
	    "shop,BACKEND,UP,,\nstat,x,UP,,\n"), "# pxname,svname,status,addr,\n"
	    "px1,sv1,UP,198.18.0.1:80,\npx1,BACKEND,UP,,\nstat,sv2,UP,,\n");
	is_str(other(a, "subscribe events", "1,1795323601.004,health,shop/web-1,UP,DOWN,"
	    "\"Server shop/web-1 is DOWN: web-1.\"\n"), "1,1795323601.004,health,px1/sv1,UP,DOWN,"
	    "\"Server px1/sv1 is DOWN: sv1.\"\n");
	is_str(other(a, "subscribe requests", "1795323601.1,www,shop,web-1,203.0.113.35:4,GET,"
	    "/q?s=secret,200,1\n"), "1795323601.1,www,px1,sv1,198.18.0.2:4,GET,/t1,200,1\n");
	is_str(other(a, "show events r -w -n", "203.0.113.35:5 [27/Nov/2026:02:53:35.368] www "
	    "shop/web-1 0/0/0/0/0 200 73 - - ---- 2/1/0 0/0 \"GET /q?s=secret HTTP/1.1\"\n"),
	    "198.18.0.2:5 [27/Nov/2026:02:53:35.368] www px1/sv1 0/0/0/0/0 200 73 - - ---- 2/1/0 "
	    "0/0 \"GET /t1 HTTP/1.1\"\n");
	is_str(other(a, "show snapshot", "#snapshot v=1 gen=1 full=1 pid=7 now=1795323601.004\n"
	    "#info,Name,node,Pid,\ninfo,weir,lb-paris,7,\n#instance,id,group,zone,launch_config\n"
	    "instance,i-a522c643955c3a9fd,asg,paris-1,shop-v7\n"),
	    "#snapshot v=1 gen=1 full=1 pid=7 now=1795323601.004\n"
	    "#info,Name,node,Pid,\ninfo,weir,node1,7,\n#instance,id,group,zone,launch_config\n"
	    "instance,i-00000000000000001,ob1,ob2,ob3\n");
	is_str(anonymize_host(a, "lb-berlin"), "host1");
	is_str(anonymize_host(a, "lb-paris"), "node1");
	is_str(other(a, "x", "i-b522c643955c3a9fd fe80::1 123456789017 02:53:35 shop:web-1"),
	    "i-00000000000000002 2001:db8::1 123456789012 02:53:35 px1:sv1");
	is_str(other(a, "show lua x source", " secret()\n"), " -- left out\n");
	anonymizer_free(a);
}

/* The recordings of t/data, each frame of which is understood. */
static struct model *
replay_data(const char *file)
{
	struct model *m = model_new();
	struct frame *f = NULL;
	unsigned n = 0, line = 0, i, bad = 0;
	size_t len;
	char *data = file_read(file, 1 << 24, &len);

	ok_named(data != NULL && record_parse(data, len, &f, &n, &line), "%s (line %u)", file,
	    line);
	for (i = 0; i < n; i++)
		if (!rows_feed(model_host(m, f[i].host), f[i].command, f[i].text, f[i].len,
		    f[i].ms)) {
			tap_diag("%s", model_host(m, f[i].host)->error);
			bad++;
		}
	is_int(bad, 0);
	free(f);
	free(data);
	return m;
}

static void
test_data(void)
{
	struct model *m = replay_data("t/data/states.wrec");
	struct host *h = m->hosts[0];
	struct totals t;

	model_totals(m, NULL, &t);
	is_int(t.backends, 7);
	is_int(t.critical, 1);
	is_int(t.degraded, 3);
	is_int(t.alarms, 2);
	is_int(t.idle, 1);
	is_str(sheet_get(&h->kinds[KIND_GROUP], 0, "cooldown_left_s"), "71");
	is_int(host_row(h, "search", "BACKEND")->up, 5);
	is_str(host_row(h, "search", "web-5")->word, "UP 2/3");
	ok(host_row(h, "search", "web-5")->rate[C_REQ] > 20);
	ok(host_latmap(h, "search", "", 10)->nbins > 50);
	ok(!isnan(history_at(&h->total, M_REQ, m->now_ms / 1000 - 300)));
	ok(history_at(&h->total, M_P99, m->now_ms / 1000) > 700000);
	ok(h->requests.n > 50 && h->events.n > 10);
	model_free(m);
	model_free(replay_data("t/data/healthy.wrec"));
	m = replay_data("t/data/restart.wrec");
	is_int(m->hosts[0]->restarts, 1);
	model_free(m);
	m = replay_data("t/data/stall.wrec");
	is_int(m->hosts[0]->state, HOST_LOST);
	model_free(m);
	m = replay_data("t/data/haproxy.wrec");
	is_int(host_quality(m->hosts[0]), Q_RING);
	ok(host_row(m->hosts[0], "app", "BACKEND")->p99_us > 10000);
	model_free(m);
}

int
main(void)
{
	test_data();
	test_format();
	test_bad();
	test_replay();
	test_rotation();
	test_anonymize();
	return tap_done();
}
