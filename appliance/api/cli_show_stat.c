/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show stat: every row of every proxy, as CSV, typed lines or JSON. One row is
 * one piece of a long answer; the snapshot is held meanwhile, so that a reload
 * does not change what is being walked.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/stat.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define MASK_FRONTEND	1u
#define MASK_BACKEND	2u
#define MASK_SERVER	4u

enum form { FORM_CSV, FORM_TYPED, FORM_JSON };
enum place { AT_FRONTEND, AT_SERVERS, AT_BACKEND };

struct dump {
	enum form	 form;
	bool		 with_text, no_maint, only_up, header_done, any_row;
	unsigned	 flags, mask;
	int		 iid, sid;		/* -1 = all */
	const struct proxy *px;			/* next; NULL = done */
	const struct server *srv;
	enum place	 place;
	struct stat_row	 row;
};

static void
put_header(struct outbuf *b)
{
	outbuf_z(b, "#");
	for (unsigned i = 0; i < ST_MAX; i++)
		outbuf_fmt(b, "%s%s,", i == 0 ? " " : "", stat_defs[i].name);
	outbuf_z(b, "-,\n");
}

static void
put_items(struct outbuf *b, const struct dump *d)
{
	bool first = true;

	if (d->form == FORM_JSON)
		outbuf_z(b, d->any_row ? ",[" : "[");
	for (unsigned i = 0; i < ST_MAX; i++) {
		const struct stat_def *def = &stat_defs[i];
		struct stat_item it = { &d->row, i, def->name, def->tags, def->text, d->row.v[i] };

		if (it.value.type == STAT_EMPTY)
			continue;
		if (d->form == FORM_JSON) {
			if (!first)
				outbuf_z(b, ",");
			stat_put_json(b, &it, d->with_text);
		} else
			stat_put_typed(b, &it, d->with_text);
		first = false;
	}
	if (d->form == FORM_JSON)
		outbuf_z(b, "]");
}

static void
put_row(struct cli *c, struct dump *d)
{
	if (d->form == FORM_CSV) {
		stat_put_csv(&c->out, &d->row);
		outbuf_z(&c->out, "\n");
	} else
		put_items(&c->out, d);
	d->any_row = true;
}

static void
next_proxy(struct dump *d)
{
	do
		d->px = d->px->next;
	while (d->px != NULL && d->iid >= 0 && d->px->id != d->iid);
	d->place = AT_FRONTEND;
	d->srv = NULL;
}

static bool
wants_server(const struct dump *d, const struct server *srv)
{
	const struct server_live *l = srv->live;

	if (d->sid >= 0 && srv->id != d->sid)
		return false;
	if (d->no_maint && (l->admin & SRV_ADM_MAINT))
		return false;
	return !d->only_up || (l->usable && l->eweight != 0);
}

/* The next server to be shown, or NULL behind the last one. */
static const struct server *
next_server(struct dump *d)
{
	const struct server *srv = d->srv;

	while (srv != NULL && !wants_server(d, srv))
		srv = srv->next;
	d->srv = srv != NULL ? srv->next : NULL;
	return srv;
}

static void
show_frontend(struct cli *c, struct dump *d)
{
	d->place = AT_SERVERS;
	d->srv = d->mask & MASK_SERVER ? d->px->server_list : NULL;
	if (!(d->px->cap & CAP_FRONTEND) || !(d->mask & MASK_FRONTEND) || d->sid > 0)
		return;
	stat_frontend(&d->row, d->px, d->flags);
	put_row(c, d);
}

static void
show_server(struct cli *c, struct dump *d)
{
	const struct server *srv = next_server(d);

	if (srv == NULL) {
		d->place = AT_BACKEND;
		return;
	}
	stat_server(&d->row, srv, d->flags);
	put_row(c, d);
}

static void
show_backend(struct cli *c, struct dump *d)
{
	if ((d->px->cap & CAP_BACKEND) && (d->mask & MASK_BACKEND) && d->sid <= 0) {
		stat_backend(&d->row, d->px, d->flags);
		put_row(c, d);
	}
	next_proxy(d);
}

static bool
show_end(struct cli *c, const struct dump *d)
{
	if (d->form == FORM_JSON)
		outbuf_z(&c->out, "]\n");
	return true;
}

static bool
show_piece(struct cli *c)
{
	struct dump *d = c->state;

	if (!d->header_done) {
		d->header_done = true;
		if (d->form == FORM_CSV)
			put_header(&c->out);
		else if (d->form == FORM_JSON)
			outbuf_z(&c->out, "[");
	}
	if (d->px == NULL)
		return show_end(c, d);
	switch (d->place) {
	case AT_FRONTEND:
		show_frontend(c, d);
		break;
	case AT_SERVERS:
		show_server(c, d);
		break;
	case AT_BACKEND:
		show_backend(c, d);
		break;
	}
	return false;
}

/* `PROXY TYPEMASK SID` in front of the words; false: no such proxy. */
static bool
read_filter(struct cli *c, struct dump *d, const struct snapshot *s)
{
	const struct proxy *px;
	int64_t iid = -1, mask, sid;

	if (c->nargs < 3 || !str_to_i64(str_of(c->args[1]), &mask) ||
	    !str_to_i64(str_of(c->args[2]), &sid))
		return true;
	if (!str_to_i64(str_of(c->args[0]), &iid)) {
		px = proxy_find(s, c->args[0], CAP_BACKEND);
		if (px == NULL)
			px = proxy_find(s, c->args[0], CAP_FRONTEND);
		if (px == NULL)
			return false;
		iid = px->id;
	}
	d->iid = iid > INT32_MAX || iid < -1 ? INT32_MAX : (int)iid;
	d->sid = sid > INT32_MAX || sid < -1 ? INT32_MAX : (int)sid;
	d->mask = (unsigned)mask;
	return true;
}

static void
show_stat(struct cli *c)
{
	struct dump *d = xcalloc(1, sizeof *d);
	struct snapshot *s = cli_hold(c);

	d->iid = d->sid = -1;
	d->mask = ~0u;
	if (!read_filter(c, d, s)) {
		free(d);
		cli_err(c, "No such proxy.");
		return;
	}
	d->form = cli_has_arg(c, "typed") ? FORM_TYPED : cli_has_arg(c, "json") ? FORM_JSON :
	    FORM_CSV;
	d->with_text = cli_has_arg(c, "desc");
	d->no_maint = cli_has_arg(c, "no-maint");
	d->only_up = cli_has_arg(c, "up");
	d->flags = (c->level >= CLI_OPERATOR ? STAT_F_NAMES : 0) |
	    (d->only_up || d->no_maint ? STAT_F_COUNTS : 0);
	d->px = s->proxies;
	if (d->px != NULL && d->iid >= 0 && d->px->id != d->iid)
		next_proxy(d);
	cli_more(c, show_piece, d, free);
}

static void
clear_counters(struct cli *c)
{
	stat_clear(strcmp(cli_arg(c, 0), "all") == 0);
}

static const struct cli_row rows[] = {
	{ "show stat", CLI_USER, 0, show_stat, "[desc|json|no-maint|typed|up]*",
	  "report counters of each proxy and server" },
	{ "clear counters", CLI_OPERATOR, CLI_F_CHANGE, clear_counters, "[all]",
	  "clear maxima (or all counters)" },
	{ 0 }
};

const struct module mod_cli_show_stat = { .name = "cli_show_stat", .cli = rows };
