/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Providers: what they did, and a call by hand, which tries one out without a group.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "api/fields.h"
#include "api/scaling.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/epoch.h"
#include "ctl/group_conf.h"

#define CALL_IDS_MAX	32u

/* ---- show ---- */

static const char names[] = "name,type,state,calls,errors,open,last_error,missing";

static const char *
state_of(const struct provider_stats *k)
{
	if (k->nopen > 0)
		return "busy";
	return k->is_failing ? "failing" : "ok";
}

static const char *
missing_of(const struct provider_conf *p)
{
	const char *text = p->type->missing != NULL ? p->type->missing(p) : NULL;

	return text != NULL ? text : "";
}

static void
put_provider(struct fields *f, const struct provider_conf *p)
{
	struct provider_stats k;

	provider_stats(p->object.name, &k);
	fields_row(f);
	fields_text(f, p->object.name);
	fields_text(f, p->type->name);
	fields_text(f, state_of(&k));
	fields_u64(f, k.ncalls);
	fields_u64(f, k.nerrors);
	fields_u64(f, k.nopen + k.nwaiting);
	fields_text(f, k.last_error);
	fields_text(f, missing_of(p));
	fields_row_end(f);
}

static void
show_providers(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	struct fields f;

	fields_begin(&f, &c->out, names, is_json);
	OBJECT_EACH(o, snapshot_current(), OBJECT_PROVIDER)
		put_provider(&f, (const struct provider_conf *)(void *)o);
	fields_end(&f);
}

static const char *
nth_provider(size_t i, void *arg)
{
	(void)arg;
	OBJECT_EACH(o, snapshot_current(), OBJECT_PROVIDER)
		if (i-- == 0)
			return o->name;
	return NULL;
}

static const struct provider_conf *
provider_named(struct cli *c, const char *name)
{
	const struct provider_conf *p = object_find(snapshot_current(), OBJECT_PROVIDER, name);

	if (p == NULL)
		cli_err_near(c, str_nearest(name, nth_provider, NULL), ".",
		    "No such provider: '%s'", name);
	return p;
}

static void
put_details(struct outbuf *b, const struct provider_conf *p)
{
	struct provider_stats k;

	provider_stats(p->object.name, &k);
	outbuf_fmt(b, "name: %s\ntype: %s\nfile: %s:%d\nstate: %s\ncalls: %llu\nerrors: %llu\n"
	    "open: %u\nwaiting: %u\nmax-parallel: %u\n", p->object.name, p->type->name,
	    p->object.file, p->object.line, state_of(&k), (unsigned long long)k.ncalls,
	    (unsigned long long)k.nerrors, k.nopen, k.nwaiting, p->max_parallel);
	outbuf_fmt(b, "launch-timeout: %llums\nterminate-timeout: %llums\n"
	    "describe-timeout: %llums\ndescribe-every: %llums\n",
	    (unsigned long long)p->launch_timeout_us / 1000,
	    (unsigned long long)p->terminate_timeout_us / 1000,
	    (unsigned long long)p->describe_timeout_us / 1000,
	    (unsigned long long)p->describe_every_us / 1000);
	outbuf_fmt(b, "last-error: %s\nmissing: %s\n", k.last_error, missing_of(p));
}

static void
show_provider(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	const struct provider_conf *p = provider_named(c, cli_arg(c, 0));
	struct fields f;

	if (p == NULL)
		return;
	if (!is_json) {
		put_details(&c->out, p);
		return;
	}
	fields_begin(&f, &c->out, names, true);
	put_provider(&f, p);
	fields_end(&f);
}

/* ---- a call by hand ---- */

struct hand_call {
	struct cli	*cli;
	struct snapshot	*snap;		/* held */
	struct provider_call call;
	const char	*ids[CALL_IDS_MAX];
	const char	*subnets[GROUP_ZONES_MAX];
	struct provider_tag tags[2];
};

static void
put_told(struct outbuf *b, const struct provider_instance *i)
{
	outbuf_z(b, "{\"id\":");
	outbuf_json(b, i->id);
	outbuf_fmt(b, ",\"state\":\"%s\",\"address\":", provider_state_name(i->state));
	outbuf_json(b, i->address[0] != '\0' ? i->address : NULL);
	outbuf_fmt(b, ",\"port\":%u,\"zone\":", i->port);
	outbuf_json(b, i->zone);
	outbuf_z(b, ",\"token\":");
	outbuf_json(b, i->token);
	outbuf_z(b, "}");
}

