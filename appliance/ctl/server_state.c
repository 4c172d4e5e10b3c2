/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Server states as text; see server_state.h. Files come from outside: each line
 * is checked field by field, and one that is not right is left out.
 *
 * Thread: parsing any, the rest control.
 */
#include "ctl/server_state.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/agent.h"
#include "ctl/health.h"
#include "ctl/overlay.h"
#include "ctl/resolve.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/server_addr.h"

/* The columns that are read, by position. */
enum {
	COL_BE_ID, COL_BE_NAME, COL_SRV_ID, COL_SRV_NAME, COL_ADDR, COL_OP, COL_ADMIN,
	COL_UWEIGHT, COL_IWEIGHT, COL_SINCE, COL_CHECK_STATUS, COL_CHECK_RESULT,
	COL_CHECK_HEALTH, COL_CHECK_STATE, COL_AGENT_STATE, COL_BE_FORCED, COL_SRV_FORCED,
	COL_FQDN, COL_PORT, COL_MIN, COL_MAX = 32
};

/* ---- writing ---- */

void
server_state_put_header(struct outbuf *b)
{
	outbuf_z(b, "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state "
	    "srv_admin_state srv_uweight srv_iweight srv_time_since_last_change "
	    "srv_check_status srv_check_result srv_check_health srv_check_state "
	    "srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord "
	    "srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n");
}

/* The address alone, without brackets; `-` for what has none. */
static void
put_ip(struct outbuf *b, const struct addr *a)
{
	char text[64] = "-";

	if (a != NULL && (a->kind == ADDR_INET || a->kind == ADDR_INET6)) {
		struct ip_port p = ip_port_of(&a->u.sa);

		(void)ip_text(&p, text, sizeof text);
	} else if (a != NULL && (a->kind == ADDR_UNIX || a->kind == ADDR_ABNS))
		(void)addr_text(a, text, sizeof text);
	outbuf_z(b, text);
}

static unsigned
check_state(const struct server *srv, const struct check_view *v)
{
	bool is_maint = atomic_load(&srv->live->admin) & SRV_ADM_MAINT;

	return (v->configured && v->running ? 1u : 0) | (v->configured ? 2u : 0) |
	    (v->configured && v->enabled ? 4u : 0) | (is_maint ? 8u : 0);
}

/* Agents run in maintenance too. */
static unsigned
agent_state(const struct server *srv)
{
	struct check_view v;

	if (!health_agent_view(srv->live, &v))
		return 0;
	return 16u | (v.running ? 1u : 0) | 2u | (v.enabled ? 4u : 0);
}

/* What was set by command or written; `-` and 0: nothing. */
static void
put_agent(struct outbuf *b, const struct server *srv)
{
	const struct check *chk = srv->live->agent;
	const struct addr *a = srv->agent != NULL ? srv->agent->addr : NULL;

	if (chk == NULL || chk->conf == NULL) {
		outbuf_z(b, "- 0\n");
		return;
	}
	if (agent_address(chk) != NULL)
		a = agent_address(chk);
	if (a != NULL)
		put_ip(b, a);
	else
		outbuf_z(b, "-");
	outbuf_fmt(b, " %u\n", (unsigned)addr_port(&chk->conf->to));
}

void
server_state_put(struct outbuf *b, const struct server *srv)
{
	const struct server_live *l = srv->live;
	const char *fqdn, *srv_name;
	struct check_view v;
	struct addr a;
	bool has_port;

	resolve_names(srv, &fqdn, &srv_name);
	(void)health_view(l, &v);
	server_addr_now(srv, &a, &has_port);
	outbuf_fmt(b, "%d %s %d %s ", srv->backend->id, srv->backend->name, srv->id, srv->name);
	put_ip(b, atomic_load(&l->admin) & SRV_ADM_RMAINT ? NULL : &a);
	outbuf_fmt(b, " %u %u %u %u %llu %u %u %u %u %u %d %d %s %u %s %d %u ",
	    atomic_load(&l->op_state), atomic_load(&l->admin), atomic_load(&l->uweight),
	    atomic_load(&l->iweight),
	    (unsigned long long)((clock_mono_us() - l->since_us) / 1000000),
	    (unsigned)v.status, (unsigned)v.result, v.health, check_state(srv, &v),
	    agent_state(srv), srv->backend->has_own_id, srv->has_own_id,
	    fqdn != NULL ? fqdn : "-", (unsigned)addr_port(&a),
	    srv_name != NULL ? srv_name : "-", (srv->flags & SRV_SSL) != 0, l->check_port);
	put_ip(b, l->check_addr);
	outbuf_z(b, " ");
	put_agent(b, srv);
}

static void
put_word(struct outbuf *b, const char *word)
{
	outbuf_z(b, " ");
	for (const unsigned char *p = (const unsigned char *)word; *p != '\0'; p++)
		if (*p <= ' ' || *p == '%' || *p == 0x7f)
			outbuf_fmt(b, "%%%02X", *p);
		else
			outbuf_fmt(b, "%c", *p);
}

void
server_state_put_added(struct outbuf *b, const struct overlay_server *s)
{
	outbuf_fmt(b, "#+ %s %d %s", overlay_origin_name(s->origin), s->id, s->backend);
	for (int i = 0; i < s->n; i++)
		put_word(b, s->words[i]);
	outbuf_z(b, "\n");
}

