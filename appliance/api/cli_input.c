/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The input side of the stats socket. A connection's bytes wait in one buffer;
 * a line is copied out, so that its words may point into it while more arrives.
 * A payload collects lines until the one that ends it: an empty one after `<<`,
 * the pattern after `<<PATTERN`.
 *
 * Thread: control. No libevent: tests feed it.
 */
#include "api/cli_input.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

void
cli_input_init(struct cli_input *in)
{
	memset(in, 0, sizeof *in);
	outbuf_init(&in->buf, 0);
	outbuf_init(&in->payload, 0);
	in->payload_max = CLI_PAYLOAD_BYTES;
}

void
cli_input_fini(struct cli_input *in)
{
	outbuf_fini(&in->buf);
	outbuf_fini(&in->payload);
	free(in->line);
	in->line = NULL;
}

size_t
cli_input_left(const struct cli_input *in)
{
	return in->buf.len - in->pos;
}

void
cli_input_add(struct cli_input *in, const char *bytes, size_t len)
{
	if (in->pos > 0 && in->pos == in->buf.len) {
		outbuf_clear(&in->buf);
		in->seen = in->pos = 0;
	} else if (in->pos > CLI_LINE_BYTES) {
		memmove(in->buf.data, in->buf.data + in->pos, in->buf.len - in->pos);
		in->buf.len -= in->pos;
		in->seen -= in->pos;
		in->pos = 0;
	}
	outbuf_mem(&in->buf, bytes, len);
}

/* One line without its end; false: there is none yet. NUL bytes end the text. */
static bool
take_line(struct cli_input *in, bool at_eof, struct str *ret_line)
{
	const char *data = in->buf.data, *nl = NULL;
	size_t end;

	if (in->buf.len > in->seen)
		nl = memchr(data + in->seen, '\n', in->buf.len - in->seen);
	if (nl == NULL && (!at_eof || in->pos == in->buf.len)) {
		in->seen = in->buf.len;
		return false;
	}
	end = nl != NULL ? (size_t)(nl - data) : in->buf.len;
	ret_line->p = data + in->pos;
	ret_line->len = end - in->pos;
	if (ret_line->len > 0 && ret_line->p[ret_line->len - 1] == '\r')
		ret_line->len--;
	in->pos = in->seen = nl != NULL ? end + 1 : end;
	return true;
}

/* A last word that begins with `<<`: cut off the line, *ret_pattern what follows. */
static bool
wants_payload(char *line, char **ret_pattern)
{
	size_t len = strlen(line);
	char *word;

	while (len > 0 && (line[len - 1] == ' ' || line[len - 1] == '\t'))
		line[--len] = '\0';
	word = strrchr(line, ' ');
	if (word == NULL || strncmp(word + 1, "<<", 2) != 0 ||
	    strlen(word + 3) > CLI_PATTERN_BYTES)
		return false;
	*word = '\0';
	*ret_pattern = word + 3;
	return true;
}

static bool
start_line(struct cli_input *in, struct str line)
{
	char *pattern;

	free(in->line);
	in->line = xstrndup(line.p, line.len);
	outbuf_clear(&in->payload);
	in->has_payload = wants_payload(in->line, &pattern);
	if (!in->has_payload)
		return true;
	memcpy(in->pattern, pattern, strlen(pattern) + 1);
	in->in_payload = true;
	in->nwanted++;
	return false;
}

/* A line of a payload; true: it was the end. */
static bool
add_to_payload(struct cli_input *in, struct str line)
{
	if (str_is(line, in->pattern)) {
		in->in_payload = false;
		return true;
	}
	outbuf_mem(&in->payload, line.p, line.len);
	outbuf_mem(&in->payload, "\n", 1);
	in->nwanted++;
	return false;
}

static bool
is_too_long(const struct cli_input *in)
{
	if (in->in_payload)
		return in->payload.len + cli_input_left(in) > in->payload_max;
	return cli_input_left(in) > CLI_LINE_BYTES;
}

enum cli_input_result
cli_input_next(struct cli_input *in, bool at_eof)
{
	struct str line;

	while (take_line(in, at_eof, &line)) {
		if (!in->in_payload && line.len > CLI_LINE_BYTES)
			return CLI_IN_TOO_LONG;
		if (in->in_payload ? add_to_payload(in, line) : start_line(in, line))
			return CLI_IN_LINE;
		if (in->in_payload && in->payload.len > in->payload_max)
			return CLI_IN_TOO_LONG;
	}
	return is_too_long(in) ? CLI_IN_TOO_LONG : CLI_IN_MORE;
}

char *
cli_next_command(char **rest)
{
	char *start = *rest, *p;

	if (start == NULL)
		return NULL;
	for (p = start; *p != '\0' && *p != ';'; p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	*rest = NULL;
	if (*p == ';' && p[1 + strspn(p + 1, " \t")] != '\0')
		*rest = p + 1;
	*p = '\0';
	return start;
}

/* One word, unescaped in place; returns what follows it. */
static char *
cut_word(char *p)
{
	char *to = p;

	while (*p != '\0' && *p != ' ' && *p != '\t') {
		if (*p == '\\' && p[1] != '\0')
			p++;
		*to++ = *p++;
	}
	if (*p != '\0')
		p++;
	*to = '\0';
	return p;
}

int
cli_split(char *text, struct cli_words *ret_words)
{
	char *p = text;

	ret_words->n = 0;
	for (;;) {
		while (*p == ' ' || *p == '\t')
			p++;
		if (*p == '\0')
			break;
		if (ret_words->n == CLI_MAX_WORDS)
			return -1;
		ret_words->w[ret_words->n++] = p;
		p = cut_word(p);
	}
	ret_words->w[ret_words->n] = NULL;
	return 0;
}
