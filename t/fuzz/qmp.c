/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of QMP: what a machine's monitor says, one line. Whatever it is, the texts
 * that come of it end, and can be logged.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "base/xalloc.h"
#include "ctl/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_text(const char *text, size_t size)
{
	WEIR_ASSERT(memchr(text, '\0', size) != NULL);
	for (; *text != '\0'; text++)
		WEIR_ASSERT(*text >= ' ' && *text < 0x7f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *line = xmalloc(size + 1);		/* of this size, with no 0 at its end */
	struct qmp_message m;

	memcpy(line, data, size);
	line = xrealloc(line, size > 0 ? size : 1);
	memset(&m, 0xff, sizeof m);
	qmp_parse(line, size, &m);
	WEIR_ASSERT(m.kind <= QMP_BAD);
	check_text(m.name, sizeof m.name);
	check_text(m.text, sizeof m.text);
	WEIR_ASSERT(m.kind != QMP_BAD || m.text[0] != '\0');
	free(line);
	return 0;
}
