/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Heap allocation that never returns NULL: out of memory is fatal here. What
 * may be refused on the request path comes from pools (base/pool.h) instead.
 */
#ifndef WEIR_BASE_XALLOC_H
#define WEIR_BASE_XALLOC_H

#include <stdarg.h>
#include <stddef.h>

/* any thread */
void	*xmalloc(size_t size);
void	*xcalloc(size_t n, size_t size);
void	*xrealloc(void *p, size_t size);
void	*xaligned(size_t align, size_t size);	/* zeroed; release with free() */
char	*xstrdup(const char *s);
char	*xstrndup(const char *s, size_t len);
char	*xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char	*xvasprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));

/* `-dM[byte]`: fill new blocks with byte; -1 turns it off. Start-up only. */
void	 xalloc_set_fill(int byte);

#endif
