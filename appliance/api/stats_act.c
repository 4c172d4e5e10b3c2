/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Actions of the statistics page: a form names servers of a backend and what is
 * to be done with them. It must be allowed by `stats admin`, and must come from
 * this page: a browser says where a form was (Origin, Sec-Fetch-Site, Referer),
 * and one of another site is refused. Programs that say nothing are let in.
 *
 * Thread: control.
 */
#include <stdatomic.h>
#include <string.h>

#include "api/cli_find.h"
#include "api/stats_page.h"
#include "base/log.h"
#include "base/module.h"
#include "base/str.h"
#include "cfg/snapshot.h"
#include "ctl/health.h"
#include "ctl/shutdown.h"
#include "http/msg.h"
#include "proxy/log_target.h"
#include "proxy/proxy.h"
#include "proxy/service.h"
#include "proxy/stats.h"

#define NAME_BYTES	256

/* ---- codes ---- */

static const struct {
	const char	*code;
	bool		 is_bad;
	const char	*text;
} codes[] = {
	{ "DONE", false, "Action processed successfully." },
	{ "NONE", true, "Nothing has changed." },
	{ "PART", true, "Action partially processed. Some server names are probably unknown or "
	    "ambiguous (duplicated names in the backend)." },
	{ "ERRP", true, "Action not processed because of invalid parameters." },
	{ "DENY", true, "Action denied." },
	{ "UNKN", true, "Unexpected result." },
	{ "EXCD", true, "Action not processed: the buffer couldn't store all the data. "
	    "You should retry with less servers at a time." },
	{ "IVAL", true, "Invalid requests (unsupported method or parameters)." },
};

const char *
stats_act_text(struct str code, bool *ret_is_bad)
{
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (code.p != NULL && str_is(code, codes[i].code)) {
			*ret_is_bad = codes[i].is_bad;
			return codes[i].text;
		}
	return NULL;
}

/* ---- actions ---- */

/* False: this server cannot do that. */
typedef bool act_fn(const struct server *srv);

static bool
act_ready(const struct server *srv)
{
	health_set_admin(srv->live, 0, SRV_ADM_FMAINT | SRV_ADM_CMAINT | SRV_ADM_FDRAIN);
	return true;
}

static bool
act_drain(const struct server *srv)
{
	health_set_admin(srv->live, SRV_ADM_FDRAIN, SRV_ADM_FMAINT | SRV_ADM_CMAINT);
	return true;
}

static bool
act_maint(const struct server *srv)
{
	health_set_admin(srv->live, SRV_ADM_FMAINT, SRV_ADM_FDRAIN);
	return true;
}

static bool
has_check(const struct server *srv)
{
	struct check_view v;

	return health_view(srv->live, &v);
}

static bool
act_checks_off(const struct server *srv)
{
	return has_check(srv) && health_enable(srv->live, false);
}

static bool
act_checks_on(const struct server *srv)
{
	return has_check(srv) && health_enable(srv->live, true);
}

/* What a check would find: on a server that has one and follows no other. */
static bool
force(const struct server *srv, enum server_op op)
{
	if (!has_check(srv) || srv->track != NULL)
		return false;
	health_force(srv->live, op);
	return true;
}

static bool
act_running(const struct server *srv)
{
	return force(srv, SRV_OP_RUNNING);
}

static bool
act_nolb(const struct server *srv)
{
	return force(srv, SRV_OP_STOPPING);
}

static bool
act_down(const struct server *srv)
{
	return force(srv, SRV_OP_STOPPED);
}

static bool
act_shutdown(const struct server *srv)
{
	shutdown_sessions_of(srv->live, 'K');
	return true;
}

static bool
act_agent_off(const struct server *srv)
{
	return health_agent_enable(srv->live, false);
}

static bool
act_agent_on(const struct server *srv)
{
	return health_agent_enable(srv->live, true);
}

static bool
act_agent_up(const struct server *srv)
{
	return health_agent_force(srv->live, true);
}

static bool
act_agent_down(const struct server *srv)
{
	return health_agent_force(srv->live, false);
}

static const struct action {
	const char	*name;
	act_fn		*fn;
} actions[] = {
	{ "ready", act_ready }, { "drain", act_drain }, { "maint", act_maint },
	{ "shutdown", act_shutdown }, { "dhlth", act_checks_off }, { "ehlth", act_checks_on },
	{ "hrunn", act_running }, { "hnolb", act_nolb }, { "hdown", act_down },
	{ "dagent", act_agent_off }, { "eagent", act_agent_on }, { "arunn", act_agent_up },
	{ "adown", act_agent_down },
	/* older names of the same */
	{ "enable", act_ready }, { "disable", act_maint }, { "stop", act_drain },
	{ "start", act_ready },
};

