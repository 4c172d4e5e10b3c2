/* SPDX-License-Identifier: BSD-2-Clause */
/* Keywords of global, frontends and backends: values, errors, what is ignored. */
#include "base/magic.h"
#include "cfg_load.h"
#include "proxy/lb.h"

static int
lb_parse(struct cfg *c, struct proxy *px, char **args, int nargs)
{
	int i;

	for (i = 0; i < nargs; i++)
		if (strcmp(args[i], "bad") == 0) {
			diag_error(c->diag, "bad word");
			return -1;
		}
	px->set.lb.name = nargs > 0 ? args[0] : "none";
	px->set.lb.len = (uint32_t)nargs;
	return 0;
}

static const struct lb_algo algos[] = {
	{ .name = "first" }, { .name = "hdr", .parse = lb_parse }, { 0 }
};
static const struct module mod_lb_test = { .name = "lb_test", .lb = algos };

const struct module *const modules[] = { PROXY_MODULES, &mod_lb_test, NULL };

/* ---- global ---- */

static void
test_global(void)
{
	struct loaded l = load_ok(
	    "global\n"
	    " maxconn 1000\n nbthread 3\n thread-groups 1\n ulimit-n 5000\n"
	    " maxpipes 7\n"
	    " maxsslconn 14\n nosplice\n noreuseport\n daemon\n quiet\n zero-warning\n"
	    " strict-limits\n expose-experimental-directives\n"
	    " user root\n group root\n chroot /var/empty\n pidfile /run/x.pid\n"
	    " node n1\n description a b c\n localpeer me\n hard-stop-after 3s\n"
	    " spread-checks 20\n"
	    " stats timeout 20s\n stats maxconn 9\n log-tag weirdo\n log-send-hostname h\n"
	    " tune.bufsize 32k\n tune.maxrewrite 2k\n tune.http.maxhdr 50\n"
	    " tune.http.min-body-rate off\n tune.ssl.max-handshakes 8\n tune.maxaccept 5\n"
	    " tune.rcvbuf.client 1k\n tune.rcvbuf.server 2k\n"
	    " tune.sndbuf.client 3k\n tune.sndbuf.server 4k\n");
	const struct global *g = l.snap->global;

	is_u64(g->maxconn, 1000);
	is_u64(g->nbthread, 3);
	is_u64(g->ulimit_n, 5000);
	is_u64(g->maxpipes, 7);
	is_u64(g->maxsslconn, 14);
	ok(g->nosplice && g->noreuseport && g->daemon && g->quiet && g->zero_warning);
	ok(g->strict_limits && g->experimental);
	ok(g->has_uid && g->uid == 0 && g->has_gid && g->gid == 0);
	is_str(g->user, "root");
	is_str(g->chroot, "/var/empty");
	is_str(g->pidfile, "/run/x.pid");
	is_str(g->node, "n1");
	is_str(g->description, "a b c");
	is_str(g->localpeer, "me");
	is_u64(g->hard_stop_after_us, 3000000);
	is_u64(g->spread_checks, 20);
	is_u64(g->stats_timeout_us, 20000000);
	is_u64(g->stats_maxconn, 9);
	is_str(g->log_tag, "weirdo");
	is_str(g->log_send_hostname, "h");
	is_u64(g->bufsize, 32768);
	is_u64(g->maxrewrite, 2048);
	is_u64(g->maxhdr, 50);
	is_u64(g->min_body_rate, 0);
	is_u64(g->max_handshakes, 8);
	is_u64(g->maxaccept, 5);
	is_u64(g->rcvbuf_client, 1024);
	is_u64(g->rcvbuf_server, 2048);
	is_u64(g->sndbuf_client, 3072);
	is_u64(g->sndbuf_server, 4096);
	unload(&l);
}

