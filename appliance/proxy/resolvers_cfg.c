/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sections `resolvers` and the words of server lines that belong to them. The
 * section `default` is there always; unless it is written it takes the name
 * servers of /etc/resolv.conf.
 *
 * Thread: the one that loads.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "net/dns_msg.h"
#include "net/host.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/resolvers.h"

#define RESOLV_CONF	"/etc/resolv.conf"
#define SECONDS(n)	((uint64_t)(n) * 1000000)

/* ---- sections ---- */

struct resolvers *
resolvers_find(const struct snapshot *s, const char *name)
{
	struct resolvers *r = s->global != NULL ? s->global->resolvers : NULL;

	while (r != NULL && strcmp(r->name, name) != 0)
		r = r->next;
	return r;
}

static struct resolvers *
section_new(struct cfg *c, const char *name)
{
	struct resolvers *r = arena_alloc(c->arena, sizeof *r), **at;

	r->name = name;
	r->file = c->file;
	r->line = c->line;
	r->retries = 3;
	r->payload = 512;
	r->resolve_us = r->retry_us = SECONDS(1);
	r->valid_us = SECONDS(10);
	r->nx_us = r->refused_us = r->other_us = r->timeout_us = SECONDS(30);
	for (at = &global_of(c)->resolvers; *at != NULL; at = &(*at)->next)
		;
	*at = r;
	return r;
}

static int
open_section(struct cfg *c, char **args, int nargs)
{
	const struct resolvers *other;
	char bad;

	if (nargs != 1) {
		diag_error(c->diag, "'resolvers' expects one name as argument.");
		c->object = section_new(c, "");
		return 0;
	}
	bad = proxy_name_bad_char(args[0]);
	if (bad != '\0')
		diag_error(c->diag, "character '%c' is not permitted in 'resolvers' name '%s'.",
		    bad, args[0]);
	other = resolvers_find(c->snap, args[0]);
	if (other != NULL)
		diag_error(c->diag, "resolvers '%s' has same name as another resolvers (declared "
		    "at %s:%d).", args[0], other->file, other->line);
	c->object = section_new(c, args[0]);
	return 0;
}

static struct nameserver *
add_nameserver(struct cfg *c, struct resolvers *r, const char *name, const struct addr *a)
{
	struct nameserver *ns = arena_alloc(c->arena, sizeof *ns), **at;

	ns->name = name;
	ns->addr = *a;
	for (at = &r->nameservers; *at != NULL; at = &(*at)->next)
		;
	*at = ns;
	return ns;
}

static int
parse_nameserver(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct resolvers *r = c->object;
	const char *text = args[1];
	bool is_tcp = strncmp(text, "tcp@", 4) == 0;
	char err[256];
	struct addr a;

	(void)row, (void)nargs;
	for (const struct nameserver *ns = r->nameservers; ns != NULL; ns = ns->next)
		if (strcmp(ns->name, args[0]) == 0) {
			diag_error(c->diag, "name server '%s' is there already.", args[0]);
			return -1;
		}
	if (is_tcp || strncmp(text, "udp@", 4) == 0)
		text += 4;
	if (addr_parse(text, ADDR_DEFAULT_PORT_OK, &a, err, sizeof err) == -1 ||
	    (a.kind != ADDR_INET && a.kind != ADDR_INET6)) {
		diag_error(c->diag, "'nameserver' : '%s' is no IP address with a port.", text);
		return -1;
	}
	if (addr_port(&a) == 0)
		addr_set_port(&a, 53);
	add_nameserver(c, r, args[0], &a)->is_tcp = is_tcp;
	return 0;
}

/* `nameserver ADDRESS`, with what may stand behind it (a zone, blanks). */
static void
resolv_conf_line(struct cfg *c, struct resolvers *r, const char *line)
{
	struct ip_port ip = { .port = 53 };
	struct addr a = { 0 };
	char *text;

	if (strncmp(line, "nameserver", 10) != 0)
		return;
	line += 10;
	text = arena_strndup(c->arena, line + strspn(line, " \t"),
	    strcspn(line + strspn(line, " \t"), " \t\r\n%"));
	if (inet_pton(AF_INET, text, &ip.ip.v4) == 1)
		ip.family = AF_INET;
	else if (inet_pton(AF_INET6, text, &ip.ip.v6) == 1)
		ip.family = AF_INET6;
	else
		return;
	a.kind = ip.family == AF_INET ? ADDR_INET : ADDR_INET6;
	a.len = ip_port_sockaddr(&ip, &a.u.ss);
	(void)add_nameserver(c, r, text, &a);
}

