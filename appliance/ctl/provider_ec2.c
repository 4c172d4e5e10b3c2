/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The provider `ec2`: Amazon's, or another cloud that speaks EC2's Query API. Requests
 * are signed forms (SigV4), answers XML (ec2_text.h). The token of a launch is the
 * ClientToken, which EC2 keeps; group and token are tags. Of a group's subnets the one
 * is taken that lies in the zone of the launch; where several do, the one with the most
 * free addresses, which is why they are described before each launch.
 *
 * A description may come in several answers; instances are terminated, stopped and
 * started one by one, because one that is unknown would fail the whole request. EC2
 * knows no epochs: they are compared here, so they only hold within this process.
 *
 * Thread: control; parsing: the one that loads.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/field.h"
#include "ctl/ec2_text.h"
#include "ctl/epoch.h"
#include "ctl/group_conf.h"
#include "ctl/place.h"
#include "ctl/transfer.h"

#define CREDENTIALS_MAX	16384u

struct ec2_settings {
	const char	*endpoint, *region;	/* NULL: AWS's, the global one */
	const char	*key, *secret, *session;	/* session NULL: none */
};

/* A call under way: one request after the other. */
struct ec2_run {
	struct transfer	 transfer;
	struct provider_call *call;
	char		 url[256], sigv4[96], session[2200];
	const char	*fields[2];
	struct outbuf	 body;
	struct provider_instance *all;	/* owned: so far */
	unsigned	 n, next;	/* next: id to be changed */
	uint64_t	 timeout_us;
	char		 subnet[64];	/* "" = none, or not chosen yet */
	bool		 asks_subnets;
	bool		 is_tagging;	/* adopt: they were described */
};

static void on_answer(struct transfer *t);

static void
run_free(struct ec2_run *r)
{
	transfer_cancel(&r->transfer);
	outbuf_fini(&r->body);
	r->call->private = NULL;
	free(r->all);
	free(r);
}

/* ---- requests ---- */

static void
send_request(struct ec2_run *r)
{
	const struct ec2_settings *s = r->call->conf->settings;

	r->transfer = (struct transfer){ .url = r->url, .body = r->body.data,
		.body_len = r->body.len, .fields = s->session != NULL ? r->fields : NULL,
		.user = s->key, .password = s->secret, .sigv4 = r->sigv4,
		.timeout_us = r->timeout_us, .done = on_answer, .arg = r };
	transfer_start(&r->transfer);
}

/* One instance a request: one that is unknown would fail them all. */
static bool
is_one_by_one(const struct provider_call *call)
{
	return call->verb == PROVIDER_TERMINATE || call->verb == PROVIDER_STOP ||
	    call->verb == PROVIDER_START;
}

static void
ask_change(struct ec2_run *r)
{
	outbuf_clear(&r->body);
	ec2_text_change(&r->body, r->call->verb, r->call->ids[r->next]);
	send_request(r);
}

static void
ask(struct ec2_run *r, const char *next)
{
	outbuf_clear(&r->body);
	if (r->asks_subnets)
		ec2_text_subnets(&r->body, r->call);
	else if (r->is_tagging)
		ec2_text_adopt(&r->body, r->call);
	else if (r->call->verb == PROVIDER_LAUNCH)
		ec2_text_launch(&r->body, r->call, r->subnet[0] != '\0' ? r->subnet : NULL);
	else
		ec2_text_describe(&r->body, r->call, next);
	send_request(r);
}

/* ---- answers ---- */

static void
answer(struct ec2_run *r)
{
	struct provider_call *call = r->call;
	struct provider_instance *all = r->all;
	unsigned n = r->n;

	r->all = NULL;
	run_free(r);
	provider_answer(call, all, n);
	free(all);
}

static void
fail(struct ec2_run *r, enum provider_error e, const char *code, const char *why)
{
	struct provider_call *call = r->call;
	char text[300];

	snprintf(text, sizeof text, "%s%s%s", code, code[0] != '\0' ? ": " : "", why);
	run_free(r);
	provider_fail(call, e, "%s", text);
}

static void
keep(struct ec2_run *r, const struct ec2_answer *a)
{
	unsigned n = a->n;

	if (n > GROUP_SIZE_MAX - r->n)
		n = GROUP_SIZE_MAX - r->n;
	r->all = xrealloc(r->all, (r->n + n + 1) * sizeof *r->all);
	for (unsigned i = 0; i < n; i++) {
		struct provider_instance *to = &r->all[r->n + i];

		*to = a->all[i];
		if (r->call->verb == PROVIDER_LAUNCH)
			snprintf(to->token, sizeof to->token, "%s", r->call->token);
	}
	r->n += n;
}

/* One that is unknown is gone. */
static void
keep_changed(struct ec2_run *r, const struct ec2_answer *a)
{
	struct provider_instance gone = { .state = INSTANCE_TERMINATED };

	snprintf(gone.id, sizeof gone.id, "%s", r->call->ids[r->next]);
	if (a->n > 0)
		keep(r, a);
	else
		keep(r, &(struct ec2_answer){ .all = &gone, .n = 1 });
}