static void
test_global_defaults(void)
{
	struct loaded l = load_ok("global\n uid 12\n gid 13\n log-send-hostname\n");
	const struct global *g = l.snap->global;

	is_u64(g->maxconn, 0);
	is_u64(g->bufsize, 16384);
	is_u64(g->maxrewrite, 1024);
	is_u64(g->maxhdr, 101);
	is_u64(g->min_body_rate, 100);
	is_u64(g->stats_maxconn, 64);
	is_u64(g->stats_timeout_us, 10000000);
	ok(g->has_uid && g->uid == 12 && g->has_gid && g->gid == 13);
	is_str(g->log_send_hostname, "");
	unload(&l);
	l = load_ok("");
	ok(l.snap->global != NULL);
	unload(&l);
}

static void
test_global_errors(void)
{
	error_is("global", "user no-such-user", "cannot find user id for 'no-such-user' "
	    "(0:Success)");
	error_is("global", "nbthread 0", "'nbthread' value must be between 1 and 64 (was 0)");
	error_is("global", "thread-groups 2", "'thread-groups' : only one group of threads is "
	    "supported (got 2); use nbthread.");
	error_is("global", "daemon 3", "'daemon' cannot handle unexpected argument '3'.");
	error_is("global", "spread-checks 300", "'spread-checks' needs a positive value in range "
	    "0..50.");
	error_is("global", "tune.bufsize 12", "'tune.bufsize' expects a size from 1024 to 1048576 "
	    "(got '12').");
	error_is("global", "nbproc 2", "'nbproc' is not supported: there is one process; use "
	    "nbthread.");
	error_is("global", "lua-load x", "'lua-load' is not supported: Lua is built in a later "
	    "release.");
	error_is("global", "tune.lua.openlibs none", "'tune.lua.openlibs' is not supported: Lua is "
	    "built in a later release.");
	error_is("global", "tune.nonsense 3", "unknown keyword 'tune.nonsense' in 'global' "
	    "section");
	error_is("global", "stats socket", "'stats socket' in global section expects an address "
	    "or a path to a UNIX socket");
	error_is("global", "stats socket /x level foo", "'level' only supports 'user', "
	    "'operator', and 'admin' (got 'foo')");
	error_is("global", "stats socket /x mode 9", "'mode' : missing or invalid mode '9' (octal "
	    "integer expected)");
	error_is("global", "stats foo", "'stats' is not supported: only 'socket', 'maxconn' and "
	    "'timeout' are supported.");
}

static void
test_stats_socket(void)
{
	struct loaded l = load_ok(
	    "global\n stats socket /run/a.sock mode 660 level admin\n"
	    " stats socket unix@/run/b.sock user root group root uid 0 gid 0\n");
	const struct bind_conf *b = l.snap->global->stats_binds;

	is_int(b->addr.kind, ADDR_UNIX);
	is_u64(b->mode, 0660);
	is_int(b->level, 3);
	ok(b->frontend == NULL);
	is_int(b->next->level, 2);
	is_str(b->next->user, "root");
	ok(b->next->next == NULL);
	unload(&l);
}

/* Words without effect are told as such, and nothing else happens. */
static void
test_no_effect(void)
{
	struct loaded l = load_ok("global\n tune.h2.max-concurrent-streams 10\n noepoll\n"
	    " cpu-map 1 0\n tune.idle-pool.shared on\n"
	    "frontend f\n bind fd@3 thread 1 shards 2 nice 3\n option contstats\n");

	ok(strstr(l.notes, "'noepoll' has no effect: ") != NULL);
	ok(strstr(l.notes, "'shards' has no effect: ") != NULL);
	ok(strstr(l.notes, "'option contstats' has no effect: ") != NULL);
	unload(&l);
}

/* ---- proxies ---- */

