/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show info: the process, one `Key: value` a line. A row of the table is a key
 * with its tags and the function that knows its value; keys of things that weir
 * does not have are there with 0, because programs ask for them by name.
 *
 * Thread: control.
 */
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/cli.h"
#include "api/info.h"
#include "api/stat.h"
#include "base/clock.h"
#include "base/module.h"
#include "base/pool.h"
#include "base/version.h"
#include "cfg/snapshot.h"
#include "ctl/tick.h"
#include "ctl/resolve.h"
#include "net/listen.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"

/* What one answer needs, asked once. */
struct info {
	const struct global *g;
	struct totals	 t;
	struct rlimit	 nofile;
	unsigned	 listeners, streams;
	uint64_t	 streams_total;
	char		 uptime[40], node[128];
};

typedef uint64_t info_num(const struct info *i);
typedef const char *info_str(const struct info *i);

struct info_row {
	const char	*name;
	uint8_t		 type;		/* enum stat_type */
	const char	*tags;
	info_num	*num;		/* NULL = 0 */
	info_str	*str;
	const char	*text;
};

#define NUM(name, expr) \
	static uint64_t name(const struct info *i) { (void)i; return (uint64_t)(expr); }
#define TEXT(name, expr) \
	static const char *name(const struct info *i) { (void)i; return (expr); }
#define LIMIT(field)	atomic_load_explicit(&limits.field, memory_order_relaxed)

TEXT(v_name, "weir")
TEXT(v_version, WEIR_FULL_VERSION)
TEXT(v_date, WEIR_RELEASE_DATE)
TEXT(v_uptime, i->uptime)
TEXT(v_node, i->node)
TEXT(v_zero_text, "0")
NUM(v_one, 1)
NUM(v_threads, ndthreads)
NUM(v_pid, getpid())
NUM(v_uptime_sec, cli_uptime_us() / 1000000)
NUM(v_memmax_mb, pool_budget() >> 20)
NUM(v_memmax, pool_budget())
NUM(v_pool_mb, pool_bytes_used() >> 20)
NUM(v_pool, pool_bytes_used())
NUM(v_pool_failed, pool_refused_total())
NUM(v_ulimit, i->nofile.rlim_cur)
NUM(v_maxsock, limits.maxsock)
NUM(v_maxconn, LIMIT(maxconn))
NUM(v_hard_maxconn, cli_hard_maxconn())
NUM(v_conns, LIMIT(conns))
NUM(v_cum_conns, i->t.conns)
NUM(v_cum_reqs, i->t.reqs)
NUM(v_max_ssl, i->g->maxsslconn)
NUM(v_ssl, LIMIT(ssl_conns))
NUM(v_cum_ssl, i->t.ssl)
NUM(v_maxpipes, LIMIT(maxpipes))
NUM(v_pipes_used, LIMIT(pipes_used))
NUM(v_pipes_free, LIMIT(pipes_free))
NUM(v_conn_rate, tick.conns.now)
NUM(v_conn_lim, LIMIT(maxconnrate))
NUM(v_conn_max, tick.conns.max)
NUM(v_sess_rate, tick.sessions.now)
NUM(v_sess_lim, LIMIT(maxsessrate))
NUM(v_sess_max, tick.sessions.max)
NUM(v_ssl_rate, tick.ssl.now)
NUM(v_ssl_lim, LIMIT(maxsslrate))
NUM(v_ssl_max, tick.ssl.max)
NUM(v_key_rate, tick.ssl_keys.now)
NUM(v_key_max, tick.ssl_keys.max)
NUM(v_reuse_pct, i->t.handshakes == 0 ? 0 : 100 * i->t.resumed / i->t.handshakes)
NUM(v_idle_pct, tick.idle_pct)
NUM(v_stopping, LIMIT(stopping))
NUM(v_jobs, i->listeners + LIMIT(conns))
NUM(v_listeners, i->listeners)
NUM(v_dropped_logs, log_dropped_total())
NUM(v_failed_resolutions, resolve_failures())
NUM(v_bytes_out, i->t.bytes_out)
NUM(v_spliced, i->t.spliced)
NUM(v_bytes_rate, tick.bytes_out.now)
NUM(v_start, (clock_wall_us() - cli_uptime_us()) / 1000000)
NUM(v_reached, LIMIT(maxconn_reached))
NUM(v_streams, i->streams)
NUM(v_cum_streams, i->streams_total)

#define U32(name, tags, fn, text)	{ name, STAT_u32, tags, fn, NULL, text }
#define U64(name, tags, fn, text)	{ name, STAT_u64, tags, fn, NULL, text }
#define STRING(name, tags, fn, text)	{ name, STAT_str, tags, NULL, fn, text }

