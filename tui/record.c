/* SPDX-License-Identifier: BSD-2-Clause */
/* Recordings: frames go out as they come in, and are found again in a file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "tui/record.h"

#define CAP_DEFAULT	((size_t)256 << 20)

struct record {
	char	*path;			/* owned */
	int	 fd;			/* -1: it cannot be written any more */
	size_t	 size, cap;
	unsigned files;
	struct anonymizer *anonymizer;	/* owned; NULL: names stay */
	struct outbuf frame, text;
};

static bool
begin_file(struct record *r)
{
	r->fd = file_open(r->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	r->size = 0;
	r->files++;
	return r->fd >= 0;
}

struct record *
record_open(const char *path, size_t cap_bytes, bool wants_anonymous, const char **ret_error)
{
	struct record *r = xcalloc(1, sizeof(*r));

	r->path = xstrdup(path);
	r->cap = cap_bytes != 0 ? cap_bytes : CAP_DEFAULT;
	outbuf_init(&r->frame, 0);
	outbuf_init(&r->text, 0);
	if (wants_anonymous)
		r->anonymizer = anonymizer_new();
	if (begin_file(r))
		return r;
	*ret_error = strerror(errno);
	record_close(r);
	return NULL;
}

void
record_close(struct record *r)
{
	if (r->fd >= 0)
		close(r->fd);
	anonymizer_free(r->anonymizer);
	outbuf_fini(&r->frame);
	outbuf_fini(&r->text);
	free(r->path);
	free(r);
}

unsigned
record_files(const struct record *r)
{
	return r->files;
}

/* The file that is full becomes FILE.1, in place of an older one. */
static void
rotate(struct record *r)
{
	char *old = xasprintf("%s.1", r->path);

	close(r->fd);
	rename(r->path, old);
	free(old);
	begin_file(r);
}

/* A disk that is full ends the recording, not the program. */
static void
write_all(struct record *r, const char *p, size_t len)
{
	while (len > 0 && r->fd >= 0) {
		ssize_t n = write(r->fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			close(r->fd);
			r->fd = -1;
			return;
		}
		p += n;
		len -= (size_t)n;
		r->size += (size_t)n;
	}
}

static void
put_host(struct record *r, const char *host)
{
	if (r->anonymizer != NULL)
		host = anonymize_host(r->anonymizer, host);
	for (; *host != '\0'; host++)
		outbuf_mem(&r->frame, (unsigned char)*host <= ' ' ? "_" : host, 1);
}

/* Payload of a command is no part of its name. */
static void
put_command(struct record *r, const char *command)
{
	size_t n = strcspn(command, "\r\n");

	if (r->anonymizer == NULL)
		outbuf_mem(&r->frame, command, n);
	else
		anonymize(r->anonymizer, "", command, n, &r->frame);
	outbuf_z(&r->frame, "\n");
}

void
record_frame(struct record *r, int64_t ms, const char *host, const char *command,
    const char *text, size_t len)
{
	if (r->fd < 0)
		return;
	if (r->anonymizer != NULL) {
		outbuf_clear(&r->text);
		anonymize(r->anonymizer, command, text, len, &r->text);
		text = r->text.data != NULL ? r->text.data : "";
		len = r->text.len;
	}
	outbuf_clear(&r->frame);
	outbuf_fmt(&r->frame, "@%lld ", (long long)ms);
	put_host(r, host);
	outbuf_fmt(&r->frame, " %zu ", len);
	put_command(r, command);
	write_all(r, r->frame.data, r->frame.len);
	write_all(r, text, len);
	write_all(r, "\n", 1);
	if (r->fd >= 0 && r->size >= r->cap)
		rotate(r);
}

/* --- reading --------------------------------------------------------- */

/* `@MS HOST BYTES COMMAND\n` at *p; *p moves to its text. */
static bool
read_head(struct frame *f, char **p, char *end)
{
	char *line = *p, *newline = memchr(line, '\n', (size_t)(end - line)), *host, *bytes, *rest;

	if (newline == NULL || *line != '@')
		return false;
	*newline = '\0';
	f->ms = strtoll(line + 1, &host, 10);
	if (host == line + 1 || *host++ != ' ' || (bytes = strchr(host, ' ')) == NULL)
		return false;
	*bytes++ = '\0';
	f->len = strtoull(bytes, &rest, 10);
	if (rest == bytes || *rest != ' ' || *host == '\0')
		return false;
	f->host = host;
	f->command = rest + 1;
	*p = newline + 1;
	return true;
}

static unsigned
count_lines(const char *p, const char *end)
{
	unsigned n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		n++;
		p++;
	}
	return n;
}

bool
record_parse(char *data, size_t len, struct frame **ret, unsigned *ret_n, unsigned *ret_line)
{
	char *p = data, *end = data + len;
	struct frame *frames = NULL;
	unsigned n = 0, cap = 0, line = 1;

	while (p < end) {
		if (n == cap) {
			cap = cap ? 2 * cap : 64;
			frames = xrealloc(frames, cap * sizeof(*frames));
		}
		if (!read_head(&frames[n], &p, end) ||
		    frames[n].len >= (size_t)(end - p) || p[frames[n].len] != '\n') {
			free(frames);
			*ret_line = line;
			return false;
		}
		frames[n].text = p;
		line += 2 + count_lines(p, p + frames[n].len);
		p += frames[n++].len + 1;
	}
	*ret = frames;
	*ret_n = n;
	return true;
}
