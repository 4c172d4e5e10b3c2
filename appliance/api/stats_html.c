/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The statistics page as HTML: a head with figures of the process, then a section
 * for each proxy with a table of its rows and, for who may act, a form. One
 * document without any other file, for narrow and wide screens, light and dark.
 *
 * Thread: control. A piece is the head, one row, or the end.
 */
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "api/cli.h"
#include "api/stats_page.h"
#include "base/hist.h"
#include "base/out.h"
#include "base/str.h"
#include "base/version.h"
#include "cfg/snapshot.h"
#include "ctl/tick.h"
#include "proxy/dthread.h"
#include "proxy/global.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/service.h"
#include "proxy/stats.h"

static const char style[] =
":root{color-scheme:light dark;--bg:#f4f6f8;--card:#fff;--fg:#1c2733;--dim:#667585;"
"--line:#e3e8ed;--soft:#f8fafb;--link:#0b5cad;--up:#11713d;--upb:#dcf3e5;--down:#a8201a;"
"--downb:#fde4e2;--warn:#8a5300;--warnb:#fdeccf;--maint:#6b5300;--maintb:#f7efc4;"
"--drain:#2550a0;--drainb:#e0e9fb;--none:#566270;--noneb:#e8ecf0}\n"
"@media(prefers-color-scheme:dark){:root{--bg:#10151b;--card:#182028;--fg:#dfe6ed;"
"--dim:#8b9aa9;--line:#2a343f;--soft:#1d2630;--link:#7ab8f5;--up:#7ddba3;--upb:#123524;"
"--down:#ff9d96;--downb:#47191a;--warn:#f7c56b;--warnb:#41300d;--maint:#e5d36a;"
"--maintb:#39330f;--drain:#9dbdf8;--drainb:#1a2c50;--none:#a9b6c3;--noneb:#2a343f}}\n"
"*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--fg);"
"font:14px/1.45 system-ui,-apple-system,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif}"
"header,main,footer{max-width:1800px;margin:auto;padding:0 16px}header{padding-top:16px}"
"h1{font-size:22px;margin:0}h1 small{font-weight:400;color:var(--dim);font-size:14px}"
"p{margin:4px 0;color:var(--dim)}a{color:var(--link)}"
"nav{display:flex;flex-wrap:wrap;gap:8px;margin:12px 0}"
"nav a{background:var(--card);border:1px solid var(--line);border-radius:99px;"
"padding:5px 14px;text-decoration:none}"
".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(132px,1fr));gap:10px;"
"margin:12px 0}.tiles div{background:var(--card);border:1px solid var(--line);"
"border-radius:10px;padding:9px 12px}.tiles b{display:block;font-size:19px;"
"font-variant-numeric:tabular-nums;white-space:nowrap}.tiles span{color:var(--dim);"
"font-size:12px}\n"
"section{background:var(--card);border:1px solid var(--line);border-radius:12px;"
"margin:14px 0;overflow:hidden}h2{font-size:16px;margin:0;padding:11px 14px;"
"overflow-wrap:anywhere}h2 small{color:var(--dim);font-weight:400;font-size:13px}"
".scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:13px;"
"font-variant-numeric:tabular-nums}th,td{text-align:right;white-space:nowrap;"
"padding:6px;border-bottom:1px solid var(--line)}th{font-weight:500;color:var(--dim);"
"font-size:12px;padding-top:3px;cursor:help}th:first-child,td:first-child{text-align:left;"
"padding-left:14px}th:last-child,td:last-child{padding-right:14px}"
"tr:last-child td{border-bottom:0}.rows th:nth-child(-n+3),.rows td:nth-child(-n+3){"
"text-align:left}tr.fe td,tr.be td{background:var(--soft)}td.n{font-weight:600;"
"max-width:180px;overflow:hidden;text-overflow:ellipsis}tr.fe td.n,tr.be td.n{"
"color:var(--dim)}.times{border-top:1px solid var(--line)}"
"i{font-style:normal;color:var(--dim)}em{font-style:normal;color:var(--down)}"
".pill{display:inline-block;border-radius:99px;padding:1px 9px;font-weight:600;"
"font-size:12px}.up{color:var(--up);background:var(--upb)}.down{color:var(--down);"
"background:var(--downb)}.warn{color:var(--warn);background:var(--warnb)}.maint{"
"color:var(--maint);background:var(--maintb)}.drain{color:var(--drain);"
"background:var(--drainb)}.none{color:var(--none);background:var(--noneb)}\n"
".bar{display:inline-flex;width:64px;height:9px;border-radius:5px;overflow:hidden;"
"vertical-align:middle;background:var(--noneb)}.c1{background:#9aa7b4}.c2{background:#35a46a}"
".c3{background:#4a8ee0}.c4{background:#e0a52c}.c5{background:#d9453d}.c6{background:#8b6fc9}"
".act{display:flex;flex-wrap:wrap;gap:8px;align-items:center;padding:10px 14px;"
"border-top:1px solid var(--line)}select,button{font:inherit;color:inherit;"
"background:var(--card);border:1px solid var(--line);border-radius:8px;padding:5px 10px}"
"button{background:var(--link);border-color:var(--link);color:var(--card);font-weight:600;"
"cursor:pointer}input[type=checkbox]{width:17px;height:17px;vertical-align:-3px;margin:0 8px "
"0 0}.note{border-radius:10px;padding:9px 14px;margin:12px 0}"
"footer{padding:8px 16px 24px;color:var(--dim);font-size:12px;line-height:2}\n"
"@media(max-width:760px){header,main,footer{padding-left:10px;padding-right:10px}"
".tiles{grid-template-columns:repeat(3,1fr);gap:7px}.tiles div{padding:7px 9px}"
".tiles b{font-size:16px}h1 small{display:block}table,tbody{display:block}"
"tr:first-child{display:none}tr{display:grid;"
"grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:3px 18px;padding:10px 14px;"
"border-top:1px solid var(--line);grid-auto-flow:dense}tr.fe,tr.be{background:var(--soft)}"
"tr td:nth-child(n){display:flex;justify-content:space-between;gap:8px;border:0;"
"padding:1px 0;background:none;white-space:normal;text-align:right}"
"td:before{content:attr(data-l);color:var(--dim)}td.n:before{content:none}"
"tr td.n{font-size:15px;max-width:none;"
"text-align:left;overflow-wrap:anywhere;justify-content:flex-start}"
".rows td:nth-child(8),.rows td:nth-child(9),.rows td:nth-child(13),.rows td:nth-child(15),"
".times td.n{grid-column:1/-1}.rows td.n{grid-row:1;grid-column:1}"
".rows td:nth-child(2){grid-row:1;grid-column:2;justify-content:flex-end}"
".rows td:nth-child(2):before{content:none}.rows tr td:has(.z){display:none}"
".bar{width:140px}}\n"
"@media(max-width:400px){.tiles{grid-template-columns:1fr 1fr}}\n";