static void
test_values(void)
{
	struct loaded l = load_ok(
	    "listen l\n bind fd@3\n"
	    " mode http\n maxconn 10\n fullconn 20\n backlog 30\n retries 0\n"
	    " http-reuse always\n description hello  world\n disabled\n enabled\n"
	    " monitor-uri /alive\n source 127.0.0.9\n default_backend b\n"
	    "backend b\n mode http\n");
	const struct proxy *px = l.snap->proxies;
	const struct proxy_settings *s = &px->set;

	is_int(s->mode, MODE_HTTP);
	is_u64(s->maxconn, 10);
	is_u64(s->fullconn, 20);
	is_u64(s->backlog, 30);
	is_int(s->retries, 0);
	is_int(s->reuse, REUSE_ALWAYS);
	is_str(s->description, "hello world");
	ok(!s->disabled);
	is_str(s->monitor_uri, "/alive");
	ok(s->source != NULL && s->source->kind == ADDR_INET);
	ok(px->default_backend == px->next);
	unload(&l);
}

static void
test_built_in(void)
{
	struct loaded l = load_ok("listen l\n bind fd@3\n");
	const struct proxy *px = l.snap->proxies;

	is_int(px->set.mode, MODE_TCP);
	is_int(px->set.retries, 3);
	is_int(px->set.reuse, REUSE_SAFE);
	is_u64(px->set.retry_on, 0);
	is_int(px->set.redispatch_every, -1);
	ok(px->set.lb.algo == NULL);
	is_u64(px->set.lb.draws, 2);
	ok(px->default_backend == px);
	unload(&l);
}

static void
test_retry_on(void)
{
	struct loaded l = load_ok(
	    "backend a\n retry-on none\n"
	    "backend b\n retry-on conn-failure empty-response junk-response response-timeout "
	    "0rtt-rejected 503 404\n"
	    "backend c\n retry-on all-retryable-errors\n");
	const struct proxy *px = l.snap->proxies;

	is_u64(px->set.retry_on, RETRY_WRITTEN);
	px = px->next;
	is_u64(px->set.retry_on, RETRY_WRITTEN | RETRY_CONN_FAILURE | RETRY_EMPTY | RETRY_JUNK |
	    RETRY_TIMEOUT | RETRY_0RTT | RETRY_STATUS);
	ok(px->set.retry_status[503 / 64] >> (503 % 64) & 1);
	ok(px->set.retry_status[404 / 64] >> (404 % 64) & 1);
	ok(!(px->set.retry_status[500 / 64] >> (500 % 64) & 1));
	px = px->next;
	ok(px->set.retry_on & RETRY_TIMEOUT);
	unload(&l);
	error_is("backend b", "retry-on foo", "'retry-on': unknown keyword 'foo'");
	error_is("backend b", "retry-on none 503", "'retry-on': 'none' keyword only usable alone");
	error_is("backend b", "retry-on 200", "'retry-on': unknown keyword '200'");
}

static void
test_proxy_errors(void)
{
	error_is("frontend f", "mode foo", "unknown proxy mode 'foo'.");
	error_is("backend b", "http-reuse x", "'http-reuse' only supports 'never', 'safe', "
	    "'aggressive', 'always'.");
	error_is("backend b", "fullconn 3 4", "'fullconn' cannot handle unexpected argument '4'.");
	error_is("frontend f", "maxconn", "'maxconn' expects an integer argument.");
	error_is("backend b", "persist rdp-cookie(a)", "'persist' is not supported: weir does "
	    "not read RDP.");
	error_is("frontend f", "stats http-request deny", "'stats http-request' is not "
	    "supported: write a http-request rule with 'path_beg' instead.");
	error_is("frontend f", "optoin httplog", "unknown keyword 'optoin' in 'frontend' "
	    "section; did you mean 'option httplog' maybe ?");
	error_is("defaults", "id 3", "'id' not allowed in 'defaults' section.");
	error_is("defaults", "bind :80", "'bind' not allowed in 'defaults' section.");
	warning_is("backend b", "maxconn 3", "'maxconn' ignored because backend 'b' has no "
	    "frontend capability. Maybe you want 'fullconn' instead ?");
	warning_is("backend b", "default_backend b", "'default_backend' ignored because backend "
	    "'b' has no frontend capability.");
	warning_is("frontend f", "retries 3", "'retries' ignored because frontend 'f' has no "
	    "backend capability.");
	warning_is("frontend f", "balance first", "'balance' ignored because frontend 'f' has no "
	    "backend capability.");
	warning_is("backend b", "bind :80", "'bind' ignored because backend 'b' has no frontend "
	    "capability.");
}

