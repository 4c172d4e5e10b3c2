/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to EC2's Query API and its answers; see ec2_text.h. Of an answer only what a
 * provider must tell is read, by the name of an element and of those around it, so new
 * elements do no harm. A document type is refused.
 *
 * any thread
 */
#include "ctl/ec2_text.h"

#include <ctype.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/magic.h"
#include "base/xalloc.h"
#include "ctl/group_conf.h"
#include "ctl/launch_text.h"

#define API_VERSION	"2016-11-15"
#define DEPTH_MAX	32
#define NAME_MAX_LEN	40
#define TEXT_MAX	1024

/* ---- requests ---- */

static void
put_escaped(struct outbuf *b, const char *text)
{
	struct out o = outbuf_reserve(b, 3 * strlen(text) + 1);

	for (const char *p = text; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p) || strchr("-._~", *p) != NULL)
			out_char(&o, *p);
		else
			out_fmt(&o, "%%%02X", (unsigned char)*p);
	}
	outbuf_commit(b, &o);
}

void
ec2_text_put(struct outbuf *b, const char *name, const char *value)
{
	outbuf_z(b, b->len > 0 ? "&" : "");
	put_escaped(b, name);
	outbuf_z(b, "=");
	put_escaped(b, value);
}

static void
put_if(struct outbuf *b, const char *name, const char *value)
{
	if (value != NULL && value[0] != '\0')
		ec2_text_put(b, name, value);
}

/* The name with a number in it. */
static void
put_nth(struct outbuf *b, const char *fmt, unsigned n, const char *value)
{
	char name[64];
	struct out o;

	out_init(&o, name, sizeof name - 1);
	for (const char *p = fmt; *p != '\0'; p++) {
		if (*p == '#')
			out_u64(&o, n);
		else
			out_char(&o, *p);
	}
	*o.p = '\0';
	ec2_text_put(b, name, value);
}

static void
begin(struct outbuf *b, const char *action)
{
	ec2_text_put(b, "Action", action);
	ec2_text_put(b, "Version", API_VERSION);
}

static void
put_user_data(struct outbuf *b, const struct launch_conf *l)
{
	char *text = launch_user_data(l);

	if (text != NULL)
		ec2_text_put(b, "UserData", text);
	free(text);
}

const char *
ec2_text_fixed_subnet(const struct provider_call *call)
{
	const struct launch_conf *l = call->launch;

	for (unsigned i = 0; i < l->nattributes; i++)
		if (strcmp(l->attributes[i].key, "subnet") == 0)
			return l->attributes[i].value;
	return NULL;
}

void
ec2_text_launch(struct outbuf *b, const struct provider_call *call, const char *subnet)
{
	const struct launch_conf *l = call->launch;
	char count[16];

	begin(b, "RunInstances");
	snprintf(count, sizeof count, "%u", call->count);
	put_if(b, "ImageId", l->image);
	put_if(b, "InstanceType", l->instance_type);
	put_if(b, "KeyName", l->key);
	ec2_text_put(b, "MinCount", "1");
	ec2_text_put(b, "MaxCount", count);
	ec2_text_put(b, "ClientToken", call->token);
	if (subnet == NULL)
		put_if(b, "Placement.AvailabilityZone", call->zone);
	put_if(b, "SubnetId", subnet);
	ec2_text_put(b, "Monitoring.Enabled", l->is_detailed ? "true" : "false");
	for (unsigned i = 0; i < l->nsecurity_groups; i++)
		put_nth(b, "SecurityGroupId.#", i + 1, l->security_groups[i]);
	put_user_data(b, l);
	ec2_text_put(b, "TagSpecification.1.ResourceType", "instance");
	for (unsigned i = 0; i < call->ntags; i++) {
		if (strncmp(call->tags[i].key, "aws:", 4) == 0)
			continue;	/* theirs */
		put_nth(b, "TagSpecification.1.Tag.#.Key", i + 1, call->tags[i].key);
		put_nth(b, "TagSpecification.1.Tag.#.Value", i + 1, call->tags[i].value);
	}
}

void
ec2_text_subnets(struct outbuf *b, const struct provider_call *call)
{
	begin(b, "DescribeSubnets");
	for (unsigned i = 0; i < call->nsubnets; i++)
		put_nth(b, "SubnetId.#", i + 1, call->subnets[i]);
}

