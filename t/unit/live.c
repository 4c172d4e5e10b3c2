/* SPDX-License-Identifier: BSD-2-Clause */
/* Live cells: kept over reloads, freed with their last holder, what they derive. */
#include "base/clock.h"
#include "cfg_load.h"
#include "proxy/lb.h"
#include "proxy/live.h"

const struct module *const modules[] = { PROXY_MODULES, NULL };

static unsigned freed;

static void
on_free(struct server_live *l)
{
	MAGIC_OK(l, SERVER_LIVE_MAGIC);
	freed++;
}

static struct loaded
prepare(const char *text)
{
	struct loaded l = load_ok(text);

	live_attach(l.snap);
	live_commit(l.snap);
	return l;
}

static struct server_live *
server(const struct loaded *l, const char *name)
{
	return server_find(l->snap->proxies, name)->live;
}

static void
test_fresh(void)
{
	struct loaded l = prepare(
	    "backend b\n server a 127.0.0.1:1 weight 5 maxconn 7\n"
	    " server d 127.0.0.1:2 disabled\n server z 127.0.0.1:3 weight 0\n"
	    " server k 127.0.0.1:4 backup\n");
	struct proxy_live *be = l.snap->proxies->live;
	struct server_live *a = server(&l, "a"), *d = server(&l, "d"), *z = server(&l, "z");

	is_str(be->name, "b");
	ok(be->conf == l.snap->proxies);
	is_str(a->backend, "b");
	is_int(a->proxy_id, 2);
	is_int(a->id, 1);
	is_u64(a->nthreads, l.snap->nthreads);
	is_u64(a->op_state, SRV_OP_RUNNING);
	is_u64(a->usable, 1);
	is_u64(a->eweight, 5 * LB_SCALE);
	is_u64(a->uweight, 5);
	is_u64(a->iweight, 5);
	is_u64(a->max_now, 7);
	ok(list_is_empty(&a->threads[0].idle) && list_is_empty(&a->queue.head));
	is_u64(d->admin, SRV_ADM_FMAINT | SRV_ADM_CMAINT);
	is_u64(d->usable, 0);
	is_u64(z->usable, 1);
	is_u64(z->eweight, 0);
	is_u64(be->nusable, 1);
	unload(&l);
	is_u64(live_count(), 0);
}

static void
test_changes(void)
{
	struct loaded l = prepare("backend b\n server a 127.0.0.1:1\n server b 127.0.0.1:2\n");
	struct proxy_live *be = l.snap->proxies->live;
	struct server_live *a = server(&l, "a");
	uint32_t epoch = be->epoch;

	is_u64(be->nusable, 2);
	a->op_state = SRV_OP_STOPPED;
	live_server_changed(be, a);
	ok(be->epoch != epoch);
	is_u64(a->usable, 0);
	is_u64(be->nusable, 1);
	a->op_state = SRV_OP_RUNNING;
	a->admin = SRV_ADM_FDRAIN;
	live_server_changed(be, a);
	is_u64(a->usable, 1);		/* persistence may still choose it */
	is_u64(a->eweight, 0);
	is_u64(be->nusable, 1);
	a->admin = SRV_ADM_IMAINT;
	live_server_changed(be, a);
	is_u64(a->usable, 0);
	a->admin = 0;
	a->op_state = SRV_OP_STOPPING;
	live_server_changed(be, a);
	is_u64(a->usable, 1);
	is_u64(a->eweight, 0);
	a->op_state = SRV_OP_RUNNING;
	a->uweight = 200;
	live_server_changed(be, a);
	is_u64(a->eweight, 200 * LB_SCALE);
	unload(&l);
}

static void
test_backups(void)
{
	static const char *const text =
	    "backend b\n %s\n server a 127.0.0.1:1\n"
	    " server k1 127.0.0.1:2 backup\n server k2 127.0.0.1:3 backup\n";
	char *one = xasprintf(text, "retries 1"), *all = xasprintf(text, "option allbackups");
	struct loaded l = prepare(one);

	is_u64(l.snap->proxies->live->nusable, 1);
	server(&l, "a")->op_state = SRV_OP_STOPPED;
	live_server_changed(l.snap->proxies->live, server(&l, "a"));
	is_u64(l.snap->proxies->live->nusable, 1);
	unload(&l);
	l = prepare(all);
	is_u64(l.snap->proxies->live->nusable, 1);
	server(&l, "a")->op_state = SRV_OP_STOPPED;
	live_server_changed(l.snap->proxies->live, server(&l, "a"));
	is_u64(l.snap->proxies->live->nusable, 2);
	unload(&l);
	free(one);
	free(all);
}

static void
test_slowstart(void)
{
	struct loaded l = prepare(
	    "backend b\n server a 127.0.0.1:1 weight 100 maxconn 50 slowstart 100s\n");
	struct proxy_live *be = l.snap->proxies->live;
	struct server_live *a = server(&l, "a");

	is_u64(a->eweight, 100 * LB_SCALE);	/* not at the start of the process */
	a->op_state = SRV_OP_STARTING;
	a->since_us = clock_mono_us();
	live_server_changed(be, a);
	ok(a->eweight == 100);
	is_u64(a->max_now, 1);
	is_u64(be->nusable, 1);
	a->since_us = clock_mono_us() - 50000000;
	live_server_changed(be, a);
	ok(a->eweight >= 50 * LB_SCALE && a->eweight < 60 * LB_SCALE);
	ok(a->max_now >= 25 && a->max_now < 30);
	a->since_us = clock_mono_us() - 100000000;
	live_server_changed(be, a);
	is_u64(a->op_state, SRV_OP_RUNNING);
	is_u64(a->eweight, 100 * LB_SCALE);
	is_u64(a->max_now, 50);
	unload(&l);
}

