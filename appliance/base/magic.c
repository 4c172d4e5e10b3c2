/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of a failed assertion: one line on stderr, then abort(). It uses
 * neither the heap nor the log sink, because either may be what is broken.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/magic.h"

void
assert_fail(const char *expr, const char *file, int line)
{
	char buf[512];
	int n;

	n = snprintf(buf, sizeof(buf),
	    "[ALERT]    (%d) : assertion failed at %s:%d: %s\n",
	    (int)getpid(), file, line, expr);
	if (n > (int)sizeof(buf) - 1)
		n = sizeof(buf) - 1;
	if (n > 0 && write(STDERR_FILENO, buf, (size_t)n) == -1)
		_exit(134);
	abort();
}
