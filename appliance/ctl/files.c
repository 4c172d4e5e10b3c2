/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files for instances, as they are kept; see files.h. A row of the store is
 * {"version":N,"data":"BASE64"}, without data where the file is deleted.
 *
 * Thread: control.
 */
#include "ctl/files.h"

#include <ctype.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/store.h"
#include "event/sched.h"

struct list kept_files = { &kept_files, &kept_files };
static file_changed_fn *changed;

/* ---- bytes ---- */

struct file_text *
file_text_new(const void *data, size_t len)
{
	struct file_text *t = xmalloc(sizeof *t + len + 1);

	atomic_init(&t->refs, 1);
	t->len = len;
	memcpy(t->data, data, len);
	t->data[len] = '\0';
	return t;
}

struct file_text *
file_text_ref(struct file_text *t)
{
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

void
file_text_unref(struct file_text *t)
{
	if (t != NULL && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1)
		free(t);
}

/* ---- the store ---- */

static void
keep(const struct kept_file *f)
{
	struct outbuf b;
	struct out o;
	size_t room;

	outbuf_init(&b, 0);
	outbuf_fmt(&b, "{\"version\":%u", f->version);
	if (f->text != NULL) {
		outbuf_z(&b, ",\"data\":\"");
		room = 4 * (f->text->len / 3 + 1) + 1;
		o = outbuf_reserve(&b, room);
		o.p += EVP_EncodeBlock((unsigned char *)o.p,
		    (const unsigned char *)f->text->data, (int)f->text->len);
		outbuf_commit(&b, &o);
		outbuf_z(&b, "\"");
	}
	outbuf_z(&b, "}");
	store_put(STORE_FILE, f->name, (int64_t)sched_wall_us(), b.data, b.len);
	outbuf_fini(&b);
}

/* NULL: it is damaged. */
static struct file_text *
decode(const char *data, size_t len)
{
	struct file_text *t = NULL;
	unsigned char *bytes = xmalloc(len / 4 * 3 + 4);
	int n = EVP_DecodeBlock(bytes, (const unsigned char *)data, (int)len);

	for (size_t i = len; n > 0 && i > 0 && i > len - 2 && data[i - 1] == '='; i--)
		n--;
	if (n >= 0 && (unsigned)n <= FILE_BYTES_MAX)
		t = file_text_new(bytes, (size_t)n);
	free(bytes);
	return t;
}

/* ---- the list ---- */

bool
file_is_name(const char *name)
{
	size_t n = 0;

	if (name[0] == '.' || name[0] == '-')
		return false;
	while (isalnum((unsigned char)name[n]) || (name[n] != '\0' &&
	    strchr("._-", name[n]) != NULL))
		n++;
	return n > 0 && n <= FILE_NAME_MAX && name[n] == '\0';
}

struct kept_file *
files_find(const char *name)
{
	LIST_EACH(n, &kept_files)
		if (strcmp(KEPT_FILE_OF(n)->name, name) == 0)
			return KEPT_FILE_OF(n);
	return NULL;
}

static struct kept_file *
file_new(const char *name)
{
	struct kept_file *f = xcalloc(1, sizeof *f);
	struct list *at = &kept_files;

	snprintf(f->name, sizeof f->name, "%s", name);
	while (at->next != &kept_files && strcmp(KEPT_FILE_OF(at->next)->name, name) < 0)
		at = at->next;
	list_add_after(at, &f->node);
	return f;
}

static void
file_free(struct kept_file *f)
{
	list_del(&f->node);
	file_text_unref(f->text);
	free(f);
}

/* What forbids one more, or so many bytes. */
static char *
problem_of(const struct kept_file *f, size_t len)
{
	size_t bytes = len;
	unsigned n = 0;

	if (len > FILE_BYTES_MAX)
		return xasprintf("%zu bytes are too many, %u at most", len, FILE_BYTES_MAX);
	LIST_EACH(node, &kept_files) {
		const struct kept_file *other = KEPT_FILE_OF(node);

		if (other == f || other->text == NULL)
			continue;
		n++;
		bytes += other->text->len;
	}
	if (n >= FILES_MAX)
		return xasprintf("there are %u files already", FILES_MAX);
	if (bytes > FILES_BYTES_MAX)
		return xasprintf("all files together would have %zu bytes, %u at most", bytes,
		    FILES_BYTES_MAX);
	return NULL;
}

/* Of too many deleted ones the first is forgotten. */
static void
forget_deleted(void)
{
	struct kept_file *first = NULL;
	unsigned n = 0;

	LIST_EACH(node, &kept_files)
		if (KEPT_FILE_OF(node)->text == NULL && n++ == 0)
			first = KEPT_FILE_OF(node);
	if (n <= FILES_MAX)
		return;
	store_del(STORE_FILE, first->name);
	file_free(first);
}

static void
has_changed(struct kept_file *f)
{
	keep(f);
	if (changed != NULL)
		changed(f);
}

char *
files_put(const char *name, const void *data, size_t len)
{
	struct kept_file *f = files_find(name);
	char *problem;

	if (f != NULL && f->text != NULL && f->text->len == len &&
	    memcmp(f->text->data, data, len) == 0)
		return NULL;
	if ((problem = problem_of(f, len)) != NULL)
		return problem;
	if (f == NULL)
		f = file_new(name);
	file_text_unref(f->text);
	f->text = file_text_new(data, len);
	f->version++;
	has_changed(f);
	return NULL;
}

bool
files_drop(const char *name)
{
	struct kept_file *f = files_find(name);

	if (f == NULL || f->text == NULL)
		return false;
	file_text_unref(f->text);
	f->text = NULL;
	f->version++;
	has_changed(f);
	forget_deleted();
	return true;
}

void
files_on_change(file_changed_fn *fn)
{
	changed = fn;
}

/* ---- start and stop ---- */

static void
on_row(const char *key, int64_t t_us, const char *data, size_t len, void *arg)
{
	json_t *o = json_loadb(data, len, 0, NULL);
	const json_t *data_in = json_object_get(o, "data");
	const json_t *version = json_object_get(o, "version");
	struct file_text *text = NULL;
	struct kept_file *f;

	(void)t_us, (void)arg;
	if (json_is_string(data_in))
		text = decode(json_string_value(data_in), json_string_length(data_in));
	/* damaged data are not a deleted file's: it would be taken from all instances */
	if (!file_is_name(key) || !json_is_integer(version) || json_integer_value(version) < 1 ||
	    (data_in != NULL && text == NULL)) {
		log_warnx("state-dir: the row of file '%s' is damaged and left out", key);
		file_text_unref(text);
	} else {
		f = file_new(key);
		f->version = (uint32_t)json_integer_value(version);
		f->text = text;
	}
	json_decref(o);
}

static int
module_start(void)
{
	store_each(STORE_FILE, on_row, NULL);
	return 0;
}

static void
module_stop(void)
{
	while (!list_is_empty(&kept_files))
		file_free(KEPT_FILE_OF(kept_files.next));
	changed = NULL;
}

const struct module mod_files = {
	.name = "files", .start = module_start, .stop = module_stop
};
