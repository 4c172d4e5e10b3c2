/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kept files; see file_keep.h. A kept file is handed out as an anonymous file in
 * memory, so that whoever reads it needs to know nothing of this; folders are
 * opened really, their names alone are kept. The bytes of keys are among what is
 * kept: they are wiped when they go.
 *
 * Thread: the one that loads; which store it uses is a variable of the thread.
 */
#include <errno.h>
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
};

struct file_keep {
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
	return xcalloc(1, sizeof(struct file_keep));
}

static void
kept_free(struct kept *e)
{
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
bucket(const char *path)
{
	return &self.keep->buckets[str_hash(str_of(path)) % BUCKETS];
}

static struct kept *
find(const char *path, bool is_names)
{
	struct kept *e = *bucket(path);

	while (e != NULL && ((e->kind == KEPT_NAMES) != is_names || strcmp(e->path, path) != 0))
		e = e->next;
	return e;
}

static struct kept *
add(char *path, enum kept_kind kind)
{
	struct kept *e = xcalloc(1, sizeof *e), **at = bucket(path);

	e->path = path;
	e->kind = kind;
	e->next = *at;
	*at = e;
	return e;
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
	if (fd == -1)
		add(xstrdup(path), KEPT_ERROR)->error = saved;
	else if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size >= 0 &&
	    (uintmax_t)st.st_size <= FILE_BYTES_MAX &&
	    read_beside(fd, (size_t)st.st_size, &data)) {
		e = add(xstrdup(path), KEPT_FILE);
		e->mode = st.st_mode & 07777;
		e->data = data;
		e->len = (size_t)st.st_size;
		self.keep->bytes += e->len;
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

	if (self.mode != FILE_KEEP_REPLAY || (e = find(path, false)) == NULL)
		return false;
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
	e = add(key, KEPT_NAMES);
	e->error = n < 0 ? saved : 0;
	e->n = n > 0 ? n : 0;
	e->names = copy_names(names, e->n);
	errno = saved;
}

bool
file_keep_list(const char *dir, const char *suffix, char ***ret_names, int *ret_n)
{
	const struct kept *e;
	char *key;

	if (self.mode != FILE_KEEP_REPLAY)
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
