/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kept files; see file_keep.h. A kept file is handed out as an anonymous file in
 * memory, so that whoever reads it needs to know nothing of this; folders are
 * opened really, their names alone are kept. The bytes of keys are among what is
 * kept: they are wiped when they go.
 *
 * Threads: the one that loads; which store it uses is a variable of the thread.
 * Others may copy from it meanwhile, so the table has a lock.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_keep.h"
#include "base/str.h"
#include "base/xalloc.h"

#define BUCKETS		256
#define FILE_BYTES_MAX	(256u << 20)

enum kept_kind { KEPT_FILE, KEPT_ERROR, KEPT_NAMES };

struct kept {
	struct kept	*next;
	char		*path;		/* owned; of a listing with its suffix */
	enum kept_kind	 kind;
	int		 error;		/* KEPT_ERROR */
	mode_t		 mode;
	char		*data;		/* owned */
	size_t		 len;
	char		**names;	/* owned, each too */
	int		 n;
	struct kept	*other;		/* owned: in its place until settled */
	bool		 is_changed;	/* it was one */
};

struct file_keep {
	pthread_mutex_t	 lock;		/* of the table; entries stay where they are */
	struct kept	*buckets[BUCKETS];
	size_t		 bytes;
};

static _Thread_local struct {
	struct file_keep *keep;		/* borrowed */
	enum file_keep_mode mode;
} self;

struct file_keep *
file_keep_new(void)
{
	struct file_keep *k = xcalloc(1, sizeof *k);

	pthread_mutex_init(&k->lock, NULL);
	return k;
}

static void
kept_free(struct kept *e)
{
	if (e == NULL)
		return;
	kept_free(e->other);
	for (int i = 0; i < e->n; i++)
		free(e->names[i]);
	free(e->names);
	if (e->data != NULL)
		explicit_bzero(e->data, e->len);
	free(e->data);
	free(e->path);
	free(e);
}

void
file_keep_free(struct file_keep *k)
{
	struct kept *e;

	if (k == NULL)
		return;
	for (unsigned i = 0; i < BUCKETS; i++)
		while ((e = k->buckets[i]) != NULL) {
			k->buckets[i] = e->next;
			kept_free(e);
		}
	pthread_mutex_destroy(&k->lock);
	free(k);
}

size_t
file_keep_bytes(const struct file_keep *k)
{
	return k->bytes;
}

void
file_keep_use(struct file_keep *k, enum file_keep_mode mode)
{
	self.keep = mode != FILE_KEEP_OFF ? k : NULL;
	self.mode = k != NULL ? mode : FILE_KEEP_OFF;
}

enum file_keep_mode
file_keep_mode(void)
{
	return self.mode;
}

/* ---- the store ---- */

static struct kept **
bucket(struct file_keep *k, const char *path)
{
	return &k->buckets[str_hash(str_of(path)) % BUCKETS];
}

/* Where the pointer to it stands, or would. */
static struct kept **
place(struct file_keep *k, const char *path, bool is_names)
{
	struct kept **at = bucket(k, path);

	while (*at != NULL && (((*at)->kind == KEPT_NAMES) != is_names ||
	    strcmp((*at)->path, path) != 0))
		at = &(*at)->next;
	return at;
}

static struct kept *
find(const char *path, bool is_names)
{
	struct kept *e;

	pthread_mutex_lock(&self.keep->lock);
	e = *place(self.keep, path, is_names);
	pthread_mutex_unlock(&self.keep->lock);
	return e;
}

static struct kept *
kept_new(char *path, enum kept_kind kind)
{
	struct kept *e = xcalloc(1, sizeof *e);

	e->path = path;
	e->kind = kind;
	return e;
}

/* Filled already: others may find it from here on. */
static void
add(struct file_keep *k, struct kept *e)
{
	struct kept **at = bucket(k, e->path);

	pthread_mutex_lock(&k->lock);
	e->next = *at;
	*at = e;
	k->bytes += e->len;
	pthread_mutex_unlock(&k->lock);
}

static bool
is_replaying(void)
{
	return self.mode == FILE_KEEP_REPLAY || self.mode == FILE_KEEP_SEEDED;
}

/* ---- files ---- */

/* All bytes of a descriptor, which stays where it is. */
static bool
read_beside(int fd, size_t len, char **ret_data)
{
	char *data = xmalloc(len + 1);
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = pread(fd, data + got, len - got, (off_t)got);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	if (got < len) {
		free(data);
		return false;
	}
	*ret_data = data;
	return true;
}

void
file_keep_opened(const char *path, int fd)
{
	int saved = errno;
	struct stat st;
	struct kept *e;
	char *data;

	if (self.mode == FILE_KEEP_OFF || find(path, false) != NULL)
		return;
	if (fd == -1) {
		e = kept_new(xstrdup(path), KEPT_ERROR);
		e->error = saved;
		add(self.keep, e);
	} else if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 &&
	    (uintmax_t)st.st_size <= FILE_BYTES_MAX &&
	    read_beside(fd, (size_t)st.st_size, &data)) {
		e = kept_new(xstrdup(path), KEPT_FILE);
		e->mode = st.st_mode & 07777;
		e->data = data;
		e->len = (size_t)st.st_size;
		add(self.keep, e);
	}
	errno = saved;
}

