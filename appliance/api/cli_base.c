/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands about the connection itself: help, prompt, levels, modes.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "base/module.h"
#include "base/str.h"
#include "base/version.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

extern char **environ;

static void
help(struct cli *c)
{
	unsigned hidden = (c->is_expert ? 0 : CLI_F_EXPERT) |
	    (c->is_experimental ? 0 : CLI_F_EXPERIMENTAL);

	cli_help(&c->out, c->level, hidden, c->args, c->nargs);
}

static void
quit(struct cli *c)
{
	c->is_closing = true;
}

static void
set_prompt(struct cli *c, bool interactive, bool prompt)
{
	c->is_interactive = interactive;
	c->has_prompt = prompt;
}

static void
prompt(struct cli *c)
{
	if (c->nargs == 0)
		set_prompt(c, !c->has_prompt, !c->has_prompt);
	for (int i = 0; i < c->nargs; i++) {
		const char *mode = c->args[i];

		if (strcmp(mode, "n") == 0)
			set_prompt(c, false, false);
		else if (strcmp(mode, "i") == 0)
			set_prompt(c, true, false);
		else if (strcmp(mode, "p") == 0)
			set_prompt(c, true, true);
		else if (strcmp(mode, "timed") == 0) {
			c->is_timed = !c->is_timed || !c->has_prompt;
			set_prompt(c, true, true);
		} else {
			cli_err(c, "'prompt' expects 'n', 'i', 'p' or 'timed'.");
			return;
		}
	}
}

static void
lower(struct cli *c, unsigned level)
{
	if (c->level < level)
		cli_err(c, "Permission denied");
	else
		c->level = (uint8_t)level;
}

static void
to_operator(struct cli *c)
{
	lower(c, CLI_OPERATOR);
}

static void
to_user(struct cli *c)
{
	lower(c, CLI_USER);
}

static void
show_level(struct cli *c)
{
	outbuf_fmt(&c->out, "%s\n", cli_level_name(c->level));
}

static void
show_sockets(struct cli *c)
{
	outbuf_z(&c->out, "# socket lvl processes\n");
	for (const struct bind_conf *b = snapshot_current()->global->stats_binds; b != NULL;
	    b = b->next) {
		char text[160];

		addr_text(&b->addr, text, sizeof text);
		outbuf_fmt(&c->out, "%s %s all\n", text,
		    cli_level_name(b->level != 0 ? b->level : CLI_OPERATOR));
	}
}

static void
set_severity(struct cli *c)
{
	static const char *const forms[] = { "none", "number", "string" };

	for (unsigned i = 0; i < 3; i++)
		if (strcmp(cli_arg(c, 0), forms[i]) == 0) {
			c->severity = (uint8_t)i;
			return;
		}
	cli_err(c, "one of 'none', 'number', 'string' is a required argument");
}

static void
set_mode(struct cli *c, const char *name, bool *mode)
{
	if (c->nargs == 0)
		outbuf_fmt(&c->out, "%s is %s\n", name, *mode ? "ON" : "OFF");
	else
		*mode = strcmp(c->args[0], "on") == 0;
}

static void
expert_mode(struct cli *c)
{
	set_mode(c, "expert-mode", &c->is_expert);
}

static void
experimental_mode(struct cli *c)
{
	set_mode(c, "experimental-mode", &c->is_experimental);
}

static void
set_timeout(struct cli *c)
{
	uint64_t us;

	if (strcmp(cli_arg(c, 0), "cli") != 0)
		cli_err(c, "'set timeout' only supports 'cli'.");
	else if (c->nargs < 2)
		cli_err(c, "Expects an integer value.");
	else if (str_to_duration_us(str_of(c->args[1]), 1000000, &us) != PARSE_OK || us == 0 ||
	    us > 86400ull * 1000000 * 365)
		cli_err(c, "Invalid timeout value.");
	else
		c->timeout_us = us;
}

static void
echo(struct cli *c)
{
	struct outbuf line;

	outbuf_init(&line, 0);
	for (int i = 0; i < c->nargs; i++)
		outbuf_fmt(&line, "%s%s", i > 0 ? " " : "", c->args[i]);
	outbuf_z(&line, "\n");
	cli_text(c, line.data);
	outbuf_fini(&line);
}

static void
show_version(struct cli *c)
{
	outbuf_z(&c->out, WEIR_FULL_VERSION "\n");
}

/* Values may have several lines; none of the answer's may be empty. */
static void
show_env(struct cli *c)
{
	const char *name = cli_arg(c, 0);
	size_t len = strlen(name);
	bool found = false;

	for (char **e = environ; *e != NULL; e++) {
		if (len > 0 && (strncmp(*e, name, len) != 0 || (*e)[len] != '='))
			continue;
		cli_text(c, *e);
		found = true;
	}
	if (!found && len > 0)
		cli_err(c, "Variable not found");
}

static const struct cli_row rows[] = {
	{ "help", CLI_USER, CLI_F_LAST, help, "[<command>]", "list matching or all commands" },
	{ "prompt", CLI_USER, CLI_F_LAST, prompt, "[n|i|p|timed]*",
	  "toggle interactive mode with prompt" },
	{ "quit", CLI_USER, CLI_F_LAST, quit, "", "disconnect" },
	{ "operator", CLI_USER, 0, to_operator, "",
	  "lower the level of this connection to operator" },
	{ "user", CLI_USER, 0, to_user, "", "lower the level of this connection to user" },
	{ "show cli level", CLI_USER, 0, show_level, "", "show the level of this connection" },
	{ "show cli sockets", CLI_OPERATOR, 0, show_sockets, "",
	  "list the stats sockets and their levels" },
	{ "set severity-output", CLI_USER, 0, set_severity, "[none|number|string]",
	  "put the severity in front of messages" },
	{ "expert-mode", CLI_ADMIN, 0, expert_mode, "[on|off]",
	  "allow commands for experts on this connection" },
	{ "experimental-mode", CLI_ADMIN, 0, experimental_mode, "[on|off]",
	  "allow experimental commands on this connection" },
	{ "set timeout", CLI_USER, 0, set_timeout, "[cli] <delay>",
	  "set how long this connection may be idle" },
	{ "echo", CLI_USER, 0, echo, "<text>", "print the text" },
	{ "show version", CLI_USER, 0, show_version, "", "show the version of this process" },
	{ "show env", CLI_OPERATOR, 0, show_env, "[<name>]",
	  "show the environment of this process" },
	{ 0 }
};

const struct module mod_cli_base = { .name = "cli_base", .cli = rows };
