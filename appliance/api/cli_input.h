/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From bytes to commands: lines, payloads, commands of a line, words. No socket
 * and no rows in here.
 */
#ifndef WEIR_API_CLI_INPUT_H
#define WEIR_API_CLI_INPUT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/out.h"

#define CLI_LINE_BYTES		16384		/* of a line of commands */
#define CLI_PATTERN_BYTES	64
#define CLI_MAX_WORDS		64
#define CLI_PAYLOAD_BYTES	(128u << 10)	/* below admin */
#define CLI_PAYLOAD_ADMIN_BYTES	(16u << 20)

struct cli_words {
	char	*w[CLI_MAX_WORDS + 1];	/* borrowed from the line; ends with NULL */
	int	 n;
};

enum cli_input_result {
	CLI_IN_MORE,		/* not enough bytes yet */
	CLI_IN_LINE,		/* in->line, in->payload */
	CLI_IN_TOO_LONG,	/* a line or a payload passed its limit */
};

struct cli_input {
	struct outbuf	 buf;		/* received */
	size_t		 pos;		/* taken from it */
	size_t		 seen;		/* looked at for a line end */
	char		*line;		/* owned: the line under work */
	struct outbuf	 payload;
	size_t		 payload_max;
	char		 pattern[CLI_PATTERN_BYTES + 1];
	bool		 in_payload, has_payload;
	unsigned	 nwanted;	/* lines taken that want another one: prompts `+ ` */
};

void	cli_input_init(struct cli_input *in);
void	cli_input_fini(struct cli_input *in);
void	cli_input_add(struct cli_input *in, const char *bytes, size_t len);
/* The next line, with its payload if it asks for one. at_eof: a last line needs
 * no line end. */
enum cli_input_result cli_input_next(struct cli_input *in, bool at_eof);
size_t	cli_input_left(const struct cli_input *in);

/* Cut the next command off a line: up to a `;` that no backslash is before. */
char	*cli_next_command(char **rest);
/* Words between blanks; a backslash takes the next character as it is. -1: too
 * many. The text is changed. */
int	cli_split(char *text, struct cli_words *ret_words);

#endif
