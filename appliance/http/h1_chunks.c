/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_chunks.c: the decoder of chunked bodies (RFC 9112 section 7.1): sizes,
 * extensions and trailers are checked and dropped, data is handed out in place.
 *
 * One struct h1_chunks lives for one body; the owner's thread. It keeps a state
 * and counters only, so a size line may be split anywhere and no byte is needed
 * twice. Outside of data it goes byte by byte: a small machine that can be read
 * is worth more here than speed, data is skipped in one step.
 *
 * The overhead cap counts what a sender need not write (extensions, leading
 * zeros, trailers), not the bare `5\r\n...\r\n`: one-byte chunks of a slow
 * event stream are legitimate, megabytes of extensions are not.
 */
#include "http/h1.h"
#include "http/h1_in.h"

#define DIGITS_MAX		16
#define SIZE_LINE_MAX		4096
#define TRAILERS_MAX		16384	/* bytes of the whole trailer section */
#define TRAILER_FIELDS_MAX	101
#define OVERHEAD_FREE		16384

enum {
	S_SIZE,		/* hex digits */
	S_BLANK,	/* blanks that only an extension may follow */
	S_EXT,		/* behind `;`: blanks or the name */
	S_EXT_NAME,
	S_EXT_AFTER,	/* blanks behind a name: `=` or `;` follows */
	S_EXT_VALUE,	/* behind `=` */
	S_EXT_TOKEN,
	S_EXT_QUOTED,
	S_EXT_ESCAPE,	/* behind a backslash */
	S_EXT_END,	/* behind the closing quote */
	S_SIZE_LF,
	S_DATA,
	S_DATA_CR,
	S_DATA_LF,
	S_TRAILER,	/* first byte of a trailer line */
	S_TRAILER_NAME,
	S_TRAILER_VALUE,
	S_TRAILER_LF,
	S_END_LF,
	S_END,
	S_ERROR
};

void
h1_chunks_init(struct h1_chunks *c)
{
	*c = (struct h1_chunks){ .state = S_SIZE };
}

