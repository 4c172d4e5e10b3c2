/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifiers of type email, by SMTP: the subject as such, the notices' JSON as text. The
 * Message-ID holds the delivery's id, the same at each attempt.
 *
 * Nothing of a notice gets into the head unescaped: a subject is an encoded word
 * (RFC 2047), the body is base64 (RFC 2045, 6.8).
 *
 * Thread: control.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "ctl/outbox.h"

#define LINE_BYTES	57u	/* of text: 76 of base64 */
#define WORD_BYTES	45u	/* of a subject: an encoded word has 75 at most */

static int
settle(struct cfg *c, struct notifier_conf *n)
{
	const char *lacks = n->smtp == NULL ? "smtp" : n->from == NULL ? "from" :
	    n->to == NULL ? "to" : NULL;

	if (lacks != NULL)
		diag_error(c->diag, "notifier '%s' of type email needs '%s'.", n->object.name,
		    lacks);
	else if (strncmp(n->smtp, "smtp://", 7) != 0 && strncmp(n->smtp, "smtps://", 8) != 0)
		diag_error(c->diag, "notifier '%s': 'smtp' begins with smtp:// or smtps://, but is "
		    "'%s'.", n->object.name, n->smtp);
	else if (n->user != NULL && n->password == NULL)
		diag_error(c->diag, "notifier '%s' has a 'user' and no 'password-file'.",
		    n->object.name);
	else
		return 0;
	return -1;
}

/* len <= LINE_BYTES */
static void
put_base64(struct outbuf *b, const char *text, size_t len)
{
	unsigned char line[80];

	EVP_EncodeBlock(line, (const unsigned char *)text, (int)len);
	outbuf_z(b, (const char *)line);
}

/* Pieces that do not cut a character of UTF-8. */
static size_t
piece(const char *text, size_t left)
{
	size_t n = left < WORD_BYTES ? left : WORD_BYTES;

	while (n < left && n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n > 0 ? n : (left < WORD_BYTES ? left : WORD_BYTES);
}

static void
put_subject(struct outbuf *b, const char *text, size_t len)
{
	outbuf_z(b, "Subject:");
	for (size_t at = 0, n; at < len; at += n) {
		n = piece(text + at, len - at);
		outbuf_z(b, at == 0 ? " =?UTF-8?B?" : "\r\n =?UTF-8?B?");
		put_base64(b, text + at, n);
		outbuf_z(b, "?=");
	}
	outbuf_z(b, "\r\n");
}

static void
put_head(struct outbuf *b, const struct delivery *d, const struct notifier_conf *n)
{
	const char *host = strchr(n->from, '@');
	time_t now = (time_t)(clock_wall_us() / 1000000);
	struct outbuf subject;
	char date[64];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", &tm);
	outbuf_fmt(b, "From: <%s>\r\n", n->from);
	for (int i = 0; n->to[i] != NULL; i++)
		outbuf_fmt(b, "%s<%s>", i == 0 ? "To: " : ",\r\n ", n->to[i]);
	outbuf_fmt(b, "\r\nDate: %s\r\nMessage-ID: <%s%s>\r\n", date, d->id,
	    host != NULL ? host : "@weir");
	outbuf_init(&subject, 0);
	notice_subject(&subject, d);
	put_subject(b, subject.data, subject.len);
	outbuf_fini(&subject);
	outbuf_z(b, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
	    "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
}

static void
put_body(struct outbuf *b, const struct delivery *d)
{
	struct outbuf text;

	outbuf_init(&text, 0);
	LIST_EACH(node, &d->notices) {
		const struct notice *n = &LIST_ITEM(node, struct posted, node)->notice;

		outbuf_fmt(&text, "%s%s\r\n\r\n", n->is_repeat ? "Still: " : "", n->subject);
		outbuf_fmt(&text, "%s\r\n\r\n", n->json);
	}
	for (size_t at = 0; at < text.len; at += LINE_BYTES) {
		size_t left = text.len - at;

		put_base64(b, text.data + at, left < LINE_BYTES ? left : LINE_BYTES);
		outbuf_z(b, "\r\n");
	}
	outbuf_fini(&text);
}

static void
on_answer(struct transfer *t)
{
	/* 4yz is "not now" (RFC 5321, 4.2.1); without an answer it is the network */
	outbox_done(t->arg, t->error[0] == '\0', t->status / 100 != 5, t->error);
}

static void
send(struct delivery *d, const struct notifier_conf *n)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	put_head(&b, d, n);
	put_body(&b, d);
	d->body = xmalloc(b.len);
	memcpy(d->body, b.data, b.len);
	d->transfer = (struct transfer){ .url = n->smtp, .body = d->body, .body_len = b.len,
	    .from = n->from, .to = n->to, .user = n->user, .password = n->password,
	    .timeout_us = n->timeout_us, .done = on_answer, .arg = d };
	outbuf_fini(&b);
	transfer_start(&d->transfer);
}

static const struct notifier_kind kind = { "email", settle, send, NULL };

const struct module mod_notifier_email = { .name = "notifier_email", .notifier_kind = &kind };
