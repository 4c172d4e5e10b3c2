/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files share that read the configuration of checks; the loading thread. */
#ifndef WEIR_CTL_CHECK_CFG_H
#define WEIR_CTL_CHECK_CFG_H

#include <stdbool.h>

#include "base/str.h"
#include "ctl/check.h"

struct addr;
struct cfg;
struct check_seq;
struct proxy;
struct server;
struct step;

/* start-up: -dI */
void	check_cfg_may_fork(void);

/* The proxy under work, for names in expressions; NULL in a healthcheck section. */
struct proxy *check_cfg_proxy(struct cfg *c);
/* What the section under work says of checks, its own copy. */
struct check_proxy *check_cfg_of(struct cfg *c);
/* An address to connect to. */
int	check_addr_parse(struct cfg *c, const char *what, const char *word, struct addr *ret_addr);
/* Protocols by commas, to the form that TLS carries. */
int	check_alpn_parse(struct cfg *c, const char *what, char *word, struct str *ret_alpn);

/* A rule's line: word is what stands behind `tcp-check`, args - 1 points to it. */
int	check_tcp_rule(struct cfg *c, struct check_seq *q, const char *word, char **args,
	    int nargs);
int	check_http_rule(struct cfg *c, struct check_seq *q, const char *word, char **args,
	    int nargs);
int	check_comment_parse(struct cfg *c, struct step *s, const char *what, char **args,
	    int nargs);

/* check_proto.c */
extern const struct check_option check_prepared[];	/* ends with a NULL name */
/* The kind of check is this one from now on; or is this one no more. */
void	check_cfg_choose(struct check_proxy *cp, const char *name);
void	check_cfg_forget(struct check_proxy *cp, const char *name);
/* check_elb.c: the times of elb-check win over those of the server line */
int	check_elb_settle(struct cfg *c, struct server *srv, struct check_conf *conf);

#endif
