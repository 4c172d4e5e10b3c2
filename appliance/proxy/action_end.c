/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Actions that end a rule set: allow, deny, return, redirect, tarpit, reject and
 * silent-drop. They choose an answer and a verdict; the driver does the rest.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "proxy/proxy.h"
#include "proxy/reply.h"
#include "proxy/rules.h"
#include "proxy/txn.h"

static enum rule_verdict
run_verdict(const struct rule *r, struct sample_ctx *x)
{
	(void)x;
	return (enum rule_verdict)r->row->priv;
}

/* return, deny, tarpit, redirect: r->arg is the answer */
static enum rule_verdict
run_reply(const struct rule *r, struct sample_ctx *x)
{
	if (x->t == NULL)
		return RULE_REJECT;
	x->t->reply = r->arg;
	return (enum rule_verdict)r->row->priv;
}

static int
parse_none(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	(void)c, (void)r, (void)args, (void)nargs;
	*ret_used = 0;
	return 0;
}

static int
parse_reply(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	enum rule_verdict v = (enum rule_verdict)r->row->priv;
	unsigned status = v == RULE_REPLY ? 200 : v == RULE_TARPIT ? 500 :
	    r->kind == RS_HTTP_REQUEST ? 403 : 502;

	r->arg = reply_parse(c, r->px, r->row->name, status, r->use, args, nargs, ret_used);
	return r->arg != NULL ? 0 : -1;
}

static int
parse_redirect(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	r->arg = redirect_parse(c, r->px, r->use, args, nargs, ret_used);
	return r->arg != NULL ? 0 : -1;
}

/* `silent-drop [rst-ttl N]`: the option needs raw sockets */
static int
parse_drop(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	(void)r;
	*ret_used = 0;
	if (nargs == 0 || strcmp(args[0], "rst-ttl") != 0)
		return 0;
	diag_error(c->diag, "'silent-drop rst-ttl' is not supported.");
	return -1;
}

#define REQ	(1u << RS_HTTP_REQUEST)
#define RES	(1u << RS_HTTP_RESPONSE)
#define AFTER	(1u << RS_HTTP_AFTER)
#define EARLY	(1u << RS_TCP_CONNECTION | 1u << RS_TCP_SESSION)
#define TCP	(EARLY | 1u << RS_TCP_CONTENT | 1u << RS_TCP_RESPONSE)

static const struct action_row actions[] = {
	{ "allow", REQ | RES | AFTER, parse_none, run_verdict, RULE_STOP, "",
	    "Ends this rule set; the request goes on." },
	{ "accept", TCP, parse_none, run_verdict, RULE_STOP, "",
	    "Ends this rule set; the connection goes on." },
	{ "reject", TCP | REQ, parse_none, run_verdict, RULE_REJECT, "",
	    "Closes without an answer." },
	{ "silent-drop", TCP | REQ | RES, parse_drop, run_verdict, RULE_DROP, "",
	    "Forgets the connection without telling the client." },
	{ "deny", REQ | RES, parse_reply, run_reply, RULE_DENY,
	    "[deny_status <status>] [<return arguments>]",
	    "Refuses: 403 for requests, 502 for responses." },
	{ "return", REQ | RES, parse_reply, run_reply, RULE_REPLY,
	    "[status <status>] [content-type <type>] [string|lf-string|file|lf-file|errorfile|"
	    "errorfiles <arg>] [hdr <name> <format>]...", "Answers the client itself." },
	{ "redirect", REQ | RES, parse_redirect, run_reply, RULE_REPLY,
	    "{location|prefix|scheme} <format> [code <status>] [<options>]",
	    "Sends the client elsewhere." },
	{ "tarpit", REQ, parse_reply, run_reply, RULE_TARPIT,
	    "[deny_status <status>] [<return arguments>]",
	    "Holds the client for timeout tarpit, then refuses." },
	{ .name = NULL }
};

const struct module mod_action_end = {
	.name = "action_end",
	.actions = actions,
};
