/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The epoch; see epoch.h. It is the second in which the process began, and higher than
 * the one in the file `epoch` of the state directory, which is raised then.
 *
 * Thread: control.
 */
#include "ctl/epoch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/xalloc.h"

static uint64_t epoch;

uint64_t
epoch_now(void)
{
	return epoch;
}

static uint64_t
read_last(const char *path)
{
	size_t len;
	char *text = file_read(path, 64, &len);
	uint64_t last = text != NULL ? strtoull(text, NULL, 10) : 0;

	free(text);
	return last;
}

void
epoch_begin(const char *state_dir)
{
	char *path, text[32];
	uint64_t last;
	int len;

	if (epoch != 0)
		return;
	epoch = clock_wall_us() / 1000000;
	if (state_dir == NULL)
		return;
	path = xasprintf("%s/epoch", state_dir);
	last = read_last(path);
	if (last >= epoch)
		epoch = last + 1;
	len = snprintf(text, sizeof text, "%" PRIu64 "\n", epoch);
	if (file_write_atomic(path, text, (size_t)len, 0600) != 0)
		log_warn("cannot write %s", path);
	free(path);
}

/* ---- what was seen ---- */

struct seen {
	struct seen	*next;
	uint64_t	 epoch;
	char		 group[];
};

static struct seen *all;

static struct seen *
seen_of(const char *group)
{
	size_t bytes = strlen(group) + 1;
	struct seen *e = all;

	while (e != NULL && strcmp(e->group, group) != 0)
		e = e->next;
	if (e != NULL)
		return e;
	e = xcalloc(1, sizeof *e + bytes);
	memcpy(e->group, group, bytes);
	e->next = all;
	return all = e;
}

void
epoch_saw(const char *group, uint64_t n)
{
	struct seen *e = seen_of(group);

	if (n > e->epoch)
		e->epoch = n;
}

bool
epoch_is_stale(const char *group, uint64_t n, uint64_t *ret_seen)
{
	*ret_seen = seen_of(group)->epoch;
	epoch_saw(group, n);
	return n < *ret_seen;
}

void
epoch_forget(void)
{
	struct seen *e;

	while ((e = all) != NULL) {
		all = e->next;
		free(e);
	}
}
