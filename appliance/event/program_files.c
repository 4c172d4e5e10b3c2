/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Folders of files of children; see program_files.h. Only its owner and the group of
 * the child's user may enter one, so what is in it may be readable by all; the folder
 * of instances around it can be passed through but not listed.
 *
 * Process: the helper, or a warden.
 */
#include "event/program_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event/program.h"

#define SUFFIX	".files"

struct name {
	char		 text[CHILD_ID_MAX + sizeof(SUFFIX)];
};

static struct name
name_of(const char *id)
{
	struct name n;

	snprintf(n.text, sizeof(n.text), "%.*s" SUFFIX, (int)CHILD_ID_MAX, id);
	return n;
}

static int
open_files(int dir, const char *id)
{
	return openat(dir, name_of(id).text, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

int
program_files_serve(int dir, const char *id, gid_t gid)
{
	int fd, error = 0;

	(void)fchmod(dir, 0711);	/* its owner's matter, if it is not ours */
	if (mkdirat(dir, name_of(id).text, 0750) == -1 && errno != EEXIST)
		return errno;
	if ((fd = open_files(dir, id)) == -1)
		return errno;
	if ((gid != (gid_t)-1 && fchown(fd, (uid_t)-1, gid) == -1) || fchmod(fd, 0750) == -1)
		error = errno;
	close(fd);
	return error;
}

/* All files are plain ones: nothing of the program's is in it unless it has put it
 * there, and then folders stay. */
static void
remove_files(int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL)
		(void)unlinkat(fd, e->d_name, 0);
	closedir(d);
}

void
program_files_remove(int dir, const char *id)
{
	int fd;

	/* twice: one that was being written may have come meanwhile */
	for (int i = 0; i < 2; i++) {
		if ((fd = open_files(dir, id)) == -1)
			return;
		remove_files(fd);
		if (unlinkat(dir, name_of(id).text, AT_REMOVEDIR) == 0)
			return;
	}
}