static const struct action *
action_named(const char *name)
{
	for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

/* ---- where it comes from ---- */

/* `https://host:port/...` is of this host? Over TLS only https is. */
static bool
is_our_origin(const struct service_call *c, struct str url)
{
	struct str host;
	const char *slash;

	if (str_istarts(url, STR("https://")))
		host = (struct str){ url.p + 8, url.len - 8 };
	else if (!c->is_tls && str_istarts(url, STR("http://")))
		host = (struct str){ url.p + 7, url.len - 7 };
	else
		return false;
	slash = memchr(host.p, '/', host.len);
	if (slash != NULL)
		host.len = (size_t)(slash - host.p);
	return host.len > 0 && str_ieq(host, c->host);
}

static bool
is_from_here(const struct service_call *c)
{
	if (c->fetch_site.p != NULL && !str_is(c->fetch_site, "same-origin"))
		return false;
	if (c->origin.p != NULL)
		return is_our_origin(c, c->origin);
	return c->referer.p == NULL || is_our_origin(c, c->referer);
}

/* ---- the form ---- */

static int
hex_digit(char ch)
{
	return ch >= '0' && ch <= '9' ? ch - '0' : ascii_lower(ch) >= 'a' &&
	    ascii_lower(ch) <= 'f' ? ascii_lower(ch) - 'a' + 10 : -1;
}

/* False: it does not fit, or holds what no name holds. */
static bool
decode(struct str s, char *buf)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		char ch = s.p[i];

		if (ch == '+')
			ch = ' ';
		if (ch == '%') {
			int hi = i + 2 < s.len ? hex_digit(s.p[i + 1]) : -1;
			int lo = i + 2 < s.len ? hex_digit(s.p[i + 2]) : -1;

			if (hi < 0 || lo < 0)
				return false;
			ch = (char)(hi << 4 | lo);
			i += 2;
		}
		if (ch == '\0' || n + 1 >= NAME_BYTES)
			return false;
		buf[n++] = ch;
	}
	buf[n] = '\0';
	return true;
}

/* The value of the next `name=`; false: no more, or (ret_bad) it is malformed. */
static bool
next_value(struct str *rest, const char *name, char *buf, bool *ret_bad)
{
	size_t len = strlen(name);
	struct str part;

	while (str_next_elem(rest, '&', &part)) {
		if (part.len <= len || memcmp(part.p, name, len) != 0 || part.p[len] != '=')
			continue;
		if (decode((struct str){ part.p + len + 1, part.len - len - 1 }, buf))
			return true;
		*ret_bad = true;
		return false;
	}
	return false;
}

static bool
first_value(struct str form, const char *name, char *buf)
{
	bool is_bad = false;

	return next_value(&form, name, buf, &is_bad);
}

static void
say(const struct service_call *c, const char *action, const struct proxy *px, const char *server)
{
	log_event(NULL, LOG_L_NOTICE, "Statistics page used from %.*s: %s %s/%s",
	    (int)c->client.len, c->client.p, action, px->name, server);
}

/* Each server that is named; how many were, and how many obeyed. */
static bool
run_on_servers(const struct service_call *c, const struct action *a, const struct proxy *px,
    struct str form, unsigned *ret_named, unsigned *ret_done)
{
	char name[NAME_BYTES];
	bool is_bad = false;

	*ret_named = *ret_done = 0;
	while (next_value(&form, "s", name, &is_bad)) {
		const struct server *srv = server_find(px, name);

		++*ret_named;
		if (srv == NULL || !a->fn(srv))
			continue;
		++*ret_done;
		say(c, a->name, px, srv->name);
	}
	return !is_bad;
}

const char *
stats_act(struct service_call *c, const struct stats_page *p)
{
	struct str form = { c->body.data, c->body.len };
	char backend[NAME_BYTES], word[NAME_BYTES];
	const struct action *a;
	const struct proxy *px;
	unsigned named, done;

	if (!p->is_admin || !is_from_here(c))
		return "DENY";
	if (c->body_is_cut)
		return "EXCD";
	if (form.len == 0)
		return "NONE";
	if (!first_value(form, "b", backend) || !first_value(form, "action", word))
		return "ERRP";
	a = action_named(word);
	px = cli_proxy_named(service_hold(c), backend, CAP_BACKEND);
	if (a == NULL || px == NULL || !stats_in_scope(px, p->own))
		return "ERRP";
	if (!run_on_servers(c, a, px, form, &named, &done))
		return "ERRP";
	if (named == 0)
		return "NONE";
	return done == named ? "DONE" : done > 0 ? "PART" : "IVAL";
}
