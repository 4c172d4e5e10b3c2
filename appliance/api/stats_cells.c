/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of the statistics page: one row of a table here is one column there,
 * with its heading and the function that writes a cell. On a narrow screen the
 * style turns each table row into a card, where the heading stands beside the
 * value; so each cell carries it.
 *
 * Thread: control.
 */
#include <string.h>

#include "api/stats_page.h"
#include "base/out.h"
#include "base/str.h"
#include "proxy/proxy.h"
#include "proxy/stats.h"

void
stats_put_html(struct outbuf *b, const char *z)
{
	struct out o = outbuf_reserve(b, 6 * strlen(z) + 1);

	out_html(&o, str_of(z));
	outbuf_commit(b, &o);
}

/* ---- values ---- */

static bool
has(const struct stat_row *r, enum stat_col col)
{
	return r->v[col].type != STAT_EMPTY;
}

static uint64_t
num(const struct stat_row *r, enum stat_col col)
{
	return has(r, col) ? r->v[col].v.u : 0;
}

static const char *
text(const struct stat_row *r, enum stat_col col)
{
	return has(r, col) ? r->v[col].v.str : "";
}

/* 12345678 as 12 345 678, with thin blanks that do not break. */
static void
put_grouped(struct outbuf *b, uint64_t v)
{
	if (v >= 1000) {
		put_grouped(b, v / 1000);
		outbuf_fmt(b, "\xe2\x80\xaf%03u", (unsigned)(v % 1000));
	} else
		outbuf_fmt(b, "%u", (unsigned)v);
}

static void
put_num(struct outbuf *b, const struct stat_row *r, enum stat_col col)
{
	if (has(r, col))
		put_grouped(b, r->v[col].v.u);
	else
		outbuf_z(b, "<i>&ndash;</i>");
}

/* All of a cell that does not apply here: narrow screens leave it out. */
static void
put_nothing(struct outbuf *b)
{
	outbuf_z(b, "<i class=z>&ndash;</i>");
}

/* Values side by side, the lesser ones pale. */
static void
put_list(struct outbuf *b, const struct stat_row *r, const enum stat_col *cols, unsigned n)
{
	bool any = false;

	for (unsigned i = 0; i < n; i++)
		any |= has(r, cols[i]);
	if (!any) {
		put_nothing(b);
		return;
	}
	for (unsigned i = 0; i < n; i++) {
		if (i > 0)
			outbuf_z(b, "<i> / </i>");
		put_num(b, r, cols[i]);
	}
}

#define LIST(b, r, ...) \
	put_list((b), (r), (const enum stat_col[]){ __VA_ARGS__ }, \
	    sizeof((const enum stat_col[]){ __VA_ARGS__ }) / sizeof(enum stat_col))

static void
put_bytes(struct outbuf *b, uint64_t v)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double d = (double)v;
	unsigned u = 0;

	while (d >= 1000 && u + 1 < sizeof units / sizeof units[0]) {
		d /= 1024;
		u++;
	}
	outbuf_fmt(b, u == 0 || d >= 100 ? "<span title=\"%llu bytes\">%.0f&nbsp;%s</span>" :
	    "<span title=\"%llu bytes\">%.1f&nbsp;%s</span>", (unsigned long long)v, d, units[u]);
}

static void
put_age(struct outbuf *b, uint64_t s)
{
	if (s < 60)
		outbuf_fmt(b, "%us", (unsigned)s);
	else if (s < 3600)
		outbuf_fmt(b, "%um&thinsp;%us", (unsigned)(s / 60), (unsigned)(s % 60));
	else if (s < 86400)
		outbuf_fmt(b, "%uh&thinsp;%um", (unsigned)(s / 3600), (unsigned)(s / 60 % 60));
	else
		outbuf_fmt(b, "%ud&thinsp;%uh", (unsigned)(s / 86400), (unsigned)(s / 3600 % 24));
}

/* ---- cells ---- */

