/* SPDX-License-Identifier: BSD-2-Clause */
/* `set server ... agent*`: rows of the table in cli_set.c. */
#ifndef WEIR_API_CLI_AGENT_H
#define WEIR_API_CLI_AGENT_H

struct cli;
struct server;

/* control thread; word: the third argument, "" when there is none */
void	cli_agent_state(struct cli *c, struct server *srv, const char *word);
void	cli_agent_addr(struct cli *c, struct server *srv, const char *word);
void	cli_agent_port(struct cli *c, struct server *srv, const char *word);
void	cli_agent_send(struct cli *c, struct server *srv, const char *word);

#endif
