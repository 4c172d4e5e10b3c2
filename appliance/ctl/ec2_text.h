/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The language of EC2: forms as requests, XML as answers.
 *
 * any thread
 */
#ifndef WEIR_CTL_EC2_TEXT_H
#define WEIR_CTL_EC2_TEXT_H

#include "base/out.h"
#include "ctl/provider.h"

/* Name=value, escaped; with `&` before it unless it is the first. */
void	ec2_text_put(struct outbuf *b, const char *name, const char *value);
/* subnet NULL: none. Its zone is the instance's, so that is not said beside it. */
void	ec2_text_launch(struct outbuf *b, const struct provider_call *call,
	    const char *subnet);
void	ec2_text_subnets(struct outbuf *b, const struct provider_call *call);
/* A subnet that the launch configuration names, NULL = none. */
const char *ec2_text_fixed_subnet(const struct provider_call *call);
/* The group's instances; with ids those of them, of adopt whosever they are. */
void	ec2_text_describe(struct outbuf *b, const struct provider_call *call, const char *next);
/* They are the group's from now on. */
void	ec2_text_adopt(struct outbuf *b, const struct provider_call *call);
/* terminate, stop, start */
void	ec2_text_change(struct outbuf *b, enum provider_verb verb, const char *id);

#define EC2_SUBNETS_MAX	20u	/* GROUP_ZONES_MAX */

struct ec2_subnet {
	char		 id[64], zone[64];
	unsigned	 nfree;		/* addresses */
};

struct ec2_answer {
	struct provider_instance *all;	/* the caller's to free */
	unsigned	 n;
	struct ec2_subnet subnets[EC2_SUBNETS_MAX];
	unsigned	 nsubnets;
	char		 next[1025];	/* where a description goes on; "" = that was all */
	char		 code[64], message[200];	/* of an error; "" = none */
};
/* False: it is no XML, or too much. all and n may be set all the same. */
bool	ec2_text_parse(const char *text, size_t len, struct ec2_answer *ret);
enum provider_error ec2_text_error(const char *code);

#endif
