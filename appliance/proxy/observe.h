/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `observe`: checks by traffic. A data thread counts errors in a row of a server
 * that is observed; at its error-limit control is told, which acts as `on-error`
 * says. The good path costs a look at the server's line in the configuration,
 * for observed ones a load more.
 */
#ifndef WEIR_PROXY_OBSERVE_H
#define WEIR_PROXY_OBSERVE_H

#include <stdint.h>

#include "base/magic.h"
#include "proxy/proxy.h"

struct server_live;

enum observe_event {
	OBS_NONE, OBS_L4_OK, OBS_L4_ERR, OBS_HTTP_OK, OBS_HTTP_STS, OBS_HTTP_RSP,
	OBS_READ_ERROR, OBS_READ_TIMEOUT, OBS_BROKEN_PIPE, OBS_MAX
};

/* any thread */
const char *observe_event_text(enum observe_event e);

/* data thread */
void	observe_count(struct server *srv, enum observe_event e);

static inline void
observe(struct server *srv, enum observe_event e)
{
	if (unlikely(srv->observe != OBSERVE_NONE))
		observe_count(srv, e);
}

/* Start-up. fn is called in a data thread with a held cell when a limit was
 * reached and the last call was answered by observe_take; it tells control. */
void	observe_on_limit(void (*fn)(struct server_live *));

/* control thread: limits reached since the last call, and what the last one was
 * about; then the cell is given back */
struct observed {
	uint32_t	 nlimits;	/* times that a limit was reached */
	uint32_t	 nerrors;	/* in a row, the last time */
	enum observe_event last;
};
struct observed observe_take(struct server_live *l);

#endif
