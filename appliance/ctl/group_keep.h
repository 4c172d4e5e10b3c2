/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups, instances, launches under way, activities and versions in the store. What a
 * former process left is read once at start; groups take their part when the first
 * configuration names them, the others with instances are orphaned.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_GROUP_KEEP_H
#define WEIR_CTL_GROUP_KEEP_H

#include <stdbool.h>
#include <stdint.h>

struct activity;
struct group;
struct instance;
struct operation;

void	keep_group(const struct group *g);
void	keep_group_not(const char *name);
void	keep_instance(const struct instance *i);
void	keep_instance_not(const char *id);
/* Done is called with the operation's group when the row is safe, maybe at once. */
void	keep_operation(const struct operation *op, void (*done)(void *arg, bool ok), void *arg);
void	keep_operation_not(const struct operation *op);
void	keep_activity(const struct activity *a);
void	keep_activity_not(const struct activity *a);
void	keep_launch(const char *name, uint32_t version, uint64_t digest, uint64_t age,
	    const char *text);
void	keep_pause(bool is_paused, const char *reason);

/* start-up */
void	kept_read(void);
/* A group that was just made, before anything is done with it; true: it was there. */
bool	kept_restore(struct group *g);
/* Names of groups that are in the store and not restored yet, and have instances. */
const char *kept_left(void);
/* At the end of the first publish: what nobody took is dropped. */
void	kept_drop(void);

#endif
