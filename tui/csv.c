/* SPDX-License-Identifier: BSD-2-Clause */
#include <math.h>
#include <stdlib.h>

#include "tui/csv.h"

bool
csv_line(struct str *rest, struct str *ret_line)
{
	const char *end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->p, '\n', rest->len);
	ret_line->p = rest->p;
	ret_line->len = end != NULL ? (size_t)(end - rest->p) : rest->len;
	rest->p += ret_line->len + (end != NULL);
	rest->len -= ret_line->len + (end != NULL);
	if (ret_line->len > 0 && ret_line->p[ret_line->len - 1] == '\r')
		ret_line->len--;
	return true;
}

unsigned
csv_lines(struct str text)
{
	struct str line;
	unsigned n = 0;

	while (csv_line(&text, &line))
		n++;
	return n;
}

/* A field in quotes at p; what follows its end, or NULL. */
static const char *
take_quoted(const char *p, const char *end, char **to)
{
	while (p < end) {
		if (*p == '"' && (p + 1 == end || p[1] != '"'))
			return p + 1 == end || p[1] == ',' ? p + 1 : NULL;
		if (*p == '"')
			p++;
		*(*to)++ = *p++;
	}
	return NULL;
}

static const char *
take_plain(const char *p, const char *end, char **to)
{
	char *w = *to;

	while (p < end && *p != ',')
		*w++ = *p++;
	*to = w;
	return p;
}

unsigned
csv_split(struct str line, char *to, uint32_t *at, unsigned max)
{
	const char *p = line.p, *end = p + line.len;
	char *start = to;
	unsigned n = 0;

	if (memchr(line.p, '\0', line.len) != NULL)
		return 0;
	while (p < end) {
		if (n < max)
			at[n] = (uint32_t)(to - start);
		n++;
		p = *p == '"' ? take_quoted(p + 1, end, &to) : take_plain(p, end, &to);
		if (p == NULL)
			return 0;
		*to++ = '\0';
		p++;			/* the comma */
	}
	return n;
}

double
csv_num(const char *z)
{
	const char *p = z;
	uint64_t v = 0;
	char *end;
	double d;

	while (*p >= '0' && *p <= '9' && p - z < 18)
		v = v * 10 + (uint64_t)(*p++ - '0');
	if (*p == '\0')
		return p == z ? NAN : (double)v;
	d = strtod(z, &end);
	return *end == '\0' && (*z == '-' || (*z >= '0' && *z <= '9') || *z == '.') ? d : NAN;
}
