/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Servers that come and go at run time: add server, del server, and waiting until
 * one may go. The work is ctl/overlay's; its answer comes when the configuration
 * with the change is in service.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/cli_find.h"
#include "base/clock.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "ctl/control.h"
#include "ctl/instance.h"
#include "ctl/overlay.h"
#include "ctl/server_purge.h"
#include "ctl/state_file.h"
#include "event/loop.h"
#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/proxy.h"

#define NAME_BYTES	256
#define LOOK_US		10000u

/* ---- add server ---- */

static void
put_word(const struct module *m, const struct kw_row *row, void *arg)
{
	struct cli *c = arg;

	(void)m;
	if ((row->in & IN_SERVER) && row->kind == KW_OBEYED && !(row->flags & KW_F_FILE_ONLY))
		outbuf_fmt(&c->out, "%s\n", row->name);
}

static void
add_help(struct cli *c)
{
	outbuf_z(&c->out, "List of keywords supported for dynamic servers:\n");
	kw_each(put_word, c);
}

static void
on_added(void *arg, bool ok, const char *text)
{
	struct cli *c = arg;

	if (ok)
		cli_msg(c, LOG_L_INFO, "New server registered.");
	else
		cli_err(c, "%s", text);
	cli_done(c);
}

/* The backend of `be/name` that may get one; NULL after an error. */
static const struct proxy *
backend_for(struct cli *c, const char *name)
{
	const char *server;
	const struct proxy *px = cli_find_backend_of(c, name, &server);

	if (px == NULL || lb_is_dynamic(px))
		return px;
	cli_err(c, "backend '%s' uses a non dynamic load balancing method", px->name);
	return NULL;
}

static void
add_server(struct cli *c)
{
	const char *name = cli_arg(c, 0);
	const struct proxy *px;
	char bad;

	if (c->nargs == 1 && strcmp(name, "help") == 0) {
		add_help(c);
		return;
	}
	px = backend_for(c, name);
	if (px == NULL)
		return;
	name = strchr(name, '/') + 1;
	bad = proxy_name_bad_char(name);
	if (bad != '\0')
		cli_err(c, "character '%c' is not permitted in server name '%s'.", bad, name);
	else if (c->nargs < 2)
		cli_err(c, "'server' expects <name> and <addr>[:<port>] as arguments.");
	else if (server_find(px, name) != NULL)
		cli_err(c, "Already exists a server with the same name in backend.");
	else {
		char *words[64];
		int n = c->nargs < 64 ? c->nargs : 64;

		memcpy(words, c->args, (size_t)n * sizeof *words);
		words[0] = (char *)(uintptr_t)name;
		overlay_add(px->name, words, n, OVERLAY_CLI, on_added, c);
		cli_wait(c);
	}
}

/* ---- del server ---- */

static void
on_deleted(void *arg, bool ok, const char *text)
{
	struct cli *c = arg;

	if (ok)
		cli_msg(c, LOG_L_INFO, "Server deleted.");
	else
		cli_err(c, "%s", text);
	cli_done(c);
}

/* Told: a scaling group's comes and goes with its instance. */
static bool
is_owned(struct cli *c, const struct server *srv)
{
	const char *group = instance_owner(srv->backend->name, srv->name);

	if (group != NULL)
		cli_err(c, "Server %s/%s is owned by scaling-group %s.", srv->backend->name,
		    srv->name, group);
	return group != NULL;
}

static void
del_server(struct cli *c)
{
	const struct server *srv = cli_find_server(c, cli_arg(c, 0));
	const char *why;
	bool later;

	if (srv == NULL)
		return;
	if (is_owned(c, srv))
		return;
	why = overlay_refusal(srv, &later);
	if (why != NULL) {
		cli_err(c, "%s", why);
		return;
	}
	overlay_del(srv, on_deleted, c);
	cli_wait(c);
}

/* ---- show default-server ---- */

static void
show_default_server(struct cli *c)
{
	const struct proxy *px = snapshot_current()->proxies;
	bool is_one = c->nargs > 0;

	if (is_one && (px = cli_proxy_named(snapshot_current(), c->args[0], CAP_BACKEND)) == NULL) {
		cli_err(c, "Can't find backend.");
		return;
	}
	outbuf_z(&c->out, "# backend default-server\n");
	for (; px != NULL; px = is_one ? NULL : px->next) {
		const char *text = px->set.default_server_text;

		if (px->cap & CAP_BACKEND)
			outbuf_fmt(&c->out, "%s %s\n", px->name, text != NULL ? text : "-");
	}
}

