/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The service `stats`: the statistics of all proxies as a page, as CSV or as
 * JSON, and the actions that its forms send. The address says which: behind the
 * page's own come `;csv`, `;json`, `;up`, `;norefresh`, `;scope=TEXT`, and
 * `;st=CODE` with the result of an action.
 *
 * Thread: control.
 */
#include "api/stats_page.h"

#include <stdlib.h>
#include <string.h>

#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "http/msg.h"
#include "proxy/proxy.h"
#include "proxy/service.h"
#include "proxy/stats.h"

/* What is behind the page's own address. */
static struct str
suffix(const struct service_call *c, const struct stats_conf *conf)
{
	struct str s = c->path;

	if (c->query.p != NULL)
		s.len = (size_t)(c->query.p + c->query.len - s.p);
	if (s.len < conf->uri.len)
		return STR("");
	return (struct str){ s.p + conf->uri.len, s.len - conf->uri.len };
}

static bool
has_word(struct str s, const char *word)
{
	struct str part;

	while (str_next_elem(&s, ';', &part))
		if (str_is(part, word))
			return true;
	return false;
}

static struct str
value_of(struct str s, struct str name)
{
	struct str part;

	while (str_next_elem(&s, ';', &part))
		if (str_starts(part, name))
			return (struct str){ part.p + name.len, part.len - name.len };
	return STR_NONE;
}

/* Only characters that names of proxies may have. */
static void
take_scope(struct stats_page *p, struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len && n + 1 < sizeof p->scope; i++) {
		char z[2] = { s.p[i], '\0' };

		if (proxy_name_bad_char(z) == '\0')
			p->scope[n++] = s.p[i];
	}
	p->scope[n] = '\0';
}

bool
stats_page_shows(const struct proxy *px, const void *page)
{
	const struct stats_page *p = page;

	return stats_in_scope(px, p->own) &&
	    (p->scope[0] == '\0' || strstr(px->name, p->scope) != NULL);
}

static void
safe_fields(struct service_call *c)
{
	service_field(c, "cache-control", "no-cache");
	service_field(c, "x-content-type-options", "nosniff");
}

static bool
dump_piece(struct service_call *c)
{
	struct stats_page *p = c->state;

	return stat_dump_piece(&p->dump, &c->out);
}

static void
start_dump(struct service_call *c, struct stats_page *p, bool is_json)
{
	struct stat_dump *d = &p->dump;

	c->status = 200;
	c->content_type = is_json ? "application/json" : "text/plain";
	safe_fields(c);
	d->form = is_json ? STAT_JSON : STAT_CSV;
	d->iid = d->sid = -1;
	d->mask = ~0u;
	d->only_up = p->only_up;
	d->flags = STAT_F_NAMES | (p->only_up ? STAT_F_COUNTS : 0);
	d->wants = stats_page_shows;
	d->wants_arg = p;
	stat_dump_start(d, service_hold(c)->proxies);
	c->more = dump_piece;
}

static void
start_html(struct service_call *c, struct stats_page *p)
{
	c->status = 200;
	c->content_type = "text/html; charset=utf-8";
	safe_fields(c);
	service_field(c, "content-security-policy", "default-src 'none'; "
	    "style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; "
	    "base-uri 'none'");
	service_field(c, "referrer-policy", "same-origin");
	p->px = service_hold(c)->proxies;
	c->more = stats_html_piece;
}

static void
answer_action(struct service_call *c, const struct stats_page *p)
{
	const char *code = stats_act(c, p);

	c->status = 303;
	c->is_last = true;
	service_field(c, "cache-control", "no-cache");
	service_field(c, "location", "%s;st=%s%s%s%s%s", p->conf->uri.p, code,
	    p->only_up ? ";up" : "", p->no_refresh ? ";norefresh" : "",
	    p->scope[0] != '\0' ? ";scope=" : "", p->scope);
}

static void
start(struct service_call *c)
{
	struct stats_page *p = xcalloc(1, sizeof *p);
	struct str s;

	c->state = p;
	c->state_free = free;
	p->own = c->arg;
	p->conf = p->own->set.stats;
	p->is_admin = (c->flags & STATS_F_ADMIN) != 0;
	s = suffix(c, p->conf);
	p->only_up = has_word(s, "up");
	p->no_refresh = has_word(s, "norefresh");
	take_scope(p, value_of(s, STR("scope=")));
	p->result = stats_act_text(value_of(s, STR("st=")), &p->result_is_bad);
	if (c->method == HTTP_M_POST)
		answer_action(c, p);
	else if (has_word(s, "csv"))
		start_dump(c, p, false);
	else if (has_word(s, "json"))
		start_dump(c, p, true);
	else
		start_html(c, p);
}

static int
init(void)
{
	service_init(control_loop);
	return 0;
}

static const struct service_row services[] = {
	{ "stats", "<STATS>", true, true, start, "the statistics page" },
	{ .name = NULL }
};

const struct module mod_stats_page = {
	.name = "stats_page", .services = services, .start = init,
};