static bool
is_unknown_id(const struct ec2_run *r, const struct ec2_answer *a)
{
	return is_one_by_one(r->call) &&
	    strncmp(a->code, "InvalidInstanceID", strlen("InvalidInstanceID")) == 0;
}

/* What a group is told that has no subnet in this zone: where they are. */
static void
fail_no_subnet(struct ec2_run *r, const struct ec2_answer *a)
{
	char text[200];
	struct out o;

	out_init(&o, text, sizeof text - 1);
	out_fmt(&o, "no subnet of the group lies in zone %s:", r->call->zone);
	for (unsigned i = 0; i < a->nsubnets; i++)
		out_fmt(&o, "%s %s is in %s", i > 0 ? "," : "", a->subnets[i].id,
		    a->subnets[i].zone);
	*o.p = '\0';
	fail(r, PROVIDER_INVALID, "", text);
}

static void
choose_subnet(struct ec2_run *r, const struct ec2_answer *a)
{
	const struct ec2_subnet *best = NULL;

	for (unsigned i = 0; i < a->nsubnets; i++)
		if ((r->call->zone[0] == '\0' || strcmp(a->subnets[i].zone, r->call->zone) == 0) &&
		    (best == NULL || a->subnets[i].nfree > best->nfree))
			best = &a->subnets[i];
	if (best == NULL) {
		fail_no_subnet(r, a);
		return;
	}
	r->asks_subnets = false;
	memcpy(r->subnet, best->id, sizeof r->subnet);
	ask(r, "");
}

/* All that are to be adopted are there; they are given the group's tag. */
static void
tag(struct ec2_run *r)
{
	char text[200];
	unsigned i;

	for (unsigned k = 0; k < r->call->nids; k++) {
		for (i = 0; i < r->n && strcmp(r->all[i].id, r->call->ids[k]) != 0; i++)
			;
		if (i < r->n)
			continue;
		snprintf(text, sizeof text, "Invalid Instance ID(s): [%s] specified",
		    r->call->ids[k]);
		fail(r, PROVIDER_INVALID, "", text);
		return;
	}
	r->is_tagging = true;
	ask(r, "");
}

static void
go_on(struct ec2_run *r, const struct ec2_answer *a)
{
	if (r->asks_subnets) {
		choose_subnet(r, a);
		return;
	}
	if (r->is_tagging) {
		answer(r);
		return;
	}
	if (is_one_by_one(r->call)) {
		keep_changed(r, a);
		if (++r->next < r->call->nids)
			ask_change(r);
		else
			answer(r);
		return;
	}
	keep(r, a);
	if (r->call->verb == PROVIDER_LAUNCH && a->n == 0)
		fail(r, PROVIDER_INTERNAL, "", "the answer names no instance");
	else if (r->call->verb != PROVIDER_LAUNCH && a->next[0] != '\0' && r->n < GROUP_SIZE_MAX)
		ask(r, a->next);
	else if (r->call->verb == PROVIDER_ADOPT)
		tag(r);
	else
		answer(r);
}

static void
on_answer(struct transfer *t)
{
	struct ec2_run *r = t->arg;
	struct ec2_answer a = { .n = 0 };
	bool is_good;

	if (t->status == 0) {
		fail(r, PROVIDER_INTERNAL, "", t->error);
		return;
	}
	is_good = ec2_text_parse(t->answer, t->answer_len, &a);
	if (a.code[0] != '\0' && !is_unknown_id(r, &a))
		fail(r, ec2_text_error(a.code), a.code, a.message);
	else if (!is_good || (t->status != 200 && a.code[0] == '\0'))
		fail(r, t->status == 503 ? PROVIDER_THROTTLED : PROVIDER_INTERNAL, "",
		    "the answer is not EC2's");
	else
		go_on(r, &a);
	free(a.all);
}

/* ---- calls ---- */

static void
prepare(struct ec2_run *r)
{
	const struct provider_conf *p = r->call->conf;
	const struct ec2_settings *s = p->settings;
	const char *region = s->region != NULL ? s->region : place_region(snapshot_current());

	if (s->endpoint != NULL)
		snprintf(r->url, sizeof r->url, "%s", s->endpoint);
	else
		snprintf(r->url, sizeof r->url, "https://ec2.%s.amazonaws.com/", region);
	snprintf(r->sigv4, sizeof r->sigv4, "aws:amz:%s:ec2", region);
	if (s->session != NULL)
		snprintf(r->session, sizeof r->session, "X-Amz-Security-Token: %s", s->session);
	if (r->call->verb == PROVIDER_LAUNCH && ec2_text_fixed_subnet(r->call) != NULL)
		snprintf(r->subnet, sizeof r->subnet, "%s", ec2_text_fixed_subnet(r->call));
	else
		r->asks_subnets = r->call->verb == PROVIDER_LAUNCH && r->call->nsubnets > 0;
	r->fields[0] = r->session;
	r->timeout_us = provider_timeout(r->call);
	outbuf_init(&r->body, 0);
}

