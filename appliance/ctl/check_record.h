/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The last transcript of a check: what it sent and received, at most 1 KiB each,
 * kept until the next one begins to speak.
 *
 * Thread: control.
 */
#ifndef WEIR_CTL_CHECK_RECORD_H
#define WEIR_CTL_CHECK_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct check;

#define RECORD_BYTES	1024u

struct record_part {
	uint64_t	 total;		/* bytes in all */
	uint16_t	 len;		/* of them kept, the first ones */
	char		 bytes[RECORD_BYTES];
};

struct check_record {
	struct timespec	 start;		/* wall clock */
	struct record_part sent, got;
};

/* A check begins to speak: forget the last one. */
void	record_begin(struct check *chk);
void	record_add(struct record_part *p, const void *mem, size_t len);

#endif