/* A reload keeps cells, states and counters; new values of the file are taken. */
static void
test_reload(void)
{
	struct loaded old = prepare("backend b\n server a 127.0.0.1:1 weight 5\n"
	    " server gone 127.0.0.1:2\n server w 127.0.0.1:3 weight 5\n"
	    " server off 127.0.0.1:4 disabled\n"), new;
	struct server_live *a = server(&old, "a"), *gone = server(&old, "gone");
	struct server_live *w = server(&old, "w"), *off = server(&old, "off");

	COUNT_ADD(&a->threads[1].count, stot, 3);
	COUNT(&a->threads[0].count, stot);
	COUNT(&old.snap->proxies->live->threads[0].be, stot);
	a->op_state = SRV_OP_STOPPED;
	w->uweight = 77;		/* an operator's */
	new = load_ok("frontend b\n bind fd@3\nbackend b\n"
	    " server w 127.0.0.1:3 weight 9 disabled\n"
	    " server a 127.0.0.1:1 weight 6\n server off 127.0.0.1:4\n");
	live_attach(new.snap);
	is_u64(a->uweight, 5);		/* nothing changes before the commit */
	ok(a->conf == server_find(old.snap->proxies, "a"));
	live_commit(new.snap);
	ok(new.snap->proxies->live != old.snap->proxies->live);
	ok(new.snap->proxies->next->live == old.snap->proxies->live);
	ok(server_find(new.snap->proxies->next, "a")->live == a);
	is_u64(a->op_state, SRV_OP_STOPPED);
	is_u64(a->uweight, 6);
	is_int(a->id, 2);
	is_int(a->proxy_id, 3);
	is_u64(w->uweight, 77);
	is_u64(w->iweight, 9);
	is_u64(w->admin, SRV_ADM_FMAINT | SRV_ADM_CMAINT);
	is_u64(off->admin, 0);
	is_u64(live_sum_server(a, C_stot), 4);
	is_u64(live_sum_be(old.snap->proxies->live, C_stot), 1);
	is_u64(live_sum_fe(old.snap->proxies->live, C_stot), 0);
	is_u64(new.snap->proxies->next->live->nusable, 1);

	freed = 0;
	live_server_ref(gone);		/* a tunnel's */
	unload(&old);
	is_u64(freed, 0);
	ok(gone->conf == NULL);
	live_server_changed(new.snap->proxies->next->live, gone);	/* harmless */
	live_server_unref(gone);
	is_u64(freed, 1);
	is_u64(live_count(), 5);
	unload(&new);
	is_u64(freed, 4);
	is_u64(live_count(), 0);
}

/* A name that comes back while only a connection holds its cell starts afresh. */
static void
test_return(void)
{
	struct loaded l = prepare("backend b\n server a 127.0.0.1:1\n");
	struct server_live *a = server(&l, "a");
	struct proxy_live *b = l.snap->proxies->live;

	COUNT(&a->threads[0].count, stot);
	a->op_state = SRV_OP_STOPPED;
	live_server_ref(a);
	live_proxy_ref(b);
	unload(&l);
	is_u64(live_count(), 2);
	l = prepare("backend b\n server a 127.0.0.1:1\n");
	ok(server(&l, "a") == a);
	ok(l.snap->proxies->live == b);
	is_u64(a->op_state, SRV_OP_RUNNING);
	is_u64(live_sum_server(a, C_stot), 1);
	is_u64(b->nusable, 1);
	live_server_unref(a);
	live_proxy_unref(b);
	unload(&l);
	is_u64(live_count(), 0);
}

/* References from several threads; the last one frees. */
static void *
ref_and_unref(void *arg)
{
	int i;

	for (i = 0; i < 20000; i++) {
		live_server_ref(arg);
		live_server_unref(arg);
	}
	live_server_unref(arg);
	return NULL;
}

static void
test_threads(void)
{
	struct loaded l = prepare("backend b\n server a 127.0.0.1:1\n");
	struct server_live *a = server(&l, "a");
	pthread_t threads[4];
	int i;

	freed = 0;
	for (i = 0; i < 4; i++) {
		live_server_ref(a);
		pthread_create(&threads[i], NULL, ref_and_unref, a);
	}
	unload(&l);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	is_u64(freed, 1);
	is_u64(live_count(), 0);
}

static void
test_gauge(void)
{
	struct gauge g = { 0 };

	is_u64(gauge_inc(&g), 1);
	is_u64(gauge_inc(&g), 2);
	is_u64(gauge_dec(&g), 1);
	is_u64(gauge_get(&g), 1);
	is_u64(g.max, 2);
}

int
main(void)
{
	live_on_server_free(on_free);
	test_fresh();
	test_changes();
	test_backups();
	test_slowstart();
	test_reload();
	test_return();
	test_threads();
	test_gauge();
	return tap_done();
}