/* ---- the head ---- */

static const char *
node_of(const struct stats_conf *conf, const struct global *g, char *buf, size_t size)
{
	if (conf->node != NULL)
		return conf->node;
	if (g->node != NULL)
		return g->node;
	if (gethostname(buf, size) < 0)
		return "";
	buf[size - 1] = '\0';
	return buf;
}

static void
put_title(struct outbuf *b, const struct stats_page *p, const struct global *g)
{
	const char *desc = p->conf->desc != NULL ? p->conf->desc : g->description;
	char host[256];

	outbuf_z(b, "<header><h1>Statistics Report <small>");
	if (!p->conf->hide_version)
		outbuf_z(b, "HAProxy version " WEIR_FULL_VERSION ", released " WEIR_RELEASE_DATE
		    " &middot; ");
	outbuf_fmt(b, "pid %d", (int)getpid());
	if (p->conf->show_node) {
		outbuf_z(b, " on ");
		stats_put_html(b, node_of(p->conf, g, host, sizeof host));
	}
	outbuf_z(b, "</small></h1>\n");
	if (p->conf->show_desc && desc != NULL) {
		outbuf_z(b, "<p>");
		stats_put_html(b, desc);
		outbuf_z(b, "</p>\n");
	}
}

/* A link to this page with other wishes. */
static void
put_link(struct outbuf *b, const struct stats_page *p, const char *words, const char *label)
{
	outbuf_z(b, "<a href=\"");
	stats_put_html(b, p->conf->uri.p);
	outbuf_z(b, words);
	if (p->scope[0] != '\0') {
		outbuf_z(b, ";scope=");
		stats_put_html(b, p->scope);
	}
	outbuf_fmt(b, "\">%s</a>\n", label);
}

