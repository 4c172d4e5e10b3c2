/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sections `provider`: `type` comes first and says whose words the rest are. Common
 * ones are here, those of a type beside it (provider_NAME.c).
 *
 * Thread: the one that loads.
 */
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/field.h"
#include "ctl/group_conf.h"
#include "ctl/provider.h"

#define SECONDS(n)	((uint64_t)(n) * 1000000)

static int
open_section(struct cfg *c, char **args, int nargs)
{
	struct provider_conf *p = object_open(c, OBJECT_PROVIDER, sizeof *p, args, nargs);

	if (p == NULL)
		return -1;
	p->launch_timeout_us = SECONDS(300);
	p->terminate_timeout_us = SECONDS(120);
	p->describe_timeout_us = SECONDS(30);
	p->describe_every_us = SECONDS(10);
	p->max_parallel = 4;
	return 0;
}

const struct provider_type *
provider_type_nth(size_t i)
{
	MODULE_EACH(m)
		if (m->provider != NULL && i-- == 0)
			return m->provider;
	return NULL;
}

static const char *
nth_type(size_t i, void *arg)
{
	const struct provider_type *t = provider_type_nth(i);

	(void)arg;
	return t != NULL ? t->name : NULL;
}

static const struct provider_type *
type_named(const char *name)
{
	const struct provider_type *t;

	for (size_t i = 0; (t = provider_type_nth(i)) != NULL; i++)
		if (strcmp(t->name, name) == 0)
			return t;
	return NULL;
}

static int
parse_type(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct provider_conf *p = c->object;
	const char *near;

	(void)row, (void)nargs;
	if (p->type != NULL) {
		diag_error(c->diag, "'type' is there already.");
		return -1;
	}
	p->type = type_named(args[0]);
	if (p->type == NULL) {
		near = str_nearest(args[0], nth_type, NULL);
		object_unknown(c, near, "'type': there is no provider '%s'", args[0]);
		return -1;
	}
	if (p->type->settings_size > 0)
		p->settings = arena_alloc(c->arena, p->type->settings_size);
	return 0;
}

void *
provider_settings(struct cfg *c, const struct provider_type *const *types, unsigned ntypes)
{
	struct provider_conf *p = c->object;

	for (unsigned i = 0; i < ntypes; i++)
		if (p->type == types[i])
			return p->settings;
	if (p->type == NULL)
		diag_error(c->diag, "'%s': say 'type' first.", c->row->name);
	else
		diag_error(c->diag, "'%s' is no word of a provider of type %s.", c->row->name,
		    p->type->name);
	return NULL;
}

static int
parse_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, c->object, args, nargs);
}

static int
parse_zones(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct provider_conf *p = c->object;

	if ((unsigned)nargs > GROUP_ZONES_MAX) {
		diag_error(c->diag, "'%s': %d are too many, %u at most.", row->name, nargs,
		    GROUP_ZONES_MAX);
		return -1;
	}
	p->zones = (const char **)(void *)args;
	p->nzones = (unsigned)nargs;
	return 0;
}

static void
close_section(struct cfg *c)
{
	struct provider_conf *p = c->object;

	if (p->type == NULL) {
		diag_at(c->diag, p->object.file, p->object.line);
		diag_error(c->diag, "provider '%s' has no type.", p->object.name);
	} else if (p->type->settle != NULL)
		(void)p->type->settle(c, p);
}

#define TIME(name, member, help) \
	{ name, IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_field, \
	  CFG_FIELD(CFG_DURATION, struct provider_conf, member, .min = 1000), "<time>", help }

static const struct kw_row rows[] = {
	{ "type", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_type, 0, "<name>",
	  "What kind of provider it is; the first word of the section." },
	{ "zones", IN_PROVIDER, KW_OBEYED, 1, 1, KW_F_ANY_ARGS, parse_zones, 0, "<name>...",
	  "Zones that it has; default-zone by default." },
	TIME("launch-timeout", launch_timeout_us, "Time for a launch; 300s by default."),
	TIME("terminate-timeout", terminate_timeout_us, "Time for an end; 120s by default."),
	TIME("describe-timeout", describe_timeout_us,
	    "Time to tell what there is; 30s by default."),
	TIME("describe-every", describe_every_us,
	    "Time from one description to the next; 10s by default."),
	{ "max-parallel", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_field,
	  CFG_FIELD(CFG_UINT, struct provider_conf, max_parallel, .min = 1, .max = 100), "<n>",
	  "Calls at the same time; 4 by default." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct section_row sections[] = {
	{ "provider", IN_PROVIDER, open_section, close_section,
	  "What launches and ends instances." },
	{ NULL, 0, NULL, NULL, NULL },
};

const struct module mod_provider_cfg = {
	.name = "provider_cfg", .sections = sections, .cfg = rows
};
