/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The provider `netns`: an instance is a process with a network of its own on this
 * machine, an address of `subnet` on `bridge`; so each serves at the same port. The
 * first address of the subnet is the bridge's, which is the instances' way out.
 *
 * Thread: control; parsing: the one that loads.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/field.h"
#include "ctl/group_conf.h"
#include "ctl/provider_child.h"

#define BRIDGE_MAX	15u	/* of the name of an interface */
#define SERVICE_PORT	80u	/* without instance-port */

static bool
place(const struct provider_call *call, struct provider_instance *i, char *why, size_t size)
{
	i->port = call->launch->instance_port != 0 ? call->launch->instance_port : SERVICE_PORT;
	return provider_child_address(call, i, why, size);
}

static const struct child_kind kind = { .place = place, .has_network = true };

static int
settle(struct cfg *c, struct provider_conf *p)
{
	struct child_settings *s = p->settings;
	struct program *program = &s->program.program;

	s->kind = &kind;
	program->env = provider_child_env;
	program->nenv = provider_child_nenv;
	if (program->bridge == NULL || program->gateway == NULL) {
		diag_at(c->diag, p->object.file, p->object.line);
		diag_error(c->diag, "provider '%s' needs 'bridge' and 'subnet'.", p->object.name);
		return -1;
	}
	return provider_program_settle(c, p);
}

const struct provider_type provider_netns = {
	.name = "netns", .settings_size = sizeof(struct child_settings), .settle = settle,
	PROVIDER_OF_CHILDREN, .files = &provider_child_files,
	.no_stop = "a process that was stopped is gone",
};

/* ---- words ---- */

static struct child_settings *
settings(struct cfg *c)
{
	static const struct provider_type *const types[] = { &provider_netns, &provider_qemu };

	return provider_settings(c, types, 2);
}

static int
parse_bridge(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct child_settings *s = settings(c);
	size_t n = 0;

	(void)nargs;
	if (s == NULL)
		return -1;
	while (isalnum((unsigned char)args[0][n]) || strchr("._-", args[0][n]) != NULL) {
		if (args[0][n] == '\0')
			break;
		n++;
	}
	if (n == 0 || n > BRIDGE_MAX || args[0][n] != '\0' || args[0][0] == '-') {
		diag_error(c->diag, "'%s': '%s' is no name of an interface.", row->name, args[0]);
		return -1;
	}
	s->program.program.bridge = args[0];
	return 0;
}

static int
parse_subnet(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct child_settings *s = settings(c);
	char host[INET_ADDRSTRLEN];
	struct in_addr in, gateway;
	unsigned bits = 0;
	uint32_t net;
	int end = 0;

	(void)nargs;
	if (s == NULL)
		return -1;
	if (sscanf(args[0], "%15[0-9.]/%2u%n", host, &bits, &end) != 2 || args[0][end] != '\0' ||
	    inet_pton(AF_INET, host, &in) != 1 || bits < 8 || bits > 29) {
		diag_error(c->diag, "'%s' expects an IPv4 network as 10.9.0.0/24, of 8 to 29 bits, "
		    "not '%s'.", row->name, args[0]);
		return -1;
	}
	net = ntohl(in.s_addr) & ~((1u << (32 - bits)) - 1);
	s->first = net + 2;
	s->last = net + (1u << (32 - bits)) - 2;
	gateway.s_addr = htonl(net + 1);
	inet_ntop(AF_INET, &gateway, host, sizeof host);
	s->program.program.gateway = arena_printf(c->arena, "%s/%u", host, bits);
	return 0;
}

static const struct kw_row rows[] = {
	{ "bridge", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_bridge, 0, "<name>",
	  "netns, qemu: the bridge that connects instances; made when it is not there." },
	{ "subnet", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_subnet, 0, "<network>",
	  "netns, qemu: addresses for instances; the first is the bridge's." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

const struct module mod_provider_netns = {
	.name = "provider_netns", .cfg = rows, .provider = &provider_netns
};