static void
put_nav(struct outbuf *b, const struct stats_page *p)
{
	const char *no = p->no_refresh ? ";norefresh" : "", *up = p->only_up ? ";up" : "";
	char words[64];
	struct out o;

	outbuf_z(b, "<nav>\n");
	out_init(&o, words, sizeof words - 1);
	out_fmt(&o, "%s%s", p->only_up ? "" : ";up", no);
	*o.p = '\0';
	put_link(b, p, words, p->only_up ? "Show all servers" : "Hide what is down");
	if (p->conf->refresh_s != 0) {
		out_init(&o, words, sizeof words - 1);
		out_fmt(&o, "%s%s", up, p->no_refresh ? "" : ";norefresh");
		*o.p = '\0';
		put_link(b, p, words, p->no_refresh ? "Start refreshing" : "Stop refreshing");
	}
	out_init(&o, words, sizeof words - 1);
	out_fmt(&o, "%s%s", up, no);
	*o.p = '\0';
	put_link(b, p, words, "Refresh now");
	put_link(b, p, ";csv", "CSV");
	put_link(b, p, ";json", "JSON");
	outbuf_z(b, "</nav>\n");
}

static void
put_tile(struct outbuf *b, const char *label, uint64_t v, const char *more)
{
	outbuf_fmt(b, "<div><b>%llu%s</b><span>%s</span></div>\n", (unsigned long long)v, more,
	    label);
}

static void
put_tiles(struct outbuf *b)
{
	unsigned long long s = cli_uptime_us() / 1000000;
	char more[40];
	struct out o;

	out_init(&o, more, sizeof more - 1);
	out_fmt(&o, " / %u", atomic_load_explicit(&limits.maxconn, memory_order_relaxed));
	*o.p = '\0';
	outbuf_z(b, "<div class=tiles>\n");
	outbuf_fmt(b, "<div><b>%llud %lluh%02llum%02llus</b><span>uptime</span></div>\n",
	    s / 86400, s / 3600 % 24, s / 60 % 60, s % 60);
	put_tile(b, "connections / limit",
	    atomic_load_explicit(&limits.conns, memory_order_relaxed), more);
	put_tile(b, "connections per second", tick.conns.now, "");
	put_tile(b, "sessions per second", tick.sessions.now, "");
	put_tile(b, "bytes out per second", tick.bytes_out.now, "");
	put_tile(b, "data threads asleep", tick.idle_pct, " %");
	outbuf_z(b, "</div>\n");
	outbuf_fmt(b, "<p><b>uptime = </b>%llud %lluh%02llum%02llus; <b>data threads = </b>%u; "
	    "<b>maxsock = </b>%u</p>\n", s / 86400, s / 3600 % 24, s / 60 % 60, s % 60, ndthreads,
	    limits.maxsock);
}

/* Without the result of an action, which would be shown again and again. */
static void
put_refresh(struct outbuf *b, const struct stats_page *p)
{
	outbuf_fmt(b, "<meta http-equiv=refresh content=\"%u;url=", p->conf->refresh_s);
	stats_put_html(b, p->conf->uri.p);
	outbuf_fmt(b, "%s%s%s\">\n", p->only_up ? ";up" : "", p->scope[0] != '\0' ? ";scope=" : "",
	    p->scope);
}

