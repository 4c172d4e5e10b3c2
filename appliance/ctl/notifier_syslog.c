/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifiers of type syslog: a line to the logs of the global section, as the process
 * tells everything of itself.
 *
 * Thread: control.
 */
#include "base/log.h"
#include "base/module.h"
#include "ctl/outbox.h"

static int
settle(struct cfg *c, struct notifier_conf *n)
{
	(void)c, (void)n;
	return 0;
}

static void
send(struct delivery *d, const struct notifier_conf *n)
{
	LIST_EACH(node, &d->notices) {
		const struct notice *x = &LIST_ITEM(node, struct posted, node)->notice;

		log_notice("notifier %s: %s%s", n->object.name, x->is_repeat ? "still: " : "",
		    x->subject);
	}
	outbox_done(d, true, false, NULL);
}

static const struct notifier_kind kind = { "syslog", settle, send, NULL };

const struct module mod_notifier_syslog = { .name = "notifier_syslog", .notifier_kind = &kind };
