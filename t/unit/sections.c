/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections: what they make, names, numbers, inheritance, what is refused. */
#include "cfg_load.h"

const struct module *const modules[] = { PROXY_MODULES, NULL };

static void
test_kinds(void)
{
	struct loaded l = load_ok(
	    "global\n daemon\n"
	    "frontend f\n bind fd@3\n"
	    "backend b\n"
	    "listen l\n bind fd@4\n"
	    "http-errors pages\n"
	    "global\n quiet\n");
	struct proxy *px = l.snap->proxies;

	is_str(px->name, "f");
	is_int(px->cap, CAP_FRONTEND);
	is_str(proxy_type_name(px), "frontend");
	is_int(px->id, 2);
	is_str(px->file, "t.cfg");
	is_int(px->line, 3);
	px = px->next;
	is_str(proxy_type_name(px), "backend");
	is_int(px->id, 3);
	px = px->next;
	is_str(proxy_type_name(px), "listen");
	is_int(px->id, 4);
	ok(px->next == NULL);
	ok(l.snap->global->daemon && l.snap->global->quiet);
	ok(http_errors_find(l.snap, "pages") != NULL);
	ok(http_errors_find(l.snap, "nope") == NULL);
	unload(&l);
}

static void
test_find(void)
{
	struct loaded l = load_ok(
	    "frontend a\n bind fd@3\n"
	    "backend a\n"
	    "listen b\n bind fd@4\n"
	    "defaults d\n");

	is_str(proxy_type_name(proxy_find(l.snap, "a", CAP_FRONTEND)), "frontend");
	is_str(proxy_type_name(proxy_find(l.snap, "a", CAP_BACKEND)), "backend");
	ok(proxy_find(l.snap, "b", CAP_FRONTEND) == proxy_find(l.snap, "b", CAP_BACKEND));
	is_str(proxy_type_name(proxy_find(l.snap, "d", CAP_DEFAULTS)), "defaults");
	ok(proxy_find(l.snap, "d", CAP_BACKEND) == NULL);
	ok(proxy_find(l.snap, "a", CAP_DEFAULTS) == NULL);
	ok(proxy_find(l.snap, "nope", CAP_FRONTEND) == NULL);
	unload(&l);
}

static void
test_defaults(void)
{
	struct loaded l = load_ok(
	    "defaults base\n mode http\n timeout client 1s\n default-server weight 7\n"
	    "defaults more from base\n timeout server 2s\n"
	    "backend b1\n default-server maxconn 3\n server s 127.0.0.1:1\n"
	    "backend b2 from base\n server s 127.0.0.1:1\n"
	    "defaults\n"
	    "backend b3\n server s 127.0.0.1:1\n");
	struct proxy *b1 = proxy_find(l.snap, "b1", CAP_BACKEND);
	struct proxy *b2 = proxy_find(l.snap, "b2", CAP_BACKEND);
	struct proxy *b3 = proxy_find(l.snap, "b3", CAP_BACKEND);

	is_int(b1->set.mode, MODE_HTTP);
	is_u64(b1->set.timeout.client, 1000000);
	is_u64(b1->set.timeout.server, 2000000);
	is_str(b1->from->name, "more");
	is_u64(b1->server_list->weight, 7);
	is_u64(b1->server_list->maxconn, 3);
	is_u64(b2->set.timeout.server, 0);
	is_u64(b2->server_list->weight, 7);
	is_u64(b2->server_list->maxconn, 0);
	is_int(b3->set.mode, MODE_TCP);
	is_u64(b3->server_list->weight, 1);
	unload(&l);
}

