/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that the configuration or a command names. Opening, replacing and
 * discarding go through two pointers, which event/child sets once the helper
 * runs; until then they are the plain system calls. All other work is done on
 * descriptors, so it is the same in and outside the sandbox.
 *
 * A file is replaced by writing PATH.tmp-PID-N beside it, fsync and rename.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/file_keep.h"
#include "base/str.h"
#include "base/xalloc.h"

#define READ_BYTES	65536

static file_opener open_directly;
static file_replacer replace_directly;
static file_tree_changer change_directly;

static file_opener *opener = open_directly;
static file_replacer *replacer = replace_directly;
static file_recorder *recorder;
static file_tree_changer *tree_changer = change_directly;

static int
open_directly(const char *path, int flags, mode_t mode)
{
	return open(path, flags | O_CLOEXEC, mode);
}

static int
replace_directly(const char *path, const char *suffix, bool keep)
{
	char *temp = xasprintf("%s%s", path, suffix);
	int rc, saved;

	rc = keep ? rename(temp, path) : unlink(temp);
	saved = errno;
	free(temp);
	errno = saved;
	return rc;
}

void
file_set_opener(file_opener *fn)
{
	opener = fn != NULL ? fn : open_directly;
}

void
file_set_replacer(file_replacer *fn)
{
	replacer = fn != NULL ? fn : replace_directly;
}

void
file_set_tree_changer(file_tree_changer *fn)
{
	tree_changer = fn != NULL ? fn : change_directly;
}

void
file_set_recorder(file_recorder *fn)
{
	recorder = fn;
}

int
file_open(const char *path, int flags, mode_t mode)
{
	bool is_kept = flags == O_RDONLY;
	int fd;

	if (recorder != NULL)
		recorder(path);
	if (is_kept && file_keep_open(path, &fd))
		return fd;
	fd = opener(path, flags | O_CLOEXEC, mode);
	if (is_kept)
		file_keep_opened(path, fd);
	return fd;
}

static void
close_keeping_errno(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
}

/* First guess of the buffer: the file's size and one byte to see its end. */
static size_t
first_guess(int fd, size_t max_bytes)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return READ_BYTES;
	if ((uintmax_t)st.st_size > max_bytes)
		return max_bytes;
	return (size_t)st.st_size;
}

static char *
read_all(int fd, size_t max_bytes, size_t *ret_len)
{
	size_t len = 0, cap = first_guess(fd, max_bytes) + 2;
	char *buf = xmalloc(cap);
	ssize_t n;

	for (;;) {
		if (cap - len < 2)
			buf = xrealloc(buf, cap *= 2);
		n = read(fd, buf + len, cap - len - 1);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
		if (len > max_bytes) {
			errno = EFBIG;
			n = -1;
			break;
		}
	}
	if (n == -1) {
		int saved = errno;

		free(buf);
		errno = saved;
		return NULL;
	}
	buf[len] = '\0';
	*ret_len = len;
	return buf;
}

char *
file_read(const char *path, size_t max_bytes, size_t *ret_len)
{
	int fd = file_open(path, O_RDONLY, 0);
	size_t len;
	char *buf;

	if (fd == -1)
		return NULL;
	buf = read_all(fd, max_bytes, &len);
	close_keeping_errno(fd);
	if (buf != NULL && ret_len != NULL)
		*ret_len = len;
	return buf;
}

