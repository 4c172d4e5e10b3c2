/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Notifiers of type exec: a program that reads the message, JSON in weir's own form, on
 * stdin. Exit status 0 is success; 75 (EX_TEMPFAIL of sysexits.h), a signal and the
 * timeout are tried again, other ends are final.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/diag.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "ctl/exec_call.h"
#include "ctl/outbox.h"
#include "event/sched.h"

struct job {				/* in d->scratch */
	struct exec_call call;
	const char	*values[3][2];
};

static int
settle(struct cfg *c, struct notifier_conf *n)
{
	struct program p = { 0 };

	if (n->command == NULL) {
		diag_error(c->diag, "notifier '%s' of type exec needs a 'command'.",
		    n->object.name);
		return -1;
	}
	p.args = (const char *const *)n->command;
	while (n->command[p.nargs] != NULL)
		p.nargs++;
	n->program_row = program_row(&p);
	if (n->program_row != -1)
		return 0;
	diag_error(c->diag, "notifier '%s': '%s' with these words was not named when the process "
	    "started: a new program needs a restart.", n->object.name, n->command[0]);
	return -1;
}

static int
parse_command(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct notifier_conf *n = c->object;

	if (n->kind == NULL || strcmp(n->kind->name, "exec") != 0) {
		diag_error(c->diag, "'%s' is a word of notifiers of type exec.", row->name);
		return -1;
	}
	if (args[0][0] != '/' || nargs > (int)PROGRAM_WORDS_MAX) {
		diag_error(c->diag, "'%s': '%s' is no absolute path, or there are more than %u "
		    "words.", row->name, args[0], PROGRAM_WORDS_MAX);
		return -1;
	}
	n->command = args;
	return 0;
}

static void
on_end(struct exec_call *call)
{
	bool is_exit = call->end == PROGRAM_EXITED;
	char text[200];

	exec_call_end_text(call, text, sizeof text);
	sched_busy_end();
	outbox_done(call->arg, is_exit && call->value == 0,
	    !is_exit || call->value == EX_TEMPFAIL, text);
}

static void
send(struct delivery *d, const struct notifier_conf *n)
{
	struct job *job = xcalloc(1, sizeof *job);
	struct outbuf b;

	outbuf_init(&b, 0);
	notice_body(&b, d, n);
	outbuf_z(&b, "\n");
	d->scratch = (char *)job;
	job->call = (struct exec_call){ .row = n->program_row,
	    .values = (const char *const (*)[2])job->values, .input = b.data,
	    .input_len = b.len, .timeout_us = n->timeout_us, .done = on_end, .arg = d };
	sched_busy_begin();
	exec_call_start(&job->call);
	outbuf_fini(&b);
}

static void
cancel(struct delivery *d)
{
	exec_call_cancel(&((struct job *)(void *)d->scratch)->call);
	sched_busy_end();
}

static const struct kw_row rows[] = {
	{ "command", IN_NOTIFIER, KW_OBEYED, 1, 1, KW_F_ANY_ARGS, parse_command, 0,
	  "<path> <word>...", "exec: the program; it reads the message on stdin" },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct notifier_kind kind = { "exec", settle, send, cancel };

const struct module mod_notifier_exec = {
	.name = "notifier_exec", .cfg = rows, .notifier_kind = &kind
};
