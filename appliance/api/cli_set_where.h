/* SPDX-License-Identifier: BSD-2-Clause */
/* `set server be/s WHAT ...`: where a server is, and what it is called. */
#ifndef WEIR_API_CLI_SET_WHERE_H
#define WEIR_API_CLI_SET_WHERE_H

struct cli;
struct server;

/* control thread; word: the first one behind WHAT, or "" */
void	cli_set_addr(struct cli *c, struct server *srv, const char *word);
void	cli_set_check_addr(struct cli *c, struct server *srv, const char *word);
void	cli_set_check_port(struct cli *c, struct server *srv, const char *word);
void	cli_set_fqdn(struct cli *c, struct server *srv, const char *word);
void	cli_set_name(struct cli *c, struct server *srv, const char *word);
void	cli_set_ssl(struct cli *c, struct server *srv, const char *word);

#endif
