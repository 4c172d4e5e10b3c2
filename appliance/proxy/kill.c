/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ending transactions from outside; see kill.h.
 *
 * Thread: data.
 */
#include "proxy/kill.h"

#include "proxy/dthread.h"
#include "proxy/txn.h"

void
kill_at_server(const struct server_live *l, char cause)
{
	const struct list *last = dt->txn_list.prev;

	/* who ends may make room for a new one: that is behind `last` */
	LIST_EACH_SAFE(n, tmp, &dt->txn_list) {
		struct txn *t = LIST_ITEM(n, struct txn, node);

		if (t->slot == l && (t->flags & TXN_F_HAS_SLOT))
			txn_kill(t, cause);
		if (n == last)
			break;
	}
}