void
ec2_text_describe(struct outbuf *b, const struct provider_call *call, const char *next)
{
	static const char *const states[] = { "pending", "running", "shutting-down", "stopping",
		"stopped" };

	begin(b, "DescribeInstances");
	ec2_text_put(b, "Filter.1.Name", "instance-state-name");
	for (unsigned i = 0; i < ARRAY_LEN(states); i++)
		put_nth(b, "Filter.1.Value.#", i + 1, states[i]);
	if (call->nids > 0)
		ec2_text_put(b, "Filter.2.Name", "instance-id");
	for (unsigned i = 0; i < call->nids; i++)
		put_nth(b, "Filter.2.Value.#", i + 1, call->ids[i]);
	if (call->verb != PROVIDER_ADOPT) {
		ec2_text_put(b, "Filter.3.Name", "tag:weir:group");
		ec2_text_put(b, "Filter.3.Value.1", call->group);
	}
	put_if(b, "NextToken", next);
}

void
ec2_text_adopt(struct outbuf *b, const struct provider_call *call)
{
	begin(b, "CreateTags");
	for (unsigned i = 0; i < call->nids; i++)
		put_nth(b, "ResourceId.#", i + 1, call->ids[i]);
	ec2_text_put(b, "Tag.1.Key", "weir:group");
	ec2_text_put(b, "Tag.1.Value", call->group);
}

void
ec2_text_change(struct outbuf *b, enum provider_verb verb, const char *id)
{
	begin(b, verb == PROVIDER_STOP ? "StopInstances" : verb == PROVIDER_START ?
	    "StartInstances" : "TerminateInstances");
	ec2_text_put(b, "InstanceId.1", id);
}

/* ---- answers ---- */

struct reader {
	XML_Parser	 parser;
	struct ec2_answer *ret;
	char		 names[DEPTH_MAX][NAME_MAX_LEN];
	unsigned	 depth;
	unsigned	 instance;	/* the depth of the one under work; 0 = none */
	char		 text[TEXT_MAX + 1];
	size_t		 len;
	char		 key[128];	/* of a tag */
	bool		 is_in_subnet;
};

static bool
is_named(const struct reader *r, unsigned up, const char *name)
{
	return r->depth > up && strcmp(r->names[r->depth - 1 - up], name) == 0;
}

static void
on_start(void *arg, const XML_Char *name, const XML_Char **attrs)
{
	struct reader *r = arg;

	(void)attrs;
	if (r->depth == DEPTH_MAX) {
		XML_StopParser(r->parser, XML_FALSE);
		return;
	}
	snprintf(r->names[r->depth++], NAME_MAX_LEN, "%s", name);
	r->len = 0;
	if (is_named(r, 0, "item") && is_named(r, 1, "subnetSet")) {
		r->is_in_subnet = r->ret->nsubnets < EC2_SUBNETS_MAX;
		r->ret->nsubnets += r->is_in_subnet;
		return;
	}
	if (r->instance != 0 || !is_named(r, 0, "item") || !is_named(r, 1, "instancesSet"))
		return;
	if (r->ret->n == GROUP_SIZE_MAX) {
		XML_StopParser(r->parser, XML_FALSE);
		return;
	}
	r->instance = r->depth;
	r->ret->all = xrealloc(r->ret->all, (r->ret->n + 1) * sizeof *r->ret->all);
	r->ret->all[r->ret->n++] = (struct provider_instance){ .state = INSTANCE_PENDING };
}

static void
on_text(void *arg, const XML_Char *text, int len)
{
	struct reader *r = arg;
	size_t n = (size_t)len;

	if (n > TEXT_MAX - r->len)
		n = TEXT_MAX - r->len;
	memcpy(r->text + r->len, text, n);
	r->len += n;
	r->text[r->len] = '\0';
}

#define TAKE(r, into)	snprintf(into, sizeof(into), "%.*s", (int)sizeof(into) - 1, (r)->text)

static enum provider_state
state_of(const char *name)
{
	for (unsigned s = INSTANCE_PENDING; s <= INSTANCE_STOPPED; s++)
		if (strcmp(name, provider_state_name((enum provider_state)s)) == 0)
			return (enum provider_state)s;
	return INSTANCE_SHUTTING_DOWN;
}

static void
take_tag(struct reader *r, struct provider_instance *i)
{
	if (is_named(r, 0, "key"))
		TAKE(r, r->key);
	else if (is_named(r, 0, "value") && strcmp(r->key, "weir:token") == 0)
		TAKE(r, i->token);
}

static void
take_time(const struct reader *r, struct provider_instance *i)
{
	struct tm tm = { 0 };

	if (strptime(r->text, "%Y-%m-%dT%H:%M:%S", &tm) != NULL)
		i->launched_us = (uint64_t)timegm(&tm) * 1000000;
}