/* A word of the status chooses the colour. */
static const char *
class_of(const char *status)
{
	static const struct { const char *prefix, *class; } all[] = {
		{ "UP (", "up" }, { "UP 0", "warn" }, { "UP ", "warn" }, { "UP", "up" },
		{ "OPEN", "up" }, { "FULL", "warn" }, { "WAITING", "warn" },
		{ "no check", "none" }, { "DOWN ", "down" }, { "DOWN", "down" },
		{ "MAINT", "maint" }, { "DRAIN", "drain" }, { "NOLB", "drain" },
		{ "PAUSED", "maint" }, { "STOP", "down" },
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (strncmp(status, all[i].prefix, strlen(all[i].prefix)) == 0)
			return all[i].class;
	return "none";
}

static void
put_legend(struct outbuf *b, const struct stat_row *r)
{
	static const enum stat_col cols[] = { ST_addr, ST_cookie, ST_algo, ST_mode, ST_iid,
		ST_sid, ST_check_desc, ST_last_chk, ST_tracked };

	outbuf_z(b, " title=\"");
	for (unsigned i = 0; i < sizeof cols / sizeof cols[0]; i++) {
		bool is_text = r->v[cols[i]].type == STAT_str;

		if (!has(r, cols[i]) || (is_text && *text(r, cols[i]) == '\0'))
			continue;
		outbuf_fmt(b, "%s: ", stat_defs[cols[i]].name);
		if (is_text)
			stats_put_html(b, text(r, cols[i]));
		else
			stat_put_value(b, &r->v[cols[i]]);
		outbuf_z(b, "&#10;");
	}
	outbuf_z(b, "\"");
}

static void
cell_status(struct outbuf *b, const struct stat_row *r)
{
	const char *status = text(r, ST_status);

	outbuf_fmt(b, "<b class=\"pill %s\">", class_of(status));
	stats_put_html(b, status);
	outbuf_z(b, "</b>");
	if (has(r, ST_lastchg)) {
		outbuf_z(b, "<i> ");
		put_age(b, num(r, ST_lastchg));
		outbuf_z(b, "</i>");
	}
	if (has(r, ST_throttle))
		outbuf_fmt(b, "<i> slow start %u%%</i>", (unsigned)num(r, ST_throttle));
}

static void
cell_check(struct outbuf *b, const struct stat_row *r)
{
	if (!has(r, ST_check_status)) {
		put_nothing(b);
		return;
	}
	stats_put_html(b, text(r, ST_check_status));
	if (has(r, ST_check_code))
		outbuf_fmt(b, "/%u", (unsigned)num(r, ST_check_code));
	if (has(r, ST_check_duration))
		outbuf_fmt(b, "<i> %llu&nbsp;ms</i>",
		    (unsigned long long)num(r, ST_check_duration));
}

static void
cell_queue(struct outbuf *b, const struct stat_row *r)
{
	LIST(b, r, ST_qcur, ST_qmax);
}

static void
cell_rate(struct outbuf *b, const struct stat_row *r)
{
	if (r->kind == STAT_FRONTEND && has(r, ST_req_rate) && num(r, ST_req_tot) > 0)
		LIST(b, r, ST_req_rate, ST_req_rate_max);
	else
		LIST(b, r, ST_rate, ST_rate_max);
}

static void
cell_sessions(struct outbuf *b, const struct stat_row *r)
{
	LIST(b, r, ST_scur, ST_smax, ST_slim);
}

static void
cell_total(struct outbuf *b, const struct stat_row *r)
{
	put_num(b, r, has(r, ST_req_tot) && num(r, ST_req_tot) > 0 ? ST_req_tot : ST_stot);
}

static void
cell_bytes(struct outbuf *b, const struct stat_row *r)
{
	put_bytes(b, num(r, ST_bin));
	outbuf_z(b, "<i> / </i>");
	put_bytes(b, num(r, ST_bout));
}

/* A bar of the shares of status classes. */
static void
cell_codes(struct outbuf *b, const struct stat_row *r)
{
	static const enum stat_col cols[] = { ST_hrsp_1xx, ST_hrsp_2xx, ST_hrsp_3xx, ST_hrsp_4xx,
		ST_hrsp_5xx, ST_hrsp_other };
	static const char *const names[] = { "1xx", "2xx", "3xx", "4xx", "5xx", "other" };
	uint64_t sum = 0;

	for (unsigned i = 0; i < 6; i++)
		sum += num(r, cols[i]);
	if (sum == 0) {
		put_nothing(b);
		return;
	}
	outbuf_z(b, "<span class=bar title=\"");
	for (unsigned i = 0; i < 6; i++)
		outbuf_fmt(b, "%s: %llu&#10;", names[i], (unsigned long long)num(r, cols[i]));
	outbuf_z(b, "\">");
	for (unsigned i = 0; i < 6; i++)
		if (num(r, cols[i]) != 0)
			outbuf_fmt(b, "<u class=c%u style=\"flex:%llu\"></u>", i + 1,
			    (unsigned long long)(num(r, cols[i]) * 10000 / sum + 1));
	outbuf_z(b, "</span>");
	if (num(r, ST_hrsp_5xx) != 0) {
		outbuf_z(b, "<em> ");
		put_num(b, r, ST_hrsp_5xx);
		outbuf_z(b, "&nbsp;5xx</em>");
	}
}

static void
cell_denied(struct outbuf *b, const struct stat_row *r)
{
	LIST(b, r, ST_dreq, ST_dresp);
}

static void
cell_errors(struct outbuf *b, const struct stat_row *r)
{
	if (r->kind == STAT_FRONTEND || r->kind == STAT_LISTENER)
		LIST(b, r, ST_ereq);
	else
		LIST(b, r, ST_econ, ST_eresp);
}

static void
cell_retries(struct outbuf *b, const struct stat_row *r)
{
	LIST(b, r, ST_wretr, ST_wredis);
}

static void
cell_times(struct outbuf *b, const struct stat_row *r)
{
	LIST(b, r, ST_qtime, ST_ctime, ST_rtime, ST_ttime);
}

static void
cell_weight(struct outbuf *b, const struct stat_row *r)
{
	if (!has(r, ST_weight)) {
		put_nothing(b);
		return;
	}
	put_num(b, r, ST_weight);
	if (r->kind == STAT_BACKEND)
		outbuf_fmt(b, "<i title=\"active + backup\"> of %u+%u</i>",
		    (unsigned)num(r, ST_act), (unsigned)num(r, ST_bck));
	else if (num(r, ST_bck) != 0)
		outbuf_z(b, "<i> backup</i>");
}

static void
cell_down(struct outbuf *b, const struct stat_row *r)
{
	if (!has(r, ST_chkdown)) {
		put_nothing(b);
		return;
	}
	LIST(b, r, ST_chkfail, ST_chkdown);
	if (num(r, ST_downtime) != 0) {
		outbuf_z(b, "<i> ");
		put_age(b, num(r, ST_downtime));
		outbuf_z(b, "</i>");
	}
}

static const struct column {
	const char	*label, *hint;
	void		(*put)(struct outbuf *b, const struct stat_row *r);
} columns[] = {
	{ "Status", "and for how long", cell_status },
	{ "Last check", "result, code, duration", cell_check },
	{ "Queue", "now / most", cell_queue },
	{ "Per second", "requests or sessions: now / most", cell_rate },
	{ "Sessions", "now / most / limit", cell_sessions },
	{ "Total", "requests or sessions", cell_total },
	{ "Bytes", "in / out", cell_bytes },
	{ "Responses", "shares of 1xx to 5xx", cell_codes },
	{ "Denied", "requests / responses", cell_denied },
	{ "Errors", "of requests; of servers: connections / responses", cell_errors },
	{ "Retries", "the same server / another one", cell_retries },
	{ "Times, ms", "queue / connect / response / total, averages", cell_times },
	{ "Weight", "in force; of active + backup servers", cell_weight },
	{ "Down", "failed checks / times down, time down", cell_down },
};

#define NCOLUMNS	(sizeof columns / sizeof columns[0])

void
stats_cells_head(struct outbuf *b)
{
	outbuf_z(b, "<tr><th>Name");
	for (unsigned i = 0; i < NCOLUMNS; i++)
		outbuf_fmt(b, "<th title=\"%s\">%s", columns[i].hint, columns[i].label);
	outbuf_z(b, "\n");
}

static void
put_name(struct outbuf *b, const struct stats_page *p)
{
	const struct stat_row *r = &p->row;
	const char *name = text(r, ST_svname);
	bool has_box = p->is_admin && r->kind == STAT_SERVER;

	outbuf_z(b, "<td class=n");
	if (p->conf->show_legends)
		put_legend(b, r);
	outbuf_z(b, ">");
	if (has_box) {
		outbuf_z(b, "<label><input type=checkbox name=s value=\"");
		stats_put_html(b, name);
		outbuf_z(b, "\">");
	}
	stats_put_html(b, r->kind == STAT_FRONTEND ? "Frontend" :
	    r->kind == STAT_BACKEND ? "Backend" : name);
	if (has_box)
		outbuf_z(b, "</label>");
}

void
stats_cells_row(struct outbuf *b, const struct stats_page *p)
{
	static const char *const kinds[] = { "fe", "be", "sv", "li" };

	outbuf_fmt(b, "<tr class=%s>", kinds[p->row.kind]);
	put_name(b, p);
	for (unsigned i = 0; i < NCOLUMNS; i++) {
		outbuf_fmt(b, "<td data-l=\"%s\"><span>", columns[i].label);
		columns[i].put(b, &p->row);
		outbuf_z(b, "</span>");
	}
	outbuf_z(b, "\n");
}
