/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Agent checks; see agent.h. The first line of the answer counts, up to CR or LF.
 * Administrative words act first, then weight and maxconn, then health: so an
 * agent can say `ready up` to a server in maintenance.
 *
 * Thread: control; agent_parse*: any.
 */
#include "ctl/agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/check.h"
#include "ctl/health.h"
#include "ctl/metric_instance.h"
#include "ctl/server_set.h"
#include "proxy/proxy.h"

#define LINE_BYTES	2048

struct agent {
	/* what an operator set, over what is configured */
	bool		 has_address, has_send;
	struct addr	 address;
	uint16_t	 port;		/* 0 = as configured */
	char		*send;		/* owned */
	struct check_conf conf;		/* in force when something is set */
	/* the answer so far */
	char		*line;		/* owned: LINE_BYTES while a check runs */
	size_t		 len;
	struct agent_metric metrics[AGENT_METRICS];
	unsigned	 nmetrics;
};

static struct agent *
agent_of(struct check *chk)
{
	if (chk->agent == NULL)
		chk->agent = xcalloc(1, sizeof(*chk->agent));
	return chk->agent;
}

void
agent_free(struct agent *a)
{
	if (a == NULL)
		return;
	free(a->line);
	free(a->send);
	free(a);
}

/* ---- words ---- */

static bool
is_one_of(struct str word, const char *const *names)
{
	for (; *names != NULL; names++)
		if (str_ieq(word, str_of(*names)))
			return true;
	return false;
}

static bool
cut_prefix(struct str word, struct str prefix, struct str *ret_rest)
{
	if (word.len <= prefix.len || !str_istarts(word, prefix))
		return false;
	*ret_rest = (struct str){ word.p + prefix.len, word.len - prefix.len };
	return true;
}

