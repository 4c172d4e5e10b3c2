/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files for instances that are children: a folder each, FOLDER/ID.files, which its
 * command is told by {files} or WEIR_FILES. A new version is written beside the old one
 * and renamed, so nobody reads half a file; then comes the section's reload-signal. A
 * file that is there already as it should be (after a restart of weir) is left alone.
 *
 * Thread: control; the writing is a job's.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "ctl/provider_child.h"
#include "event/job.h"
#include "event/program_files.h"

struct writing {
	struct file_delivery *d;	/* NULL: nobody waits */
	struct file_text *text;		/* held */
	char		*path;		/* owned */
	int		 error;
	bool		 is_same;
};

static const char *
refused(const struct provider_conf *p)
{
	char path[PROGRAM_FILES_PATH];

	(void)p;
	if (!program_has_folder())
		return "it needs a state-dir";
	return program_files_path("i-0123456789abcdef0", path) ? NULL :
	    "the path of state-dir is too long, or has characters beside A-Za-z0-9._:/-";
}

/* A job thread. */
static bool
is_there(const struct writing *w)
{
	int fd = file_open(w->path, O_RDONLY, 0);

	if (fd != -1)
		close(fd);
	return fd != -1;
}

/* A job thread. */
static bool
is_as_it_should_be(const struct writing *w)
{
	size_t len;
	char *text = file_read(w->path, FILE_BYTES_MAX, &len);
	bool is_same = text != NULL && len == w->text->len && memcmp(text, w->text->data, len) == 0;

	free(text);
	return is_same;
}

/* A job thread. */
static void
write_it(void *arg)
{
	struct writing *w = arg;
	int rc;

	if (w->text == NULL) {
		w->is_same = !is_there(w);
		rc = file_remove(w->path);
	} else if ((w->is_same = is_as_it_should_be(w)))
		rc = 0;
	else
		rc = file_write_atomic(w->path, w->text->data, w->text->len, 0644);
	w->error = rc == -1 ? errno : 0;
}

static void
on_written(void *arg)
{
	struct writing *w = arg;
	struct child *c = w->d != NULL ? child_find(w->d->id) : NULL;

	if (c != NULL && w->error == 0 && !w->is_same)
		child_reload(c);
	if (w->d != NULL)
		file_delivered(w->d, w->error != 0 ? strerror(w->error) : NULL);
	file_text_unref(w->text);
	free(w->path);
	free(w);
}

static void
start(struct file_delivery *d)
{
	struct writing *w = xcalloc(1, sizeof *w);
	char path[PROGRAM_FILES_PATH];

	(void)program_files_path(d->id, path);		/* refused says no, else */
	d->private = w;
	w->d = d;
	w->path = xasprintf("%s/%s", path, d->name);
	w->text = d->text != NULL ? file_text_ref(d->text) : NULL;
	job_run(control_loop, write_it, on_written, w);
}

static void
cancel(struct file_delivery *d)
{
	((struct writing *)d->private)->d = NULL;
}

const struct provider_files provider_child_files = {
	.refused = refused, .start = start, .cancel = cancel
};
