/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The folder of a generation; see generation_folder.h. It is written as N.new, synced
 * and renamed, so whoever looks finds whole ones.
 */
#include "ctl/generation_folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/config_text.h"
#include "ctl/generation.h"
#include "ctl/row.h"

#define FILE_BYTES_MAX	(256u << 20)
#define META_BYTES_MAX	(1u << 20)

/* ---- meta ---- */

static char *
file_name(unsigned i, const char *path)
{
	const char *slash = strrchr(path, '/');

	return xasprintf("%03u-%.200s", i + 1, slash != NULL ? slash + 1 : path);
}

static void
put_files(struct outbuf *b, const struct config_text *t, unsigned at, unsigned n)
{
	for (unsigned i = at; i < at + n; i++) {
		char *name = file_name(i, t->files[i].path);

		outbuf_z(b, i > at ? ",{\"path\":" : "{\"path\":");
		outbuf_json(b, t->files[i].path);
		outbuf_z(b, ",\"name\":");
		outbuf_json(b, name);
		outbuf_z(b, "}");
		free(name);
	}
}

static void
put_args(struct outbuf *b, const struct config_text *t)
{
	unsigned at = 0;

	for (unsigned i = 0; i < t->nargs; i++) {
		const struct config_arg *a = &t->args[i];

		outbuf_z(b, i > 0 ? ",{\"path\":" : "{\"path\":");
		outbuf_json(b, a->path);
		outbuf_fmt(b, ",\"folder\":%s,\"files\":[", a->is_folder ? "true" : "false");
		put_files(b, t, at, a->nfiles);
		outbuf_z(b, "]}");
		at += a->nfiles;
	}
}

void
generation_put_row(struct outbuf *b, const struct generation *g)
{
	outbuf_fmt(b, "\"at_us\":%" PRId64 ",\"by\":", g->at_us);
	outbuf_json(b, g->by);
	outbuf_z(b, ",\"comment\":");
	outbuf_json(b, g->comment);
	outbuf_fmt(b, ",\"nfiles\":%u,\"bytes\":%zu,\"digest\":\"%" PRIx64 "\"", g->nfiles,
	    g->bytes, g->digest);
}

char *
generation_meta(const struct generation *g, const struct config_text *t)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	outbuf_z(&b, "{");
	generation_put_row(&b, g);
	outbuf_z(&b, ",\"args\":[");
	put_args(&b, t);
	outbuf_z(&b, "]}\n");
	return b.data;
}

/* ---- writing ---- */

static bool
write_file(const char *folder, const char *name, const char *data, size_t len)
{
	char *path = xasprintf("%s/%s", folder, name);
	int rc = file_write_atomic(path, data, len, 0600), saved = errno;

	free(path);
	errno = saved;
	return rc == 0;
}

static bool
write_files(const char *folder, const char *meta, const struct config_text *text)
{
	bool ok = true;

	for (unsigned i = 0; ok && i < text->nfiles; i++) {
		const struct config_file *f = &text->files[i];
		char *name = file_name(i, f->path);

		ok = write_file(folder, name, f->data, f->len);
		free(name);
	}
	return ok && write_file(folder, "meta", meta, strlen(meta));
}

/* `current` beside it leads to it. */
static bool
set_current(const char *folder)
{
	const char *name = strrchr(folder, '/') + 1;
	char *link = xasprintf("%.*scurrent", (int)(name - folder), folder);
	int rc = file_link(link, name), saved = errno;

	free(link);
	errno = saved;
	return rc == 0;
}

static bool
make_parent(const char *folder)
{
	char *parent = xstrndup(folder, (size_t)(strrchr(folder, '/') - folder));
	int rc = file_make_folder(parent), saved = errno;

	free(parent);
	errno = saved;
	return rc == 0;
}

bool
generation_write(const char *folder, const char *meta, const struct config_text *text)
{
	char *fresh = xasprintf("%s.new", folder);
	bool ok;
	int saved;

	(void)file_remove(fresh);	/* of one that was killed */
	ok = make_parent(folder) && file_make_folder(fresh) == 0 &&
	    write_files(fresh, meta, text) && file_settle(folder, ".new") == 0;
	saved = errno;
	if (!ok)
		(void)file_remove(fresh);
	free(fresh);
	errno = saved;
	return ok && set_current(folder);
}

/* ---- reading ---- */

static bool
read_file(struct config_text *t, const char *folder, const json_t *file,
    char **ret_error)
{
	char *path = xasprintf("%s/%s", folder, row_text(file, "name"));
	size_t len;
	char *data = file_read(path, FILE_BYTES_MAX, &len);

	if (data == NULL)
		*ret_error = xasprintf("%s: %s", path, strerror(errno));
	else
		config_text_file(t, row_text(file, "path"), data, len);
	free(path);
	return data != NULL;
}

static bool
read_args(struct config_text *t, const char *folder, const json_t *meta, char **ret_error)
{
	const json_t *arg, *file;
	size_t i, j;

	json_array_foreach(json_object_get(meta, "args"), i, arg) {
		config_text_arg(t, row_text(arg, "path"),
		    json_is_true(json_object_get(arg, "folder")));
		json_array_foreach(json_object_get(arg, "files"), j, file)
			if (!read_file(t, folder, file, ret_error))
				return false;
	}
	return true;
}

json_t *
generation_read_meta(const char *folder, char **ret_error)
{
	char *path = xasprintf("%s/meta", folder), *text;
	json_t *meta = NULL;
	size_t len;

	text = file_read(path, META_BYTES_MAX, &len);
	if (text != NULL)
		meta = json_loadb(text, len, 0, NULL);
	if (!json_is_object(meta)) {
		*ret_error = xasprintf("%s: %s", path,
		    text == NULL ? strerror(errno) : "it is damaged");
		json_decref(meta);
		meta = NULL;
	}
	free(text);
	free(path);
	return meta;
}

struct config_text *
generation_text(const char *folder, char **ret_error)
{
	json_t *meta = generation_read_meta(folder, ret_error);
	struct config_text *t;

	if (meta == NULL)
		return NULL;
	t = config_text_new();
	if (!read_args(t, folder, meta, ret_error)) {
		config_text_free(t);
		t = NULL;
	}
	json_decref(meta);
	return t;
}
