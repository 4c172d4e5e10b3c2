/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Weight and maxconn as words; see server_set.h. HAProxy's errors, in its words.
 *
 * Thread: control.
 */
#include "ctl/server_set.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proxy/lb.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/queue.h"

#define MAX_WEIGHT	256

static void
changed(struct server *srv)
{
	live_server_changed(srv->backend->live, srv->live);
	queue_kick(srv->backend->live, srv->live);
}

/* The digits at the front of a word, as the C library reads them; false: none. */
static bool
leading_number(const char *word, long *ret_n, const char **ret_end)
{
	char *end;

	*ret_n = strtol(word, &end, 10);
	*ret_end = end;
	return end != word;
}

/* NULL, or what is wrong. N%: of the configured weight, rounded down. */
static const char *
weight_of(const char *word, uint32_t initial, uint32_t *ret_weight)
{
	const char *end;
	long n;

	if (word[0] == '\0')
		return "Require <weight> or <weight%>.";
	if (!leading_number(word, &n, &end))
		return "Empty weight string empty or preceded by garbage";
	if (strcmp(end, "%") == 0) {
		if (n < 0)
			return "Relative weight must be positive.";
		if (n > 100 * MAX_WEIGHT)
			n = 100 * MAX_WEIGHT;
		*ret_weight = (uint32_t)n * initial / 100;
		if (*ret_weight > MAX_WEIGHT)
			*ret_weight = MAX_WEIGHT;
		return NULL;
	}
	if (*end != '\0')
		return "Trailing garbage in weight string";
	if (n < 0 || n > MAX_WEIGHT)
		return "Absolute weight can only be between 0 and 256 inclusive.";
	*ret_weight = (uint32_t)n;
	return NULL;
}

static bool
is_dynamic(const struct proxy *px)
{
	return px->set.lb.algo == NULL || (px->set.lb.algo->flags & LB_DYNAMIC);
}

const char *
server_set_weight(struct server *srv, const char *word)
{
	struct server_live *l = srv->live;
	const char *wrong;
	uint32_t weight;

	wrong = weight_of(word, atomic_load(&l->iweight), &weight);
	if (wrong != NULL)
		return wrong;
	if (!is_dynamic(srv->backend) && weight != 0 && weight != atomic_load(&l->iweight))
		return "Backend is using a static LB algorithm and only accepts weights "
		    "'0%' and '100%'.";
	if (atomic_exchange(&l->uweight, weight) != weight)
		changed(srv);
	return NULL;
}

const char *
server_set_maxconn(struct server *srv, const char *word)
{
	const char *end;
	long n;

	if (word[0] == '\0')
		return "Require <maxconn>.";
	if (!leading_number(word, &n, &end))
		return "maxconn string empty or preceded by garbage";
	if (*end != '\0')
		return "Trailing garbage in maxconn string";
	if (n < 0 || n >= LIVE_NOT_SET)
		return "Value out of range.";
	if (srv->live->maxconn_set != (uint32_t)n) {
		srv->live->maxconn_set = (uint32_t)n;
		changed(srv);
	}
	return NULL;
}
