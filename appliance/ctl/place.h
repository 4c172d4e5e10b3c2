/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where this appliance says it is: region and account, which stand in ARNs.
 *
 * any thread: a published snapshot does not change
 */
#ifndef WEIR_CTL_PLACE_H
#define WEIR_CTL_PLACE_H

struct snapshot;

const char *place_region(const struct snapshot *s);	/* us-east-1 */
const char *place_account(const struct snapshot *s);	/* 123456789012 */

#endif
