/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An arena: memory that is freed whole. One per configuration snapshot; small
 * ones elsewhere. Destructors registered with arena_on_free run in reverse
 * order before the memory goes (SSL_CTX, pcre2 code, descriptors).
 */
#ifndef WEIR_BASE_ARENA_H
#define WEIR_BASE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* one thread at a time */
struct arena	*arena_new(void);
void		 arena_free(struct arena *a);		/* NULL is fine */
void		*arena_alloc(struct arena *a, size_t size);	/* zeroed, 16-aligned */
void		*arena_calloc(struct arena *a, size_t n, size_t size);
char		*arena_strdup(struct arena *a, const char *s);
char		*arena_strndup(struct arena *a, const char *s, size_t len);
char		*arena_printf(struct arena *a, const char *fmt, ...)
		    __attribute__((format(printf, 2, 3)));
void		 arena_on_free(struct arena *a, void (*fn)(void *), void *arg);
size_t		 arena_bytes(const struct arena *a);

#endif
