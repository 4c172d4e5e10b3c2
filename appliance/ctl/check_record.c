/* SPDX-License-Identifier: BSD-2-Clause */
/* The last transcript of a check; see check_record.h. Thread: control. */
#include "ctl/check_record.h"

#include <string.h>

#include "base/xalloc.h"
#include "ctl/check.h"

void
record_begin(struct check *chk)
{
	if (chk->record == NULL)
		chk->record = xmalloc(sizeof(*chk->record));
	chk->record->sent.total = chk->record->got.total = 0;
	chk->record->sent.len = chk->record->got.len = 0;
	clock_gettime(CLOCK_REALTIME, &chk->record->start);
}

void
record_add(struct record_part *p, const void *mem, size_t len)
{
	size_t room = RECORD_BYTES - p->len, n = len < room ? len : room;

	if (n > 0)
		memcpy(p->bytes + p->len, mem, n);
	p->len += (uint16_t)n;
	p->total += len;
}