/* A missing file is an empty one. */
static void
read_resolv_conf(struct cfg *c, struct resolvers *r)
{
	char *text = file_read(RESOLV_CONF, 65536, NULL);

	for (const char *line = text; line != NULL && *line != '\0'; line++) {
		resolv_conf_line(c, r, line);
		line += strcspn(line, "\n");
		if (*line == '\0')
			break;
	}
	free(text);
}

static int
parse_resolv_conf(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)row, (void)args, (void)nargs;
	read_resolv_conf(c, c->object);
	return 0;
}

static int
parse_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, c->object, args, nargs);
}

/* ---- words of servers ---- */

static struct resolve_conf *
conf_of(struct cfg *c)
{
	struct server *srv = c->option_object;
	struct resolve_conf *conf;

	WEIR_ASSERT(srv != NULL);
	if (srv->resolve != NULL && srv->resolve->owner == srv)
		return srv->resolve;
	conf = arena_alloc(c->arena, sizeof *conf);
	if (srv->resolve != NULL)
		*conf = *srv->resolve;
	conf->owner = srv;
	srv->resolve = conf;
	return conf;
}

/* Servers added at run time have no names; NULL after an error. */
static struct resolve_conf *
conf_for(struct cfg *c, const struct kw_row *row)
{
	const struct server *srv = c->option_object;

	if (!srv->is_dynamic)
		return conf_of(c);
	diag_error(c->diag, "'%s' option is not accepted for dynamic server", row->name);
	return NULL;
}

static int
opt_resolvers(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct resolve_conf *conf = conf_for(c, row);

	(void)nargs;
	if (conf == NULL)
		return -1;
	conf->name = args[0];
	return 0;
}

static int
opt_prefer(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct resolve_conf *conf = conf_for(c, row);

	(void)nargs;
	if (conf == NULL)
		return -1;
	if (strcmp(args[0], "ipv4") == 0)
		conf->prefer = AF_INET;
	else if (strcmp(args[0], "ipv6") == 0)
		conf->prefer = AF_INET6;
	else {
		diag_error(c->diag, "'%s' expects either ipv4 or ipv6 as argument.", row->name);
		return -1;
	}
	return 0;
}

static int
opt_opts(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct resolve_conf *conf = conf_for(c, row);
	struct str rest = str_of(args[0]), word;

	(void)nargs;
	while (conf != NULL && str_next_elem(&rest, ',', &word))
		if (str_is(word, "allow-dup-ip"))
			conf->allow_dup_ip = true;
		else if (str_is(word, "prevent-dup-ip"))
			conf->allow_dup_ip = false;
		else if (str_is(word, "ignore-weight"))
			conf->ignore_weight = true;
		else {
			diag_error(c->diag, "'%s' : unknown resolve-opts option '" STR_FMT "', "
			    "supported ones are allow-dup-ip, ignore-weight and prevent-dup-ip.",
			    row->name, STR_ARG(word));
			return -1;
		}
	return conf != NULL ? 0 : -1;
}

static int
opt_net(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct resolve_conf *conf = conf_for(c, row);
	struct str rest = str_of(args[0]), word;

	(void)nargs;
	if (conf == NULL)
		return -1;
	conf->nnets = 0;
	while (str_next_elem(&rest, ',', &word)) {
		if (conf->nnets == RESOLVE_NETS) {
			diag_error(c->diag, "'%s' : at most %d networks.", row->name, RESOLVE_NETS);
			return -1;
		}
		if (ip_net_parse(word, &conf->nets[conf->nnets]) == -1) {
			diag_error(c->diag, "'%s' : invalid network '" STR_FMT "'.", row->name,
			    STR_ARG(word));
			return -1;
		}
		conf->nnets++;
	}
	return 0;
}

