/* SPDX-License-Identifier: BSD-2-Clause */
/* This thread's counters of what a transaction belongs to. Data thread. */
#ifndef WEIR_PROXY_TXN_COUNT_H
#define WEIR_PROXY_TXN_COUNT_H

#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/txn.h"

static inline struct counters *
fe_count(const struct txn *t)
{
	return &t->fe->live->threads[dt->id].fe;
}

static inline struct counters *
be_count(const struct txn *t)
{
	return &t->be->live->threads[dt->id].be;
}

static inline struct counters *
srv_count(const struct txn *t)
{
	return &t->srv->live->threads[dt->id].count;
}

#endif
