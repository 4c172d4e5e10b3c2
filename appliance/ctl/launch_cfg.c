/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sections `launch-config`: what an instance is made of. They are not changed but
 * replaced: other content under the same name is another version (launch.h).
 *
 * Thread: the one that loads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/module.h"
#include "cfg/field.h"
#include "ctl/files.h"
#include "ctl/group_conf.h"

#define EXPORTER_PORT	9100u
#define METRICS_EVERY_US 10000000u

static int
open_section(struct cfg *c, char **args, int nargs)
{
	struct launch_conf *l = object_open(c, OBJECT_LAUNCH, sizeof *l, args, nargs);

	if (l == NULL)
		return -1;
	l->image = l->instance_type = l->key = "";
	l->is_detailed = true;
	return 0;
}

static struct launch_conf *
launch_of(struct cfg *c)
{
	return c->object;
}

static int
parse_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, c->object, args, nargs);
}

static int
parse_groups(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)row;
	launch_of(c)->security_groups = args;
	launch_of(c)->nsecurity_groups = (unsigned)nargs;
	return 0;
}

/* ---- user data ---- */

/* 16 KiB for the AWS; other providers take more. */
static int
set_user_data(struct cfg *c, const char *text, size_t len)
{
	struct launch_conf *l = launch_of(c);

	if (len > LAUNCH_USER_DATA_MAX) {
		diag_error(c->diag, "'%s': %zu bytes of user data, %u at most.", c->row->name, len,
		    LAUNCH_USER_DATA_MAX);
		return -1;
	}
	if (l->user_data != NULL) {
		diag_error(c->diag, "'%s': there are user data already.", c->row->name);
		return -1;
	}
	l->user_data = text;
	l->user_data_len = len;
	l->object.digest = XXH3_64bits_withSeed(text, len, l->object.digest);
	return 0;
}

static int
parse_user_data(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const char *text = args[0];

	(void)row;
	for (int i = 1; i < nargs; i++)
		text = arena_printf(c->arena, "%s %s", text, args[i]);
	return set_user_data(c, text, strlen(text));
}

static int
parse_user_data_file(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	size_t len;
	char *text = file_read(args[0], LAUNCH_USER_DATA_MAX, &len);
	const char *kept;

	(void)nargs;
	if (text == NULL) {
		diag_error(c->diag, "'%s': cannot read '%s': %s.", row->name, args[0],
		    strerror(errno));
		return -1;
	}
	kept = arena_strndup(c->arena, text, len);
	free(text);
	return set_user_data(c, kept, len);
}

/* ---- files ---- */

static int
parse_sync(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct launch_conf *l = launch_of(c);
	struct sync_conf *all;
	size_t len;
	char *text;

	(void)nargs;
	if (!file_is_name(args[0])) {
		diag_error(c->diag, "'%s': '%s' is no name of a file: %u of A-Za-z0-9._- at most, "
		    "no dot or minus first.", row->name, args[0], FILE_NAME_MAX);
		return -1;
	}
	if (l->nsyncs == LAUNCH_SYNCS_MAX) {
		diag_error(c->diag, "'%s': %u of them at most.", row->name, LAUNCH_SYNCS_MAX);
		return -1;
	}
	if ((text = file_read(args[1], FILE_BYTES_MAX, &len)) == NULL) {
		diag_error(c->diag, "'%s': cannot read '%s': %s.", row->name, args[1],
		    strerror(errno));
		return -1;
	}
	all = arena_calloc(c->arena, l->nsyncs + 1, sizeof *all);
	if (l->nsyncs > 0)
		memcpy(all, l->syncs, l->nsyncs * sizeof *all);
	all[l->nsyncs++] = (struct sync_conf){ args[0], args[1],
		arena_strndup(c->arena, text, len), len };
	l->syncs = all;
	free(text);
	return 0;
}

/* Who watches another path under that name, or NULL. */
static const struct launch_conf *
other_path(const struct cfg *c, const struct sync_conf *s)
{
	OBJECT_EACH(o, c->snap, OBJECT_LAUNCH) {
		const struct launch_conf *l = (const struct launch_conf *)(void *)o;

		for (unsigned i = 0; i < l->nsyncs; i++)
			if (strcmp(l->syncs[i].name, s->name) == 0 &&
			    strcmp(l->syncs[i].path, s->path) != 0)
				return l;
	}
	return NULL;
}

static void
check_syncs(struct cfg *c, const struct launch_conf *l)
{
	const struct launch_conf *other;

	for (unsigned i = 0; i < l->nsyncs; i++)
		if ((other = other_path(c, &l->syncs[i])) != NULL)
			diag_error(c->diag, "'sync-file %s %s': launch-config '%s' watches another "
			    "path under that name, and all instances have the same files.",
			    l->syncs[i].name, l->syncs[i].path, other->object.name);
}

/* ---- the rest ---- */

static int
parse_on_off(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	bool is_on = strcmp(args[0], "on") == 0;

	(void)nargs;
	if (!is_on && strcmp(args[0], "off") != 0) {
		diag_error(c->diag, "'%s' expects 'on' or 'off', not '%s'.", row->name, args[0]);
		return -1;
	}
	launch_of(c)->is_detailed = is_on;
	return 0;
}

static int
parse_attribute(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct launch_conf *l = launch_of(c);
	struct provider_tag *all = arena_calloc(c->arena, l->nattributes + 1, sizeof *all);

	(void)row, (void)nargs;
	if (l->nattributes > 0)
		memcpy(all, l->attributes, l->nattributes * sizeof *all);
	all[l->nattributes++] = (struct provider_tag){ args[0], args[1] };
	l->attributes = all;
	return 0;
}