static bool
init_word(struct resolve_conf *conf, unsigned i, struct str word)
{
	char text[64];

	conf->init[i] = str_is(word, "last") ? INIT_LAST : str_is(word, "libc") ? INIT_LIBC :
	    str_is(word, "none") ? INIT_NONE : INIT_IP;
	if (conf->init[i] != INIT_IP)
		return true;
	if (word.len >= sizeof text)
		return false;
	memcpy(text, word.p, word.len);
	text[word.len] = '\0';
	memset(&conf->ips[i], 0, sizeof conf->ips[i]);
	conf->ips[i].family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(conf->ips[i].family, text, &conf->ips[i].ip) == 1;
}

static int
opt_init_addr(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct resolve_conf *conf = conf_for(c, row);
	struct str rest = str_of(args[0]), word;
	unsigned i = 0;

	(void)nargs;
	if (conf == NULL)
		return -1;
	memset(conf->init, INIT_END, sizeof conf->init);
	while (str_next_elem(&rest, ',', &word)) {
		if (i == INIT_ADDRS - 1 || !init_word(conf, i, word)) {
			diag_error(c->diag, "'%s' : invalid init-addr method '" STR_FMT "', "
			    "expected are last, libc, none and IP addresses.", row->name,
			    STR_ARG(word));
			return -1;
		}
		i++;
	}
	return 0;
}

/* ---- first addresses ---- */

bool
resolvers_is_name(struct cfg *c, const char *addr_text, const char **ret_host)
{
	size_t n = strcspn(addr_text, ":");
	bool has_letter = false;
	const char *host = arena_strndup(c->arena, addr_text, n);

	for (size_t i = 0; i < n; i++)
		has_letter |= isalpha((unsigned char)addr_text[i]) != 0;
	if (!has_letter || !dns_name_ok(host))
		return false;
	if (addr_text[n] == ':' && strchr(addr_text + n + 1, ':') != NULL)
		return false;
	*ret_host = host;
	return true;
}

static void
take_ip(struct server *srv, const struct ip_port *ip)
{
	uint16_t port = addr_port(&srv->addr);

	srv->addr.kind = ip->family == AF_INET6 ? ADDR_INET6 : ADDR_INET;
	srv->addr.len = ip_port_sockaddr(ip, &srv->addr.u.ss);
	addr_set_port(&srv->addr, port);
}

/* One method of init-addr. True: it gave an address, or says that none is fine. */
static bool
try_method(struct server *srv, const struct resolve_conf *conf, unsigned i)
{
	struct sockaddr_storage ss;
	struct ip_port ip;
	socklen_t len;

	switch (conf->init[i]) {
	case INIT_LIBC:
		if (!host_resolve(srv->fqdn, AF_UNSPEC, &ss, &len))
			return false;
		ip = ip_port_of((struct sockaddr *)&ss);
		break;
	case INIT_IP:
		ip = conf->ips[i];
		break;
	case INIT_NONE:
		srv->no_addr = true;
		return true;
	default:		/* the state file is applied when all stands */
		return false;
	}
	take_ip(srv, &ip);
	return true;
}

int
resolvers_init_addr(struct cfg *c, struct server *srv, char *err, size_t size)
{
	static const struct resolve_conf plain = { .init = { INIT_LAST, INIT_LIBC } };
	const struct resolve_conf *own = srv->resolve;
	const struct resolve_conf *conf = own != NULL && own->init[0] != INIT_END ? own : &plain;
	const char *port = strchr(srv->addr_text, ':');

	if (addr_parse(arena_printf(c->arena, "0.0.0.0%s", port != NULL ? port : ""),
	    ADDR_PORT_OFFSET | ADDR_DEFAULT_PORT_OK, &srv->addr, err, size) == -1)
		return -1;
	srv->no_addr = srv->is_dynamic || srv->fqdn[0] == '_';
	if (srv->no_addr)
		return 0;
	for (unsigned i = 0; conf->init[i] != INIT_END; i++)
		if (try_method(srv, conf, i))
			return 0;
	if (conf->init[0] == INIT_LAST && conf->init[1] == INIT_END) {
		srv->no_addr = true;
		return 0;
	}
	snprintf(err, size, "could not resolve address '%s' in '%s'", srv->fqdn, srv->addr_text);
	return -1;
}

/* ---- when all was read ---- */

