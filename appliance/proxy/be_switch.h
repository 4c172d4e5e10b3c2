/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backends that switching rules leave out: disabled ones, and those that are not
 * published, by `be-unpublished` or a command; force-be-switch overrules it.
 */
#ifndef WEIR_PROXY_BE_SWITCH_H
#define WEIR_PROXY_BE_SWITCH_H

#include <stdatomic.h>

#include "base/magic.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"

/* control thread: before s is published, what its backends say anew */
void	be_switch_publish(const struct snapshot *s);

/* data thread: does a force-be-switch rule of this frontend hold? */
bool	be_switch_is_forced(struct sample_ctx *x, const struct proxy *fe);

static inline bool
be_switch_is_open(const struct proxy *be)
{
	return likely(!be->set.disabled &&
	    !atomic_load_explicit(&be->live->is_unpublished, memory_order_relaxed));
}

static inline bool
be_switch_may(struct sample_ctx *x, const struct proxy *fe, const struct proxy *be)
{
	return be_switch_is_open(be) || be_switch_is_forced(x, fe);
}

#endif
