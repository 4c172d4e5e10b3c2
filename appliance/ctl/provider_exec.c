/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The provider `exec`: any program. It is run once per call with the verb as its first
 * word, reads one JSON document and writes one (exec_text.h); what it writes to stderr
 * goes to the log line by line. Before its first call it is asked for `capabilities`.
 *
 * An end that is not 0, a document that is none, or silence: nobody knows what it has
 * done, and that is what the answer says (internal); the scaler looks before it tries
 * again. No more than that is believed: an error of the program's own is one.
 *
 * Thread: control; parsing: the one that loads.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/epoch.h"
#include "ctl/exec_call.h"
#include "ctl/exec_text.h"
#include "ctl/file_sync.h"
#include "ctl/group_conf.h"
#include "ctl/provider_program.h"
#include "proxy/log_target.h"

#define CAPABILITIES_US	5000000u
#define ROWS_MAX	256

struct exec_settings {
	struct program_conf program;	/* first */
};

/* A provider's call under way: one run of the program, or two. */
struct exec_run {
	struct exec_call exec;
	struct provider_call *call;
	const char	*verb;
	const char	*values[3][2];
	struct outbuf	 text;
	struct file_set	*files;		/* owned: what a launch brings; NULL = nothing */
};

static struct exec_capabilities known[ROWS_MAX];	/* by row; max_parallel 0: not told yet */

static const struct exec_settings *
settings_of(const struct provider_call *call)
{
	return call->conf->settings;
}

static void
run_free(struct exec_run *r)
{
	exec_call_cancel(&r->exec);
	outbuf_fini(&r->text);
	file_set_free(r->files);
	r->call->private = NULL;
	free(r);
}

/* ---- what it says ---- */

static void
log_errors(const struct exec_run *r)
{
	struct str rest = { r->exec.errors, r->exec.errors_len }, line;
	char text[512];
	struct out o;

	while (str_next_elem(&rest, '\n', &line)) {
		out_init(&o, text, sizeof text - 1);
		out_visible(&o, (struct str){ line.p, line.len < 120 ? line.len : 120 });
		*o.p = '\0';
		log_event(NULL, LOG_L_NOTICE, "provider %s, group %s, %s: %s",
		    r->call->conf->object.name, r->call->group, r->verb, text);
	}
}

static void
fail(struct exec_run *r, enum provider_error e, const char *why)
{
	struct provider_call *call = r->call;
	const char *verb = r->verb;

	run_free(r);
	provider_fail(call, e, "%s: %s", verb, why);
}

/* Whether it ended as it should; else the call has failed. */
static bool
ended_well(struct exec_run *r)
{
	char why[160];

	log_errors(r);
	if (r->exec.end == PROGRAM_EXITED && r->exec.value == 0)
		return true;
	exec_call_end_text(&r->exec, why, sizeof why);
	fail(r, r->exec.end == PROGRAM_NOT_RUN ? provider_program_error(r->exec.value) :
	    PROVIDER_INTERNAL, why);
	return false;
}

/* Who is to have files, or has them from its launch. */
static void
note_instances(const struct exec_run *r, const struct exec_answer *a)
{
	const struct provider_call *call = r->call;

	if (call->verb == PROVIDER_LAUNCH)
		for (unsigned i = 0; i < a->n; i++)
			file_sync_runs(call->conf, call->group, a->all[i].id, r->files);
	else if (call->verb == PROVIDER_DESCRIBE && call->nids == 0)
		file_sync_described(call->conf, call->group, a->all, a->n);
}

static void
on_answer(struct exec_call *e)
{
	struct exec_run *r = e->arg;
	struct provider_call *call = r->call;
	struct exec_answer a;

	if (!ended_well(r))
		return;
	if (!exec_text_parse(e->output, e->output_len, call->verb != PROVIDER_FILE, &a))
		fail(r, PROVIDER_INTERNAL, a.message);
	else if (a.error != PROVIDER_OK) {
		call->retry_after_s = a.retry_after_s;
		run_free(r);
		provider_fail(call, a.error, "%s", a.message);
	} else if (call->verb == PROVIDER_LAUNCH && a.n > call->count)
		fail(r, PROVIDER_INTERNAL, "more instances than were asked for");
	else {
		note_instances(r, &a);
		run_free(r);
		provider_answer(call, a.all, a.n);
	}
	free(a.all);
}

/* ---- running it ---- */

static void
run_verb(struct exec_run *r, const char *verb, uint64_t timeout_us,
    void (*done)(struct exec_call *))
{
	r->verb = verb;
	r->values[0][0] = "verb";
	r->values[0][1] = verb;
	r->values[1][0] = "group";
	r->values[1][1] = r->call->group;
	r->values[2][0] = NULL;
	r->exec = (struct exec_call){ .row = settings_of(r->call)->program.row,
		.values = (const char *const (*)[2])r->values, .input = r->text.data,
		.input_len = r->text.len, .timeout_us = timeout_us, .done = done, .arg = r };
	exec_call_start(&r->exec);
}

