/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap.h: the test harness of the C units; what it prints is TAP 13, for prove.
 *
 * A test is a program: it calls checks and ends with `return tap_done();`. A
 * plan is optional: tap_plan(n) first catches a test that ends early, without
 * it tap_done() prints the number of checks that were made.  A check that fails
 * prints its expression, what it got and what it expected, and file:line;
 * every check returns whether it passed, so that a loop can stop or explain:
 *
 *	if (!is_u64(x, y))
 *		tap_diag("in round %d", i);
 *
 * Checks may be called from several threads: one lock keeps lines whole.
 */
#ifndef WEIR_T_LIB_TAP_H
#define WEIR_T_LIB_TAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAP_HERE	__FILE__, __LINE__

/* Under a sanitizer a limit of time is so many times as long; Weir.pm's PATIENCE. */
#if defined(__has_feature)
#define TAP_FEATURE(x)	__has_feature(x)
#else
#define TAP_FEATURE(x)	0
#endif
#if defined(__SANITIZE_THREAD__) || TAP_FEATURE(thread_sanitizer)
#define TAP_PATIENCE	10u
#elif defined(__SANITIZE_ADDRESS__) || TAP_FEATURE(address_sanitizer)
#define TAP_PATIENCE	4u
#else
#define TAP_PATIENCE	1u
#endif

/* Checks whose name is the text of their arguments */
#define ok(cond)	tap_ok((cond), TAP_HERE, "%s", #cond)
#define is_int(a, b)	tap_is_int((a), (b), TAP_HERE, #a " is " #b)
#define is_u64(a, b)	tap_is_u64((a), (b), TAP_HERE, #a " is " #b)
#define is_str(a, b)	tap_is_str((a), (b), TAP_HERE, #a " is " #b)
#define is_mem(a, alen, b, blen) \
	tap_is_mem((a), (alen), (b), (blen), TAP_HERE, #a " is " #b)

/* A check with a name of its own, as printf would write it */
#define ok_named(cond, ...)	tap_ok((cond), TAP_HERE, __VA_ARGS__)
#define pass(...)		tap_ok(true, TAP_HERE, __VA_ARGS__)
#define fail(...)		tap_ok(false, TAP_HERE, __VA_ARGS__)

/* any thread */
bool tap_ok(bool passed, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
bool tap_is_int(intmax_t got, intmax_t want, const char *file, int line,
    const char *name);
bool tap_is_u64(uint64_t got, uint64_t want, const char *file, int line,
    const char *name);
/* NULL is equal to NULL only. */
bool tap_is_str(const char *got, const char *want, const char *file, int line,
    const char *name);
bool tap_is_mem(const void *got, size_t got_size, const void *want,
    size_t want_size, const char *file, int line, const char *name);
/* Counts as one passed check: `ok 3 # skip no IPv6 here` */
void tap_skip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A comment line on stderr, which prove shows */
void tap_diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* main thread */
void tap_plan(int checks);
/* The whole test cannot run here: prints `1..0 # skip why`, exits with 0. */
void tap_skip_all(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));
/* The exit code: 0, or 1 when a check failed or the plan was not kept. */
int tap_done(void);

#endif