static void
take_word(struct agent_answer *a, struct str word)
{
	static const char *const healths[] = { "up", "down", "fail", "stopped", NULL };
	static const char *const admins[] = { "ready", "drain", "maint", NULL };
	struct str rest;

	if (is_one_of(word, healths))
		a->health = word;
	else if (is_one_of(word, admins))
		a->admin = word;
	else if (word.p[0] >= '0' && word.p[0] <= '9' && memchr(word.p, '%', word.len) != NULL)
		a->weight = word;
	else if (cut_prefix(word, STR("weight:"), &rest))
		a->weight = rest;
	else if (cut_prefix(word, STR("maxconn:"), &rest))
		a->maxconn = rest;
	else if (cut_prefix(word, STR("metric:"), &rest)) {
		if (a->nmetrics < AGENT_METRICS)
			a->metrics[a->nmetrics++] = rest;
	} else if (a->unknown.len == 0)
		a->unknown = word;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

void
agent_parse(struct str line, struct agent_answer *ret_answer)
{
	const char *p = line.p, *end = line.p + line.len, *from;

	memset(ret_answer, 0, sizeof(*ret_answer));
	while (p < end && *p != '#') {
		if (is_blank(*p)) {
			p++;
			continue;
		}
		for (from = p; p < end && !is_blank(*p) && *p != '#'; p++)
			;
		take_word(ret_answer, (struct str){ from, (size_t)(p - from) });
	}
	for (p += p < end; p < end && (*p == ' ' || *p == '\t'); p++)
		;
	ret_answer->why = (struct str){ p, (size_t)(end - p) };
}

static bool
copy_word(char *to, size_t size, const char *p, size_t len)
{
	if (len >= size)
		return false;
	memcpy(to, p, len);
	to[len] = '\0';
	return true;
}

bool
agent_parse_metric(struct str word, struct agent_metric *ret_m)
{
	const char *eq = memchr(word.p, '=', word.len);
	size_t name_len = eq != NULL ? (size_t)(eq - word.p) : 0;
	char number[64], *unit;
	struct agent_metric m = { .at_us = 0 };

	if (name_len == 0 || !copy_word(m.name, sizeof(m.name), word.p, name_len) ||
	    !copy_word(number, sizeof(number), eq + 1, word.len - name_len - 1))
		return false;
	m.value = strtod(number, &unit);
	if (unit == number || !(m.value > -1e300 && m.value < 1e300) ||
	    !copy_word(m.unit, sizeof(m.unit), unit, strlen(unit)))
		return false;
	*ret_m = m;
	return true;
}

/* ---- metrics ---- */

static struct agent_metric *
find_metric(struct agent *a, const char *name)
{
	for (unsigned i = 0; i < a->nmetrics; i++)
		if (strcmp(a->metrics[i].name, name) == 0)
			return &a->metrics[i];
	return NULL;
}

/* False: it cannot be read, or there are too many names. */
static bool
keep_metric(struct check *chk, struct str word)
{
	struct agent *a = agent_of(chk);
	struct agent_metric m, *to;

	if (!agent_parse_metric(word, &m))
		return false;
	m.at_us = clock_now_us;
	metric_instance_told(chk->srv, m.name, m.value, m.unit);
	to = find_metric(a, m.name);
	if (to == NULL && a->nmetrics < AGENT_METRICS)
		to = &a->metrics[a->nmetrics++];
	if (to != NULL)
		*to = m;
	return to != NULL;
}

const struct agent_metric *
agent_metric(const struct server_live *l, const char *name)
{
	return l->agent != NULL && l->agent->agent != NULL ?
	    find_metric(l->agent->agent, name) : NULL;
}

/* ---- acting on an answer ---- */

static void
set_admin(struct server_live *l, struct str word)
{
	const uint32_t maint = SRV_ADM_FMAINT | SRV_ADM_CMAINT;

	if (str_ieq(word, STR("drain")))
		health_set_admin(l, SRV_ADM_FDRAIN, maint);
	else if (str_ieq(word, STR("maint")))
		health_set_admin(l, SRV_ADM_FMAINT, SRV_ADM_FDRAIN);
	else
		health_set_admin(l, 0, maint | SRV_ADM_FDRAIN);
}

/* NULL, or what is wrong with the words that set something. */
static const char *
set_numbers(struct check *chk, const struct agent_answer *a)
{
	struct server *srv = (struct server *)(uintptr_t)chk->srv;
	const char *wrong = NULL, *w;
	char word[32];

	if (a->weight.len != 0) {
		(void)snprintf(word, sizeof(word), "%.*s", (int)a->weight.len, a->weight.p);
		wrong = server_set_weight(srv, word);
	}
	if (a->maxconn.len != 0) {
		(void)snprintf(word, sizeof(word), "%.*s", (int)a->maxconn.len, a->maxconn.p);
		w = server_set_maxconn(srv, word);
		wrong = wrong != NULL ? wrong : w;
	}
	for (unsigned i = 0; i < a->nmetrics; i++)
		if (!keep_metric(chk, a->metrics[i]) && wrong == NULL)
			wrong = "metric not understood";
	return wrong;
}

/* A report of `down` keeps its own words; else what was odd comes first. */
static enum check_status
describe(const struct agent_answer *a, const char *wrong, char *text, size_t size)
{
	bool is_up = str_ieq(a->health, STR("up"));
	struct str why = a->why, odd = a->unknown;

	if (odd.len == 0 && wrong != NULL)
		odd = str_of(wrong);
	if (a->health.len == 0) {
		if (odd.len != 0)
			(void)snprintf(text, size, "%s : %.*s", a->unknown.len != 0 ?
			    "agent reports an error" : "agent warns", (int)odd.len, odd.p);
		return CHECK_S_CHECKED;
	}
	if (odd.len != 0 && (is_up || why.len == 0))
		why = odd;
	(void)snprintf(text, size, "via agent : %.*s%s%.*s%s", (int)a->health.len, a->health.p,
	    why.len != 0 ? " (" : "", (int)why.len, why.p, why.len != 0 ? ")" : "");
	return is_up ? CHECK_S_L7OK : CHECK_S_L7STS;
}

static void
act(struct check *chk, struct str line)
{
	char text[CHECK_TEXT_BYTES] = "";
	struct agent_answer a;
	enum check_status s;
	const char *wrong;

	agent_parse(line, &a);
	if (a.admin.len != 0)
		set_admin(chk->live, a.admin);
	wrong = set_numbers(chk, &a);
	s = describe(&a, wrong, text, sizeof(text));
	if (s == CHECK_S_L7OK)
		chk->health = chk->conf->rise + chk->conf->fall - 1;
	else if (s == CHECK_S_L7STS)
		chk->health = 0;
	check_done(chk, s, 0, text);
}

/* ---- the connection ---- */

static size_t
line_length(const struct agent *a)
{
	return strcspn(a->line, "\r\n");
}

/* Its end came first: whatever it says, it is no whole answer. */
static void
ended(struct check *chk, ssize_t n)
{
	struct agent *a = chk->agent;
	char text[CHECK_TEXT_BYTES];

	if (n < 0) {
		check_conn_failed(chk, chk->conn.error != 0 ? chk->conn.error : errno);
		return;
	}
	(void)snprintf(text, sizeof(text), "agent's line has no end : %.60s", a->line);
	check_done(chk, a->len == 0 ? CHECK_S_L7RSP : CHECK_S_CHECKED, 0,
	    a->len == 0 ? "agent said nothing" : text);
}

static void
on_io(struct check *chk)
{
	struct agent *a = chk->agent;
	ssize_t n;

	while (conn_can_read(&chk->conn) && a->len < LINE_BYTES - 1) {
		n = conn_recv(&chk->conn, a->line + a->len, LINE_BYTES - 1 - a->len);
		if (n < 0 && errno == EAGAIN && !(chk->conn.flags & CONN_ERROR))
			return;
		if (n <= 0) {
			ended(chk, n);
			return;
		}
		a->len += (size_t)n;
		a->line[a->len] = '\0';
		if (line_length(a) < a->len) {
			act(chk, (struct str){ a->line, line_length(a) });
			return;
		}
	}
	if (a->len == LINE_BYTES - 1)
		check_done(chk, CHECK_S_L7RSP, 0, "agent's line is too long");
}

/* What is sent is small and comes first on a fresh socket. */
static void
on_ready(struct check *chk)
{
	struct iovec iov = { (char *)(uintptr_t)chk->conf->send.p, chk->conf->send.len };

	if (iov.iov_len != 0 && conn_sendv(&chk->conn, &iov, 1) != (ssize_t)iov.iov_len)
		check_conn_failed(chk, chk->conn.error != 0 ? chk->conn.error : EPIPE);
	else
		on_io(chk);
}

static void
start(struct check *chk)
{
	struct agent *a = agent_of(chk);

	a->line = xcalloc(1, LINE_BYTES);
	a->len = 0;
	check_aim(chk);
	check_conn_open(chk, on_ready, on_io);
}

static void
cancel(struct check *chk)
{
	check_conn_close(chk, false);
	free(chk->agent->line);
	chk->agent->line = NULL;
}

const struct check_type check_type_agent = {
	.name = "agent", .start = start, .cancel = cancel, .timed_out = check_conn_timed_out,
};

const struct module mod_agent = { .name = "agent", .check = &check_type_agent };

/* ---- what an operator sets ---- */

static bool
is_changed(const struct agent *a)
{
	return a != NULL && (a->has_address || a->has_send || a->port != 0);
}

const struct check_conf *
agent_settle(struct check *chk, const struct check_conf *conf)
{
	struct agent *a = chk->agent;
	uint16_t port;

	if (conf == NULL || !is_changed(a))
		return conf;
	if (conf != &a->conf)
		a->conf = *conf;
	port = a->port != 0 ? a->port : addr_port(&a->conf.to);
	if (a->has_address) {
		a->conf.addr = &a->address;
		a->conf.to = a->address;
	}
	a->conf.port = port;
	addr_set_port(&a->conf.to, port);
	if (a->has_send)
		a->conf.send = str_of(a->send);
	return &a->conf;
}

/* The next check is made as it is set now. */
static void
changed(struct check *chk)
{
	if (chk->is_running)
		check_skip(chk);
	chk->conf = agent_settle(chk, chk->conf);
}

void
agent_set_address(struct check *chk, const struct addr *to)
{
	struct agent *a = agent_of(chk);

	a->has_address = true;
	a->address = *to;
	if (addr_port(to) != 0)
		a->port = addr_port(to);
	changed(chk);
}

void
agent_set_port(struct check *chk, uint16_t port)
{
	agent_of(chk)->port = port;
	changed(chk);
}

void
agent_set_send(struct check *chk, const char *text)
{
	struct agent *a = agent_of(chk);
	char *old = a->send;

	a->send = xstrdup(text);
	a->has_send = true;
	changed(chk);
	free(old);
}

const struct addr *
agent_address(const struct check *chk)
{
	return chk->agent != NULL && chk->agent->has_address ? &chk->agent->address : NULL;
}