static int
settle(struct cfg *c, struct server *srv)
{
	struct resolve_conf *conf;

	if (srv->fqdn == NULL || srv->resolve == NULL || srv->resolve->name == NULL)
		return 0;
	c->option_object = srv;
	conf = conf_of(c);
	c->option_object = NULL;
	conf->section = resolvers_find(c->snap, conf->name);
	if (conf->section != NULL)
		return 0;
	diag_at(c->diag, srv->file, srv->line);
	diag_error(c->diag, "%s '%s', server '%s': unable to find required resolvers '%s'",
	    proxy_type_name(srv->backend), srv->backend->name, srv->name, conf->name);
	return -1;
}

static int
post_resolvers(struct cfg *c)
{
	int r = 0;

	if (resolvers_find(c->snap, "default") == NULL)
		read_resolv_conf(c, section_new(c, "default"));
	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next)
		for (struct server *srv = px->server_list; srv != NULL; srv = srv->next)
			r |= settle(c, srv);
	return r;
}

static const struct post_row posts[] = { { "resolvers", post_resolvers }, { 0 } };

/* ---- rows ---- */

#define OWN(name, min, max, fn, arg, syntax, help) \
	{ name, IN_RESOLVERS, KW_OBEYED, min, max, 0, fn, arg, syntax, help }
#define TIME(name, member, help, ...) \
	OWN(name, 1, 1, parse_field, \
	    CFG_FIELD(CFG_TIME, struct resolvers, member, ##__VA_ARGS__), "<time>", help)
#define OPTION(name, fn, syntax, help) \
	{ name, IN_SERVER, KW_OBEYED, 1, 1, KW_F_FILE_ONLY, fn, 0, syntax, help }

static const struct kw_row rows[] = {
	{ "nameserver", IN_RESOLVERS, KW_OBEYED, 2, 2, KW_F_ADDRESS, parse_nameserver, 0,
	    "<name> [udp@|tcp@]<address>[:<port>]",
	    "A server to ask, by UDP first unless tcp@ is written; port 53 by default." },
	OWN("parse-resolv-conf", 0, 0, parse_resolv_conf, 0, "",
	    "Take the name servers of /etc/resolv.conf too."),
	OWN("resolve_retries", 1, 1, parse_field,
	    CFG_FIELD(CFG_UINT, struct resolvers, retries, .min = 1), "<number>",
	    "Questions before a resolution has failed; 3 by default."),
	OWN("accepted_payload_size", 1, 1, parse_field,
	    CFG_FIELD(CFG_UINT, struct resolvers, payload, .min = 512, .max = 8192), "<bytes>",
	    "The largest answer by UDP; 512 by default."),
	TIME("timeout resolve", resolve_us,
	    "Time between resolutions that gave no answer; 1s by default.", .min = 1000),
	TIME("timeout retry", retry_us, "Time for an answer before the question is repeated; "
	    "1s by default.", .min = 1000),
	TIME("hold valid", valid_us,
	    "Time between resolutions that gave an answer; 10s by default.", .min = 1000),
	TIME("hold obsolete", obsolete_us,
	    "How long an address counts that answers do not have any more; 0 by default."),
	TIME("hold nx", nx_us, "How long servers stay when their name is not there any more; "
	    "30s by default."),
	TIME("hold refused", refused_us, "The same when questions are refused."),
	TIME("hold other", other_us, "The same after other errors."),
	TIME("hold timeout", timeout_us, "The same without any answer; unless it is written, "
	    "a silent name server changes nothing.",
	    .has = offsetof(struct resolvers, has_timeout)),

	OPTION("resolvers", opt_resolvers, "<name>",
	    "The section that finds this server's address at run time."),
	OPTION("resolve-prefer", opt_prefer, "ipv4|ipv6",
	    "Addresses of this family are taken first; ipv6 by default."),
	OPTION("resolve-opts", opt_opts, "allow-dup-ip|ignore-weight|prevent-dup-ip[,...]",
	    "Whether servers of a backend may share an address; weights of SRV records count."),
	OPTION("resolve-net", opt_net, "<network>[,<network>...]",
	    "Addresses in these networks are taken first."),
	OPTION("init-addr", opt_init_addr, "last|libc|none|<ip>[,...]",
	    "Where the first address comes from; last,libc by default."),
	{ 0 }
};

static const struct section_row sections[] = {
	{ "resolvers", IN_RESOLVERS, open_section, NULL,
	    "Name servers that find the addresses of servers at run time." },
	{ 0 }
};

const struct module mod_resolvers_cfg = {
	.name = "resolvers_cfg", .cfg = rows, .post = posts, .sections = sections
};
