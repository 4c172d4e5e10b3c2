/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of metrics in commands: `Latency balancer web`, which is
 * `Latency dimension LoadBalancerName=web`.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_CLI_METRIC_H
#define WEIR_API_CLI_METRIC_H

#include "ctl/metric.h"

struct cli;
struct outbuf;

#define CLI_METRIC_SCOPES \
	"[balancer <b> [zone <z>]|group <g>|instance <i>|server <be/srv>]"

/* One of namespace, dimension, unit and the scopes at args[i], into k: words taken, 0 = another
 * word, -1 after a message. Texts are changed and borrowed. */
int	cli_metric_word(struct cli *c, char **args, int nargs, int i, struct metric_key *k);
/* NAME and what names it further, from c->args[i] on: the word behind them, -1 after
 * a message. */
int	cli_metric_key(struct cli *c, int i, struct metric_key *ret);
/* The message that there is none, with what is near. */
void	cli_metric_unknown(struct cli *c, const struct metric_key *k);
/* "K=V,K2=V2" */
void	cli_metric_dims(struct outbuf *b, const struct metric_key *k);

#endif
