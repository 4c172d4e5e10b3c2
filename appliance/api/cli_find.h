/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names in commands: `be/s1`, `be`, `#3`. Each says what is wrong and returns
 * NULL when there is no such thing. Valid until the control thread's next pass.
 */
#ifndef WEIR_API_CLI_FIND_H
#define WEIR_API_CLI_FIND_H

struct cli;
struct proxy;
struct server;
struct snapshot;

/* control thread */
const struct proxy *cli_proxy_named(const struct snapshot *s, const char *name, unsigned cap);
/* `backend/server`: the backend, and *ret_server behind the slash; NULL after an
 * error. */
const struct proxy *cli_find_backend_of(struct cli *c, const char *name,
	    const char **ret_server);
struct server *cli_find_server(struct cli *c, const char *name);	/* backend/server */
struct proxy *cli_find_frontend(struct cli *c, const char *name);

#endif
