/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show stickiness: which server a cookie's value or a key of a stick table leads
 * to, why, since when and until when. A cookie's answer comes from its value, the
 * configuration and what is remembered of users who had to move, a key's from the
 * backend's table; without either all entries of the table are listed, some at a
 * time.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "proxy/persist_cookie.h"
#include "proxy/proxy.h"
#include "proxy/stickiness.h"

#define MAX_DEFAULT	1000u
#define SLICE		16u

struct listing {
	const struct proxy *be;
	uint64_t	 pos, left;
};

static void
put_entry(struct cli *c, const struct stickiness_entry *e)
{
	struct out o = outbuf_reserve(&c->out, 1024);

	out_csv(&o, str_of(e->key));
	out_char(&o, ',');
	if (e->server != NULL)
		out_csv(&o, str_of(e->server));
	out_char(&o, ',');
	out_csv(&o, str_of(e->reason));
	out_char(&o, ',');
	stickiness_out_date(&o, e->since);
	out_char(&o, ',');
	stickiness_out_date(&o, e->until);
	out_char(&o, '\n');
	outbuf_commit(&c->out, &o);
}

static void
put_header(struct cli *c)
{
	outbuf_z(&c->out, "# key,server,reason,since,expires\n");
}

static bool
list_piece(struct cli *c)
{
	struct listing *l = c->state;
	struct stickiness_entry e[SLICE];
	unsigned want = l->left < SLICE ? (unsigned)l->left : SLICE, n;

	n = want == 0 ? 0 : stickiness_keys()->walk(l->be, &l->pos, e, want);
	for (unsigned i = 0; i < n; i++)
		put_entry(c, &e[i]);
	l->left -= n;
	return n == 0;
}

static bool
has_table(const struct proxy *be)
{
	return stickiness_keys() != NULL && stickiness_keys()->has_table(be);
}

static void
list_keys(struct cli *c, const struct proxy *be, uint64_t max)
{
	struct listing *l = xcalloc(1, sizeof *l);

	l->be = be;
	l->left = max;
	put_header(c);
	cli_more(c, list_piece, l, free);
}

static void
show_key(struct cli *c, const struct proxy *be, const char *key)
{
	struct stickiness_entry e = { .reason = "" };

	if (!stickiness_keys()->lookup(be, str_of(key), &e)) {
		cli_err(c, "Key not found.");
		return;
	}
	put_header(c);
	put_entry(c, &e);
}

static void
show_cookie(struct cli *c, const struct proxy *be, const char *value, const char *app)
{
	struct stickiness_entry e = { .reason = "" };

	if (!(be->persist & PERSIST_COOKIE)) {
		cli_err(c, "No cookie persistence in this backend.");
		return;
	}
	if (app != NULL && !(be->set.cookie->opts & CK_ELB_APP)) {
		cli_err(c, "This backend follows no cookie of the application.");
		return;
	}
	(void)snprintf(e.key, sizeof e.key, "%s", value);
	persist_explain(be, str_of(value), app != NULL ? str_of(app) : STR_NONE, &e);
	put_header(c);
	put_entry(c, &e);
}

/* The value behind `word`, or NULL. */
static const char *
value_of(const struct cli *c, const char *word)
{
	for (int i = 1; i + 1 < c->nargs; i += 2)
		if (strcmp(c->args[i], word) == 0)
			return c->args[i + 1];
	return NULL;
}

static bool
is_word(const char *w)
{
	return strcmp(w, "key") == 0 || strcmp(w, "cookie") == 0 || strcmp(w, "app") == 0 ||
	    strcmp(w, "max") == 0;
}

static bool
words_are_good(struct cli *c)
{
	for (int i = 1; i < c->nargs; i += 2) {
		const char *w = c->args[i];

		if (is_word(w) && i + 1 < c->nargs)
			continue;
		cli_err(c, "'show stickiness' expects a backend, then 'key <key>', "
		    "'cookie <value> [app <value>]' or 'max <number>'.");
		return false;
	}
	return true;
}

static void
show_stickiness(struct cli *c)
{
	const struct proxy *be = cli_proxy_named(cli_hold(c), cli_arg(c, 0), CAP_BACKEND);
	const char *key, *cookie, *max;
	uint64_t n = MAX_DEFAULT;

	if (be == NULL) {
		cli_err(c, "No such backend.");
		return;
	}
	if (!words_are_good(c))
		return;
	key = value_of(c, "key");
	cookie = value_of(c, "cookie");
	max = value_of(c, "max");
	if (max != NULL && !str_to_u64(str_of(max), &n))
		cli_err(c, "Integer value expected.");
	else if (cookie != NULL)
		show_cookie(c, be, cookie, value_of(c, "app"));
	else if (!has_table(be))
		cli_err(c, "No stick table in this backend.");
	else if (key != NULL)
		show_key(c, be, key);
	else
		list_keys(c, be, n);
}

static const struct cli_row rows[] = {
	{ "show stickiness", CLI_OPERATOR, 0, show_stickiness,
	  "<bk> [key <k> | cookie <v> [app <v>]] [max <n>]",
	  "tell which server a user sticks to, why and for how long" },
	{ 0 }
};

const struct module mod_cli_stickiness = { .name = "cli_stickiness", .cli = rows };