static void
on_hand_call(struct provider_call *call)
{
	struct hand_call *h = call->arg;
	struct outbuf *b = &h->cli->out;

	if (call->error != PROVIDER_OK) {
		outbuf_fmt(b, "{\"error\":{\"code\":\"%s\",\"message\":",
		    provider_error_name(call->error));
		outbuf_json(b, call->message);
		outbuf_fmt(b, ",\"retry_after\":%u}}\n", call->retry_after_s);
	} else {
		outbuf_z(b, "{\"instances\":[");
		for (unsigned i = 0; i < call->ninstances; i++) {
			outbuf_z(b, i > 0 ? "," : "");
			put_told(b, &call->instances[i]);
		}
		outbuf_z(b, "]}\n");
	}
	snapshot_unhold(h->snap);
	cli_done(h->cli);
	free(h);
}

/* One word with its value; false after an error. */
static bool
take_word(struct cli *c, struct hand_call *h, const char *word, const char *value)
{
	struct provider_call *call = &h->call;
	uint64_t v = 0;

	if (strcmp(word, "group") == 0)
		call->group = value;
	else if (strcmp(word, "token") == 0)
		call->token = value;
	else if (strcmp(word, "zone") == 0)
		call->zone = value;
	else if (strcmp(word, "launch-config") == 0) {
		call->launch = object_find(h->snap, OBJECT_LAUNCH, value);
		if (call->launch == NULL)
			return cli_err(c, "No such launch configuration: '%s'.", value), false;
	} else if (strcmp(word, "id") == 0 && call->nids < CALL_IDS_MAX)
		h->ids[call->nids++] = value;
	else if (strcmp(word, "subnet") == 0 && call->nsubnets < GROUP_ZONES_MAX)
		h->subnets[call->nsubnets++] = value;
	else if (strcmp(word, "epoch") != 0 && strcmp(word, "count") != 0)
		return cli_err(c, "Unknown word '%s': group, token, zone, subnet, "
		    "launch-config, id, epoch and count are known.", word), false;
	else if (!str_to_u64(str_of(value), &v) || (word[0] == 'c' && v > GROUP_SIZE_MAX))
		return cli_err(c, "'%s' expects a number, not '%s'.", word, value), false;
	else if (word[0] == 'e')
		call->epoch = v;
	else
		call->count = (unsigned)v;
	return true;
}

static bool
take_words(struct cli *c, struct hand_call *h)
{
	enum provider_verb verb = PROVIDER_LAUNCH;

	while (strcmp(cli_arg(c, 1), provider_verb_name(verb)) != 0)
		if (verb++ == PROVIDER_ADOPT)
			return cli_err(c, "Say 'launch', 'terminate', 'describe', 'stop', 'start' "
			    "or 'adopt'."), false;
	h->call.verb = verb;
	for (int i = 2; i < c->nargs; i += 2)
		if (!take_word(c, h, c->args[i], cli_arg(c, i + 1)))
			return false;
	if (verb == PROVIDER_LAUNCH && h->call.launch == NULL)
		return cli_err(c, "A launch needs a launch-config."), false;
	return true;
}

static void
provider_call(struct cli *c)
{
	const struct provider_conf *p = provider_named(c, cli_arg(c, 0));
	struct hand_call *h;

	if (p == NULL)
		return;
	h = xcalloc(1, sizeof *h);
	h->cli = c;
	h->snap = snapshot_current();
	h->call = (struct provider_call){ .conf = p, .group = "by-hand", .token = "by-hand",
		.zone = "", .epoch = epoch_now(), .count = 1, .ids = h->ids,
		.subnets = h->subnets, .tags = h->tags,
		.ntags = 2, .done = on_hand_call, .arg = h };
	if (!take_words(c, h)) {
		free(h);
		return;
	}
	h->tags[0] = (struct provider_tag){ "weir:group", h->call.group };
	h->tags[1] = (struct provider_tag){ "weir:token", h->call.token };
	snapshot_hold(h->snap);
	cli_wait(c);
	provider_start(&h->call);
}

static const struct cli_row rows[] = {
	{ "show providers", CLI_USER, 0, show_providers, "[json]",
	  "list providers of instances, what they did and what is missing here" },
	{ "show provider", CLI_USER, 0, show_provider, "<name> [json]", "show a provider" },
	{ "provider call", CLI_ADMIN, CLI_F_CHANGE, provider_call,
	  "<name> launch|terminate|describe|stop|start|adopt [group <g>] [launch-config <l>] "
	  "[token <t>] [zone <z>] [subnet <s>]... [epoch <n>] [count <n>] [id <id>]...",
	  "make one call of a provider by hand and show its answer" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const struct module mod_cli_provider = { .name = "cli_provider", .cli = rows };
