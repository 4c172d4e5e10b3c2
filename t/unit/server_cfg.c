/* SPDX-License-Identifier: BSD-2-Clause */
/* `server`, `default-server`, `bind`: addresses, options, errors. */
#include "base/magic.h"
#include "cfg_load.h"
#include "net/pp.h"

const struct module *const modules[] = { PROXY_MODULES, NULL };

/* ---- servers ---- */

static void
test_options(void)
{
	struct loaded l = load_ok(
	    "backend b\n server s1 127.0.0.1:80 weight 10 maxconn 20 minconn 5 maxqueue 6 "
	    "pool-max-conn 7 pool-low-conn 8 pool-purge-delay 9s slowstart 10s id 44 "
	    "source 127.0.0.2:99 proto h1 ws h1 backup disabled send-proxy "
	    "pool-conn-name req.hdr(host) "
	    "proxy-v2-options cert-cn,authority,crc32c,unique-id\n");
	const struct server *s = l.snap->proxies->server_list;

	is_str(s->name, "s1");
	is_int(s->line, 2);
	is_str(s->addr_text, "127.0.0.1:80");
	is_u64(addr_port(&s->addr), 80);
	ok(s->has_port && s->backend == l.snap->proxies);
	is_u64(s->weight, 10);
	is_u64(s->maxconn, 20);
	is_u64(s->minconn, 5);
	is_u64(s->maxqueue, 6);
	is_int(s->pool_max_conn, 7);
	is_u64(s->pool_low_conn, 8);
	is_u64(s->pool_purge_delay_us, 9000000);
	is_u64(s->slowstart_us, 10000000);
	is_int(s->id, 44);
	ok(s->source != NULL && addr_port(s->source) == 99);
	is_u64(s->flags, SRV_BACKUP | SRV_DISABLED | SRV_SEND_PROXY_V1 | SRV_POOL_NAMED);
	is_str((const char *)s->pool_conn_name, "req.hdr(host)");
	is_u64(s->pp2_options, PP2_OPT_SSL | PP2_OPT_CERT_CN | PP2_OPT_AUTHORITY |
	    PP2_OPT_CRC32C | PP2_OPT_UNIQUE_ID);
	unload(&l);
}

static void
test_defaults(void)
{
	struct loaded l = load_ok(
	    "backend b\n source 127.0.0.9\n"
	    " server a 127.0.0.1:1\n"
	    " default-server backup send-proxy-v2 send-proxy-v2-ssl disabled minconn 4\n"
	    " server b 127.0.0.1:2\n"
	    " server c 127.0.0.1:3 no-backup no-send-proxy-v2 no-send-proxy-v2-ssl enabled "
	    "maxconn 9 no-send-proxy\n");
	const struct server *s = l.snap->proxies->server_list;

	is_u64(s->weight, 1);
	is_int(s->pool_max_conn, -1);
	is_u64(s->pool_purge_delay_us, 5000000);
	is_u64(s->maxconn, 0);
	is_u64(s->flags, 0);
	ok(s->source != NULL);
	s = s->next;
	is_u64(s->flags, SRV_BACKUP | SRV_SEND_PROXY_V2 | SRV_SEND_PROXY_V2_SSL | SRV_DISABLED);
	is_u64(s->maxconn, 4);		/* only minconn was written */
	is_u64(s->minconn, 0);
	s = s->next;
	is_u64(s->flags, 0);
	is_u64(s->maxconn, 9);
	is_u64(s->minconn, 4);
	is_u64(l.snap->proxies->nservers, 3);
	unload(&l);
}

