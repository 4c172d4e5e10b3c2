/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * set server ... addr, check-addr, check-port, fqdn, ssl, name. Addresses are in
 * the live cell and change at once; ssl and name are part of the configuration, so
 * ctl/overlay puts a new one into service.
 *
 * Thread: control.
 */
#include "api/cli_set_where.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "api/cli.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/health.h"
#include "ctl/overlay.h"
#include "ctl/resolve.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/server_addr.h"

#define BY	" by 'stats socket command'"

/* ---- addr ---- */

/* An IP address and nothing else. */
static bool
ip_of(const char *word, struct addr *ret_a)
{
	struct ip_port ip = { 0 };

	if (inet_pton(AF_INET, word, &ip.ip.v4) == 1)
		ip.family = AF_INET;
	else if (inet_pton(AF_INET6, word, &ip.ip.v6) == 1)
		ip.family = AF_INET6;
	else
		return false;
	memset(ret_a, 0, sizeof *ret_a);
	ret_a->kind = ip.family == AF_INET ? ADDR_INET : ADDR_INET6;
	ret_a->len = ip_port_sockaddr(&ip, &ret_a->u.ss);
	return true;
}

static void
ip_z(const struct addr *a, char *buf, size_t size)
{
	struct ip_port ip = ip_port_of(&a->u.sa);

	(void)ip_text(&ip, buf, size);
}

/* The port of `port N`; -1 = an error was told. 0 = as it is. */
static long
port_of(struct cli *c, const char *what)
{
	uint64_t v;

	if (c->nargs <= 3)
		return 0;
	if (strcmp(cli_arg(c, 3), "port") != 0) {
		cli_err(c, "set server <b>/<s> %s requires an address and optionally a port.",
		    what);
		return -1;
	}
	if (str_to_u64(str_of(cli_arg(c, 4)), &v) && v > 0 && v <= UINT16_MAX)
		return (long)v;
	if (strcmp(what, "addr") == 0)
		cli_err(c, "problem converting port '%s' to an int" BY, cli_arg(c, 4));
	else
		cli_err(c, "provided port is not an integer");
	return -1;
}

/* In HAProxy's words: what became of the address, what of the port. */
static void
tell_change(struct cli *c, const struct addr *old, const struct addr *new, bool had_port,
    bool ip_differs, bool port_differs, bool has_word)
{
	char a[64], b[64], port[64] = "";

	ip_z(old, a, sizeof a);
	ip_z(new, b, sizeof b);
	if (port_differs)
		snprintf(port, sizeof port, "port changed from '%u' to '%u'",
		    had_port ? addr_port(old) : 0u, addr_port(new));
	if (ip_differs)
		cli_msg(c, LOG_L_INFO, "IP changed from '%s' to '%s'%s%s" BY, a, b,
		    has_word ? ", " : "", port_differs ? port :
		    has_word ? "no need to change the port" : "");
	else if (has_word)
		cli_msg(c, LOG_L_INFO, "no need to change the addr, %s" BY,
		    port_differs ? port : "no need to change the port");
	else
		cli_msg(c, LOG_L_INFO, "no need to change the addr" BY);
}

static bool
is_same_ip(const struct addr *a, const struct addr *b)
{
	struct ip_port x = ip_port_of(&a->u.sa), y = ip_port_of(&b->u.sa);

	return x.family == y.family && memcmp(&x.ip, &y.ip,
	    x.family == AF_INET ? sizeof x.ip.v4 : sizeof x.ip) == 0;
}

/* A server without an address may serve now. */
static void
found(struct server *srv)
{
	if (atomic_load(&srv->live->admin) & SRV_ADM_RMAINT)
		health_set_admin(srv->live, 0, SRV_ADM_RMAINT);
	health_check_now(srv->live);
}

void
cli_set_addr(struct cli *c, struct server *srv, const char *word)
{
	struct addr old, new;
	struct ip_port ip;
	bool had_port, ip_differs, port_differs;
	long port;

	if (word[0] == '\0') {
		cli_err(c, "set server <b>/<s> addr requires an address and optionally a port.");
		return;
	}
	if (!ip_of(word, &new)) {
		cli_err(c, "Invalid addr '%s'" BY, word);
		return;
	}
	if ((port = port_of(c, "addr")) == -1)
		return;
	server_addr_now(srv, &old, &had_port);
	addr_set_port(&new, port != 0 ? (uint16_t)port : addr_port(&old));
	ip_differs = !is_same_ip(&old, &new);
	port_differs = port != 0 && (!had_port || addr_port(&old) != (uint16_t)port);
	if (ip_differs || port_differs) {
		ip = ip_port_of(&new.u.sa);
		server_addr_set(srv->live, &ip, had_port || port != 0);
		found(srv);
	}
	tell_change(c, &old, &new, had_port, ip_differs, port_differs, port != 0);
}