/* An element within an instance has ended. */
static void
take_member(struct reader *r)
{
	struct provider_instance *i = &r->ret->all[r->ret->n - 1];
	unsigned below = r->depth - r->instance;

	if (below == 1 && is_named(r, 0, "instanceId"))
		TAKE(r, i->id);
	else if (below == 1 && is_named(r, 0, "privateIpAddress"))
		TAKE(r, i->address);
	else if (below == 1 && is_named(r, 0, "ipv6Address") && i->address[0] == '\0')
		TAKE(r, i->address);	/* of a subnet without IPv4 */
	else if (below == 1 && is_named(r, 0, "launchTime"))
		take_time(r, i);
	else if (below == 2 && is_named(r, 0, "availabilityZone"))
		TAKE(r, i->zone);
	else if (below == 2 && is_named(r, 0, "name") &&
	    (is_named(r, 1, "instanceState") || is_named(r, 1, "currentState")))
		i->state = state_of(r->text);
	else if (below == 3 && is_named(r, 2, "tagSet"))
		take_tag(r, i);
}

static void
take_of_subnet(struct reader *r)
{
	struct ec2_subnet *s = &r->ret->subnets[r->ret->nsubnets - 1];

	if (is_named(r, 0, "subnetId"))
		TAKE(r, s->id);
	else if (is_named(r, 0, "availabilityZone"))
		TAKE(r, s->zone);
	else if (is_named(r, 0, "availableIpAddressCount"))
		s->nfree = (unsigned)strtoul(r->text, NULL, 10);
}

static void
on_end(void *arg, const XML_Char *name)
{
	struct reader *r = arg;

	(void)name;
	if (r->len == 0)
		r->text[0] = '\0';
	if (r->instance != 0 && r->depth > r->instance)
		take_member(r);
	else if (r->is_in_subnet && is_named(r, 1, "item") && is_named(r, 2, "subnetSet"))
		take_of_subnet(r);
	else if (is_named(r, 0, "Code") && is_named(r, 1, "Error"))
		TAKE(r, r->ret->code);
	else if (is_named(r, 0, "Message") && is_named(r, 1, "Error"))
		TAKE(r, r->ret->message);
	else if (is_named(r, 0, "nextToken") && r->depth == 2)
		TAKE(r, r->ret->next);
	if (r->depth == r->instance)
		r->instance = 0;
	r->depth--;
	r->len = 0;
}

static void
on_doctype(void *arg, const XML_Char *name, const XML_Char *sysid, const XML_Char *pubid,
    int has_subset)
{
	struct reader *r = arg;

	(void)name, (void)sysid, (void)pubid, (void)has_subset;
	XML_StopParser(r->parser, XML_FALSE);
}

bool
ec2_text_parse(const char *text, size_t len, struct ec2_answer *ret)
{
	struct reader *r = xcalloc(1, sizeof *r);
	bool is_good;

	*ret = (struct ec2_answer){ .n = 0 };
	r->ret = ret;
	r->parser = XML_ParserCreate("UTF-8");
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	is_good = XML_Parse(r->parser, text, (int)len, 1) == XML_STATUS_OK;
	XML_ParserFree(r->parser);
	free(r);
	for (unsigned i = 0; i < ret->n; i++)
		is_good = is_good && ret->all[i].id[0] != '\0';
	return is_good;
}

enum provider_error
ec2_text_error(const char *code)
{
	static const struct { const char *prefix; enum provider_error e; } rows[] = {
		{ "InsufficientInstanceCapacity", PROVIDER_CAPACITY },
		{ "InsufficientFreeAddresses", PROVIDER_CAPACITY },
		{ "InsufficientHostCapacity", PROVIDER_CAPACITY },
		{ "InstanceLimitExceeded", PROVIDER_CAPACITY },
		{ "VcpuLimitExceeded", PROVIDER_CAPACITY },
		{ "MaxSpotInstanceCountExceeded", PROVIDER_CAPACITY },
		{ "RequestLimitExceeded", PROVIDER_THROTTLED },
		{ "Throttling", PROVIDER_THROTTLED }, { "Unavailable", PROVIDER_THROTTLED },
		{ "ServiceUnavailable", PROVIDER_THROTTLED },
		{ "AuthFailure", PROVIDER_AUTH }, { "UnauthorizedOperation", PROVIDER_AUTH },
		{ "SignatureDoesNotMatch", PROVIDER_AUTH },
		{ "InvalidClientTokenId", PROVIDER_AUTH },
		{ "MissingAuthenticationToken", PROVIDER_AUTH }, { "OptInRequired", PROVIDER_AUTH },
		{ "PendingVerification", PROVIDER_AUTH }, { "Blocked", PROVIDER_AUTH },
		{ "Invalid", PROVIDER_INVALID }, { "Missing", PROVIDER_INVALID },
		{ "Unsupported", PROVIDER_INVALID }, { "Unknown", PROVIDER_INVALID },
		{ "IdempotentParameterMismatch", PROVIDER_INVALID },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strncmp(code, rows[i].prefix, strlen(rows[i].prefix)) == 0)
			return rows[i].e;
	return PROVIDER_INTERNAL;
}