static int
as_descriptor(const struct kept *e)
{
	int fd = memfd_create("weir-kept", MFD_CLOEXEC), saved;
	size_t done = 0;
	ssize_t n = 0;

	if (fd == -1)
		return -1;
	while (done < e->len && (n = write(fd, e->data + done, e->len - done)) > 0)
		done += (size_t)n;
	if (done == e->len && fchmod(fd, e->mode) == 0 && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	saved = errno != 0 ? errno : ENOSPC;
	close(fd);
	errno = saved;
	return -1;
}

bool
file_keep_open(const char *path, int *ret_fd)
{
	const struct kept *e;

	if (!is_replaying() || (e = find(path, false)) == NULL)
		return false;
	if (e->other != NULL)
		e = e->other;
	if (e->kind == KEPT_ERROR) {
		errno = e->error;
		*ret_fd = -1;
	} else
		*ret_fd = as_descriptor(e);
	return true;
}

/* ---- folders ---- */

static char **
copy_names(char *const *names, int n)
{
	char **copy = xcalloc((size_t)n + 1, sizeof *copy);

	for (int i = 0; i < n; i++)
		copy[i] = xstrdup(names[i]);
	return copy;
}

static char *
list_key(const char *dir, const char *suffix)
{
	return xasprintf("%s\n%s", dir, suffix != NULL ? suffix : "");
}

void
file_keep_listed(const char *dir, const char *suffix, char *const *names, int n)
{
	int saved = errno;
	struct kept *e;
	char *key;

	if (self.mode == FILE_KEEP_OFF)
		return;
	key = list_key(dir, suffix);
	if (find(key, true) != NULL) {
		free(key);
		return;
	}
	e = kept_new(key, KEPT_NAMES);
	e->error = n < 0 ? saved : 0;
	e->n = n > 0 ? n : 0;
	e->names = copy_names(names, e->n);
	add(self.keep, e);
	errno = saved;
}

bool
file_keep_list(const char *dir, const char *suffix, char ***ret_names, int *ret_n)
{
	const struct kept *e;
	char *key;

	if (!is_replaying())
		return false;
	key = list_key(dir, suffix);
	e = find(key, true);
	free(key);
	if (e == NULL)
		return false;
	if (e->error != 0) {
		errno = e->error;
		*ret_n = -1;
		return true;
	}
	*ret_names = copy_names(e->names, e->n);
	*ret_n = e->n;
	return true;
}

/* ---- other bytes ---- */

/* A file that is not there has no data. */
static struct kept *
kept_of(const char *path, const void *data, size_t len)
{
	struct kept *e = kept_new(xstrdup(path), data != NULL ? KEPT_FILE : KEPT_ERROR);

	e->error = ENOENT;
	e->mode = 0600;
	if (data == NULL)
		return e;
	e->data = xmalloc(len + 1);
	memcpy(e->data, data, len);
	e->len = len;
	return e;
}

void
file_keep_put(struct file_keep *k, const char *path, const void *data, size_t len)
{
	add(k, kept_of(path, data, len));
}

void
file_keep_put_names(struct file_keep *k, const char *dir, const char *suffix,
    char *const *names, int n)
{
	struct kept *e = kept_new(list_key(dir, suffix), KEPT_NAMES);

	e->error = n < 0 ? ENOTDIR : 0;
	e->n = n > 0 ? n : 0;
	e->names = copy_names(names, e->n);
	add(k, e);
}

void
file_keep_change(const char *path, const void *data, size_t len)
{
	struct kept *e = find(path, false);

	if (e == NULL) {
		e = kept_of(path, NULL, 0);
		add(self.keep, e);
	}
	kept_free(e->other);
	e->other = kept_of(path, data, len);
}

/* The pointer at `at` gets what stands in its place. */
static void
take_other(struct file_keep *k, struct kept **at)
{
	struct kept *e = *at, *other = e->other;

	k->bytes += other->len - e->len;
	other->next = e->next;
	other->is_changed = true;
	*at = other;
	e->other = NULL;
	kept_free(e);
}

void
file_keep_settle(struct file_keep *k, bool is_taken)
{
	pthread_mutex_lock(&k->lock);
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct kept **at = &k->buckets[i]; *at != NULL; at = &(*at)->next) {
			if ((*at)->other == NULL)
				continue;
			if (is_taken) {
				take_other(k, at);
				continue;
			}
			kept_free((*at)->other);
			(*at)->other = NULL;
		}
	pthread_mutex_unlock(&k->lock);
}

void
file_keep_each_changed(struct file_keep *k, void (*fn)(const char *path, void *arg), void *arg)
{
	pthread_mutex_lock(&k->lock);
	for (unsigned i = 0; i < BUCKETS; i++)
		for (const struct kept *e = k->buckets[i]; e != NULL; e = e->next)
			if (e->is_changed)
				fn(e->path, arg);
	pthread_mutex_unlock(&k->lock);
}

char *
file_keep_copy(struct file_keep *k, const char *path, size_t *ret_len)
{
	const struct kept *e;
	char *copy = NULL;

	pthread_mutex_lock(&k->lock);
	e = *place(k, path, false);
	if (e != NULL && e->kind == KEPT_FILE) {
		copy = xmalloc(e->len + 1);
		memcpy(copy, e->data, e->len);
		copy[e->len] = '\0';
		*ret_len = e->len;
	}
	pthread_mutex_unlock(&k->lock);
	return copy;
}

int
file_keep_names(struct file_keep *k, const char *dir, const char *suffix, char ***ret_names)
{
	char *key = list_key(dir, suffix);
	const struct kept *e;
	int n = -1;

	pthread_mutex_lock(&k->lock);
	e = *place(k, key, true);
	if (e != NULL && e->error == 0) {
		*ret_names = copy_names(e->names, e->n);
		n = e->n;
	}
	pthread_mutex_unlock(&k->lock);
	free(key);
	return n;
}
