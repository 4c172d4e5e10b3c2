/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names in commands to objects of the configuration in service.
 *
 * Thread: control.
 */
#include "api/cli_find.h"

#include <string.h>

#include "api/cli.h"
#include "base/str.h"
#include "cfg/snapshot.h"
#include "proxy/proxy.h"

#define NAME_BYTES	256

static bool
number_of(const char *name, uint64_t *ret_id)
{
	return name[0] == '#' && str_to_u64(str_of(name + 1), ret_id);
}

const struct proxy *
cli_proxy_named(const struct snapshot *s, const char *name, unsigned cap)
{
	uint64_t id;

	if (!number_of(name, &id))
		return proxy_find(s, name, cap);
	for (const struct proxy *px = s->proxies; px != NULL; px = px->next)
		if ((px->cap & cap) == cap && (uint64_t)px->id == id)
			return px;
	return NULL;
}

static struct server *
server_named(const struct proxy *px, const char *name)
{
	uint64_t id;

	if (!number_of(name, &id))
		return server_find(px, name);
	for (struct server *srv = px->server_list; srv != NULL; srv = srv->next)
		if ((uint64_t)srv->id == id)
			return srv;
	return NULL;
}

const struct proxy *
cli_find_backend_of(struct cli *c, const char *name, const char **ret_server)
{
	const char *slash = strchr(name, '/');
	char backend[NAME_BYTES];
	const struct proxy *px;

	if (slash == NULL || slash[1] == '\0' || (size_t)(slash - name) >= sizeof backend) {
		cli_err(c, "Require 'backend/server'.");
		return NULL;
	}
	memcpy(backend, name, (size_t)(slash - name));
	backend[slash - name] = '\0';
	px = cli_proxy_named(snapshot_current(), backend, CAP_BACKEND);
	if (px == NULL)
		cli_err(c, "No such backend.");
	*ret_server = slash + 1;
	return px;
}

struct server *
cli_find_server(struct cli *c, const char *name)
{
	const char *server;
	const struct proxy *px = cli_find_backend_of(c, name, &server);
	struct server *srv;

	if (px == NULL)
		return NULL;
	srv = server_named(px, server);
	if (srv == NULL)
		cli_err(c, "No such server.");
	return srv;
}

struct proxy *
cli_find_frontend(struct cli *c, const char *name)
{
	const struct proxy *px;

	if (name[0] == '\0') {
		cli_err(c, "A frontend name is expected.");
		return NULL;
	}
	px = cli_proxy_named(snapshot_current(), name, CAP_FRONTEND);
	if (px == NULL)
		cli_err(c, "No such frontend.");
	return (struct proxy *)(uintptr_t)px;
}