static void
test_names(void)
{
	struct loaded l = load(
	    "frontend\n"
	    "frontend a$b\n"
	    "frontend ok\n"
	    "backend ok\n"
	    "frontend ok\n bogus\n"
	    "listen ok\n"
	    "backend c from nope\n"
	    "backend d x\n"
	    "defaults two\n"
	    "defaults two\n"
	    "backend e from two\n"
	    "http-errors h\n"
	    "http-errors h\n"
	    "http-errors\n"
	    "global x\n");

	is_str(l.alerts,
	    "t.cfg:1: 'frontend' expects an <id> argument\n"
	    "t.cfg:2: character '$' is not permitted in 'frontend' name 'a$b'.\n"
	    "t.cfg:5: frontend 'ok' has the same name as frontend 'ok' declared at t.cfg:3.\n"
	    "t.cfg:6: unknown keyword 'bogus' in 'frontend' section\n"
	    "t.cfg:7: listen 'ok' has the same name as frontend 'ok' declared at t.cfg:3.\n"
	    "t.cfg:8: defaults section 'nope' not found for backend 'c'.\n"
	    "t.cfg:9: 'backend' cannot handle unexpected argument 'x'.\n"
	    "t.cfg:12: ambiguous defaults section name 'two' referenced by backend 'e' exists "
	    "at least at t.cfg:10 and t.cfg:11.\n"
	    "t.cfg:14: http-errors section 'h' already exists (declared at t.cfg:13).\n"
	    "t.cfg:15: 'http-errors' expects one name as argument.\n"
	    "t.cfg:16: 'global' cannot handle unexpected argument 'x'.\n"
	    "config : Error(s) found in configuration file : t.cfg\n");
	is_int(l.result, -1);
	unload(&l);
}

static void
test_ids(void)
{
	struct loaded l = load_ok(
	    "backend a\n id 3\n"
	    "backend b\n"
	    "backend c\n server x 127.0.0.1:1\n server y 127.0.0.1:2 id 1\n"
	    "frontend f\n bind fd@3 id 2\n bind fd@4\n bind fd@5\n");
	struct proxy *c = proxy_find(l.snap, "c", CAP_BACKEND);
	struct bind_conf *b = proxy_find(l.snap, "f", CAP_FRONTEND)->binds;

	is_int(proxy_find(l.snap, "b", CAP_BACKEND)->id, 4);
	is_int(c->id, 5);
	is_int(proxy_find(l.snap, "f", CAP_FRONTEND)->id, 6);
	is_int(server_find(c, "x")->id, 2);
	is_int(server_find(c, "y")->id, 1);
	ok(c->servers[1] == server_find(c, "y"));
	is_u64(c->servers[1]->index, 1);
	ok(c->servers[2] == NULL);
	is_int(b->id, 2);
	is_int(b->next->id, 3);
	is_int(b->next->next->id, 4);
	unload(&l);
	l = load("backend a\n id 3\nbackend b\n id 3\n");
	ok(strncmp(l.alerts, "t.cfg:4: backend b reuses same custom id as backend a (declared at "
	    "t.cfg:1).\n", 75) == 0);
	unload(&l);
}

static void
test_refused(void)
{
	static const char *const later[] = {
		"log-forward", "log-profile",
		"crt-store", "mailers", "cache", "program", "fcgi-app", "traces",
		"acme",
	};
	struct loaded l = load("mailers p\n mailer a 127.0.0.1:1\nbackend b\n");
	char *text, *want;
	size_t i;

	is_str(l.alerts, "t.cfg:1: section 'mailers' is refused: e-mail alerts are "
	    "built in a later release.\n"
	    "config : Error(s) found in configuration file : t.cfg\n");
	unload(&l);
	for (i = 0; i < sizeof(later) / sizeof(later[0]); i++) {
		text = xasprintf("%s x\n", later[i]);
		want = xasprintf("t.cfg:1: section '%s' is refused: ", later[i]);
		l = load(text);
		ok_named(strncmp(l.alerts, want, strlen(want)) == 0, "%s", later[i]);
		unload(&l);
		free(want);
		free(text);
	}
}

int
main(void)
{
	test_kinds();
	test_find();
	test_defaults();
	test_names();
	test_ids();
	test_refused();
	return tap_done();
}
