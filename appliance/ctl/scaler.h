/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The scaler: makes groups what they shall be. It launches and terminates through
 * operations, one call of the provider each, at most one of either kind per group at a
 * time; describes what there is and adopts, misses and replaces; spreads over zones.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_SCALER_H
#define WEIR_CTL_SCALER_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/victims.h"

struct group;
struct instance;

void	scaler_begin(struct group *g);		/* the group is new */
void	scaler_end(struct group *g);		/* it goes */
/* Something has changed: look, now or (from within the scaler) when it is done. */
void	scaler_kick(struct group *g);
/* The configuration is another one: what stood still goes on. */
void	scaler_configured(struct group *g, bool has_changed);
/* What it does not do now and why: "backing off 20 s: no host left", or NULL. */
const char *scaler_trouble(const struct group *g, char *buf, unsigned size);
bool	scaler_is_stopped(const struct group *g);	/* until the configuration changes */
bool	scaler_has_calls(const struct group *g);	/* operations under way */
bool	scaler_is_storing(const struct group *g);	/* a call comes when its row is safe */
unsigned scaler_launching(const struct group *g);	/* instances asked for, not named yet */
/* While a snapshot goes into service nothing is begun; at the end all look. */
void	scaler_hold(bool is_on);
void	scaler_later(void);	/* all look, and what is deleted goes, in this pass's end */
/* Whom it would take, in order: fn is called for n of them, or fewer. */
typedef void scaler_victim_fn(const struct instance *i, const char *policy,
	    const char *reason, void *arg);
void	scaler_victims(struct group *g, unsigned n, scaler_victim_fn *fn, void *arg);
/* Terminate, then another one is launched for it. */
void	scaler_replace(struct instance *i, const char *why);

/* A termination policy of another room: best first, up to n indices of `all`; false:
 * it said nothing (the default ones decide). */
typedef bool scaler_termination_fn(const char *name, const struct group *g,
	    const struct victim *all, unsigned n, unsigned want, unsigned *ret_order);
void	scaler_set_termination(scaler_termination_fn *fn);

#endif
