/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show errors: the last invalid message of each proxy, with its bytes. A message
 * is taken out of its cell while it is written, and put back unless a newer one
 * has come.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "base/clock.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "proxy/badmsg.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define ROW_COLUMNS	70	/* of text; a row goes on with a + */

struct dump {
	const struct proxy *px;		/* next */
	bool		 only_one, requests, responses;
};

/* As C writes it; how many characters. */
static int
out_escaped(struct outbuf *b, unsigned char ch)
{
	static const char names[] = "abtnvfr";

	if (ch >= 7 && ch <= 13) {
		outbuf_fmt(b, "\\%c", names[ch - 7]);
		return 2;
	}
	if (ch == '\\') {
		outbuf_z(b, "\\\\");
		return 2;
	}
	if (ch < ' ' || ch >= 0x7f) {
		outbuf_fmt(b, "\\x%02X", ch);
		return 4;
	}
	outbuf_mem(b, &ch, 1);
	return 1;
}

static void
put_bytes(struct outbuf *b, const struct badmsg *m)
{
	bool goes_on = false;

	for (uint32_t i = 0; i < m->len; ) {
		int column = 0;

		outbuf_fmt(b, "  %05u%c ", i, goes_on ? '+' : ' ');
		do
			column += out_escaped(b, (unsigned char)m->bytes[i++]);
		while (i < m->len && m->bytes[i - 1] != '\n' && column < ROW_COLUMNS);
		goes_on = m->bytes[i - 1] != '\n';
		outbuf_z(b, "\n");
	}
}

static void
put_date(struct outbuf *b, uint64_t wall_us)
{
	char date[40];

	date[clock_format_log(wall_us, date)] = '\0';
	outbuf_fmt(b, "[%s]", date);
}

static void
put_message(struct outbuf *b, const struct badmsg *m, bool is_response)
{
	char src[64];

	ip_text(&m->src, src, sizeof src);
	outbuf_z(b, " \n");
	put_date(b, m->wall_us);
	if (is_response)
		outbuf_fmt(b, " backend %s (#%d): invalid response\n  frontend %s (#%d)", m->be,
		    m->be_id, m->fe, m->fe_id);
	else
		outbuf_fmt(b, " frontend %s (#%d): invalid request\n  backend %s (#%d)", m->fe,
		    m->fe_id, m->be, m->be_id);
	outbuf_fmt(b, ", server %s (#%d), event #%u, src %s:%u\n", m->srv, m->srv_id, m->event,
	    src, m->src.port);
	outbuf_fmt(b, "  buffer starts at %u (including 0 out), %u free,\n", m->start,
	    BADMSG_BYTES - m->len);
	outbuf_fmt(b, "  len %u, wraps at %u, error at position %u\n", m->len, BADMSG_BYTES,
	    m->error_at);
	outbuf_fmt(b, "  H1 parser: %s :\n  \n", m->reason);
	put_bytes(b, m);
}

static void
put_slot(struct outbuf *b, badmsg_slot *slot, bool is_response)
{
	struct badmsg *m = atomic_exchange(slot, NULL), *none = NULL;

	if (m == NULL)
		return;
	put_message(b, m, is_response);
	if (!atomic_compare_exchange_strong(slot, &none, m))
		free(m);
}

static bool
errors_more(struct cli *c)
{
	struct dump *d = c->state;
	const struct proxy *px = d->px;

	if (px == NULL)
		return true;
	if (d->requests && (px->cap & CAP_FRONTEND))
		put_slot(&c->out, &px->live->bad_request, false);
	if (d->responses && (px->cap & CAP_BACKEND))
		put_slot(&c->out, &px->live->bad_response, true);
	d->px = d->only_one ? NULL : px->next;
	return d->px == NULL;
}

static bool
read_words(struct cli *c, struct dump *d)
{
	const char *word = cli_arg(c, 0), *kind = cli_arg(c, 1);

	if (word[0] != '\0' && strcmp(word, "request") != 0 && strcmp(word, "response") != 0) {
		d->px = cli_proxy_named(cli_hold(c), word, 0);
		d->only_one = true;
		if (strcmp(word, "-1") == 0) {		/* HAProxy's "all" */
			d->px = cli_hold(c)->proxies;
			d->only_one = false;
		} else if (d->px == NULL)
			d->px = cli_proxy_named(cli_hold(c), word, CAP_FRONTEND);
		if (d->px == NULL)
			d->px = cli_proxy_named(cli_hold(c), word, CAP_BACKEND);
		if (d->px == NULL && d->only_one) {
			cli_err(c, "No such proxy.");
			return false;
		}
	} else
		kind = word;
	d->requests = strcmp(kind, "response") != 0;
	d->responses = strcmp(kind, "request") != 0;
	return true;
}

static void
show_errors(struct cli *c)
{
	struct dump *d = xcalloc(1, sizeof *d);

	d->px = cli_hold(c)->proxies;
	if (!read_words(c, d)) {
		free(d);
		return;
	}
	outbuf_z(&c->out, "Total events captured on ");
	put_date(&c->out, clock_wall_us());
	outbuf_fmt(&c->out, " : %u\n", atomic_load(&badmsg_events));
	cli_more(c, errors_more, d, free);
}

static const struct cli_row rows[] = {
	{ "show errors", CLI_OPERATOR, 0, show_errors, "[<px>] [request|response]",
	  "report the last invalid request and response of each proxy" },
	{ 0 }
};

const struct module mod_cli_errors = { .name = "cli_errors", .cli = rows };