static void
test_addresses(void)
{
	struct loaded l = load_ok(
	    "backend b\n"
	    " server plain 127.0.0.1\n"
	    " server plus 127.0.0.1:+10\n"
	    " server six [::1]:80\n"
	    " server path /run/x.sock\n"
	    " server name localhost:80\n");
	const struct proxy *px = l.snap->proxies;
	const struct server *s = server_find(px, "plain");

	ok(!s->has_port && !(s->flags & SRV_PORT_RELATIVE));
	s = server_find(px, "plus");
	ok(!s->has_port && (s->flags & SRV_PORT_RELATIVE));
	is_int(server_find(px, "six")->addr.kind, ADDR_INET6);
	is_int(server_find(px, "path")->addr.kind, ADDR_UNIX);
	is_u64(addr_port(&server_find(px, "name")->addr), 80);
	ok(server_find(px, "plain")->conn_key != server_find(px, "six")->conn_key);
	ok(server_find(px, "nope") == NULL);
	unload(&l);
}

static void
test_server_errors(void)
{
	error_is("backend b", "server s", "'server' expects <name> and <addr>[:<port>] as "
	    "arguments.");
	error_is("frontend f", "server s 127.0.0.1:80", "'server' not allowed because frontend "
	    "'f' has no backend capability.");
	error_is("defaults", "server s 127.0.0.1:80", "'server' not allowed in 'defaults' "
	    "section.");
	error_is("backend b", "server s$ 127.0.0.1:80", "character '$' is not permitted in server "
	    "name 's$'.");
	error_is("backend b", "server s 127.0.0.1:80 weight 300", "weight of server s is not "
	    "within 0 and 256 (300).");
	error_is("backend b", "server s 127.0.0.1:80 pool-max-conn -2", "'pool-max-conn' must be "
	    ">= -1 (got '-2')");
	error_is("backend b", "server s 127.0.0.1:80 source fd@4", "'source' : 'fd@4' is not an "
	    "IP address");
	error_is("backend b", "source 127.0.0.1 usesrc clientip", "'source' : 'usesrc' is not "
	    "supported: only a fixed address is built in this release.");
	error_is("backend b", "server s fd@4", "'server b/s' : 'fd@4' is no address to connect to");
	error_is("backend b", "server s 127.0.0.1:80 proxy-v2-options foo", "'foo' : proxy v2 "
	    "option not implemented.");
	error_is("backend b", "server s 127.0.0.1:80 proto h2", "'proto' : 'h2' is not built in "
	    "this release; known: 'h1'.");
	error_is("backend b", "server s 127.0.0.1:80 wieght 3", "'server b/s' : unknown keyword "
	    "'wieght'; did you mean 'weight' maybe ?");
	error_is("backend b", "server s 127.0.0.1:80 dyncookie", "'server b/s' : 'dyncookie' is "
	    "not supported: write dynamic on the backend's cookie line.");
	error_is("backend b", "default-server id 3", "'id' belongs to one server, not to "
	    "default-server.");
	error_is("backend b", "default-server", "'default-server' expects <option>... as "
	    "argument.");
	error_is("backend b", "server-template s 3 x.invalid:80", "'server b/s1' : could not "
	    "resolve address 'x.invalid' in 'x.invalid:80'");
}

static void
test_duplicates(void)
{
	struct loaded l = load(
	    "backend b\n server s 127.0.0.1:80 id 3\n server s 127.0.0.1:81\n"
	    " server t 127.0.0.1:82 id 3\n");

	is_str(l.alerts,
	    "t.cfg:3: backend 'b', another server named 's' was already defined at line 2, please "
	    "use a distinct name.\n"
	    "t.cfg:4: 'server b/t' : 'id' : custom id 3 already used at t.cfg:2 ('server s').\n"
	    "config : Error(s) found in configuration file : t.cfg\n");
	unload(&l);
}

static void
test_unresolvable(void)
{
	struct loaded l = load("backend b\n server s no-such-host.invalid:80\n");

	ok(strncmp(l.alerts, "t.cfg:2: 'server b/s' : ", 24) == 0);
	ok(strstr(l.alerts, "no-such-host.invalid") != NULL);
	unload(&l);
}

/* ---- binds ---- */

