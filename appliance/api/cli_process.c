/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process as a whole: activity of its threads, messages of the start, limits
 * per second, the schema of the json forms.
 *
 * Thread: control.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "base/clock.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/str.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "event/loop.h"
#include "proxy/dthread.h"
#include "proxy/global.h"

#define LL(x)	((unsigned long long)(x))

/* ---- show activity, show threads ---- */

#define RELAXED(p)	__atomic_load_n((p), __ATOMIC_RELAXED)

typedef uint64_t thread_value(const struct dthread *d);

#define VALUE(name, expr) \
	static uint64_t name(const struct dthread *d) { return (uint64_t)(expr); }

VALUE(v_loops, atomic_load(&d->loop->passes))
VALUE(v_busy, RELAXED(&d->loop->busy_us))
VALUE(v_idle, RELAXED(&d->loop->idle_us))
VALUE(v_longest, RELAXED(&d->loop->pass_work_max_us))
VALUE(v_avg, v_loops(d) != 0 ? v_busy(d) / v_loops(d) : 0)
VALUE(v_accepted, atomic_load(&d->cum_conns))
VALUE(v_requests, atomic_load(&d->cum_reqs))
VALUE(v_tls, atomic_load(&d->cum_ssl))
VALUE(v_handshakes, atomic_load(&d->ssl_handshakes))
VALUE(v_resumed, atomic_load(&d->ssl_resumed))
VALUE(v_bytes, atomic_load(&d->bytes_out))
VALUE(v_spliced, atomic_load(&d->spliced_bytes))
VALUE(v_sessions, atomic_load(&d->nsessions))
VALUE(v_idle_conns, atomic_load(&d->nidle))

static const struct {
	const char	*name;
	thread_value	*value;
	bool		 is_max;	/* the total is the greatest, not the sum */
} activities[] = {
	{ "loops", v_loops, false }, { "busy_us", v_busy, false }, { "idle_us", v_idle, false },
	{ "avg_loop_us", v_avg, true }, { "max_loop_us", v_longest, true },
	{ "accepted", v_accepted, false }, { "requests", v_requests, false },
	{ "tls_accepted", v_tls, false }, { "tls_handshakes", v_handshakes, false },
	{ "tls_resumed", v_resumed, false }, { "bytes_out", v_bytes, false },
	{ "bytes_spliced", v_spliced, false }, { "sessions", v_sessions, false },
	{ "idle_server_conns", v_idle_conns, false },
};

#define NACTIVITIES	(sizeof activities / sizeof activities[0])

static void
put_activity(struct outbuf *b, unsigned row)
{
	uint64_t total = 0;

	for (unsigned i = 0; i < ndthreads; i++) {
		uint64_t v = activities[row].value(&dthreads[i]);

		total = !activities[row].is_max ? total + v : v > total ? v : total;
	}
	outbuf_fmt(b, "%s: %llu", activities[row].name, LL(total));
	for (unsigned i = 0; ndthreads > 1 && i < ndthreads; i++)
		outbuf_fmt(b, "%s%llu", i == 0 ? " [ " : " ",
		    LL(activities[row].value(&dthreads[i])));
	outbuf_z(b, ndthreads > 1 ? " ]\n" : "\n");
}

static void
show_activity(struct cli *c)
{
	uint64_t now = clock_wall_us();

	outbuf_fmt(&c->out, "thread_id: 1 (1..%u)\n", ndthreads);
	outbuf_fmt(&c->out, "date_now: %llu.%06llu\n", LL(now / 1000000), LL(now % 1000000));
	for (unsigned i = 0; i < NACTIVITIES; i++)
		put_activity(&c->out, i);
	outbuf_fmt(&c->out, "control_loops: %llu\ncontrol_max_loop_us: %llu\n",
	    LL(atomic_load(&control_loop->passes)), LL(RELAXED(&control_loop->pass_work_max_us)));
}