/* ---- timeouts ---- */

static void
test_timeouts(void)
{
	struct loaded l = load_ok(
	    "listen l\n bind fd@3\n"
	    " timeout client 1s\n timeout client-fin 2s\n timeout client-hs 3s\n"
	    " timeout http-request 4s\n timeout http-keep-alive 5s\n timeout connect 6s\n"
	    " timeout server 7s\n timeout server-fin 8s\n timeout queue 9s\n"
	    " timeout tunnel 10m\n timeout tarpit 11000\n timeout check 12s\n");
	const struct proxy *px = l.snap->proxies;

	is_u64(proxy_timeout_client(px), 1000000);
	is_u64(proxy_timeout_fin(px, true), 2000000);
	is_u64(proxy_timeout_client_hs(px), 3000000);
	is_u64(proxy_timeout_http_request(px), 4000000);
	is_u64(proxy_timeout_http_keep_alive(px), 5000000);
	is_u64(proxy_timeout_connect(px), 6000000);
	is_u64(proxy_timeout_server(px), 7000000);
	is_u64(proxy_timeout_response_head(px), 7000000);
	is_u64(proxy_timeout_fin(px, false), 8000000);
	is_u64(proxy_timeout_queue(px), 9000000);
	is_u64(proxy_timeout_tunnel(px, px), 600000000);
	is_u64(proxy_timeout_tarpit(px), 11000000);
	is_u64(px->set.timeout.check, 12000000);
	unload(&l);
}

static void
test_timeout_defaults(void)
{
	struct loaded l = load_ok(
	    "defaults\n timeout client 3s\n timeout connect 9s\n timeout server 0\n"
	    "listen a\n bind fd@3\n no timeout client\n default timeout connect\n"
	    "listen b\n bind fd@4\n");
	const struct proxy *a = l.snap->proxies, *b = a->next;

	is_u64(proxy_timeout_client(a), 60000000);
	is_u64(proxy_timeout_client_hs(a), 5000000);
	is_u64(proxy_timeout_http_request(a), 10000000);
	is_u64(proxy_timeout_http_keep_alive(a), 60000000);
	is_u64(proxy_timeout_connect(a), 5000000);
	is_u64(proxy_timeout_queue(a), 5000000);
	is_u64(proxy_timeout_tarpit(a), 5000000);
	is_u64(proxy_timeout_fin(a, true), 60000000);
	is_u64(proxy_timeout_server(a), TIMEOUT_NEVER_US);
	is_u64(proxy_timeout_tunnel(a, a), 60000000);
	is_u64(proxy_timeout_tunnel(NULL, b), 3000000);
	is_u64(proxy_timeout_http_request(b), 3000000);
	unload(&l);
	l = load_ok("backend c\n");
	is_u64(proxy_timeout_server(l.snap->proxies), 60000000);
	is_u64(proxy_timeout_response_head(l.snap->proxies), 30000000);
	unload(&l);
}

static void
test_timeout_errors(void)
{
	error_is("frontend f", "timeout client", "'timeout client' expects an integer value (in "
	    "milliseconds)");
	error_is("frontend f", "timeout client 3s 4s", "'timeout client' : unexpected extra "
	    "argument '4s' after value '3s'.");
	error_is("frontend f", "timeout client 25d", "timer overflow in argument '25d' to "
	    "'timeout client' (maximum value is 2147483647 ms or ~24.8 days)");
	error_is("frontend f", "timeout mail 3s", "'timeout mail' is not supported: e-mail alerts "
	    "are built in a later release.");
	warning_is("backend b", "timeout client 3s", "'timeout client' will be ignored because "
	    "backend 'b' has no frontend capability");
	warning_is("frontend f", "timeout connect 3s", "'timeout connect' will be ignored because "
	    "frontend 'f' has no backend capability");
}

