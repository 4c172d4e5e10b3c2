/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of a configuration; see config_text.h. */
#include "ctl/config_text.h"

#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/file.h"
#include "base/file_keep.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/config_hide.h"

#define FILE_BYTES_MAX	(256u << 20)
#define SUFFIX		".cfg"

struct config_text *
config_text_new(void)
{
	return xcalloc(1, sizeof(struct config_text));
}

void
config_text_free(struct config_text *t)
{
	if (t == NULL)
		return;
	for (unsigned i = 0; i < t->nargs; i++)
		free(t->args[i].path);
	for (unsigned i = 0; i < t->nfiles; i++) {
		explicit_bzero(t->files[i].data, t->files[i].len);
		free(t->files[i].data);
		free(t->files[i].path);
	}
	free(t->args);
	free(t->files);
	free(t);
}

void
config_text_arg(struct config_text *t, const char *path, bool is_folder)
{
	t->args = xrealloc(t->args, (t->nargs + 1) * sizeof *t->args);
	t->args[t->nargs++] = (struct config_arg){ .path = xstrdup(path), .is_folder = is_folder };
}

void
config_text_file(struct config_text *t, const char *path, char *data, size_t len)
{
	t->files = xrealloc(t->files, (t->nfiles + 1) * sizeof *t->files);
	t->files[t->nfiles++] = (struct config_file){ xstrdup(path), data, len };
	t->args[t->nargs - 1].nfiles++;
}

/* ---- from where ---- */

static bool
take_file(struct config_text *t, struct file_keep *k, const char *path, char **ret_missing)
{
	size_t len;
	char *data = file_keep_copy(k, path, &len);

	if (data == NULL) {
		*ret_missing = xstrdup(path);
		return false;
	}
	config_text_file(t, path, data, len);
	return true;
}

static bool
take_arg(struct config_text *t, struct file_keep *k, const char *path, char **ret_missing)
{
	char **names;
	int n = file_keep_names(k, path, SUFFIX, &names);
	bool ok = true;

	config_text_arg(t, path, n >= 0);
	if (n < 0)
		return take_file(t, k, path, ret_missing);
	for (int i = 0; i < n; i++) {
		ok = ok && take_file(t, k, names[i], ret_missing);
		free(names[i]);
	}
	free(names);
	return ok;
}

struct config_text *
config_text_kept(struct file_keep *k, char *const *paths, int npaths, char **ret_missing)
{
	struct config_text *t = config_text_new();

	for (int i = 0; i < npaths; i++)
		if (!take_arg(t, k, paths[i], ret_missing)) {
			config_text_free(t);
			return NULL;
		}
	return t;
}

static void
touch_file(const char *path)
{
	free(file_read(path, FILE_BYTES_MAX, NULL));
}

static void
touch(const char *path)
{
	char **names;
	int n = file_list_dir(path, SUFFIX, &names);

	if (n < 0) {
		touch_file(path);
		return;
	}
	for (int i = 0; i < n; i++) {
		touch_file(names[i]);
		free(names[i]);
	}
	free(names);
}

struct config_text *
config_text_read(char *const *paths, int npaths, char **ret_missing)
{
	struct file_keep *k = file_keep_new();
	struct config_text *t;

	file_keep_use(k, FILE_KEEP_RECORD);
	for (int i = 0; i < npaths; i++)
		touch(paths[i]);
	file_keep_use(NULL, FILE_KEEP_OFF);
	t = config_text_kept(k, paths, npaths, ret_missing);
	file_keep_free(k);
	return t;
}

/* ---- what is asked of it ---- */

uint64_t
config_text_digest(const struct config_text *t)
{
	uint64_t h = t->nargs;

	for (unsigned i = 0; i < t->nargs; i++)
		h = XXH3_64bits_withSeed(t->args[i].path, strlen(t->args[i].path) + 1, h);
	for (unsigned i = 0; i < t->nfiles; i++) {
		const struct config_file *f = &t->files[i];

		h = XXH3_64bits_withSeed(f->path, strlen(f->path) + 1, h);
		h = XXH3_64bits_withSeed(f->data, f->len, h);
	}
	return h;
}

size_t
config_text_bytes(const struct config_text *t)
{
	size_t n = 0;

	for (unsigned i = 0; i < t->nfiles; i++)
		n += t->files[i].len;
	return n;
}

bool
config_text_is_for(const struct config_text *t, char *const *paths, int npaths)
{
	bool same = (int)t->nargs == npaths;

	for (int i = 0; same && i < npaths; i++)
		same = strcmp(t->args[i].path, paths[i]) == 0;
	return same;
}

static void
seed_folder(struct file_keep *k, const struct config_arg *a, const struct config_file *files)
{
	char **names = xcalloc(a->nfiles + 1, sizeof *names);

	for (unsigned i = 0; i < a->nfiles; i++)
		names[i] = files[i].path;
	file_keep_put_names(k, a->path, SUFFIX, names, (int)a->nfiles);
	free(names);
}

struct file_keep *
config_text_seed(const struct config_text *t)
{
	struct file_keep *k = file_keep_new();
	unsigned at = 0;

	for (unsigned i = 0; i < t->nargs; i++) {
		if (t->args[i].is_folder)
			seed_folder(k, &t->args[i], t->files + at);
		else
			file_keep_put_names(k, t->args[i].path, SUFFIX, NULL, -1);
		at += t->args[i].nfiles;
	}
	for (unsigned i = 0; i < t->nfiles; i++)
		file_keep_put(k, t->files[i].path, t->files[i].data, t->files[i].len);
	return k;
}

void
config_text_put(struct outbuf *b, const struct config_text *t)
{
	for (unsigned i = 0; i < t->nfiles; i++) {
		outbuf_fmt(b, "# %s\n", t->files[i].path);
		config_hide(b, t->files[i].data, t->files[i].len);
		if (t->files[i].len > 0 && t->files[i].data[t->files[i].len - 1] != '\n')
			outbuf_z(b, "\n");
	}
}