/* ---- save servers state ---- */

static void
on_saved(void *arg, const char *text)
{
	struct cli *c = arg;

	if (text != NULL)
		cli_err(c, "%s", text);
	cli_done(c);
}

static void
save_state(struct cli *c)
{
	if (state_files_save(on_saved, c) == 0)
		cli_wait(c);
	else
		cli_err(c, "The configuration names no server state file.");
}

/* ---- wait ---- */

struct wait {
	struct timer	 timer;
	struct cli	*c;
	uint64_t	 end_us;
	char		*server;	/* owned; "be/s"; NULL: the time alone */
};

static void
wait_end(struct wait *w)
{
	struct cli *c = w->c;

	timer_unlink(&control_loop->wheel, &w->timer);
	free(w->server);
	free(w);
	cli_done(c);
}

/* True: that was the answer. */
static bool
is_removable(struct wait *w)
{
	const struct server *srv = cli_find_server(w->c, w->server);
	const char *why;
	bool later;

	if (srv == NULL)
		return true;
	why = overlay_refusal(srv, &later);
	if (why == NULL) {
		cli_msg(w->c, LOG_L_INFO, "Done.");
		return true;
	}
	if (!later)
		cli_err(w->c, "Failed. %s", why);
	else
		server_purge_idle(srv->live);	/* in maintenance: nothing new goes to it */
	return !later;
}

static void
on_look(struct timer *t)
{
	struct wait *w = CONTAINER_OF(t, struct wait, timer);

	if (cli_is_gone(w->c) || (w->server != NULL && is_removable(w))) {
		wait_end(w);
		return;
	}
	if (clock_now_us >= w->end_us) {
		if (w->server != NULL)
			cli_err(w->c, "Wait delay expired.");
		wait_end(w);
		return;
	}
	timer_set(&control_loop->wheel, t, clock_now_us + LOOK_US);
}

static void
wait_cmd(struct cli *c)
{
	struct wait *w;
	uint64_t us;

	if (strcmp(cli_arg(c, 0), "-h") == 0) {
		outbuf_z(&c->out, "Usage: wait {-h|<duration>} [condition [args...]]\n"
		    "  - '-h' displays this help\n"
		    "  - <duration> is the maximum wait time, in milliseconds or with a unit\n"
		    "  - srv-removable <bk>/<srv>: wait until 'del server' may remove it\n");
		return;
	}
	if (c->nargs < 1 || str_to_duration_us(str_of(cli_arg(c, 0)), 1000, &us) != PARSE_OK) {
		cli_err(c, "Expects a duration in milliseconds.");
		return;
	}
	if (c->nargs > 1 && (c->nargs != 3 || strcmp(cli_arg(c, 1), "srv-removable") != 0)) {
		cli_err(c, "Unknown condition '%s': expects srv-removable <bk>/<srv>.",
		    cli_arg(c, 1));
		return;
	}
	w = xcalloc(1, sizeof *w);
	timer_init(&w->timer, on_look);
	w->c = c;
	w->end_us = clock_now_us + us;
	w->server = c->nargs > 1 ? xstrdup(cli_arg(c, 2)) : NULL;
	cli_wait(c);
	on_look(&w->timer);
}

/* ---- rows ---- */

static const struct cli_row rows[] = {
	{ "add server", CLI_ADMIN, CLI_F_CHANGE, add_server,
	  "<bk>/<srv> <addr> [opts]",
	  "add a server, in maintenance ('add server help' lists options)" },
	{ "del server", CLI_ADMIN, CLI_F_CHANGE, del_server, "<bk>/<srv>",
	  "remove a server that is in maintenance" },
	{ "show default-server", CLI_USER, 0, show_default_server, "[<backend>]",
	  "show what default-server lines say" },
	{ "save servers state", CLI_ADMIN, CLI_F_CHANGE, save_state, "",
	  "write the server state files of the configuration" },
	{ "wait", CLI_USER, 0, wait_cmd, "<delay> [srv-removable <server>]",
	  "wait for a time, or for a server that can be removed" },
	{ 0 }
};

const struct module mod_cli_server = { .name = "cli_server", .cli = rows };
