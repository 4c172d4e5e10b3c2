/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The heap that cannot say no: out of memory ends the process with one line.
 * A size of 0 is asked for as 1, so that a result is never NULL. With -dM new
 * blocks are filled with a byte, which finds what reads before it writes.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/xalloc.h"

static int fill_byte = -1;

static void *
must(void *p, size_t size)
{
	if (p == NULL)
		fatalx("out of memory: %zu bytes were wanted", size);
	return p;
}

void *
xmalloc(size_t size)
{
	void *p = must(malloc(size ? size : 1), size);

	if (fill_byte >= 0)
		memset(p, fill_byte, size);
	return p;
}

void *
xcalloc(size_t n, size_t size)
{
	return must(calloc(n ? n : 1, size ? size : 1), size);
}

void *
xrealloc(void *p, size_t size)
{
	return must(realloc(p, size ? size : 1), size);
}

void *
xaligned(size_t align, size_t size)
{
	void *p = NULL;

	errno = posix_memalign(&p, align, size ? size : 1);
	if (errno != 0)
		p = NULL;
	return memset(must(p, size), 0, size);
}

char *
xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *
xstrndup(const char *s, size_t len)
{
	char *p;

	len = strnlen(s, len);
	p = xmalloc(len + 1);
	memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *
xvasprintf(const char *fmt, va_list ap)
{
	char *p = NULL;

	if (vasprintf(&p, fmt, ap) == -1)
		p = NULL;
	return must(p, 0);
}

char *
xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = xvasprintf(fmt, ap);
	va_end(ap);
	return p;
}

void
xalloc_set_fill(int byte)
{
	fill_byte = byte;
}
