/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What happens to connections and requests, added to the entries that they track;
 * see stick_track.h. Where a request tracks counter N itself, the N of its
 * connection is left alone meanwhile.
 *
 * Thread: data.
 */
#include "proxy/stick_track.h"

#include <string.h>

#include "cfg/snapshot.h"
#include "proxy/dthread.h"
#include "proxy/global.h"

/* ---- from track-scN to the end ---- */

void
stick_track(struct stick_track **list, unsigned i, struct stick_at *at)
{
	struct stick_track *tr = *list;

	if (tr == NULL) {
		tr = pool_get(&dt->tracks, POOL_SITE_GROW);
		if (tr == NULL) {
			stick_unlock(at);
			return;
		}
		memset(tr, 0, sizeof(*tr));
		*list = tr;
	}
	(void)stick_add(at, SD_CONN_CNT, 0, 1);
	(void)stick_add(at, SD_CONN_RATE, 0, 1);
	(void)stick_add(at, SD_CONN_CUR, 0, 1);
	stick_touch(at);
	tr->ref[i] = stick_hold(at);
	stick_unlock(at);
}

void
stick_track_end(struct stick_track **list)
{
	struct stick_track *tr = *list;

	for (unsigned i = 0; i < STICK_COUNTERS_MAX; i++) {
		struct stick_at at;

		if (tr->ref[i].table == NULL)
			continue;
		at = stick_lock(&tr->ref[i]);
		(void)stick_add(&at, SD_CONN_CUR, 0, -1);
		stick_unlock(&at);
		stick_release(&tr->ref[i]);
	}
	pool_put(&dt->tracks, tr);
	*list = NULL;
}

/* ---- events ---- */

struct stick_event {
	enum stick_data	 count, rate;
	uint64_t	 n;
};

static void
add(const struct stick_ref *r, const struct stick_event *e, unsigned events)
{
	struct stick_at at = stick_lock(r);

	for (unsigned i = 0; i < events; i++) {
		(void)stick_add(&at, e[i].count, 0, (int64_t)e[i].n);
		(void)stick_add(&at, e[i].rate, 0, (int64_t)e[i].n);
	}
	stick_touch(&at);
	stick_unlock(&at);
}

static void
count(const struct txn *t, const struct session *s, const struct stick_event *e, unsigned events)
{
	for (unsigned i = 0; i < STICK_COUNTERS_MAX; i++) {
		const struct stick_ref *r = stick_tracked(t, s, i);

		if (r != NULL)
			add(r, e, events);
	}
}

void
stick_count_session(struct session *s)
{
	const struct stick_event e = { SD_SESS_CNT, SD_SESS_RATE, 1 };

	count(NULL, s, &e, 1);
}

void
stick_count_request(struct txn *t)
{
	const struct stick_event e = { SD_HTTP_REQ_CNT, SD_HTTP_REQ_RATE, 1 };

	count(t, t->sess, &e, 1);
}

void
stick_count_error(struct txn *t)
{
	const struct stick_event e = { SD_HTTP_ERR_CNT, SD_HTTP_ERR_RATE, 1 };

	count(t, t->sess, &e, 1);
}

void
stick_count_fail(struct txn *t)
{
	const struct stick_event e = { SD_HTTP_FAIL_CNT, SD_HTTP_FAIL_RATE, 1 };

	count(t, t->sess, &e, 1);
}

void
stick_count_status(struct txn *t, unsigned status)
{
	const struct global *g = t->snap->global;

	if (stick_codes_has(g->http_err_codes, status))
		stick_count_error(t);
	if (stick_codes_has(g->http_fail_codes, status))
		stick_count_fail(t);
}

void
stick_count_bytes(struct txn *t, uint64_t in, uint64_t out)
{
	const struct stick_event e[] = {
		{ SD_BYTES_IN_CNT, SD_BYTES_IN_RATE, in },
		{ SD_BYTES_OUT_CNT, SD_BYTES_OUT_RATE, out },
	};

	count(t, t->sess, e, 2);
}
