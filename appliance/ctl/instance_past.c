/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is left of instances; see instance_past.h.
 *
 * Thread: control.
 */
#include "ctl/instance_past.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/check_text.h"
#include "ctl/group.h"
#include "ctl/instance_server.h"
#include "ctl/scaler_in.h"
#include "proxy/proxy.h"

static struct instance_past ring[PAST_MAX];
static unsigned next;

const char *
instance_console(const struct instance *i)
{
	const struct provider_conf *p = scaler_provider(i->group);

	return p != NULL && p->type->console != NULL ? p->type->console(p, i->id) : NULL;
}

static void
put_check(const struct server *srv, void *arg)
{
	check_text(srv, arg);
}

char *
instance_checks(const struct instance *i)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	servers_each(i, put_check, &b);
	return b.data;
}

static void
clear(struct instance_past *p)
{
	free(p->group);
	free(p->launch_name);
	free(p->cause);
	free(p->console);
	free(p->checks);
	*p = (struct instance_past){ .id = "" };
}

void
past_add(const struct instance *i)
{
	struct instance_past *p = &ring[next++ % PAST_MAX];
	const char *console = instance_console(i);

	clear(p);
	memcpy(p->id, i->id, sizeof p->id);
	memcpy(p->zone, i->zone, sizeof p->zone);
	if (i->address[0] != '\0')
		snprintf(p->address, sizeof p->address, "%s:%u", i->address, i->port);
	p->group = xstrdup(i->group->name);
	p->launch_name = xstrdup(i->launch_name);
	p->launch_version = i->launch_version;
	p->launched_us = i->launched_us;
	p->ended_us = sched_wall_us();
	p->cause = xstrdup(i->activity != NULL ? i->activity->cause : "");
	p->console = console != NULL ? xstrdup(console) : NULL;
	p->checks = instance_checks(i);
}

const struct instance_past *
past_find(const char *id)
{
	for (unsigned k = 0; k < PAST_MAX; k++)
		if (strcmp(ring[k].id, id) == 0 && id[0] != '\0')
			return &ring[k];
	return NULL;
}

void
past_free(void)
{
	for (unsigned k = 0; k < PAST_MAX; k++)
		clear(&ring[k]);
}