static void
start(struct provider_call *call)
{
	struct ec2_run *r;
	uint64_t seen;

	call->private = NULL;
	if (call->verb != PROVIDER_DESCRIBE && epoch_is_stale(call->group, call->epoch, &seen)) {
		provider_fail(call, PROVIDER_STALE_EPOCH, "epoch %llu was seen",
		    (unsigned long long)seen);
		return;
	}
	if ((call->verb == PROVIDER_LAUNCH && call->count == 0) ||
	    (call->verb != PROVIDER_LAUNCH && call->verb != PROVIDER_DESCRIBE && call->nids == 0)) {
		provider_answer(call, NULL, 0);
		return;
	}
	call->private = r = xcalloc(1, sizeof *r);
	r->call = call;
	prepare(r);
	if (is_one_by_one(call))
		ask_change(r);
	else
		ask(r, "");
}

static void
cancel(struct provider_call *call)
{
	if (call->private != NULL)
		run_free(call->private);
}

static void
module_stop(void)
{
	epoch_forget();
}

/* ---- the section ---- */

static int
settle(struct cfg *c, struct provider_conf *p)
{
	const struct ec2_settings *s = p->settings;

	if (s->key != NULL && s->secret != NULL)
		return 0;
	diag_at(c->diag, p->object.file, p->object.line);
	diag_error(c->diag, "provider '%s' needs a 'credentials-file'.", p->object.name);
	return -1;
}

const struct provider_type provider_ec2 = {
	.name = "ec2", .settings_size = sizeof(struct ec2_settings), .settle = settle,
	.can_stop = true, .can_adopt = true, .start = start, .cancel = cancel,
	.no_files = "EC2 cannot write into an instance: use user data",
};

static struct ec2_settings *
settings(struct cfg *c)
{
	static const struct provider_type *const types[] = { &provider_ec2 };

	return provider_settings(c, types, 1);
}

static int
parse_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct ec2_settings *s = settings(c);

	return s != NULL ? cfg_set(c, row, s, args, nargs) : -1;
}

static int
parse_endpoint(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	if (strncmp(args[0], "https://", 8) != 0 && strncmp(args[0], "http://", 7) != 0) {
		diag_error(c->diag, "'%s' expects a URL of http or https, not '%s'.", row->name,
		    args[0]);
		return -1;
	}
	return parse_field(c, row, args, nargs);
}

/* "name = value": the one it is for, or none. */
static void
take_credential(struct cfg *c, struct ec2_settings *s, struct str line)
{
	const char *eq = memchr(line.p, '=', line.len);
	struct str name, value;
	const char *text;

	if (eq == NULL)
		return;
	name = str_trim((struct str){ line.p, (size_t)(eq - line.p) });
	value = str_trim((struct str){ eq + 1, (size_t)(line.p + line.len - eq - 1) });
	text = arena_strndup(c->arena, value.p, value.len);
	if (str_is(name, "aws_access_key_id"))
		s->key = text;
	else if (str_is(name, "aws_secret_access_key"))
		s->secret = text;
	else if (str_is(name, "aws_session_token"))
		s->session = text;
}

static bool
is_private(const char *path)
{
	int fd = file_open(path, 0, 0);
	struct stat st;
	bool is_good;

	if (fd == -1)
		return true;		/* reading it tells */
	is_good = fstat(fd, &st) == 0 && (st.st_mode & 077) == 0;
	close(fd);
	return is_good;
}

static int
parse_credentials(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct ec2_settings *s = settings(c);
	struct str rest, line;
	size_t len;
	char *text;

	(void)nargs;
	if (s == NULL)
		return -1;
	if ((text = file_read(args[0], CREDENTIALS_MAX, &len)) == NULL) {
		diag_error(c->diag, "'%s': cannot read '%s': %s.", row->name, args[0],
		    strerror(errno));
		return -1;
	}
	for (rest = (struct str){ text, len }; str_next_elem(&rest, '\n', &line); )
		take_credential(c, s, line);
	explicit_bzero(text, len);
	free(text);
	if (!is_private(args[0])) {
		diag_error(c->diag, "'%s': '%s' is readable by others.", row->name, args[0]);
		return -1;
	}
	if (s->key == NULL || s->secret == NULL) {
		diag_error(c->diag, "'%s': '%s' has no aws_access_key_id and "
		    "aws_secret_access_key.", row->name, args[0]);
		return -1;
	}
	return 0;
}

static const struct kw_row rows[] = {
	{ "endpoint", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_endpoint,
	  CFG_FIELD(CFG_TEXT, struct ec2_settings, endpoint), "<url>",
	  "ec2: where requests go; AWS's of the region by default." },
	{ "region", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_field,
	  CFG_FIELD(CFG_TEXT, struct ec2_settings, region), "<name>",
	  "ec2: the region; the global one by default." },
	{ "credentials-file", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_credentials, 0, "<path>",
	  "ec2: a file with aws_access_key_id and aws_secret_access_key." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

const struct module mod_provider_ec2 = {
	.name = "provider_ec2", .cfg = rows, .provider = &provider_ec2, .stop = module_stop
};