static void
show_threads(struct cli *c)
{
	for (unsigned i = 0; i < ndthreads; i++) {
		const struct dthread *d = &dthreads[i];

		outbuf_fmt(&c->out, "  Thread %-2u : id=0x%lx loops=%llu sessions=%llu "
		    "idle_server_conns=%llu\n             busy_us=%llu idle_us=%llu "
		    "max_loop_us=%llu\n", i + 1, (unsigned long)d->tid, LL(v_loops(d)),
		    LL(v_sessions(d)), LL(v_idle_conns(d)), LL(v_busy(d)), LL(v_idle(d)),
		    LL(v_longest(d)));
	}
	outbuf_fmt(&c->out, "* Control   : loops=%llu busy_us=%llu idle_us=%llu max_loop_us=%llu\n",
	    LL(atomic_load(&control_loop->passes)), LL(control_loop->busy_us),
	    LL(control_loop->idle_us), LL(control_loop->pass_work_max_us));
}

static void
show_startup_logs(struct cli *c)
{
	cli_text(c, diag_kept());
}

/* ---- set rate-limit ---- */

static struct {
	const char	*name;
	_Atomic uint32_t *limit;
	bool		 is_set;	/* by command: a reload does not change it */
} rates[] = {
	{ "connections", &limits.maxconnrate, false },
	{ "sessions", &limits.maxsessrate, false },
	{ "ssl-sessions", &limits.maxsslrate, false },
};

static uint32_t
clip(uint64_t v)
{
	return v < UINT32_MAX ? (uint32_t)v : UINT32_MAX;
}

static void
on_publish(struct snapshot *s)
{
	const uint64_t written[] = { s->global->maxconnrate, s->global->maxsessrate,
	    s->global->maxsslrate };

	for (unsigned i = 0; i < 3; i++)
		if (!rates[i].is_set)
			atomic_store(rates[i].limit, clip(written[i]));
}

static void
set_rate_limit(struct cli *c)
{
	uint64_t v;

	for (unsigned i = 0; i < 3; i++) {
		if (strcmp(cli_arg(c, 0), rates[i].name) != 0 ||
		    strcmp(cli_arg(c, 1), "global") != 0)
			continue;
		if (!str_to_u64(str_of(cli_arg(c, 2)), &v)) {
			cli_err(c, "Expects an integer value.");
			return;
		}
		atomic_store(rates[i].limit, clip(v));
		rates[i].is_set = true;
		return;
	}
	cli_err(c, "'set rate-limit' only supports :\n"
	    "   - 'connections global' to set the per-process maximum connection rate\n"
	    "   - 'sessions global' to set the per-process maximum session rate\n"
	    "   - 'ssl-sessions global' to set the per-process maximum SSL session rate");
}

/* ---- show schema json ---- */

#define NAMED(name, type)	"\"" name "\":{\"type\":\"" type "\"}"
#define ENUM(list)		"{\"type\":\"string\",\"enum\":[" list "]}"