/* `[port N] [every D]` */
static int
metrics_options(struct cfg *c, struct metrics_conf *m, char **args, int nargs)
{
	uint64_t port;

	for (int i = 0; i < nargs; i += 2) {
		const char *value = i + 1 < nargs ? args[i + 1] : "";

		if (strcmp(args[i], "port") == 0) {
			if (cfg_uint(c, "port", value, 1, 65535, &port) == -1)
				return -1;
			m->port = (uint16_t)port;
		} else if (strcmp(args[i], "every") == 0) {
			if (cfg_duration_unit(c, "every", value, &m->every_us) == -1)
				return -1;
			if (m->every_us < 1000000) {
				diag_error(c->diag, "'every' expects 1s at least.");
				return -1;
			}
		} else {
			diag_error(c->diag, "'metrics': unknown word '%s': 'port' and 'every' are "
			    "known.", args[i]);
			return -1;
		}
	}
	return 0;
}

static int
parse_metrics(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const names[] = { "provider", "agent", "node-exporter" };
	struct launch_conf *l = launch_of(c);
	unsigned i;

	(void)row;
	for (i = 0; i < METRICS_SOURCES && strcmp(names[i], args[0]) != 0; i++)
		;
	if (i == METRICS_SOURCES) {
		diag_error(c->diag, "'metrics' expects 'provider', 'agent' or 'node-exporter', "
		    "not '%s'.", args[0]);
		return -1;
	}
	if (l->metrics[i].is_on) {
		diag_error(c->diag, "'metrics %s' is there already.", args[0]);
		return -1;
	}
	l->metrics[i] = (struct metrics_conf){ true,
	    i == METRICS_NODE_EXPORTER ? EXPORTER_PORT : 0, METRICS_EVERY_US };
	l->metrics_order[l->nmetrics++] = (enum metrics_source)i;
	return metrics_options(c, &l->metrics[i], args + 1, nargs - 1);
}

/* ---- when all was read ---- */

static int
check_all(struct cfg *c)
{
	OBJECT_EACH(o, c->snap, OBJECT_LAUNCH) {
		struct launch_conf *l = (struct launch_conf *)(void *)o;

		diag_at(c->diag, o->file, o->line);
		if (l->provider_name == NULL)
			diag_error(c->diag, "launch-config '%s' names no provider.", o->name);
		else
			l->provider = object_need(c, OBJECT_PROVIDER, "'provider'",
			    l->provider_name);
		check_syncs(c, l);
	}
	diag_at(c->diag, NULL, 0);
	return 0;
}

#define TEXT(name, member, syntax, help) \
	{ name, IN_LAUNCH, KW_OBEYED, 1, 1, 0, parse_field, \
	  CFG_FIELD(CFG_TEXT, struct launch_conf, member), syntax, help }

static const struct kw_row rows[] = {
	TEXT("provider", provider_name, "<name>", "The provider that makes the instances."),
	TEXT("image", image, "<id>", "What they are made from."),
	TEXT("instance-type", instance_type, "<type>", "Their size, as the provider calls it."),
	TEXT("key", key, "<name>", "The SSH key that is put on them."),
	{ "security-group", IN_LAUNCH, KW_OBEYED, 1, 1, KW_F_ANY_ARGS, parse_groups, 0, "<id>...",
	  "Their security groups, passed on as written." },
	{ "user-data", IN_LAUNCH, KW_OBEYED, 1, 1, KW_F_ANY_ARGS, parse_user_data, 0, "<text>",
	  "Text that each instance is given at its start." },
	{ "user-data-file", IN_LAUNCH, KW_OBEYED, 1, 1, 0, parse_user_data_file, 0, "<path>",
	  "The same from a file, which is read when the configuration is loaded." },
	{ "instance-port", IN_LAUNCH, KW_OBEYED, 1, 1, 0, parse_field,
	  CFG_FIELD(CFG_UINT, struct launch_conf, instance_port, .min = 1, .max = 65535),
	  "<port>", "Where instances serve, unless their provider says it." },
	{ "attribute", IN_LAUNCH, KW_OBEYED, 2, 2, 0, parse_attribute, 0, "<key> <value>",
	  "Something else that the provider is told." },
	{ "detailed-monitoring", IN_LAUNCH, KW_OBEYED, 1, 1, 0, parse_on_off, 0, "on|off",
	  "ec2: what the cloud itself measures, each minute or each five; on by default." },
	{ "sync-file", IN_LAUNCH, KW_OBEYED, 2, 2, 0, parse_sync, 0, "<name> <path>",
	  "A file of this machine that instances are to have, in each version of it." },
	{ "metrics", IN_LAUNCH, KW_OBEYED, 1, 5, 0, parse_metrics, 0,
	  "provider|agent|node-exporter [port <n>] [every <time>]",
	  "Where the instances' own metrics come from; the first that has one wins." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct section_row sections[] = {
	{ "launch-config", IN_LAUNCH, open_section, NULL, "What instances are made of." },
	{ NULL, 0, NULL, NULL, NULL },
};

static const struct post_row posts[] = { { "launch-config", check_all }, { NULL, NULL } };

const struct module mod_launch_cfg = {
	.name = "launch_cfg", .sections = sections, .cfg = rows, .post = posts
};