/* ---- options ---- */

static void
test_option_bits(void)
{
	static const struct { const char *name; uint64_t bits; } bits[] = {
		{ "option dontlognull", OPT_DONTLOGNULL },
		{ "option dontlog-normal", OPT_DONTLOG_NORMAL },
		{ "option logasap", OPT_LOGASAP },
		{ "option log-separate-errors", OPT_LOG_SEPARATE_ERRORS },
		{ "option log-health-checks", OPT_LOG_HEALTH_CHECKS },
		{ "option allbackups", OPT_ALLBACKUPS },
		{ "option abortonclose", OPT_ABORTONCLOSE },
		{ "option no-passive-health", OPT_NO_PASSIVE_HEALTH },
		{ "option splice-auto", OPT_SPLICE_AUTO },
		{ "option splice-request", OPT_SPLICE_REQUEST },
		{ "option splice-response", OPT_SPLICE_RESPONSE },
		{ "option clitcpka", OPT_CLITCPKA },
		{ "option srvtcpka", OPT_SRVTCPKA },
		{ "option tcpka", OPT_CLITCPKA | OPT_SRVTCPKA },
		{ "option http-ignore-probes", OPT_HTTP_IGNORE_PROBES },
		{ "option accept-unsafe-violations-in-http-request", OPT_UNSAFE_REQUEST },
		{ "option accept-invalid-http-request", OPT_UNSAFE_REQUEST },
		{ "option accept-method TRACE", OPT_ACCEPT_TRACE },
		{ "option accept-method CONNECT", OPT_ACCEPT_CONNECT },
		{ "option redispatch", OPT_REDISPATCH },
		{ "option httplog", OPT_HTTPLOG },
		{ "option tcplog", OPT_TCPLOG },
		{ "option httpslog", OPT_HTTPSLOG },
		{ "option forwardfor", OPT_FORWARDFOR },
		{ "option x-forwarded", OPT_XFWD_PROTO | OPT_XFWD_PORT },
		{ "option x-forwarded port if-none", OPT_XFWD_PORT | OPT_XFWD_IFNONE },
	};
	struct loaded l;
	char *text;
	size_t i;

	for (i = 0; i < ARRAY_LEN(bits); i++) {
		text = xasprintf("defaults\n mode http\n no option splice-auto\n"
		    "listen on\n bind fd@3\n %s\n"
		    "listen off\n bind fd@4\n %s\n no %s\n", bits[i].name, bits[i].name,
		    bits[i].name);
		l = load_ok(text);
		if (!is_u64(l.snap->proxies->set.options, bits[i].bits) ||
		    !is_u64(l.snap->proxies->next->set.options, 0))
			tap_diag("%s", bits[i].name);
		unload(&l);
		free(text);
	}
}

static void
test_option_errors(void)
{
	error_is("frontend f", "option foo", "unknown keyword 'option foo' in 'frontend' section");
	error_is("frontend f", "option httplog xml", "'option httplog' expects nothing, 'clf', "
	    "'json' or 'elb', but got 'xml'.");
	error_is("frontend f", "option dontlognull 3", "'option dontlognull' cannot handle "
	    "unexpected argument '3'.");
	error_is("frontend f", "option forwardfor bar", "'option forwardfor' only supports "
	    "optional values: 'except', 'header' and 'if-none'.");
	error_is("frontend f", "option forwardfor except", "'option forwardfor except' expects "
	    "<address>[/mask] as argument.");
	error_is("frontend f", "option forwardfor except foo", "'option forwardfor except' expects "
	    "<address>[/mask] as argument (got 'foo').");
	error_is("frontend f", "option forwardfor header", "'option forwardfor header' expects "
	    "<header_name> as argument.");
	error_is("frontend f", "option forwardfor header a:b", "'option forwardfor header' : 'a:b' "
	    "is no header name.");
	error_is("backend b", "option redispatch x", "'option redispatch' expects an integer from "
	    "-1000 to 1000 (got 'x')");
	error_is("frontend f", "option x-forwarded foo", "'option x-forwarded' only supports "
	    "'proto', 'port' and 'if-none' (got 'foo')");
	error_is("frontend f", "option accept-method GET", "'option accept-method' only supports "
	    "'TRACE' and 'CONNECT' (got 'GET')");
	error_is("backend b", "option rdp-cookie", "'option rdp-cookie' is not supported: weir "
	    "does not read RDP.");
	warning_is("frontend f", "option allbackups", "'allbackups' ignored because frontend 'f' "
	    "has no backend capability.");
	warning_is("backend b", "option dontlognull", "'dontlognull' ignored because backend 'b' "
	    "has no frontend capability.");
}

