/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Recordings: frames `@<unix_ms> <host> <bytes> <command>` and a newline, the
 * answer as it came, a newline. Frames of one instant are a tick; an appliance
 * that is lost or back is a frame `#lost` with the reason, `#connected`. Blanks in
 * a host's name are written as '_'. Plain text; a recording is a test's fixture
 * and a bug report.
 */
#ifndef WEIR_TUI_RECORD_H
#define WEIR_TUI_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct record;

/* cap_bytes (0: 256 MiB): at this size the file is renamed to FILE.1 and begun anew. */
struct record *record_open(const char *path, size_t cap_bytes, bool anonymize,
	    const char **ret_error);
void	record_close(struct record *r);
void	record_frame(struct record *r, int64_t ms, const char *host, const char *command,
	    const char *text, size_t len);
/* Grows when a file is begun: what is recorded next must be full answers. */
unsigned record_files(const struct record *r);

struct frame {
	int64_t	 ms;
	const char *host, *command, *text;	/* host and command ended by a NUL */
	size_t	 len;
};
/* The frames of a file in memory (made writable: NULs are put in). False: bad at *ret_line. */
bool	record_parse(char *data, size_t len, struct frame **ret, unsigned *ret_n,
	    unsigned *ret_line);

/* --anonymize: names of proxies, servers and objects, addresses, targets of requests and
 * texts of scripts become others, the same everywhere; structure, states and numbers stay. */
struct anonymizer;
struct outbuf;
struct anonymizer *anonymizer_new(void);
void	anonymizer_free(struct anonymizer *a);
const char *anonymize_host(struct anonymizer *a, const char *host);
void	anonymize(struct anonymizer *a, const char *command, const char *text, size_t len,
	    struct outbuf *to);

#endif
