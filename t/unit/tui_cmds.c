/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of commands: what counts as a refusal, what was taken back, how many are kept. */
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "tui/cmds.h"
#include "tui/model.h"

static struct model *m;
static struct host *h;

static unsigned
send(const char *command, const char *inverse, unsigned undoes)
{
	struct order o = { .host = h, .command = (char *)command, .inverse = (char *)inverse };

	return cmds_add(m, &o, undoes);
}

/* The state of the command after that answer. */
static enum cmd_state
answered(const char *command, const char *text)
{
	unsigned n = send(command, NULL, 0);

	cmds_done(m, n, true, text, strlen(text), m->now_ms + 3);
	return cmds_find(m, n)->state;
}

static void
test_refusals(void)
{
	static const struct { const char *command, *answer; enum cmd_state state; } cases[] = {
		{ "set server app/a state drain", "", CMD_OK },
		{ "set server app/a state drain", "\n\n", CMD_OK },
		{ "set server app/a state drain", "No such server.\n", CMD_FAILED },
		{ "set server app/a weight 5", "Relative weight can only ...", CMD_FAILED },
		{ "set server app/a addr 10.0.0.1", "IP changed from '127.0.0.1' to '10.0.0.1'",
		    CMD_OK },
		{ "set server app/a addr x", "Invalid addr family '0'", CMD_FAILED },
		{ "shutdown sessions server app/a", "Permission denied", CMD_FAILED },
		{ "alarm ack hot", "", CMD_OK },
		{ "alarm ack hto", "There is no alarm 'hto', did you mean 'hot'?", CMD_FAILED },
		{ "group set-desired web 3", "desired 1 -> 3", CMD_OK },
		{ "group set-desired wbe 3", "AutoScalingGroup name not found - "
		    "AutoScalingGroup 'wbe' not found, did you mean 'web'?", CMD_FAILED },
		{ "group set-desired web 9", "New SetDesiredCapacity value 9 is above max value 4 "
		    "for the AutoScalingGroup.", CMD_FAILED },
		{ "instance terminate i-1", "Instance Id not found - No managed instance found "
		    "for instance ID: i-1", CMD_FAILED },
		{ "instance terminate i-2", "0b8c7a3e-1d8f-4a6e-9a35-6d7c5f0a1b2c", CMD_OK },
		{ "lua load size if-version 1 <<E\nx\nE", "size v2 active", CMD_OK },
		{ "lua load size if-version 1 <<E\nx\nE", "version is now 3", CMD_FAILED },
		{ "lua load size <<E\nx =\nE", "size.lua:1: unexpected symbol near <eof>",
		    CMD_FAILED },
		{ "lua rollback size", "size v1 active", CMD_OK },
		{ "lua rollback size", "size has no older version", CMD_FAILED },
		{ "policy execute web/more", "ignored: cooldown 12 s left", CMD_FAILED },
		{ "reload", "Success=1\n", CMD_OK },
		{ "reload", "Success=0\n--\nbad line\n", CMD_FAILED },
		{ "show info", "Name: weir", CMD_OK },
		{ "shwo info", "Unknown command: 'shwo info', did you mean 'show info'?",
		    CMD_FAILED },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!ok_named(answered(cases[i].command, cases[i].answer) == cases[i].state,
		    "%.30s: %.40s", cases[i].command, cases[i].answer))
			tap_diag("%d", cmds_find(m, m->cmd_numbers)->state);
}

static void
test_answers(void)
{
	unsigned n = send("show info", NULL, 0);
	struct cmd *c = cmds_find(m, n);

	is_int(c->state, CMD_SENT);
	cmds_done(m, n, true, "  \n a\nb\n\n", 9, m->now_ms + 12);
	c = cmds_find(m, n);
	is_str(c->answer, "a\nb");
	ok(c->took_ms == 12);
	n = send("show info", NULL, 0);
	cmds_done(m, n, false, "", 0, m->now_ms);
	is_int(cmds_find(m, n)->state, CMD_LOST);
	cmds_done(m, 99999, true, "x", 1, 0);		/* one that is not kept any more */
	ok(cmds_find(m, 99999) == NULL);
}

static void
test_undo(void)
{
	unsigned n = send("set server a/b state drain", "set server a/b state ready", 0), back;

	cmds_done(m, n, true, "", 0, m->now_ms);
	back = send("set server a/b state ready", NULL, n);
	cmds_done(m, back, true, "No such server.", 15, m->now_ms);
	ok(!cmds_find(m, n)->is_undone);		/* it did not work */
	back = send("set server a/b state ready", NULL, n);
	cmds_done(m, back, true, "", 0, m->now_ms);
	ok(cmds_find(m, n)->is_undone);
	is_str(cmds_find(m, n)->inverse, "set server a/b state ready");
}

static void
test_many(void)
{
	unsigned first = send("show info", NULL, 0), i;

	for (i = 0; i < 600; i++)
		send("show stat", "show stat", 0);
	is_int(m->ncmds, 500);
	ok(cmds_find(m, first) == NULL);
	is_int(m->cmds[499].number, first + 600);
	cmds_fini(m);
	is_int(m->ncmds, 0);
}

int
main(void)
{
	m = model_new();
	m->now_ms = 1000;
	h = model_host(m, "lb1");
	test_refusals();
	test_answers();
	test_undo();
	test_many();
	model_free(m);
	return tap_done();
}
