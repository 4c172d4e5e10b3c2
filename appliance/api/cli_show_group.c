/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scaling groups as they are: show groups, show group, who would go next, what holds
 * where nothing is written.
 *
 * Thread: control.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "api/cli.h"
#include "api/scaling.h"
#include "base/module.h"
#include "ctl/group.h"
#include "ctl/refresh.h"
#include "ctl/scaler.h"

/* ---- show groups, show group ---- */

static void
show_groups(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	struct fields f;

	fields_begin(&f, &c->out, group_fields, is_json);
	GROUP_EACH(g)
		if (!g->is_deleted)
			put_group(&f, g);
	fields_end(&f);
}

static const char *
check_name(const struct group_conf *conf)
{
	return conf->check == GROUP_CHECK_ELB ? "elb" : "ec2";
}

/* One fact: `name: value`, or a member of a JSON object. */
static void
put_fact(struct cli *c, bool is_json, const char *name, const char *value)
{
	if (!is_json && value[0] != '\0')
		outbuf_fmt(&c->out, "%s: %s\n", name, value);
	else if (is_json) {
		outbuf_fmt(&c->out, "\"%s\":", name);
		outbuf_json(&c->out, value);
		outbuf_z(&c->out, ",");
	}
}

/* `suspended: Launch, User suspended at ...`, or a list of objects. */
static void
put_suspensions(struct cli *c, bool is_json, const struct group *g)
{
	const char *comma = "";
	char text[160];

	if (is_json)
		outbuf_z(&c->out, "\"suspended\":[");
	for (unsigned i = 0; i < GROUP_P_COUNT; i++) {
		const char *name = group_process_name((enum group_process)i);

		if (!group_is_suspended(g, (enum group_process)i))
			continue;
		group_suspension(g, (enum group_process)i, text, sizeof text);
		if (is_json)
			outbuf_fmt(&c->out, "%s{\"process\":\"%s\",\"reason\":\"%s\"}", comma, name,
			    text);
		else
			outbuf_fmt(&c->out, "suspended: %s, %s\n", name, text);
		comma = ",";
	}
	if (is_json)
		outbuf_z(&c->out, "],");
}

static void
put_number(struct cli *c, bool is_json, const char *name, uint64_t v)
{
	if (is_json)
		outbuf_fmt(&c->out, "\"%s\":%" PRIu64 ",", name, v);
	else
		outbuf_fmt(&c->out, "%s: %" PRIu64 "\n", name, v);
}

static void
put_list(struct cli *c, bool is_json, const char *name, char *const *all, unsigned n)
{
	char text[1024];
	int len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < n && len < (int)sizeof text - 300; i++)
		len += snprintf(text + len, sizeof text - (size_t)len, "%s%s", i > 0 ? " " : "",
		    all[i]);
	put_fact(c, is_json, name, text);
}

static void
put_conf(struct cli *c, bool is_json, const struct group_conf *conf)
{
	put_list(c, is_json, "backends", conf->backends, conf->nbackends);
	put_list(c, is_json, "zones", conf->zones, conf->nzones);
	put_list(c, is_json, "termination", conf->termination, conf->ntermination);
	put_fact(c, is_json, "health_check", check_name(conf));
	put_number(c, is_json, "grace_s", conf->grace_us / 1000000);
	put_number(c, is_json, "boot_timeout_s", conf->boot_timeout_us / 1000000);
	put_number(c, is_json, "drain_s", conf->drain_us / 1000000);
	put_number(c, is_json, "default_cooldown_s", conf->cooldown_us / 1000000);
	put_number(c, is_json, "max_replace_pct", conf->max_replace_pct);
	for (unsigned i = 0; i < conf->ntags; i++) {
		char text[600];

		snprintf(text, sizeof text, "%s=%s%s", conf->tags[i].key, conf->tags[i].value,
		    conf->tags[i].propagates ? " propagate" : "");
		if (!is_json)
			put_fact(c, is_json, "tag", text);
	}
}

/* "small v1, back from v2": a refresh has failed. */
static bool
went_back(const struct group *g, char *buf, size_t size)
{
	if (g->back == NULL || g->conf == NULL)
		return false;
	snprintf(buf, size, "%s v%u, back from %s v%u", g->back->object.name, g->back->version,
	    g->conf->launch_name, launch_version(g->conf->launch));
	return true;
}