static int
hex_value(unsigned char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	ch |= 0x20;
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

static bool
is_blank(unsigned char ch)
{
	return ch == ' ' || ch == '\t';
}

static bool
is_token(unsigned char ch)
{
	return http_lower_token[ch] != 0;
}

static int
step_size(struct h1_chunks *c, unsigned char ch)
{
	int v = hex_value(ch);

	if (v >= 0) {
		if (c->digits == DIGITS_MAX || c->left > (uint64_t)INT64_MAX >> 4)
			return S_ERROR;
		if (c->digits > 0 && c->left == 0)
			c->framing_bytes++;
		c->left = c->left << 4 | (uint64_t)v;
		c->digits++;
		return S_SIZE;
	}
	if (c->digits == 0)
		return S_ERROR;
	if (ch == '\r')
		return S_SIZE_LF;
	if (ch == ';')
		return S_EXT;
	return is_blank(ch) ? S_BLANK : S_ERROR;
}

/* RFC 9112 section 7.1.1, with its bad whitespace around `;` and `=` */
static int
step_extension(int state, unsigned char ch)
{
	switch (state) {
	case S_BLANK:
		return is_blank(ch) ? S_BLANK : ch == ';' ? S_EXT : S_ERROR;
	case S_EXT:
		return is_blank(ch) ? S_EXT : is_token(ch) ? S_EXT_NAME : S_ERROR;
	case S_EXT_NAME:
		if (is_token(ch))
			return S_EXT_NAME;
		if (is_blank(ch))
			return S_EXT_AFTER;
		break;
	case S_EXT_AFTER:
		if (is_blank(ch))
			return S_EXT_AFTER;
		return ch == ';' ? S_EXT : ch == '=' ? S_EXT_VALUE : S_ERROR;
	case S_EXT_VALUE:
		if (is_blank(ch))
			return S_EXT_VALUE;
		return ch == '"' ? S_EXT_QUOTED : is_token(ch) ? S_EXT_TOKEN : S_ERROR;
	case S_EXT_TOKEN:
		if (is_token(ch))
			return S_EXT_TOKEN;
		break;
	case S_EXT_QUOTED:
		if (ch == '"')
			return S_EXT_END;
		return !name_is_value_byte(ch) ? S_ERROR : ch == '\\' ? S_EXT_ESCAPE : S_EXT_QUOTED;
	case S_EXT_ESCAPE:
		return name_is_value_byte(ch) ? S_EXT_QUOTED : S_ERROR;
	default:
		break;
	}
	/* behind a name, a token or a quoted string */
	if (ch == '=' && state == S_EXT_NAME)
		return S_EXT_VALUE;
	if (is_blank(ch) && state != S_EXT_NAME)
		return S_BLANK;
	return ch == ';' ? S_EXT : ch == '\r' ? S_SIZE_LF : S_ERROR;
}

static int
step_trailer(struct h1_chunks *c, unsigned char ch)
{
	switch (c->state) {
	case S_TRAILER:
		if (ch == '\r')
			return S_END_LF;
		if (++c->trailer_fields > TRAILER_FIELDS_MAX)
			return S_ERROR;
		return is_token(ch) ? S_TRAILER_NAME : S_ERROR;
	case S_TRAILER_NAME:
		return ch == ':' ? S_TRAILER_VALUE : is_token(ch) ? S_TRAILER_NAME : S_ERROR;
	case S_TRAILER_VALUE:
		return ch == '\r' ? S_TRAILER_LF :
		    name_is_value_byte(ch) ? S_TRAILER_VALUE : S_ERROR;
	case S_TRAILER_LF:
		return ch == '\n' ? S_TRAILER : S_ERROR;
	default:
		return ch == '\n' ? S_END : S_ERROR;
	}
}

/* The size line is complete. */
static int
end_of_size(struct h1_chunks *c, unsigned char ch)
{
	if (ch != '\n' || (c->left == 0 && c->digits > 1))
		return S_ERROR;		/* the last chunk is one `0`: nobody writes `00` */
	c->line_bytes = 0;
	return c->left > 0 ? S_DATA : S_TRAILER;
}

static int
end_of_data(struct h1_chunks *c, unsigned char ch)
{
	if (ch != '\n')
		return S_ERROR;
	c->digits = 0;
	c->line_bytes = 0;
	return S_SIZE;
}

static int
step(struct h1_chunks *c, unsigned char ch)
{
	switch (c->state) {
	case S_SIZE:
		return step_size(c, ch);
	case S_SIZE_LF:
		return end_of_size(c, ch);
	case S_DATA_CR:
		return ch == '\r' ? S_DATA_LF : S_ERROR;
	case S_DATA_LF:
		return end_of_data(c, ch);
	case S_TRAILER:
	case S_TRAILER_NAME:
	case S_TRAILER_VALUE:
	case S_TRAILER_LF:
	case S_END_LF:
		return step_trailer(c, ch);
	default:
		c->framing_bytes++;
		return step_extension(c->state, ch);
	}
}

/* Counts one byte of framing; false when a cap is passed. */
static bool
is_within_caps(struct h1_chunks *c)
{
	uint32_t max = c->state >= S_TRAILER ? TRAILERS_MAX : SIZE_LINE_MAX;

	return ++c->line_bytes <= max &&
	    c->framing_bytes <= OVERHEAD_FREE + c->data_bytes / 8;
}

static enum h1_chunk_result
fail(struct h1_chunks *c, enum h1_error e)
{
	c->error = (uint8_t)e;
	c->state = S_ERROR;
	return H1_CHUNK_ERROR;
}

static enum h1_chunk_result
take_data(struct h1_chunks *c, const char *buf, size_t len, size_t *ret_used,
    struct str *ret_data)
{
	if (len > c->left)
		len = (size_t)c->left;
	c->left -= len;
	c->data_bytes += len;
	if (c->left == 0)
		c->state = S_DATA_CR;
	*ret_used += len;
	*ret_data = (struct str){ buf, len };
	return H1_CHUNK_DATA;
}

enum h1_chunk_result
h1_chunks_step(struct h1_chunks *c, const char *buf, size_t len, size_t *ret_used,
    struct str *ret_data)
{
	size_t i = 0;
	int next;

	*ret_used = 0;
	if (c->state == S_ERROR)
		return H1_CHUNK_ERROR;
	while (i < len && c->state != S_DATA && c->state != S_END) {
		next = step(c, (unsigned char)buf[i]);
		*ret_used = i + 1;
		if (next == S_ERROR)
			return fail(c, c->state >= S_TRAILER ? H1_E_TRAILER : H1_E_CHUNK);
		if (!is_within_caps(c))
			return fail(c, H1_E_CHUNK_OVERHEAD);
		c->state = (uint8_t)next;
		i++;
	}
	if (c->state == S_END)
		return H1_CHUNK_END;
	if (c->state == S_DATA && i < len)
		return take_data(c, buf + i, len - i, ret_used, ret_data);
	return H1_CHUNK_MORE;
}
