/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recordings: frames `@<unix_ms> <host> <bytes> <command>` and a newline, the
 * answer as it came, a newline. Frames of one instant are a tick. Plain text;
 * a recording is a test's fixture and a bug report.
 */
#ifndef WEIR_TUI_RECORD_H
#define WEIR_TUI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record;

/* cap_bytes: at this size the file is renamed to FILE.1 and begun anew with full answers. */
struct record *record_open(const char *path, size_t cap_bytes, bool anonymize,
	    const char **ret_error);
void	record_close(struct record *r);
void	record_frame(struct record *r, int64_t ms, const char *host, const char *command,
	    const char *text, size_t len);

struct frame {
	int64_t	 ms;
	const char *host, *command, *text;	/* host and command ended by a NUL */
	size_t	 len;
};
/* The frames of a file in memory (made writable: NULs are put in). False: bad at *ret_line. */
bool	record_parse(char *data, size_t len, struct frame **ret, unsigned *ret_n,
	    unsigned *ret_line);

#endif