static const struct info_row info_rows[] = {
	STRING("Name", "POS", v_name, "name of the product"),
	STRING("Version", "POS", v_version, "compatible version, own version"),
	STRING("Release_date", "POS", v_date, "date of this version"),
	U32("Nbthread", "CGS", v_threads, "data threads"),
	U32("Nbproc", "CGS", v_one, "processes: always 1"),
	U32("Process_num", "KGP", v_one, "number of this process: always 1"),
	U32("Pid", "SGP", v_pid, "process id"),
	STRING("Uptime", "MDP", v_uptime, "time since the start"),
	U32("Uptime_sec", "MDP", v_uptime_sec, "seconds since the start"),
	U32("Memmax_MB", "CLP", v_memmax_mb, "limit of pool memory, MB"),
	U32("PoolAlloc_MB", "MGP", v_pool_mb, "memory in pools, MB"),
	U32("PoolUsed_MB", "MGP", v_pool_mb, "memory in pools in use, MB"),
	U32("PoolFailed", "MCP", v_pool_failed, "times that a pool said no"),
	U32("Ulimit-n", "CLP", v_ulimit, "limit of descriptors"),
	U32("Maxsock", "CLP", v_maxsock, "descriptors that may be needed"),
	U32("Maxconn", "CLP", v_maxconn, "limit of client connections"),
	U32("Hard_maxconn", "CLP", v_hard_maxconn, "limit of client connections at the start"),
	U32("CurrConns", "MGP", v_conns, "client connections now"),
	U32("CumConns", "MCP", v_cum_conns, "client connections"),
	U32("CumReq", "MCP", v_cum_reqs, "requests"),
	U32("MaxSslConns", "CLP", v_max_ssl, "limit of TLS connections; 0 = none"),
	U32("CurrSslConns", "MGP", v_ssl, "TLS connections now"),
	U32("CumSslConns", "MCP", v_cum_ssl, "TLS connections"),
	U32("Maxpipes", "CLP", v_maxpipes, "limit of pipes for splicing"),
	U32("PipesUsed", "MGP", v_pipes_used, "pipes in use"),
	U32("PipesFree", "MGP", v_pipes_free, "pipes kept for the next use"),
	U32("ConnRate", "MRP", v_conn_rate, "connections in the last second"),
	U32("ConnRateLimit", "CLP", v_conn_lim, "limit of connections per second"),
	U32("MaxConnRate", "MMP", v_conn_max, "most connections in a second"),
	U32("SessRate", "MRP", v_sess_rate, "sessions in the last second"),
	U32("SessRateLimit", "CLP", v_sess_lim, "limit of sessions per second"),
	U32("MaxSessRate", "MMP", v_sess_max, "most sessions in a second"),
	U32("SslRate", "MRP", v_ssl_rate, "TLS connections in the last second"),
	U32("SslRateLimit", "CLP", v_ssl_lim, "limit of TLS connections per second"),
	U32("MaxSslRate", "MMP", v_ssl_max, "most TLS connections in a second"),
	U32("SslFrontendKeyRate", "MGP", v_key_rate, "full handshakes in the last second"),
	U32("SslFrontendMaxKeyRate", "MMP", v_key_max, "most full handshakes in a second"),
	U32("SslFrontendSessionReuse_pct", "MGP", v_reuse_pct, "handshakes that were resumed, %"),
	U32("SslBackendKeyRate", "MRP", NULL, "not measured"),
	U32("SslBackendMaxKeyRate", "MMP", NULL, "not measured"),
	U32("SslCacheLookups", "MCP", NULL, "not measured"),
	U32("SslCacheMisses", "MCP", NULL, "not measured"),
	U32("CompressBpsIn", "MRP", NULL, "there is no compression yet"),
	U32("CompressBpsOut", "MRP", NULL, "there is no compression yet"),
	U32("CompressBpsRateLim", "CLP", NULL, "there is no compression yet"),
	U32("Tasks", "MGP", v_streams, "requests under way"),
	U32("Run_queue", "MGP", NULL, "there is none"),
	U32("Idle_pct", "MaP", v_idle_pct, "data threads asleep in the last second, %"),
	STRING("node", "COS", v_node, "name of this machine"),
	U32("Stopping", "MGP", v_stopping, "1 after a soft stop was asked for"),
	U32("Jobs", "MGP", v_jobs, "listeners and client connections"),
	U32("Unstoppable Jobs", "MGP", NULL, "there are none"),
	U32("Listeners", "MGP", v_listeners, "addresses listened on"),
	U32("ActivePeers", "MGP", NULL, "there are no peers"),
	U32("ConnectedPeers", "MGP", NULL, "there are no peers"),
	U32("DroppedLogs", "MCP", v_dropped_logs, "log lines dropped"),
	U32("BusyPolling", "MGP", NULL, "there is none"),
	U32("FailedResolutions", "MCP", v_failed_resolutions, "names not found at run time"),
	U64("TotalBytesOut", "MCP", v_bytes_out, "bytes sent to clients"),
	U64("TotalSplicedBytesOut", "MCP", v_spliced, "bytes that went through a pipe"),
	U64("BytesOutRate", "MRP", v_bytes_rate, "bytes sent in the last second"),
	U32("DebugCommandsIssued", "MCP", NULL, "there are no such commands"),
	U32("CumRecvLogs", "MCP", NULL, "weir does not receive logs"),
	STRING("Build info", "POS", v_version, "version of this build"),
	U64("Memmax_bytes", "CLP", v_memmax, "limit of pool memory"),
	U64("PoolAlloc_bytes", "MGP", v_pool, "memory in pools"),
	U64("PoolUsed_bytes", "MGP", v_pool, "memory in pools in use"),
	U32("Start_time_sec", "MDP", v_start, "when it started, seconds since 1970"),
	STRING("Tainted", "SGP", v_zero_text, "experimental features in use"),
	U32("TotalWarnings", "MCP", NULL, "not counted"),
	U32("MaxconnReached", "MCP", v_reached, "times that maxconn was reached"),
	U32("BootTime_ms", "MDP", NULL, "not measured"),
	U32("Niced_tasks", "MGP", NULL, "there are none"),
	U64("CurrStreams", "MGP", v_streams, "requests under way"),
	U64("CumStreams", "MCP", v_cum_streams, "requests and TCP sessions"),
	U32("BlockedTrafficWarnings", "MCP", NULL, "not counted"),
	U64("PatternsAdded", "MCP", NULL, "not counted"),
	U64("PatternsFreed", "MCP", NULL, "not counted"),
	U32("NbThreadGroups", "CGP", v_one, "always 1"),
};