static void
show_group(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	struct group *g = cli_group(c, cli_arg(c, 0));
	char trouble[400], refresh[300], back[OBJECT_NAME_MAX + 64];
	const char *text;
	struct fields f;

	if (g == NULL)
		return;
	if (is_json)
		outbuf_z(&c->out, "{");
	put_fact(c, is_json, "id", g->id);
	text = scaler_trouble(g, trouble, sizeof trouble);
	put_fact(c, is_json, "trouble", text != NULL ? text : "");
	put_fact(c, is_json, "refresh", refresh_text(g, refresh, sizeof refresh) ? refresh : "");
	put_fact(c, is_json, "launch", went_back(g, back, sizeof back) ? back : "");
	put_suspensions(c, is_json, g);
	put_fact(c, is_json, "status", g->is_deleting ? "Delete in progress" : "");
	if (g->conf != NULL)
		put_conf(c, is_json, g->conf);
	if (is_json)
		outbuf_z(&c->out, "\"group\":");
	fields_begin(&f, &c->out, group_fields, is_json);
	put_group(&f, g);
	fields_end(&f);
	if (is_json)
		c->out.data[--c->out.len] = '\0';
	if (is_json)
		outbuf_z(&c->out, ",\"instances\":");
	fields_begin(&f, &c->out, instance_fields, is_json);
	put_instances(&f, g);
	fields_end(&f);
	if (is_json) {
		c->out.data[--c->out.len] = '\0';
		outbuf_z(&c->out, "}\n");
	}
}

/* ---- victims ---- */

static void
put_victim(const struct instance *i, const char *policy, const char *reason, void *arg)
{
	struct fields *f = arg;

	fields_row(f);
	fields_u64(f, f->nrows);
	fields_text(f, i->id);
	fields_text(f, policy);
	fields_text(f, reason);
	fields_row_end(f);
}

static void
show_victims(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	struct group *g = cli_group(c, cli_arg(c, 0));
	uint32_t n = 1;
	struct fields f;

	if (g == NULL)
		return;
	if (c->nargs > 1 && (strcmp(c->args[1], "count") != 0 ||
	    !cli_group_number(c, 2, "count", &n)))
		return;
	fields_begin(&f, &c->out, "order,id,policy,reason", is_json);
	scaler_victims(g, n, put_victim, &f);
	fields_end(&f);
}

/* ---- defaults ---- */

static void
show_defaults(struct cli *c)
{
	static const char *const rows[][3] = {
		{ "scaling-group", "desired", "min" },
		{ "scaling-group", "default-cooldown", "300s" },
		{ "scaling-group", "default-warmup", "default-cooldown" },
		{ "scaling-group", "health-check", "ec2" },
		{ "scaling-group", "grace", "0s" },
		{ "scaling-group", "boot-timeout", "300s" },
		{ "scaling-group", "drain", "300s" },
		{ "scaling-group", "termination", "Default" },
		{ "scaling-group", "protect-new", "off" },
		{ "scaling-group", "max-replace", "33%" },
		{ "scaling-group", "on-remove", "refuse" },
		{ "scaling-group", "on-change", "keep" },
		{ "scaling-group", "scale-from-zero", "off" },
		{ "scaling-group", "refresh min-healthy", "90%" },
		{ "scaling-group", "refresh max-healthy", "100%" },
		{ "scaling-group", "refresh warmup", "default-warmup, else grace" },
		{ "scaling-group", "refresh wait", "1h" },
		{ "scaling-group", "warm-pool prepared", "max" },
		{ "scaling-group", "hook default", "abandon" },
		{ "policy", "cooldown", "default-cooldown" },
		{ "policy", "warmup", "default-warmup, else default-cooldown" },
		{ "policy", "aggregate", "average" },
		{ "policy", "stat", "Average" },
		{ "policy", "ahead", "48h" },
		{ "policy", "buffer", "5m" },
		{ "schedule", "tz", "UTC" },
		{ "launch-config", "detailed-monitoring", "on" },
		{ "provider", "launch-timeout", "300s" },
		{ "provider", "terminate-timeout", "120s" },
		{ "provider", "describe-timeout", "30s" },
		{ "provider", "describe-every", "10s" },
		{ "provider", "max-parallel", "4" },
	};
	bool is_json = cli_wants_json(c);
	struct fields f;

	fields_begin(&f, &c->out, "object,field,default", is_json);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		fields_row(&f);
		for (unsigned k = 0; k < 3; k++)
			fields_text(&f, rows[i][k]);
		fields_row_end(&f);
	}
	fields_end(&f);
}

static const struct cli_row rows[] = {
	{ "show groups", CLI_USER, 0, show_groups, "[json]", "list scaling groups" },
	{ "show group", CLI_USER, 0, show_group, "<group> [json]",
	  "show a scaling group and its instances" },
	{ "show scaling defaults", CLI_USER, 0, show_defaults, "[json]",
	  "show what groups and their parts are by default (proxies: show default-server)" },
	{ "group victims", CLI_USER, 0, show_victims, "<group> [count <n>] [json]",
	  "show who would be terminated next, and why" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const struct module mod_cli_show_group = { .name = "cli_show_group", .cli = rows };