/* ---- reading ---- */

static unsigned
split(struct str line, struct str *words, unsigned max)
{
	unsigned n = 0;

	while (line.len > 0 && n < max) {
		const char *blank = memchr(line.p, ' ', line.len);
		size_t len = blank != NULL ? (size_t)(blank - line.p) : line.len;

		if (len > 0)
			words[n++] = (struct str){ line.p, len };
		line.p += len + (blank != NULL);
		line.len -= len + (blank != NULL);
	}
	return line.len > 0 ? max + 1 : n;
}

static bool
number(struct str word, uint64_t max, uint32_t *ret_v)
{
	uint64_t v;

	if (!str_to_u64(word, &v) || v > max)
		return false;
	*ret_v = (uint32_t)v;
	return true;
}

/* False: neither an IP address nor `-` nor another kind of address. */
static bool
address(struct str word, struct ip_port *ret_ip)
{
	char text[64];

	memset(ret_ip, 0, sizeof *ret_ip);
	if (word.len >= sizeof text)
		return word.p[0] == '/' || word.p[0] == '@';
	memcpy(text, word.p, word.len);
	text[word.len] = '\0';
	if (inet_pton(AF_INET, text, &ret_ip->ip.v4) == 1)
		ret_ip->family = AF_INET;
	else if (inet_pton(AF_INET6, text, &ret_ip->ip.v6) == 1)
		ret_ip->family = AF_INET6;
	return true;
}

static bool
parse_state(struct str line, struct server_state *s)
{
	struct str w[COL_MAX];
	unsigned n = split(line, w, COL_MAX);
	uint32_t port;

	if (n < COL_MIN || n > COL_MAX)
		return false;
	s->backend = w[COL_BE_NAME];
	s->name = w[COL_SRV_NAME];
	s->fqdn = str_is(w[COL_FQDN], "-") ? STR_NONE : w[COL_FQDN];
	if (!number(w[COL_SRV_ID], INT32_MAX, &s->server_id) ||
	    !number(w[COL_OP], SRV_OP_STOPPING, &s->op) ||
	    !number(w[COL_ADMIN], 0xff, &s->admin) ||
	    !number(w[COL_UWEIGHT], 256, &s->uweight) ||
	    !number(w[COL_IWEIGHT], 256, &s->iweight) ||
	    !str_to_u64(w[COL_SINCE], &s->age_s) ||
	    !number(w[COL_CHECK_HEALTH], INT32_MAX, &s->check_health) ||
	    !number(w[COL_CHECK_STATE], 0xff, &s->check_state) ||
	    !number(w[COL_PORT], UINT16_MAX, &port) || !address(w[COL_ADDR], &s->addr))
		return false;
	s->addr.port = (uint16_t)port;
	return true;
}

/* A word with its %XX undone; NULL: not well formed. */
static char *
word_of(struct str word)
{
	char *text = xmalloc(word.len + 1), *to = text;
	uint64_t v;

	for (size_t i = 0; i < word.len; i++) {
		if (word.p[i] != '%') {
			*to++ = word.p[i];
			continue;
		}
		if (i + 2 >= word.len ||
		    !str_to_hex((struct str){ word.p + i + 1, 2 }, &v) || v == 0) {
			free(text);
			return NULL;
		}
		*to++ = (char)v;
		i += 2;
	}
	*to = '\0';
	return text;
}

static bool
parse_added(struct str line, struct server_added *a)
{
	struct str w[SERVER_STATE_WORDS + 4];
	unsigned n = split(line, w, ARRAY_LEN(w));
	uint32_t id;

	a->n = 0;
	if (n < 6 || n > ARRAY_LEN(w) || !number(w[2], INT32_MAX, &id))
		return false;
	a->origin = w[1];
	a->id = (int)id;
	a->backend = w[3];
	for (unsigned i = 4; i < n; i++) {
		a->words[a->n] = word_of(w[i]);
		if (a->words[a->n] == NULL)
			return false;
		a->n++;
	}
	a->words[a->n] = NULL;
	return true;
}

static bool
run_line(struct str line, const struct server_state_ops *ops, void *arg)
{
	struct server_state s = { 0 };
	struct server_added a;
	bool ok;

	if (line.len == 0)
		return true;
	if (line.p[0] != '#') {
		ok = parse_state(line, &s);
		if (ok)
			ops->state(&s, arg);
		return ok;
	}
	if (ops->added == NULL || line.len < 3 || memcmp(line.p, "#+ ", 3) != 0)
		return true;
	ok = parse_added(line, &a);
	if (ok)
		ops->added(&a, arg);
	for (int i = 0; i < a.n; i++)
		free(a.words[i]);
	return ok;
}

bool
server_state_parse(struct str text, const struct server_state_ops *ops, void *arg,
    unsigned *ret_skipped)
{
	bool is_first = true;

	*ret_skipped = 0;
	while (text.len > 0) {
		const char *lf = memchr(text.p, '\n', text.len);
		struct str line = { text.p, lf != NULL ? (size_t)(lf - text.p) : text.len };

		text.p += line.len + (lf != NULL);
		text.len -= line.len + (lf != NULL);
		if (str_ends(line, STR("\r")))
			line.len--;
		if (is_first && !str_is(line, "1"))
			return false;
		if (!is_first && !run_line(line, ops, arg))
			++*ret_skipped;
		is_first = false;
	}
	return !is_first;
}
