/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files of the rings; see metric_file.h.
 *
 * any thread
 */
#include "ctl/metric_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"

#define PAGE		4096u
#define MAGIC		"weirring"
#define VERSION		1u
#define WIDTH_MAX	1024u

struct header {
	char		 magic[8];
	uint32_t	 version;
	struct metric_shape shape;
	uint64_t	 sum;		/* of all before it */
	/* what changes */
	uint32_t	 high;
};

static size_t
stamps_bytes(const struct metric_shape *s)
{
	return (s->nslots * sizeof(uint32_t) + PAGE - 1) / PAGE * PAGE;
}

uint64_t
metric_file_bytes(const struct metric_shape *s)
{
	return PAGE + stamps_bytes(s) + (uint64_t)s->nslots * s->width * s->sample_bytes;
}

static uint64_t
sum_of(const struct header *h)
{
	return str_hash((struct str){ (const char *)h, offsetof(struct header, sum) });
}

static int
map(int fd, const struct metric_shape *s, struct metric_map *ret)
{
	size_t bytes = metric_file_bytes(s);
	char *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return -1;
	*ret = (struct metric_map){
		.base = base, .bytes = bytes,
		.high = &((struct header *)(void *)base)->high,
		.stamps = (uint32_t *)(void *)(base + PAGE),
		.slots = base + PAGE + stamps_bytes(s),
	};
	return 0;
}

static int
fill(int fd, const struct metric_shape *s)
{
	struct header h;
	int error;

	memset(&h, 0, sizeof h);	/* holes too: they are summed */
	memcpy(h.magic, MAGIC, sizeof h.magic);
	h.version = VERSION;
	h.shape = *s;
	h.sum = sum_of(&h);
	if ((error = posix_fallocate(fd, 0, (off_t)metric_file_bytes(s))) != 0)
		return errno = error, -1;
	return pwrite(fd, &h, sizeof h, 0) == (ssize_t)sizeof h ? 0 : -1;
}

int
metric_file_make(const char *path, const struct metric_shape *s, struct metric_map *ret)
{
	int fd = file_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600), rc, saved;

	if (fd == -1)
		return -1;
	rc = fill(fd, s);
	if (rc == 0)
		rc = map(fd, s, ret);
	saved = errno;
	if (rc != 0 && ftruncate(fd, 0) == 0)	/* gives the room back */
		(void)unlink(path);
	close(fd);
	errno = saved;
	return rc;
}

static bool
is_good(const struct header *h, const struct metric_shape *s)
{
	return memcmp(h->magic, MAGIC, sizeof h->magic) == 0 && h->version == VERSION &&
	    h->sum == sum_of(h) && h->shape.tier == s->tier && h->shape.k == s->k &&
	    h->shape.nslots == s->nslots && h->shape.step_s == s->step_s &&
	    h->shape.sample_bytes == s->sample_bytes && h->shape.width > 0 &&
	    h->shape.width <= WIDTH_MAX && h->high <= h->shape.width;
}

bool
metric_file_load(const char *path, struct metric_shape *s, struct metric_map *ret)
{
	int fd = file_open(path, O_RDWR, 0);
	struct header h;
	struct stat st;
	bool is_ours = false;

	if (fd == -1)
		return false;
	errno = 0;
	if (pread(fd, &h, sizeof h, 0) == (ssize_t)sizeof h && is_good(&h, s) &&
	    fstat(fd, &st) == 0) {
		s->width = h.shape.width;
		is_ours = (uint64_t)st.st_size >= metric_file_bytes(s) && map(fd, s, ret) == 0;
	}
	close(fd);
	return is_ours;
}

void
metric_file_close(struct metric_map *m)
{
	if (m->base != NULL)
		munmap(m->base, m->bytes);
	memset(m, 0, sizeof *m);
}