static void
put_head(struct outbuf *b, const struct stats_page *p, const struct global *g)
{
	char host[256];

	outbuf_z(b, "<!DOCTYPE html>\n<html lang=en><head><meta charset=utf-8>\n"
	    "<meta name=viewport content=\"width=device-width,initial-scale=1\">\n"
	    "<meta name=color-scheme content=\"light dark\">\n");
	if (p->conf->refresh_s != 0 && !p->no_refresh)
		put_refresh(b, p);
	outbuf_z(b, "<title>Statistics Report for HAProxy");
	if (p->conf->show_node) {
		outbuf_z(b, " on ");
		stats_put_html(b, node_of(p->conf, g, host, sizeof host));
	}
	outbuf_z(b, "</title>\n<style>");
	outbuf_z(b, style);
	outbuf_z(b, "</style></head><body>\n");
	put_title(b, p, g);
	if (p->result != NULL)
		outbuf_fmt(b, "<div class=\"note %s\">%s</div>\n", p->result_is_bad ? "down" : "up",
		    p->result);
	put_tiles(b);
	put_nav(b, p);
	outbuf_z(b, "</header><main>\n");
}

/* ---- sections ---- */

static bool
has_form(const struct stats_page *p)
{
	return p->is_admin && p->px->server_list != NULL;
}

static void
open_section(struct outbuf *b, const struct stats_page *p)
{
	const struct proxy *px = p->px;

	outbuf_z(b, "<section id=\"");
	stats_put_html(b, px->name);
	outbuf_z(b, "\"><h2>");
	stats_put_html(b, px->name);
	outbuf_fmt(b, " <small>%s, %s", proxy_type_name(px),
	    px->set.mode == MODE_HTTP ? "http" : "tcp");
	if (px->set.description != NULL) {
		outbuf_z(b, " &middot; ");
		stats_put_html(b, px->set.description);
	}
	outbuf_z(b, "</small></h2>\n");
	if (has_form(p)) {
		outbuf_z(b, "<form method=post action=\"");
		stats_put_html(b, p->conf->uri.p);
		outbuf_fmt(b, "%s%s\">\n", p->only_up ? ";up" : "",
		    p->no_refresh ? ";norefresh" : "");
	}
	outbuf_z(b, "<div class=scroll><table class=rows>\n");
	stats_cells_head(b);
}

static void
put_form(struct outbuf *b, const struct proxy *px)
{
	static const char *const choices[][2] = {
		{ "", "Choose an action" }, { "ready", "Set state to READY" },
		{ "drain", "Set state to DRAIN" }, { "maint", "Set state to MAINT" },
		{ "dhlth", "Health: disable checks" }, { "ehlth", "Health: enable checks" },
		{ "hrunn", "Health: force UP" }, { "hnolb", "Health: force NOLB" },
		{ "hdown", "Health: force DOWN" }, { "dagent", "Agent: disable checks" },
		{ "eagent", "Agent: enable checks" }, { "arunn", "Agent: force UP" },
		{ "adown", "Agent: force DOWN" }, { "shutdown", "Kill sessions" },
	};

	outbuf_z(b, "<div class=act><select name=action aria-label=Action>");
	for (unsigned i = 0; i < sizeof choices / sizeof choices[0]; i++)
		outbuf_fmt(b, "<option value=\"%s\">%s", choices[i][0], choices[i][1]);
	outbuf_fmt(b, "</select><input type=hidden name=b value=\"#%d\">"
	    "<button>Apply</button></div></form>\n", px->id);
}

/* ---- shares of times (show-modules) ---- */

static void
put_shares(struct outbuf *b, const char *label, const uint64_t sum[HIST_BUCKETS])
{
	static const double shares[] = { 0.5, 0.9, 0.95, 0.99, 0.999 };

	outbuf_fmt(b, "<tr><td class=n>%s<td data-l=\"requests\">%llu", label,
	    (unsigned long long)hist_total(sum));
	for (unsigned i = 0; i < sizeof shares / sizeof shares[0]; i++)
		outbuf_fmt(b, "<td data-l=\"p%g\">%.1f", shares[i] * 100,
		    (double)hist_quantile_us(sum, shares[i]) / 1000);
	outbuf_z(b, "\n");
}

