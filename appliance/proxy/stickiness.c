/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a transaction went where it went, as text: the response header of
 * `stickiness-header`, and names and dates for the stats socket. Part of each
 * transaction (t->stick); written by who chooses the server, in its data thread.
 *
 * The header is one field whose value can be read by people and split by
 * programs: `be/s1; reason=cookie; since=DATE; until=DATE`, without what is not
 * known. It is added last, so that rules cannot be fooled by it.
 */
#include "proxy/stickiness.h"

#include <time.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "http/msg.h"
#include "proxy/lb.h"
#include "proxy/proxy.h"
#include "proxy/txn.h"

static const char *const names[STICK_REASONS] = {
	[STICK_NONE] = "none",
	[STICK_BALANCE] = "balance",
	[STICK_HASH] = "hash",
	[STICK_RULE] = "rule",
	[STICK_COOKIE] = "cookie",
	[STICK_COOKIE_INSERT] = "cookie-insert",
	[STICK_COOKIE_MOVED] = "cookie-moved",
	[STICK_TABLE] = "table",
};

const char *
stickiness_reason_name(enum stick_reason r)
{
	return (unsigned)r < STICK_REASONS ? names[r] : "?";
}

void
stickiness_out_date(struct out *o, uint32_t date)
{
	time_t when = (time_t)date;
	char text[32];
	struct tm tm;

	if (date == 0 || gmtime_r(&when, &tm) == NULL)
		return;
	out_mem(o, text, strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm));
}

void
stickiness_set(struct txn *t, enum stick_reason r, uint32_t since, uint32_t until)
{
	t->stick = (struct stickiness){ .reason = (uint8_t)r, .since = since, .until = until };
}

static enum stick_reason
reason_of(const struct txn *t)
{
	if (t->stick.reason != STICK_NONE)
		return (enum stick_reason)t->stick.reason;
	return t->be->set.lb.algo->flags & LB_HASH ? STICK_HASH : STICK_BALANCE;
}

static void
out_parameter(struct out *o, const char *name, uint32_t date)
{
	if (date == 0)
		return;
	out_lit(o, "; ");
	out_z(o, name);
	stickiness_out_date(o, date);
}

bool
stickiness_add_header(struct txn *t)
{
	struct str name = str_of(t->fe->set.stickiness_header), value;
	char text[512];
	struct out o;

	if (t->srv == NULL)
		return true;
	out_init(&o, text, sizeof text);
	out_fmt(&o, "%s/%s; reason=%s", t->be->name, t->srv->name,
	    stickiness_reason_name(reason_of(t)));
	out_parameter(&o, "since=", t->stick.since);
	out_parameter(&o, "until=", t->stick.until);
	value = (struct str){ text, out_len(&o) };
	return http_append(&t->res, name, value, HTTP_FIELD_ADDED) ||
	    (txn_grow(t, &t->res) && http_append(&t->res, name, value, HTTP_FIELD_ADDED));
}

/* ---- the key half ---- */

static const struct stickiness_keys *keys;

void
stickiness_keys_register(const struct stickiness_keys *k)
{
	keys = k;
}

const struct stickiness_keys *
stickiness_keys(void)
{
	return keys;
}

/* ---- the switch ---- */

static int
parse_header(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	char *name;

	if (!proxy_takes(c, CAP_FRONTEND, row->name, NULL))
		return 0;
	if (c->is_no || c->is_default) {
		px->set.stickiness_header = NULL;
		return 0;
	}
	name = arena_strdup(c->arena, nargs > 0 ? args[0] : "x-stickiness");
	for (char *p = name; *p != '\0'; p++)
		*p = ascii_lower(*p);
	if (!http_token_is_valid(str_of(name)) ||
	    http_name_of(name, strlen(name)) != HTTP_N_OTHER) {
		diag_error(c->diag, "'%s' : '%s' is no name for a header of our own.", row->name,
		    args[0]);
		return -1;
	}
	px->set.stickiness_header = name;
	return 0;
}

static const struct kw_row rows[] = {
	{ "stickiness-header", IN_PROXY, KW_OBEYED, 0, 1, KW_F_NO, parse_header, 0, "[<name>]",
	    "Responses tell which server was chosen and why; X-Stickiness by default." },
	{ 0 }
};

const struct module mod_stickiness = { .name = "stickiness", .cfg = rows };
