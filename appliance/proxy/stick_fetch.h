/* SPDX-License-Identifier: BSD-2-Clause */
/* What fetches and converters of stick tables read or change; see fetch_stick.c. */
#ifndef WEIR_PROXY_STICK_FETCH_H
#define WEIR_PROXY_STICK_FETCH_H

#include <stdbool.h>
#include <stdint.h>

#include "proxy/stick.h"

enum stick_op {
	OP_DATA,		/* what priv names */
	OP_KBYTES, OP_GPC0, OP_GPC1, OP_GPC0_RATE, OP_GPC1_RATE, OP_GPT0,
	OP_INC_GPC0, OP_INC_GPC1, OP_INC_GPC, OP_CLR_GPC0, OP_CLR_GPC1, OP_CLR_GPC,
	OP_UPDT_CONN, OP_TRACKERS
};

/* A row's number: whose entry, what is done, which data */
#define STICK_PRIV(from, op, d)	((from) << 16 | (op) << 8 | (d))
#define STICK_PRIV_FROM(p)	((unsigned)((p) >> 16))
#define STICK_PRIV_OP(p)	((enum stick_op)((p) >> 8 & 0xff))
#define STICK_PRIV_DATA(p)	((enum stick_data)((p) & 0xff))

/* data thread; at is locked */
bool	stick_fetch_read(const struct stick_at *at, enum stick_op op, enum stick_data d,
	    unsigned i, uint64_t *ret);	/* false: not stored */
bool	stick_op_has_index(enum stick_op op, enum stick_data d);
bool	stick_fetch_is_change(enum stick_op op);

#endif