static void
put_times(struct outbuf *b, const struct proxy *px)
{
	static const struct { const char *label; size_t offset; } kinds[] = {
		{ "Queue", offsetof(struct proxy_thread, queue) },
		{ "Connect", offsetof(struct proxy_thread, connect) },
		{ "Response", offsetof(struct proxy_thread, response) },
		{ "Total", offsetof(struct proxy_thread, total) },
	};
	uint64_t sum[HIST_BUCKETS];

	outbuf_z(b, "<div class=scroll><table class=times><tr><th>Times, ms<th>Requests"
	    "<th>p50<th>p90<th>p95<th>p99<th>p99.9\n");
	for (unsigned k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
		memset(sum, 0, sizeof sum);
		for (unsigned i = 0; i < px->live->nthreads; i++)
			hist_merge(sum, (const void *)((const char *)&px->live->threads[i] +
			    kinds[k].offset));
		put_shares(b, kinds[k].label, sum);
	}
	outbuf_z(b, "</table></div>\n");
}

static void
close_section(struct outbuf *b, const struct stats_page *p)
{
	outbuf_z(b, "</table></div>\n");
	if (has_form(p))
		put_form(b, p->px);
	if (p->conf->show_modules && p->px->nservers > 0)
		put_times(b, p->px);
	outbuf_z(b, "</section>\n");
}

/* ---- the walk ---- */

static bool
is_shown(const struct stats_page *p, const struct server *srv)
{
	const struct server_live *l = srv->live;

	return !p->only_up || (atomic_load(&l->usable) != 0 && atomic_load(&l->eweight) != 0);
}

/* The next row of this section is made; false: there is none. */
static bool
next_row(struct stats_page *p)
{
	const unsigned flags = STAT_F_NAMES | (p->only_up ? STAT_F_COUNTS : 0);

	if (p->place == STAT_AT_FRONTEND) {
		p->place = STAT_AT_LISTENERS;
		p->bind = stat_listeners(p->px);
		if (p->px->cap & CAP_FRONTEND) {
			stat_frontend(&p->row, p->px, flags);
			return true;
		}
	}
	if (p->place == STAT_AT_LISTENERS) {
		if (p->bind != NULL) {
			stat_listener(&p->row, p->bind, flags);
			p->bind = p->bind->next;
			return true;
		}
		p->place = STAT_AT_SERVERS;
		p->srv = p->px->server_list;
	}
	while (p->place == STAT_AT_SERVERS) {
		const struct server *srv = p->srv;

		if (srv == NULL) {
			p->place = STAT_AT_BACKEND;
			break;
		}
		p->srv = srv->next;
		if (is_shown(p, srv)) {
			stat_server(&p->row, srv, flags);
			return true;
		}
	}
	if (p->place != STAT_AT_BACKEND)
		return false;
	p->place++;
	if (!(p->px->cap & CAP_BACKEND))
		return false;
	stat_backend(&p->row, p->px, flags);
	return true;
}

static void
put_end(struct outbuf *b)
{
	outbuf_z(b, "</main><footer>Colours: <b class=\"pill up\">UP</b> "
	    "<b class=\"pill warn\">UP, going down</b> <b class=\"pill down\">DOWN</b> "
	    "<b class=\"pill drain\">DRAIN</b> <b class=\"pill maint\">MAINT</b> "
	    "<b class=\"pill none\">no check</b></footer></body></html>\n");
}

bool
stats_html_piece(struct service_call *c)
{
	struct stats_page *p = c->state;
	struct outbuf *b = &c->out;

	if (!p->header_done) {
		p->header_done = true;
		put_head(b, p, c->held->global);
		return false;
	}
	while (!p->in_section && p->px != NULL && !stats_page_shows(p->px, p))
		p->px = p->px->next;
	if (p->px == NULL) {
		put_end(b);
		return true;
	}
	if (!p->in_section) {
		p->in_section = true;
		p->place = STAT_AT_FRONTEND;
		open_section(b, p);
	} else if (next_row(p))
		stats_cells_row(b, p);
	else {
		close_section(b, p);
		p->in_section = false;
		p->px = p->px->next;
	}
	return false;
}
