/* SPDX-License-Identifier: BSD-2-Clause */
/* The folder of instances; see program_folder.h. */
#include "event/program_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "event/helper.h"
#include "event/program_files.h"

#define SUFFIX	".child"

static char *folder;			/* owned: of instances; NULL = none */

void
program_set_folder(const char *path)
{
	char cwd[HELPER_PATH_BYTES] = "";

	if (path[0] != '/' && getcwd(cwd, sizeof(cwd)) == NULL)
		return;
	free(folder);
	folder = path[0] == '/' ? xstrdup(path) : xasprintf("%s/%s", cwd, path);
}

bool
program_has_folder(void)
{
	return folder != NULL;
}

const char *
program_folder(void)
{
	return folder;
}

void
program_folder_fini(void)
{
	free(folder);
	folder = NULL;
}

int
program_folder_open(void)
{
	if (folder == NULL)
		return errno = ENOENT, -1;
	if (mkdir(folder, 0711) == -1 && errno != EEXIST)
		return -1;
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* The names in it; NULL: it cannot be read. */
static DIR *
names_of(int dir)
{
	int fd = dup(dir);
	DIR *d = fd != -1 ? fdopendir(fd) : NULL;

	if (d != NULL)
		rewinddir(d);
	else if (fd != -1)
		close(fd);
	return d;
}

/* ---- the end of what a child has ---- */

void
program_folder_remove(int dir, const char *id)
{
	size_t len = strlen(id);
	DIR *d = names_of(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (len > 0 && strncmp(e->d_name, id, len) == 0 && e->d_name[len] == '.')
			(void)unlinkat(dir, e->d_name, 0);
	if (d != NULL)
		closedir(d);
	program_files_remove(dir, id);
}

static bool
has_child(int dir, const char *id)
{
	char child[CHILD_ID_MAX + sizeof(SUFFIX)];

	snprintf(child, sizeof(child), "%s" SUFFIX, id);
	return faccessat(dir, child, F_OK, AT_SYMLINK_NOFOLLOW) == 0 || errno != ENOENT;
}

bool
program_folder_forget(int dir, const char *id)
{
	if (has_child(dir, id))
		return false;
	program_folder_remove(dir, id);
	return true;
}

/* A child's: ID.SUFFIX of these, without ID.child beside it. */
static bool
is_orphan(int dir, const char *file, char id[CHILD_ID_MAX + 1])
{
	static const char *const suffixes[] = { ".files", ".qcow2", ".qmp" };
	const char *dot = strrchr(file, '.');

	if (dot == NULL || dot == file || dot - file > (ptrdiff_t)CHILD_ID_MAX)
		return false;
	snprintf(id, CHILD_ID_MAX + 1, "%.*s", (int)(dot - file), file);
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strcmp(dot, suffixes[i]) == 0)
			return !has_child(dir, id);
	return false;
}

void
program_folder_sweep(int dir)
{
	char id[CHILD_ID_MAX + 1];
	DIR *d = names_of(dir);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (is_orphan(dir, e->d_name, id))
			program_folder_remove(dir, id);
	if (d != NULL)
		closedir(d);
}

/* ---- sockets ---- */

/* The socket of that name itself, not what a link leads to; a path below /proc keeps
 * the name short enough. */
int
program_folder_connect(int dir, const char *name, int type)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int file = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), s, saved;

	if (file == -1)
		return -1;
	snprintf(un.sun_path, sizeof(un.sun_path), "/proc/self/fd/%d", file);
	s = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s != -1 && connect(s, (struct sockaddr *)&un, sizeof(un)) == -1) {
		saved = errno;
		close(s);
		s = -1;
		errno = saved;
	}
	saved = errno;
	close(file);
	return errno = saved, s;
}

/* The id that a file name stands for; false: another file. */
static bool
id_of(const char *file, char id[CHILD_ID_MAX + 1])
{
	size_t n = strlen(file), end = strlen(SUFFIX);

	if (n <= end || n - end > CHILD_ID_MAX || strcmp(file + n - end, SUFFIX) != 0)
		return false;
	snprintf(id, CHILD_ID_MAX + 1, "%.*s", (int)(n - end), file);
	return true;
}

/* The smallest id that comes after one; false: none. */
static bool
next_id(int dir, const char *after, char ret[CHILD_ID_MAX + 1])
{
	char id[CHILD_ID_MAX + 1];
	DIR *d = names_of(dir);
	struct dirent *e;

	ret[0] = '\0';
	if (d == NULL)
		return false;
	while ((e = readdir(d)) != NULL)
		if (id_of(e->d_name, id) && strcmp(id, after) > 0 &&
		    (ret[0] == '\0' || strcmp(id, ret) < 0))
			memcpy(ret, id, sizeof(id));
	closedir(d);
	return ret[0] != '\0';
}

/* Sockets that nobody listens on are what a killed warden left. What cannot be connected
 * to for another reason (a queue that is full, no descriptor left) may live. */
int
program_folder_adopt(int dir, const char *after, char ret_id[CHILD_ID_MAX + 1])
{
	char id[CHILD_ID_MAX + 1], file[CHILD_ID_MAX + sizeof(SUFFIX)];
	int s;

	snprintf(id, sizeof(id), "%.*s", (int)CHILD_ID_MAX, after);
	while (next_id(dir, id, ret_id)) {
		snprintf(file, sizeof(file), "%s" SUFFIX, ret_id);
		if ((s = program_folder_connect(dir, file, SOCK_SEQPACKET)) != -1)
			return s;
		if (errno == ECONNREFUSED)
			program_folder_remove(dir, ret_id);
		snprintf(id, sizeof(id), "%s", ret_id);
	}
	return errno = ENOENT, -1;
}