static void
run_call(struct exec_run *r)
{
	struct provider_call *call = r->call;

	if (call->verb == PROVIDER_LAUNCH && known[settings_of(call)->program.row].brings_files)
		r->files = file_set_new();
	outbuf_clear(&r->text);
	exec_text_request(&r->text, call, r->files);
	run_verb(r, provider_verb_name(call->verb), provider_timeout(call), on_answer);
}

static void
on_capabilities(struct exec_call *e)
{
	struct exec_run *r = e->arg;
	struct exec_capabilities can;
	struct provider_call *call = r->call;
	char why[160];

	if (!ended_well(r))
		return;
	if (!exec_text_capabilities(e->output, e->output_len, &can, why, sizeof why)) {
		fail(r, PROVIDER_INVALID, why);
		return;
	}
	known[settings_of(call)->program.row] = can;
	run_call(r);
	provider_go_on(call);
}

static void
start(struct provider_call *call)
{
	struct exec_run *r = xcalloc(1, sizeof *r);

	call->private = r;
	r->call = call;
	outbuf_init(&r->text, 0);
	if (known[settings_of(call)->program.row].max_parallel > 0) {
		run_call(r);
		return;
	}
	outbuf_fmt(&r->text, "{\"version\":%d}\n", EXEC_VERSION);
	run_verb(r, "capabilities", CAPABILITIES_US, on_capabilities);
}

/* One, until it has said how many. */
static unsigned
parallel(const struct provider_conf *p)
{
	const struct exec_settings *s = p->settings;
	unsigned n = known[s->program.row].max_parallel;

	return n > 0 ? n : 1;
}

static void
cancel(struct provider_call *call)
{
	run_free(call->private);
}

/* ---- files ---- */

struct carrying {
	struct provider_call call;
	struct file_delivery *d;
	struct snapshot	*snap;		/* held */
	const char	*ids[1];
};

static const char *
files_refused(const struct provider_conf *p)
{
	const struct exec_settings *s = p->settings;
	const struct exec_capabilities *can = &known[s->program.row];

	if (can->max_parallel == 0)
		return "its program was not asked yet";
	return can->brings_files ? NULL : "its program has no verb file";
}

static void
carrying_free(struct carrying *k)
{
	snapshot_unhold(k->snap);
	free(k);
}

static void
on_carried(struct provider_call *call)
{
	struct carrying *k = call->arg;
	struct file_delivery *d = k->d;
	char error[sizeof call->message];

	snprintf(error, sizeof error, "%s", call->error != PROVIDER_OK ? call->message : "");
	carrying_free(k);
	file_delivered(d, error);
}

static void
files_start(struct file_delivery *d)
{
	struct carrying *k = xcalloc(1, sizeof *k);

	d->private = k;
	k->d = d;
	k->ids[0] = d->id;
	k->snap = snapshot_current();
	snapshot_hold(k->snap);
	k->call = (struct provider_call){ .verb = PROVIDER_FILE, .group = d->group, .token = "",
		.conf = object_find(k->snap, OBJECT_PROVIDER, d->provider), .epoch = epoch_now(),
		.ids = k->ids, .nids = 1, .file = d, .done = on_carried, .arg = k };
	provider_start(&k->call);
}

static void
files_cancel(struct file_delivery *d)
{
	struct carrying *k = d->private;

	provider_cancel(&k->call);
	carrying_free(k);
}

static const struct provider_files files = {
	.refused = files_refused, .start = files_start, .cancel = files_cancel
};

/* ---- the section ---- */

/* PATH VERB ARG... */
static int
settle(struct cfg *c, struct provider_conf *p)
{
	static const char *const env[] = { "WEIR_GROUP={group}", "WEIR_VERB={verb}" };
	struct exec_settings *s = p->settings;
	struct program *program = &s->program.program;
	const char **args;

	program->env = env;
	program->nenv = ARRAY_LEN(env);
	if (program->nargs == 0)
		return provider_program_settle(c, p);
	args = arena_calloc(c->arena, program->nargs + 1, sizeof *args);
	args[0] = program->args[0];
	args[1] = "{verb}";
	for (unsigned i = 1; i < program->nargs; i++)
		args[i + 1] = program->args[i];
	program->args = args;
	program->nargs++;
	return provider_program_settle(c, p);
}

const struct provider_type provider_exec = {
	.name = "exec", .settings_size = sizeof(struct exec_settings), .settle = settle,
	.start = start, .cancel = cancel, .parallel = parallel, .files = &files,
	.no_stop = "its program is asked to launch, terminate and describe only",
};

static void
module_stop(void)
{
	memset(known, 0, sizeof known);
}

const struct module mod_provider_exec = {
	.name = "provider_exec", .provider = &provider_exec, .stop = module_stop
};
