/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of statistics as CSV, typed lines or JSON. One row is one piece of a long
 * answer; who asks holds the snapshot meanwhile, so that a reload does not change
 * what is being walked.
 *
 * Thread: control.
 */
#include "api/stat_dump.h"

#include <string.h>

#include "base/out.h"
#include "base/str.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

static void
put_header(struct outbuf *b)
{
	outbuf_z(b, "#");
	for (unsigned i = 0; i < ST_MAX; i++)
		outbuf_fmt(b, "%s%s,", i == 0 ? " " : "", stat_defs[i].name);
	outbuf_z(b, "-,\n");
}

static void
put_items(struct outbuf *b, const struct stat_dump *d)
{
	bool first = true;

	if (d->form == STAT_JSON)
		outbuf_z(b, d->any_row ? ",[" : "[");
	for (unsigned i = 0; i < ST_MAX; i++) {
		const struct stat_def *def = &stat_defs[i];
		struct stat_item it = { &d->row, i, def->name, def->tags, def->text, d->row.v[i] };

		if (it.value.type == STAT_EMPTY)
			continue;
		if (d->form == STAT_JSON) {
			if (!first)
				outbuf_z(b, ",");
			stat_put_json(b, &it, d->with_text);
		} else
			stat_put_typed(b, &it, d->with_text);
		first = false;
	}
	if (d->form == STAT_JSON)
		outbuf_z(b, "]");
}

static void
put_row(struct outbuf *b, struct stat_dump *d)
{
	if (d->form == STAT_CSV) {
		stat_put_csv(b, &d->row);
		outbuf_z(b, "\n");
	} else
		put_items(b, d);
	d->any_row = true;
}

static bool
wants_proxy(const struct stat_dump *d, const struct proxy *px)
{
	return (d->iid < 0 || px->id == d->iid) &&
	    (d->wants == NULL || d->wants(px, d->wants_arg));
}

static void
next_proxy(struct stat_dump *d)
{
	do
		d->px = d->px->next;
	while (d->px != NULL && !wants_proxy(d, d->px));
	d->place = STAT_AT_FRONTEND;
	d->srv = NULL;
}

static bool
wants_server(const struct stat_dump *d, const struct server *srv)
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
next_server(struct stat_dump *d)
{
	const struct server *srv = d->srv;

	while (srv != NULL && !wants_server(d, srv))
		srv = srv->next;
	d->srv = srv != NULL ? srv->next : NULL;
	return srv;
}

static void
show_frontend(struct outbuf *b, struct stat_dump *d)
{
	d->place = STAT_AT_LISTENERS;
	d->bind = d->mask & STAT_MASK_LISTENER ? stat_listeners(d->px) : NULL;
	if (!(d->px->cap & CAP_FRONTEND) || !(d->mask & STAT_MASK_FRONTEND))
		return;
	stat_frontend(&d->row, d->px, d->flags);
	put_row(b, d);
}

static void
show_listener(struct outbuf *b, struct stat_dump *d)
{
	while (d->bind != NULL && d->sid >= 0 && d->bind->id != d->sid)
		d->bind = d->bind->next;
	if (d->bind == NULL) {
		d->place = STAT_AT_SERVERS;
		d->srv = d->mask & STAT_MASK_SERVER ? d->px->server_list : NULL;
		return;
	}
	stat_listener(&d->row, d->bind, d->flags);
	put_row(b, d);
	d->bind = d->bind->next;
}

static void
show_server(struct outbuf *b, struct stat_dump *d)
{
	const struct server *srv = next_server(d);

	if (srv == NULL) {
		d->place = STAT_AT_BACKEND;
		return;
	}
	stat_server(&d->row, srv, d->flags);
	put_row(b, d);
}

static void
show_backend(struct outbuf *b, struct stat_dump *d)
{
	if ((d->px->cap & CAP_BACKEND) && (d->mask & STAT_MASK_BACKEND)) {
		stat_backend(&d->row, d->px, d->flags);
		put_row(b, d);
	}
	next_proxy(d);
}

static bool
show_end(struct outbuf *b, const struct stat_dump *d)
{
	if (d->form == STAT_JSON)
		outbuf_z(b, "]\n");
	return true;
}

void
stat_dump_start(struct stat_dump *d, const struct proxy *first)
{
	d->px = first;
	if (first != NULL && !wants_proxy(d, first))
		next_proxy(d);
}

bool
stat_dump_piece(struct stat_dump *d, struct outbuf *b)
{
	if (!d->header_done) {
		d->header_done = true;
		if (d->form == STAT_CSV)
			put_header(b);
		else if (d->form == STAT_JSON)
			outbuf_z(b, "[");
	}
	if (d->px == NULL)
		return show_end(b, d);
	switch (d->place) {
	case STAT_AT_FRONTEND:
		show_frontend(b, d);
		break;
	case STAT_AT_LISTENERS:
		show_listener(b, d);
		break;
	case STAT_AT_SERVERS:
		show_server(b, d);
		break;
	case STAT_AT_BACKEND:
		show_backend(b, d);
		break;
	}
	return false;
}