static void
test_forwardfor(void)
{
	struct loaded l = load_ok(
	    "defaults\n mode http\n"
	    "frontend f\n bind fd@3\n"
	    " option forwardfor except 10.0.0.0/8,::1 header X-Client except 127.0.0.1 if-none\n"
	    "frontend g\n bind fd@4\n option forwardfor\n");
	const struct proxy_settings *s = &l.snap->proxies->set;

	is_u64(s->options, OPT_SPLICE_AUTO | OPT_FORWARDFOR | OPT_FORWARDFOR_IFNONE);
	is_u64(s->ff_nexcept, 3);
	is_u64(s->ff_except[0].bits, 8);
	is_str(s->ff_header, "x-client");
	ok(l.snap->proxies->next->set.ff_header == NULL);
	unload(&l);
}

static void
test_conn_mode(void)
{
	struct loaded l = load_ok(
	    "listen a\n bind fd@3\n option http-server-close\n"
	    "listen b\n bind fd@4\n option httpclose\n"
	    "listen c\n bind fd@5\n option httpclose\n option http-keep-alive\n"
	    "listen d\n bind fd@6\n option httpclose\n no option httpclose\n"
	    "backend e\n option redispatch 3\n"
	    "backend f\n option redispatch 0\n");
	const struct proxy *px = l.snap->proxies;

	is_int(px->set.conn_mode, CONN_SERVER_CLOSE);
	px = px->next;
	is_int(px->set.conn_mode, CONN_CLOSE);
	px = px->next;
	is_int(px->set.conn_mode, CONN_KEEP_ALIVE);
	px = px->next;
	is_int(px->set.conn_mode, CONN_KEEP_ALIVE);
	px = px->next;
	is_int(px->set.redispatch_every, 3);
	px = px->next;
	is_u64(px->set.options, OPT_SPLICE_AUTO);
	unload(&l);
}

/* ---- balance ---- */

static void
test_balance(void)
{
	struct loaded l = load_ok(
	    "backend a\n balance first\n"
	    "backend b\n balance hdr(host) x\n hash-type consistent\n hash-balance-factor 150\n"
	    " hash-preserve-affinity maxqueue\n"
	    "backend c\n hash-type map-based wt6\n balance hdr\n"
	    "backend d\n hash-type consistent crc32 avalanche\n balance first\n no balance\n");
	const struct lb_conf *lb = &l.snap->proxies->set.lb;

	is_str(lb->algo->name, "first");
	lb = &l.snap->proxies->next->set.lb;
	is_str(lb->algo->name, "hdr");
	is_str(lb->name, "host");
	is_u64(lb->len, 2);
	ok(lb->hash.consistent && lb->hash.avalanche);
	is_u64(lb->hash.balance_factor, 150);
	is_u64(lb->hash.preserve, 2);
	lb = &l.snap->proxies->next->next->set.lb;
	ok(!lb->hash.consistent && !lb->hash.avalanche);
	is_u64(lb->hash.function, LB_HASH_WT6);
	is_str(lb->name, "none");
	lb = &l.snap->proxies->next->next->next->set.lb;
	ok(lb->algo == NULL && lb->hash.avalanche);
	unload(&l);
	error_is("backend b", "balance foo", "balance only supports 'first', 'hdr' options (got "
	    "'foo').");
	error_is("backend b", "balance", "'balance' expects the name of an algorithm.");
	error_is("backend b", "balance first 3", "'balance first' cannot handle unexpected "
	    "argument '3'.");
	error_is("backend b", "balance hdr(x", "'balance' : missing ')' in 'hdr(x'");
	error_is("backend b", "balance hdr(bad)", "bad word");
	error_is("backend b", "hash-type foo", "'hash-type' only supports 'consistent' and "
	    "'map-based'.");
	error_is("backend b", "hash-balance-factor 50", "'hash-balance-factor' must be 0 or "
	    "greater than 100.");
}

