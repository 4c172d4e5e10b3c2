/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Taps: finished requests, told to who watches (`subscribe requests`). A data
 * thread makes the line and mails it to control. Without a tap a request costs
 * one test of a flag.
 *
 * Life: control fills a struct tap and opens it; after tap_close no data thread
 * looks at it any more once each has passed a message (ctl/broadcast.h), and
 * mail that was on its way has arrived.
 */
#ifndef WEIR_PROXY_TAP_H
#define WEIR_PROXY_TAP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct acl_cond;
struct loop;
struct txn;

#define TAPS_MAX	8
#define TAP_FLIGHT_MAX	4096u	/* lines on their way */

struct tap {
	const char	*frontend;	/* owned by who made it; NULL = all */
	uint32_t	 sample;	/* one of this many; 0, 1 = each */
	struct acl_cond	*filter;	/* NULL = all */
	struct loop	*loop;		/* of who listens */
	/* in that loop */
	void		(*on_line)(struct tap *t, const char *line, size_t len);
	/* data threads */
	_Atomic uint32_t seen, flight;
	_Atomic uint64_t lost;		/* too many on their way */
};

extern const char tap_header[];		/* names of the fields, with LF */

/* control thread; false: there are TAPS_MAX already */
bool	tap_open(struct tap *t);
void	tap_close(struct tap *t);

extern _Atomic uint32_t taps_open;

/* data thread */
static inline bool
taps_are_on(void)
{
	return atomic_load_explicit(&taps_open, memory_order_relaxed) != 0;
}

void	tap_see(struct txn *t);

#endif
