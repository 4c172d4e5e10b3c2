/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap.c: own TAP harness, see tap.h.
 *
 * Life: one static state per test program; no main object. Any thread may
 * check, under one mutex. Own code because the common libraries either print a
 * skipped check as a failed one or do not say in which line a check failed.
 */
#include "tap.h"

#include <ctype.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_BYTES = 96 };

static struct {
	pthread_mutex_t lock;
	int planned;		/* 0: no plan */
	int checks;
	int failed;
} tap = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* One check's line; '#' in a name would begin a directive. */
static void
print_line(bool passed, const char *name)
{
	if (tap.checks++ == 0)
		setvbuf(stdout, NULL, _IOLBF, 0);
	printf("%sok %d - ", passed ? "" : "not ", tap.checks);
	for (; *name != '\0'; name++)
		putchar(*name == '#' || *name == '\n' ? ' ' : *name);
	putchar('\n');
	tap.failed += !passed;
}

/* Takes the lock; the caller adds what it wants to say, then unlocks. */
static void
begin_check(bool passed, const char *file, int line, const char *name)
{
	pthread_mutex_lock(&tap.lock);
	print_line(passed, name);
	fflush(stdout);
	if (!passed)
		fprintf(stderr, "#   failed: %s\n#   at %s:%d\n", name, file,
		    line);
}

static void
end_check(void)
{
	pthread_mutex_unlock(&tap.lock);
}

/* The bytes as a C string, marked where they go on. */
static void
print_bytes(const char *label, const void *data, size_t size)
{
	const unsigned char *p = data;
	size_t i;

	if (p == NULL) {
		fprintf(stderr, "#   %s: NULL\n", label);
		return;
	}
	fprintf(stderr, "#   %s: \"", label);
	for (i = 0; i < size && i < SHOWN_BYTES; i++)
		if (isprint(p[i]) && p[i] != '"' && p[i] != '\\')
			fputc(p[i], stderr);
		else
			fprintf(stderr, "\\x%02x", p[i]);
	fprintf(stderr, "\"%s (%zu bytes)\n", i < size ? "..." : "", size);
}

static size_t
first_difference(const char *a, size_t a_size, const char *b, size_t b_size)
{
	size_t i = 0;

	while (i < a_size && i < b_size && a[i] == b[i])
		i++;
	return i;
}

bool
tap_ok(bool passed, const char *file, int line, const char *fmt, ...)
{
	char name[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	begin_check(passed, file, line, name);
	end_check();
	return passed;
}

bool
tap_is_int(intmax_t got, intmax_t want, const char *file, int line,
    const char *name)
{
	bool passed = got == want;

	begin_check(passed, file, line, name);
	if (!passed)
		fprintf(stderr, "#        got: %jd\n#   expected: %jd\n", got,
		    want);
	end_check();
	return passed;
}

bool
tap_is_u64(uint64_t got, uint64_t want, const char *file, int line,
    const char *name)
{
	bool passed = got == want;

	begin_check(passed, file, line, name);
	if (!passed)
		fprintf(stderr, "#        got: %" PRIu64 " (0x%" PRIx64 ")\n"
		    "#   expected: %" PRIu64 " (0x%" PRIx64 ")\n", got, got,
		    want, want);
	end_check();
	return passed;
}

bool
tap_is_mem(const void *got, size_t got_size, const void *want,
    size_t want_size, const char *file, int line, const char *name)
{
	bool passed = got == NULL || want == NULL ? got == want :
	    got_size == want_size && memcmp(got, want, want_size) == 0;

	begin_check(passed, file, line, name);
	if (!passed) {
		print_bytes("     got", got, got_size);
		print_bytes("expected", want, want_size);
		if (got != NULL && want != NULL)
			fprintf(stderr, "#   first difference at byte %zu\n",
			    first_difference(got, got_size, want, want_size));
	}
	end_check();
	return passed;
}

bool
tap_is_str(const char *got, const char *want, const char *file, int line,
    const char *name)
{
	return tap_is_mem(got, got == NULL ? 0 : strlen(got), want,
	    want == NULL ? 0 : strlen(want), file, line, name);
}

void
tap_skip(const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&tap.lock);
	printf("ok %d # skip ", ++tap.checks);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	pthread_mutex_unlock(&tap.lock);
}

void
tap_diag(const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&tap.lock);
	fflush(stdout);
	fputs("# ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	pthread_mutex_unlock(&tap.lock);
}

void
tap_plan(int checks)
{
	tap.planned = checks;
	printf("1..%d\n", checks);
	fflush(stdout);
}

void
tap_skip_all(const char *fmt, ...)
{
	va_list ap;

	fputs("1..0 # skip ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	exit(0);
}

int
tap_done(void)
{
	if (tap.planned == 0)
		printf("1..%d\n", tap.checks);
	fflush(stdout);
	if (tap.planned != 0 && tap.planned != tap.checks)
		fprintf(stderr, "# planned %d checks, made %d\n", tap.planned,
		    tap.checks);
	if (tap.failed != 0)
		fprintf(stderr, "# %d of %d checks failed\n", tap.failed,
		    tap.checks);
	return tap.failed != 0 || tap.checks == 0 ||
	    (tap.planned != 0 && tap.planned != tap.checks);
}