#define NINFO	(sizeof info_rows / sizeof info_rows[0])

static void
ask_streams(struct info *i)
{
	for (const struct proxy *px = snapshot_current()->proxies; px != NULL; px = px->next)
		if (px->cap & CAP_BACKEND) {
			i->streams += gauge_get(&px->live->be_conn);
			i->streams_total += live_sum_be(px->live, C_stot);
		}
}

static void
ask(struct info *i)
{
	unsigned long long s = cli_uptime_us() / 1000000;
	struct out o;

	memset(i, 0, sizeof *i);
	i->g = snapshot_current()->global;
	i->t = totals_now();
	(void)getrlimit(RLIMIT_NOFILE, &i->nofile);
	LIST_EACH(n, &listeners)
		i->listeners++;
	out_init(&o, i->uptime, sizeof i->uptime - 1);
	out_fmt(&o, "%llud %lluh%02llum%02llus", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
	*o.p = '\0';
	if (i->g->node != NULL)
		strncpy(i->node, i->g->node, sizeof i->node - 1);
	else
		(void)gethostname(i->node, sizeof i->node - 1);
	ask_streams(i);
}

static struct stat_value
value_of(const struct info_row *row, const struct info *i)
{
	struct stat_value v = { .type = row->type };

	if (row->str != NULL)
		v.v.str = row->str(i);
	else
		v.v.u = row->num != NULL ? row->num(i) : 0;
	return v;
}

void
stat_info_each(void (*fn)(const struct stat_item *it, void *arg), void *arg)
{
	struct info i;

	ask(&i);
	for (unsigned n = 0; n < NINFO; n++) {
		const struct info_row *r = &info_rows[n];
		struct stat_item it = { NULL, n, r->name, r->tags, r->text, value_of(r, &i) };

		fn(&it, arg);
	}
}

static void
put_plain(struct outbuf *b, const struct stat_item *it, bool with_text)
{
	outbuf_fmt(b, "%s: ", it->name);
	stat_put_value(b, &it->value);
	if (with_text)
		outbuf_fmt(b, ":\"%s\"", it->text);
	outbuf_z(b, "\n");
}

static void
show_info(struct cli *c)
{
	bool json = cli_has_arg(c, "json"), typed = cli_has_arg(c, "typed");
	bool desc = cli_has_arg(c, "desc");
	struct info i;

	ask(&i);
	for (unsigned n = 0; n < NINFO; n++) {
		const struct info_row *r = &info_rows[n];
		struct stat_item it = { NULL, n, r->name, r->tags, r->text, value_of(r, &i) };

		if (json) {
			outbuf_z(&c->out, n == 0 ? "[" : ",");
			stat_put_json(&c->out, &it, desc);
		} else if (typed)
			stat_put_typed(&c->out, &it, desc);
		else
			put_plain(&c->out, &it, desc);
	}
	if (json)
		outbuf_z(&c->out, "]\n");
}

void
info_put_csv(struct outbuf *b, const char *kind)
{
	struct info i;

	ask(&i);
	outbuf_fmt(b, "#%s", kind);
	for (unsigned n = 0; n < NINFO; n++)
		outbuf_fmt(b, "%s,", info_rows[n].name);
	outbuf_fmt(b, "\n%s", kind);
	for (unsigned n = 0; n < NINFO; n++) {
		struct stat_value v = value_of(&info_rows[n], &i);
		struct out o;

		if (v.type == STAT_str) {
			o = outbuf_reserve(b, 2 * strlen(v.v.str) + 4);
			out_csv(&o, str_of(v.v.str));
			outbuf_commit(b, &o);
		} else
			stat_put_value(b, &v);
		outbuf_z(b, ",");
	}
	outbuf_z(b, "\n");
}

static const struct cli_row rows[] = {
	{ "show info", CLI_USER, 0, show_info, "[desc|json|typed]*",
	  "report what this process is and does" },
	{ 0 }
};

const struct module mod_cli_show_info = { .name = "cli_show_info", .cli = rows };
