/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifiers of type lua: a function is told each notice; true is success, nil and a text
 * is tried again later.
 *
 * Thread: control; settle: the one that loads.
 */
#include <stdlib.h>
#include <string.h>

#include "base/diag.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "ctl/outbox.h"
#include "script/ask.h"
#include "script/unit.h"

/* A delivery under way; in ask->arg. */
struct telling {
	struct list	 node;
	struct delivery	*d;		/* borrowed; NULL: it was cancelled */
	char		*body, *subject, *ca_file;	/* owned */
	struct script_notice notice;
};

static struct list tellings = { &tellings, &tellings };

static int
settle(struct cfg *c, struct notifier_conf *n)
{
	if (n->function != NULL)
		return 0;
	diag_error(c->diag, "notifier '%s' of type lua needs a 'function'.", n->object.name);
	return -1;
}

static void
on_told(struct script_ask *a)
{
	struct telling *t = a->arg;

	list_del(&t->node);
	if (t->d != NULL)
		outbox_done(t->d, a->ok, true, a->ok ? NULL : a->error);
	free(t->body);
	free(t->subject);
	free(t->ca_file);
	free(t);
}

static char *
text_of(struct outbuf *b)
{
	return b->data != NULL ? b->data : xstrdup("");
}

static struct telling *
telling_new(struct delivery *d, const struct notifier_conf *n)
{
	struct telling *t = xcalloc(1, sizeof *t);
	const struct posted *first = LIST_ITEM(d->notices.next, struct posted, node);
	struct outbuf body, subject;

	outbuf_init(&body, 0);
	outbuf_init(&subject, 0);
	notice_body(&body, d, n);
	notice_subject(&subject, d);
	list_append(&tellings, &t->node);
	t->d = d;
	t->body = text_of(&body);
	t->subject = text_of(&subject);
	t->ca_file = n->ca_file != NULL ? xstrdup(n->ca_file) : NULL;
	t->notice = (struct script_notice){ first->notice.kind, d->id, t->subject, t->body,
	    t->ca_file };
	return t;
}

static void
tell(struct delivery *d, const struct notifier_conf *n)
{
	struct script_live *f = script_live_find(SCRIPT_NOTIFIER, n->function);
	struct script_ask *a;

	if (f == NULL || !script_live_is_on(f)) {
		outbox_done(d, false, true, "the function is off");
		return;
	}
	a = script_ask_live(f, "", n->object.name);
	a->arg = telling_new(d, n);
	a->subject = &((struct telling *)a->arg)->notice;
	a->done = on_told;
	script_ask_start(a);
}

/* The function goes on; nobody listens any more. */
static void
cancel(struct delivery *d)
{
	LIST_EACH(n, &tellings) {
		struct telling *t = LIST_ITEM(n, struct telling, node);

		if (t->d == d)
			t->d = NULL;
	}
}

static const struct notifier_kind kind = { "lua", settle, tell, cancel };

const struct module mod_lua_notifier = { .name = "lua_notifier", .notifier_kind = &kind };
