/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who changed what: one line in the log before a command that changes something
 * runs, and the latest AUDIT_KEPT with their results for `show audit`.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_AUDIT_H
#define WEIR_API_AUDIT_H

#include <stdint.h>

#define AUDIT_KEPT	1000u

struct cli;

/* An id for audit_end. Of its words only the first nshown are written down. */
uint64_t audit_begin(const struct cli *c, int nshown);
void	audit_end(uint64_t id, const char *result);

#endif
