/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups and instances as rows, for their commands and for show snapshot.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_SCALING_H
#define WEIR_API_SCALING_H

#include "api/fields.h"

struct cli;
struct group;
struct instance;
struct policy_conf;

extern const char group_fields[], instance_fields[], policy_fields[];

void	put_group(struct fields *f, const struct group *g);
void	put_instance(struct fields *f, const struct instance *i);
void	put_policy(struct fields *f, const struct group *g, const struct policy_conf *p);
/* All instances of one group (NULL: of all). */
void	put_instances(struct fields *f, const struct group *only);
/* NULL after an error that says what is near. */
struct group *cli_group(struct cli *c, const char *name);
struct instance *cli_instance(struct cli *c, const char *id);
/* GROUP/POLICY */
const struct policy_conf *cli_policy(struct cli *c, const char *word,
	    struct group **ret_group);
/* Of instances, argument i; false after an error. */
bool	cli_group_number(struct cli *c, int i, const char *what, uint32_t *ret_n);
/* `json` as the last word, which is taken off. */
bool	cli_wants_json(struct cli *c);

#endif