/* ---- checks ---- */

/* False after an error. */
static bool
is_checked(struct cli *c, const struct server *srv)
{
	struct check_view v;

	if (health_view(srv->live, &v))
		return true;
	cli_err(c, "health checks are not enabled on this server");
	return false;
}

void
cli_set_check_addr(struct cli *c, struct server *srv, const char *word)
{
	struct server_live *l = srv->live;
	struct addr a;
	long port;

	if (word[0] == '\0') {
		cli_err(c, "set server <b>/<s> check-addr requires an address and optionally "
		    "a port.");
		return;
	}
	if (!is_checked(c, srv))
		return;
	if (!ip_of(word, &a)) {
		cli_err(c, "invalid addr '%s'", word);
		return;
	}
	if ((port = port_of(c, "check-addr")) == -1)
		return;
	if (l->check_addr == NULL)
		l->check_addr = xmalloc(sizeof *l->check_addr);
	*l->check_addr = a;
	if (port != 0)
		l->check_port = (uint16_t)port;
}

void
cli_set_check_port(struct cli *c, struct server *srv, const char *word)
{
	uint64_t v;

	if (!is_checked(c, srv))
		return;
	if (!str_to_u64(str_of(word), &v))
		cli_err(c, "provided port is not an integer");
	else if (v < 1 || v > UINT16_MAX)
		cli_err(c, "provided port is not valid");
	else
		srv->live->check_port = (uint16_t)v;
}

/* ---- fqdn ---- */

void
cli_set_fqdn(struct cli *c, struct server *srv, const char *word)
{
	if (word[0] == '\0')
		cli_err(c, "set server <b>/<s> fqdn requires a FQDN.");
	else if (!dns_name_ok(word))
		cli_err(c, "'%s' is no name that can be resolved.", word);
	else if (!resolve_set_fqdn(srv, word))
		cli_err(c, "set server %s/%s fqdn failed because no resolution is configured.",
		    srv->backend->name, srv->name);
}

/* ---- ssl, name ---- */

static void
on_changed(void *arg, bool ok, const char *text)
{
	struct cli *c = arg;

	if (!ok)
		cli_err(c, "%s", text);
	cli_done(c);
}

static void
on_renamed(void *arg, bool ok, const char *text)
{
	struct cli *c = arg;

	if (ok)
		cli_msg(c, LOG_L_INFO, "Server name updated.");
	else
		cli_err(c, "%s", text);
	cli_done(c);
}

void
cli_set_ssl(struct cli *c, struct server *srv, const char *word)
{
	bool is_on = strcmp(word, "on") == 0, has_tls = srv->flags & SRV_SSL;

	if (!has_tls && srv->tls_conf == NULL && !srv->had_tls)
		cli_err(c, "'set server <srv> ssl' cannot be set.  default-server should define "
		    "ssl settings");
	else if (!is_on && strcmp(word, "off") != 0)
		cli_err(c, "'set server <srv> ssl' expects 'on' or 'off'.");
	else if (is_on != has_tls) {
		overlay_set_tls(srv, is_on, on_changed, c);
		cli_wait(c);
	}
}

void
cli_set_name(struct cli *c, struct server *srv, const char *word)
{
	const char *why;
	bool is_idle;
	char bad;

	why = overlay_refusal(srv, &is_idle);
	bad = word[0] != '\0' ? proxy_name_bad_char(word) : '\0';
	if (word[0] == '\0')
		cli_err(c, "set server <b>/<s> name requires a new name.");
	else if (bad != '\0')
		cli_err(c, "character '%c' is not permitted in server name '%s'.", bad, word);
	else if (why != NULL && !is_idle && !(atomic_load(&srv->live->admin) & SRV_ADM_MAINT))
		cli_err(c, "Only servers in maintenance mode can be renamed.");
	else if (why != NULL && !is_idle)
		cli_err(c, "This server cannot be renamed at runtime due to other configuration "
		    "elements pointing to it.");
	else if (server_find(srv->backend, word) != NULL)
		cli_err(c, "Already exists a server with the same name in backend.");
	else {
		overlay_rename(srv, word, on_renamed, c);
		cli_wait(c);
	}
}
