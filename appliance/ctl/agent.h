/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Agent checks: a program at the server answers each connection with one line of
 * words that set its weight, its maxconn, its administrative state and its
 * health, and tell metrics. An agent check is a struct check of its own
 * (live->agent): health.c runs it, this file says what is asked and what the
 * answer means.
 */
#ifndef WEIR_CTL_AGENT_H
#define WEIR_CTL_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct addr;
struct agent;
struct check;
struct check_conf;
struct server_live;

#define AGENT_METRICS		16	/* names per server; later ones are not taken */
#define AGENT_NAME_BYTES	64
#define AGENT_UNIT_BYTES	16

/* A word `metric:NAME=VALUE[unit]`, as last told. */
struct agent_metric {
	char		 name[AGENT_NAME_BYTES];
	char		 unit[AGENT_UNIT_BYTES];	/* "" = none */
	double		 value;
	uint64_t	 at_us;		/* monotonic */
};

/* The words of an answer, by kind; the last one of a kind wins. */
struct agent_answer {
	struct str	 health;	/* up, down, fail, stopped; empty = none */
	struct str	 why;		/* behind a `#` */
	struct str	 admin;		/* ready, drain, maint */
	struct str	 weight;	/* "75%", "10" */
	struct str	 maxconn;
	struct str	 unknown;	/* the first word that says nothing */
	struct str	 metrics[AGENT_METRICS];	/* NAME=VALUE[unit] */
	unsigned	 nmetrics;
};

/* any thread: `line` without its end; spans of it are given back */
void	agent_parse(struct str line, struct agent_answer *ret_answer);
bool	agent_parse_metric(struct str word, struct agent_metric *ret_m);

/* control thread */
/* The configuration under which the agent runs: conf with what an operator set;
 * NULL if conf is. */
const struct check_conf *agent_settle(struct check *chk, const struct check_conf *conf);
void	agent_free(struct agent *a);	/* NULL is fine */
/* `set server ... agent-addr|agent-port|agent-send`; the check has a configuration */
void	agent_set_address(struct check *chk, const struct addr *a);	/* port 0: as it is */
void	agent_set_port(struct check *chk, uint16_t port);
void	agent_set_send(struct check *chk, const char *text);
/* What was set by command, for `show servers state`: NULL / 0 = as configured. */
const struct addr *agent_address(const struct check *chk);
/* The metric of this name that the server's agent told last; NULL = none. The
 * pointer is good until control's next event. */
const struct agent_metric *agent_metric(const struct server_live *l, const char *name);

#endif