/* ---- post ---- */

static void
test_post(void)
{
	struct loaded l = load(
	    "frontend f\n bind fd@3\n mode http\n default_backend nope\n"
	    "frontend g\n bind fd@3\n mode http\n default_backend b\n"
	    "backend b\n"
	    "frontend h\n bind fd@3 id 3\n bind fd@4 id 3\n");

	is_str(l.alerts,
	    "t.cfg:12: 'bind' : custom id 3 already used at t.cfg:11.\n"
	    "t.cfg:1: frontend 'f': unable to find required default_backend: 'nope'.\n"
	    "t.cfg:5: http frontend 'g' (t.cfg:5) tries to use incompatible tcp backend 'b' "
	    "(t.cfg:9) as its default backend (see 'mode').\n");
	unload(&l);
	l = load_ok(
	    "frontend f\n option httplog\n option forwardfor\n"
	    "backend b\n server s 127.0.0.1:1\n"
	    "listen l\n bind fd@3\n timeout client 1s\n"
	    "frontend off\n disabled\n default_backend nope\n");
	is_str(l.warnings,
	    "t.cfg:1: 'option forwardfor' ignored for frontend 'f' as it requires HTTP mode.\n"
	    "t.cfg:1: 'option httplog' not usable with frontend 'f' (needs 'mode http'). Falling "
	    "back to 'option tcplog'.\n"
	    "t.cfg:1: frontend 'f' has no 'bind' directive. Please declare it as a backend if "
	    "this was intended.\n"
	    "t.cfg:1: missing timeouts for frontend 'f'.\n"
	    "These apply until they are written: 'timeout client 60s'.\n"
	    "t.cfg:4: missing timeouts for backend 'b'.\n"
	    "These apply until they are written: 'timeout connect 5s' 'timeout server 60s' (30s "
	    "for a response head).\n");
	is_u64(l.snap->proxies->set.options, OPT_SPLICE_AUTO | OPT_TCPLOG);
	unload(&l);
}

static void
test_fullconn(void)
{
	struct loaded l = load_ok(
	    "frontend f\n bind fd@3\n maxconn 500\n default_backend b\n"
	    "frontend g\n bind fd@3\n default_backend b\n"
	    "backend b\n"
	    "backend c\n fullconn 77\n");
	const struct proxy *b = proxy_find(l.snap, "b", CAP_BACKEND);

	is_u64(b->fullconn, 50);
	is_u64(b->next->fullconn, 77);
	proxy_fill_fullconn(l.snap, 1000);
	is_u64(b->fullconn, 150);
	is_u64(b->next->fullconn, 77);
	unload(&l);
}

int
main(void)
{
	test_global();
	test_global_defaults();
	test_global_errors();
	test_stats_socket();
	test_no_effect();
	test_values();
	test_built_in();
	test_retry_on();
	test_proxy_errors();
	test_timeouts();
	test_timeout_defaults();
	test_timeout_errors();
	test_option_bits();
	test_option_errors();
	test_forwardfor();
	test_conn_mode();
	test_balance();
	test_post();
	test_fullconn();
	return tap_done();
}