static void
test_bind(void)
{
	struct loaded l = load_ok(
	    "frontend f\n bind 127.0.0.1:1000-1002,:2000,[::1]:3000 name n maxconn 5 backlog 6 "
	    "interface lo accept-proxy defer-accept tfo transparent v4v6 v6only proto h1\n"
	    " bind /run/x.sock mode 600 user root group root\n"
	    " bind abns@x uid 3 gid 4 level user\n"
	    " bind fd@7 id 9\n");
	const struct bind_conf *b = l.snap->proxies->binds;
	unsigned port;

	is_u64(l.snap->proxies->nbinds, 8);
	for (port = 1000; port < 1003; port++, b = b->next) {
		is_u64(addr_port(&b->addr), port);
		is_str(b->text, "127.0.0.1:1000-1002");
	}
	is_u64(addr_port(&b->addr), 2000);
	is_int(b->addr.kind, ADDR_INET);
	is_str(b->text, ":2000");
	is_str(b->name, "n");
	is_u64(b->maxconn, 5);
	is_u64(b->backlog, 6);
	is_str(b->interface, "lo");
	ok(b->accept_proxy && b->defer_accept && b->tfo && b->transparent && b->v4v6 && b->v6only);
	ok(b->frontend == l.snap->proxies);
	b = b->next;
	is_int(b->addr.kind, ADDR_INET6);
	is_int(b->id, 5);
	b = b->next;
	is_int(b->addr.kind, ADDR_UNIX);
	is_u64(b->mode, 0600);
	ok(b->has_uid && b->uid == 0 && b->has_gid && b->gid == 0);
	b = b->next;
	is_int(b->addr.kind, ADDR_ABNS);
	ok(b->uid == 3 && b->gid == 4);
	is_int(b->level, 1);
	b = b->next;
	is_int(b->addr.kind, ADDR_FD);
	is_int(b->addr.fd, 7);
	is_int(b->id, 9);
	unload(&l);
}

static void
test_environment(void)
{
	struct loaded l;

	setenv("WEIR_TEST_FD", "12", 1);
	setenv("WEIR_TEST_PORT", "8099", 1);
	l = load_ok("frontend f\n bind fd@${WEIR_TEST_FD}\n"
	    "backend b\n server s 127.0.0.1:${WEIR_TEST_PORT}\n");
	is_int(l.snap->proxies->binds->addr.fd, 12);
	is_u64(addr_port(&l.snap->proxies->next->server_list->addr), 8099);
	unload(&l);
}

static void
test_bind_errors(void)
{
	error_is("frontend f", "bind 127.0.0.1", "'bind' : missing port specification in "
	    "'127.0.0.1'");
	error_is("frontend f", "bind 127.0.0.1:80 foo", "'bind 127.0.0.1:80' in section 'frontend' "
	    ": unknown keyword 'foo'.");
	error_is("frontend f", "bind :80-82 id 3", "'bind' : 'id' can only be used with a single "
	    "socket");
	error_is("frontend f", "bind :80,:81 id 3", "'bind' : 'id' can only be used with a single "
	    "socket");
	error_is("frontend f", "bind ,", "'bind' : missing address");
	error_is("frontend f", "bind :80 user no-such-user", "'user' : unknown user name "
	    "'no-such-user'");
	error_is("frontend f", "bind :80 group no-such-group", "'group' : unknown group name "
	    "'no-such-group'");
	error_is("frontend f", "bind :80 mss 1400", "'bind :80' in section 'frontend' : 'mss' is "
	    "not supported: the segment size of listeners is not built.");
	error_is("frontend f", "bind", "'bind' expects <address>[,<address>...] [<option>...] as "
	    "argument.");
}

int
main(void)
{
	test_options();
	test_defaults();
	test_addresses();
	test_server_errors();
	test_duplicates();
	test_unresolvable();
	test_bind();
	test_environment();
	test_bind_errors();
	return tap_done();
}
