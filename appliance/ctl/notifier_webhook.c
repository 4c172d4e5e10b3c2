/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifiers of type webhook: a POST with a JSON body. Any 2xx is success; 408, 429,
 * 5xx and what comes of the network is tried again; other answers are final.
 *
 *	X-Weir-Delivery: the delivery's id, the same at each attempt
 *	X-Weir-Signature: sha256=HMAC of the body in hexadecimal (sign-key-file)
 *
 * Thread: control.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "ctl/outbox.h"

#define ANSWER_MAX	65536u
#define FIELDS		5

struct post {				/* in d->scratch */
	char		 id[64], signature[128];
	const char	*fields[FIELDS];
};

static int
settle(struct cfg *c, struct notifier_conf *n)
{
	if (n->url == NULL)
		diag_error(c->diag, "notifier '%s' of type webhook needs a 'url'.", n->object.name);
	else if (strncmp(n->url, "http://", 7) != 0 && strncmp(n->url, "https://", 8) != 0)
		diag_error(c->diag, "notifier '%s': 'url' begins with http:// or https://, but is "
		    "'%s'.", n->object.name, n->url);
	else
		return 0;
	return -1;
}

static void
sign(char *text, size_t size, const char *key, const char *body, size_t len)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	struct out o;

	HMAC(EVP_sha256(), key, (int)strlen(key), (const unsigned char *)body, len, mac, &n);
	out_init(&o, text, size - 1);
	out_lit(&o, "X-Weir-Signature: sha256=");
	for (unsigned i = 0; i < n; i++)
		out_fmt(&o, "%02x", mac[i]);
	*o.p = '\0';
}

static bool
is_temporary(int status)
{
	return status == 0 || status == 408 || status == 429 || status >= 500;
}

static void
on_answer(struct transfer *t)
{
	char text[320];

	if (t->error[0] != '\0')
		snprintf(text, sizeof text, "%s", t->error);
	else
		snprintf(text, sizeof text, "it answered %d", t->status);
	outbox_done(t->arg, t->status / 100 == 2, is_temporary(t->status), text);
}

static void
send(struct delivery *d, const struct notifier_conf *n)
{
	struct post *p = xcalloc(1, sizeof *p);
	struct outbuf b;
	size_t len;

	outbuf_init(&b, 0);
	notice_body(&b, d, n);
	len = b.len;
	outbuf_mem(&b, "", 1);
	d->body = xstrdup(b.data);
	d->scratch = (char *)p;
	outbuf_fini(&b);
	snprintf(p->id, sizeof p->id, "X-Weir-Delivery: %s", d->id);
	p->fields[0] = n->format == FORMAT_SNS ? "Content-Type: text/plain; charset=UTF-8" :
	    "Content-Type: application/json";
	p->fields[1] = p->id;
	p->fields[2] = n->format == FORMAT_SNS ? "x-amz-sns-message-type: Notification" : "Expect:";
	if (n->sign_key != NULL) {
		sign(p->signature, sizeof p->signature, n->sign_key, d->body, len);
		p->fields[3] = p->signature;
	}
	d->transfer = (struct transfer){ .url = n->url, .fields = p->fields, .body = d->body,
	    .body_len = len, .ca_file = n->ca_file, .timeout_us = n->timeout_us,
	    .answer_max = ANSWER_MAX, .done = on_answer, .arg = d };
	transfer_start(&d->transfer);
}

static const struct notifier_kind kind = { "webhook", settle, send, NULL };

const struct module mod_notifier_webhook = { .name = "notifier_webhook", .notifier_kind = &kind };
