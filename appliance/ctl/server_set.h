/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Weight and maxconn of a server as words: what an operator types and what an
 * agent answers, in one reading.
 */
#ifndef WEIR_CTL_SERVER_SET_H
#define WEIR_CTL_SERVER_SET_H

struct server;

/* control thread: NULL, or what is wrong with the word (then nothing changed) */
const char *server_set_weight(struct server *srv, const char *word);	/* "10", "50%" */
const char *server_set_maxconn(struct server *srv, const char *word);

#endif