static int
write_all(int fd, const char *p, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(fd, p, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* The new name must survive a crash too. A folder we may not open is no error:
 * the file's bytes are safe already. */
static void
sync_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int fd;

	dir = slash == NULL ? xstrdup(".") :
	    xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
	fd = file_open(dir, O_RDONLY | O_DIRECTORY, 0);
	free(dir);
	if (fd == -1)
		return;
	(void)fsync(fd);
	close(fd);
}

int
file_write_atomic(const char *path, const void *data, size_t len, mode_t mode)
{
	static atomic_uint serial;
	char suffix[48];
	int fd, rc, saved;
	char *temp;

	snprintf(suffix, sizeof(suffix), ".tmp-%d-%u", (int)getpid(),
	    atomic_fetch_add(&serial, 1));
	temp = xasprintf("%s%s", path, suffix);
	fd = file_open(temp, O_WRONLY | O_CREAT | O_EXCL, mode);
	free(temp);
	if (fd == -1)
		return -1;
	rc = write_all(fd, data, len);
	if (rc == 0)
		rc = fsync(fd);
	close_keeping_errno(fd);
	if (rc == 0 && (rc = replacer(path, suffix, true)) == 0) {
		sync_folder_of(path);
		return 0;
	}
	saved = errno;
	(void)replacer(path, suffix, false);
	errno = saved;
	return -1;
}

/* ---- folders and links ---- */

static int
link_anew(int dir, const char *path, const char *target)
{
	char *temp = xasprintf("%s.new", path);
	int rc, saved;

	(void)unlinkat(dir, temp, 0);
	rc = symlinkat(target, dir, temp);
	if (rc == 0 && (rc = renameat(dir, temp, dir, path)) != 0) {
		saved = errno;
		(void)unlinkat(dir, temp, 0);
		errno = saved;
	}
	free(temp);
	return rc;
}

int
file_change_tree(int dir, enum file_tree_op op, const char *path, const char *target)
{
	switch (op) {
	case FILE_MAKE_FOLDER:
		return mkdirat(dir, path, 0700);
	case FILE_REMOVE:
		if (unlinkat(dir, path, 0) == 0)
			return 0;
		return errno == EISDIR ? unlinkat(dir, path, AT_REMOVEDIR) : -1;
	case FILE_LINK:
		return link_anew(dir, path, target);
	}
	return errno = EINVAL, -1;
}

static int
change_directly(enum file_tree_op op, const char *path, const char *target)
{
	return file_change_tree(AT_FDCWD, op, path, target);
}

int
file_make_folder(const char *path)
{
	return tree_changer(FILE_MAKE_FOLDER, path, "") == 0 || errno == EEXIST ? 0 : -1;
}

static int list_dir(const char *dir, const char *suffix, char ***ret_names);

int
file_remove(const char *path)
{
	char **names;
	int n = list_dir(path, NULL, &names);

	for (int i = 0; i < n; i++) {
		(void)tree_changer(FILE_REMOVE, names[i], "");
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return tree_changer(FILE_REMOVE, path, "") == 0 || errno == ENOENT ? 0 : -1;
}

int
file_settle(const char *path, const char *suffix)
{
	if (replacer(path, suffix, true) != 0)
		return -1;
	sync_folder_of(path);
	return 0;
}

int
file_link(const char *path, const char *target)
{
	if (tree_changer(FILE_LINK, path, target) != 0)
		return -1;
	sync_folder_of(path);
	return 0;
}

/* ---- names in a folder ---- */

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool
is_wanted(const char *name, const char *suffix)
{
	return name[0] != '.' &&
	    (suffix == NULL || str_ends(str_of(name), str_of(suffix)));
}

static DIR *
open_folder(const char *dir)
{
	int fd = file_open(dir, O_RDONLY | O_DIRECTORY, 0);
	DIR *d;

	if (fd == -1)
		return NULL;
	if ((d = fdopendir(fd)) == NULL)
		close_keeping_errno(fd);
	return d;
}

static int
list_dir(const char *dir, const char *suffix, char ***ret_names)
{
	const char *slash = str_ends(str_of(dir), STR("/")) ? "" : "/";
	char **names = NULL;
	struct dirent *e;
	int n = 0, cap = 0;
	DIR *d;

	if ((d = open_folder(dir)) == NULL)
		return -1;
	while ((e = readdir(d)) != NULL) {
		if (!is_wanted(e->d_name, suffix))
			continue;
		if (n == cap) {
			cap = cap ? cap * 2 : 16;
			names = xrealloc(names, (size_t)cap * sizeof(*names));
		}
		names[n++] = xasprintf("%s%s%s", dir, slash, e->d_name);
	}
	closedir(d);
	if (n > 0)
		qsort(names, (size_t)n, sizeof(*names), by_name);
	*ret_names = names;
	return n;
}

int
file_list_dir(const char *dir, const char *suffix, char ***ret_names)
{
	int n;

	if (file_keep_list(dir, suffix, ret_names, &n))
		return n;
	n = list_dir(dir, suffix, ret_names);
	file_keep_listed(dir, suffix, n > 0 ? *ret_names : NULL, n);
	return n;
}