static const char schema[] =
    "{\"$schema\":\"http://json-schema.org/draft-04/schema#\",\"oneOf\":["
    "{\"title\":\"Info\",\"type\":\"array\",\"items\":{\"title\":\"InfoItem\",\"type\":\"object\","
    "\"properties\":{\"field\":{\"$ref\":\"#/definitions/field\"},"
    "\"processNum\":{\"$ref\":\"#/definitions/processNum\"},"
    "\"tags\":{\"$ref\":\"#/definitions/tags\"},"
    "\"value\":{\"$ref\":\"#/definitions/typedValue\"}},"
    "\"required\":[\"field\",\"processNum\",\"tags\",\"value\"]}},"
    "{\"title\":\"Stat\",\"type\":\"array\",\"items\":{\"title\":\"InfoItem\",\"type\":\"array\","
    "\"items\":{\"type\":\"object\",\"properties\":{"
    "\"objType\":" ENUM("\"Frontend\",\"Backend\",\"Listener\",\"Server\",\"Unknown\"") ","
    NAMED("proxyId", "integer") "," NAMED("id", "integer") ","
    "\"field\":{\"$ref\":\"#/definitions/field\"},"
    "\"processNum\":{\"$ref\":\"#/definitions/processNum\"},"
    "\"tags\":{\"$ref\":\"#/definitions/tags\"},"
    "\"typedValue\":{\"$ref\":\"#/definitions/typedValue\"}},"
    "\"required\":[\"objType\",\"proxyId\",\"id\",\"field\",\"processNum\",\"tags\",\"value\"]}}},"
    "{\"title\":\"Error\",\"type\":\"object\",\"properties\":{" NAMED("errorStr", "string") "},"
    "\"required\":[\"errorStr\"]}],\"definitions\":{"
    "\"field\":{\"type\":\"object\",\"pos\":{\"type\":\"integer\",\"minimum\":0},"
    NAMED("name", "string") ",\"required\":[\"pos\",\"name\"]},"
    "\"processNum\":{\"type\":\"integer\",\"minimum\":1},"
    "\"tags\":{\"type\":\"object\",\"origin\":"
    ENUM("\"Metric\",\"Status\",\"Key\",\"Config\",\"Product\",\"Unknown\"") ",\"nature\":"
    ENUM("\"Gauge\",\"Limit\",\"Min\",\"Max\",\"Rate\",\"Counter\",\"Duration\",\"Age\","
    "\"Time\",\"Name\",\"Output\",\"Avg\",\"Unknown\"") ",\"scope\":"
    ENUM("\"Cluster\",\"Process\",\"Service\",\"System\",\"Unknown\"") ","
    "\"required\":[\"origin\",\"nature\",\"scope\"]},"
    "\"typedValue\":{\"type\":\"object\",\"oneOf\":["
    "{\"$ref\":\"#/definitions/typedValue/definitions/s32Value\"},"
    "{\"$ref\":\"#/definitions/typedValue/definitions/s64Value\"},"
    "{\"$ref\":\"#/definitions/typedValue/definitions/u32Value\"},"
    "{\"$ref\":\"#/definitions/typedValue/definitions/u64Value\"},"
    "{\"$ref\":\"#/definitions/typedValue/definitions/strValue\"}],\"definitions\":{"
    "\"s32Value\":{\"properties\":{\"type\":" ENUM("\"s32\"") ",\"value\":{\"type\":\"integer\","
    "\"minimum\":-2147483648,\"maximum\":2147483647}},\"required\":[\"type\",\"value\"]},"
    "\"s64Value\":{\"properties\":{\"type\":" ENUM("\"s64\"") ",\"value\":{\"type\":\"integer\","
    "\"minimum\":-9007199254740991,\"maximum\":9007199254740991}},"
    "\"required\":[\"type\",\"value\"]},"
    "\"u32Value\":{\"properties\":{\"type\":" ENUM("\"u32\"") ",\"value\":{\"type\":\"integer\","
    "\"minimum\":0,\"maximum\":4294967295}},\"required\":[\"type\",\"value\"]},"
    "\"u64Value\":{\"properties\":{\"type\":" ENUM("\"u64\"") ",\"value\":{\"type\":\"integer\","
    "\"minimum\":0,\"maximum\":9007199254740991}},\"required\":[\"type\",\"value\"]},"
    "\"strValue\":{\"properties\":{\"type\":" ENUM("\"str\"") "," NAMED("value", "string") "},"
    "\"required\":[\"type\",\"value\"]}}}}}\n";

static void
show_schema(struct cli *c)
{
	outbuf_z(&c->out, schema);
}

static const struct cli_row rows[] = {
	{ "show activity", CLI_OPERATOR, 0, show_activity, "",
	  "report what each thread did (see also: show activities)" },
	{ "show threads", CLI_OPERATOR, 0, show_threads, "", "report the state of each thread" },
	{ "show startup-logs", CLI_USER, 0, show_startup_logs, "",
	  "report what was said at the start" },
	{ "show schema json", CLI_USER, 0, show_schema, "",
	  "report the schema of the json forms" },
	{ "set rate-limit", CLI_ADMIN, CLI_F_CHANGE, set_rate_limit, "<setting> <value>",
	  "change a limit per second of the process" },
	{ 0 }
};

static int
process_start(void)
{
	control_on_publish(on_publish);
	return 0;
}

const struct module mod_cli_process = {
	.name = "cli_process", .cli = rows, .start = process_start,
};
