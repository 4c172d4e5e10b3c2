/* SPDX-License-Identifier: BSD-2-Clause */
/* Stick tables for Prometheus, by HAProxy's names. Thread: control. */
#include "api/prom_in.h"
#include "base/out.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/stick.h"

static void
put(struct outbuf *b, const struct stick_conf *t, const char *name, uint32_t v)
{
	/* names of sections have no character that would need quoting */
	outbuf_fmt(b, "haproxy_sticktable_%s{name=\"%s\",type=\"%s\"} %u\n", name, t->name,
	    stick_type_names[t->lay.type], v);
}

void
prom_stick(struct outbuf *b)
{
	const struct stick_conf *first = snapshot_current()->global->stick_tables, *t;

	if (first == NULL)
		return;
	prom_head(b, "haproxy_sticktable_size", "gauge", "Stick table size.");
	for (t = first; t != NULL; t = t->next)
		put(b, t, "size", t->lay.size);
	prom_head(b, "haproxy_sticktable_used", "gauge",
	    "Number of entries used in this stick table.");
	for (t = first; t != NULL; t = t->next)
		put(b, t, "used", stick_used(t->live));
}
