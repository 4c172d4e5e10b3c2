/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Error files. One holds a whole HTTP response and is taken apart here, when the
 * configuration is read, so that a bad one is an error then and its framing is
 * always weir's own.
 *
 * Thread: the one that builds the snapshot.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "cfg/kw.h"
#include "http/msg.h"
#include "proxy/global.h"
#include "proxy/reply.h"
#include "proxy/reply_in.h"

size_t
reply_body_limit(struct cfg *c)
{
	const struct global *g = global_of(c);

	return g->bufsize - g->maxrewrite;
}

struct reader {
	struct cfg	*c;
	const char	*path;
	int		 line;
	struct str	 rest;
};

static int
file_error(struct reader *r, const char *what)
{
	diag_error(r->c->diag, "error file '%s', line %d: %s", r->path, r->line, what);
	return -1;
}

/* The next line without its end, which may be LF or CRLF; false at the end. */
static bool
next_line(struct reader *r, struct str *ret)
{
	const char *lf = r->rest.len > 0 ? memchr(r->rest.p, '\n', r->rest.len) : NULL;

	if (lf == NULL)
		return false;
	*ret = (struct str){ r->rest.p, (size_t)(lf - r->rest.p) };
	r->rest.len -= ret->len + 1;
	r->rest.p = lf + 1;
	if (ret->len > 0 && ret->p[ret->len - 1] == '\r')
		ret->len--;
	r->line++;
	return true;
}

struct str
reply_keep(struct cfg *c, struct str s)
{
	return (struct str){ arena_strndup(c->arena, s.p, s.len), s.len };
}

/* `HTTP/1.0 503 Service Unavailable` */
static int
read_status_line(struct reader *r, struct reply_conf *rc)
{
	struct str line, code;
	uint64_t status;

	if (!next_line(r, &line))
		return file_error(r, "no HTTP status line");
	if (!str_starts(line, STR("HTTP/1.")) || line.len < 12 || line.p[8] != ' ')
		return file_error(r, "expected a status line such as 'HTTP/1.1 503 Service "
		    "Unavailable'");
	code = (struct str){ line.p + 9, 3 };
	if (!str_to_u64(code, &status) || status < 200 || status > 599 ||
	    (line.len > 12 && line.p[12] != ' '))
		return file_error(r, "expected a status of 200 to 599 in the status line");
	if (line.len > 13)
		rc->reason = reply_keep(r->c, (struct str){ line.p + 13, line.len - 13 });
	if (!http_value_is_valid(rc->reason))
		return file_error(r, "bytes in the reason phrase that no header may have");
	return 0;
}

static int
read_field(struct reader *r, struct str line, struct reply_conf *rc, struct reply_field ***tail)
{
	const char *colon = memchr(line.p, ':', line.len);
	struct reply_field *f;
	struct str name, value;
	char *low;

	if (colon == NULL)
		return file_error(r, "expected 'name: value' or an empty line");
	name = (struct str){ line.p, (size_t)(colon - line.p) };
	value = str_trim((struct str){ colon + 1, line.len - name.len - 1 });
	if (!http_token_is_valid(name) || !http_value_is_valid(value))
		return file_error(r, "malformed header field");
	low = arena_strndup(r->c->arena, name.p, name.len);
	for (size_t i = 0; i < name.len; i++)
		low[i] = ascii_lower(low[i]);
	if (strcmp(low, "transfer-encoding") == 0)
		return file_error(r, "transfer codings are not possible in an error file");
	if (strcmp(low, "connection") == 0 || strcmp(low, "content-length") == 0)
		return 0;	/* weir writes its own */
	f = arena_alloc(r->c->arena, sizeof(*f));
	f->name = (struct str){ low, name.len };
	f->value = reply_keep(r->c, value);
	if (strcmp(low, "content-type") == 0)
		rc->content_type = f->value.p;
	**tail = f;
	*tail = &f->next;
	return 0;
}

static int
read_page(struct reader *r, struct reply_conf *rc)
{
	struct reply_field **tail = &rc->fields;
	struct str line;

	if (read_status_line(r, rc) < 0)
		return -1;
	for (;;) {
		if (!next_line(r, &line))
			return file_error(r, "no empty line behind the header");
		if (line.len == 0)
			break;
		if (read_field(r, line, rc, &tail) < 0)
			return -1;
	}
	if (r->rest.len > reply_body_limit(r->c)) {
		diag_error(r->c->diag, "error file '%s': the body has more than %zu bytes "
		    "(tune.bufsize less tune.maxrewrite)", r->path, reply_body_limit(r->c));
		return -1;
	}
	rc->text = reply_keep(r->c, r->rest);
	return 0;
}

char *
reply_read_file(struct cfg *c, const char *what, const char *path, size_t max, size_t *ret_len)
{
	char *text = file_read(path, max, ret_len);

	if (text == NULL)
		diag_error(c->diag, "%s : error opening file '%s': %s", what, path,
		    strerror(errno));
	return text;
}

int
reply_load_page(struct cfg *c, const char *what, const char *path, struct reply_conf *rc)
{
	struct reader r = { .c = c, .path = path };
	char *text = reply_read_file(c, what, path, 1 << 20, &r.rest.len);
	int rc2;

	if (text == NULL)
		return -1;
	r.rest.p = text;
	rc->body = REPLY_BODY_WHOLE;
	rc2 = read_page(&r, rc);
	free(text);
	return rc2;
}
