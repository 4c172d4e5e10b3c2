/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rings in files: which there are, who makes them, what metrics-space grants; see
 * metric_ring.h. Files are named by step and number, those of servers apart:
 * 1s-0-servers.ring. What blocks is a job: making a file, and cleaning columns that
 * series have left, before another series gets them.
 *
 * Thread: control; jobs where it is said.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "ctl/metric_index.h"
#include "ctl/metric_ring_in.h"
#include "event/job.h"
#include "event/sched.h"

#define RETRY_TICKS	60u	/* after a disk was full */
#define SYNC_TICKS	60u
#define SERVERS		"-servers"

static struct {
	char		*dir;		/* owned; NULL: no files */
	uint64_t	 max_bytes, bytes;	/* granted; of files */
	unsigned	 nbusy;		/* files under way */
	bool		 has_no_room;	/* metrics-space is used up */
	bool		 was_told;
	unsigned	 ticks;
	struct waiter {
		struct waiter *next;
		metric_safe_fn *fn;
		void	*arg;
	} *waiters, **last;
} disk = { .last = &disk.waiters };

uint64_t
metric_disk_bytes(void)
{
	return disk.bytes;
}

void
metric_disk_bound(uint64_t max_bytes)
{
	if (max_bytes > disk.max_bytes)
		disk.has_no_room = false;
	disk.max_bytes = max_bytes;
}

uint64_t
ring_disk_share(void)
{
	return disk.dir != NULL ? disk.max_bytes / 8 : UINT64_MAX;
}

static char *
path_of(enum metric_tier tier, uint32_t k, unsigned index)
{
	return xasprintf("%s/%us-%u%s.ring", disk.dir, metric_step_s[tier], index,
	    k == METRIC_OF_SERVERS ? SERVERS : "");
}

/* ---- who waits ---- */

bool
metric_when_safe(metric_safe_fn *fn, void *arg)
{
	struct waiter *w;

	metric_disk_tick(0);
	metric_index_flush();
	if (disk.nbusy == 0)
		return true;
	w = xcalloc(1, sizeof *w);
	w->fn = fn;
	w->arg = arg;
	*disk.last = w;
	disk.last = &w->next;
	return false;
}

static void
wake_all(void)
{
	struct waiter *w = disk.waiters, *next;

	disk.waiters = NULL;
	disk.last = &disk.waiters;
	for (; w != NULL; w = next) {
		next = w->next;
		w->fn(w->arg);
		free(w);
	}
}

/* ---- making files ---- */

struct making {
	enum metric_tier tier;
	struct ring_file *f;		/* borrowed; busy meanwhile */
	char		*path;		/* owned */
	struct metric_map map;
	int		 error;
};

static void
make_file(void *arg)		/* job */
{
	struct making *m = arg;

	if (metric_file_make(m->path, &m->f->shape, &m->map) != 0)
		m->error = errno;
}

static void
tell_full(const char *path, int error)
{
	if (disk.was_told)
		return;
	disk.was_told = true;
	if (error != 0)
		log_alert("MetricsFull: cannot make %s: %s; metrics stay in memory", path,
		    strerror(error));
	else
		log_alert("MetricsFull: metrics-space is used up; new metrics are refused");
}

static void
file_made(void *arg)
{
	struct making *m = arg;

	m->f->is_busy = false;
	if (m->error == 0) {
		m->f->refused = 0;
		ring_file_move(m->tier, m->f, &m->map);
	} else {
		m->f->refused = RETRY_TICKS;
		tell_full(m->path, m->error);
	}
	free(m->path);
	free(m);
	sched_busy_end();
	if (--disk.nbusy == 0)
		wake_all();
}

static void
start_making(enum metric_tier tier, unsigned index, struct ring_file *f)
{
	struct making *m = xcalloc(1, sizeof *m);

	m->tier = tier;
	m->f = f;
	m->path = path_of(tier, f->shape.k, index);
	f->is_busy = true;
	disk.nbusy++;
	sched_busy_begin();
	job_run(control_loop, make_file, file_made, m);
}

/* ---- cleaning columns ---- */

struct cleaning {
	struct ring_file *f;		/* borrowed; busy meanwhile */
	uint8_t		*wanted;	/* owned; by column */
};

static bool
is_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* Nobody else touches these columns meanwhile. */
static void
clean_columns(void *arg)	/* job */
{
	const struct cleaning *c = arg;
	const struct metric_shape *s = &c->f->shape;

	for (uint32_t slot = 0; slot < s->nslots; slot++) {
		char *at = c->f->map.slots + slot * c->f->stride;

		for (uint32_t i = 0; i < s->width; i++, at += s->sample_bytes)
			if (c->wanted[i] && !is_zero(at, s->sample_bytes))
				memset(at, 0, s->sample_bytes);
	}
}

static void
columns_cleaned(void *arg)
{
	struct cleaning *c = arg;

	c->f->is_busy = false;
	for (uint32_t i = 0; i < c->f->shape.width; i++)
		if (c->wanted[i] && c->f->use[i] == USE_DIRTY) {
			c->f->use[i] = USE_CLEAN;
			c->f->nclean++;
			c->f->ndirty--;
		}
	free(c->wanted);
	free(c);
}

static void
start_cleaning(struct ring_file *f)
{
	struct cleaning *c = xcalloc(1, sizeof *c);

	c->f = f;
	c->wanted = xcalloc(f->shape.width, 1);
	for (uint32_t i = 0; i < f->shape.width; i++)
		c->wanted[i] = f->use[i] == USE_DIRTY;
	f->is_busy = true;
	job_run(control_loop, clean_columns, columns_cleaned, c);
}

/* ---- each second ---- */

static void
look_after(enum metric_tier tier, unsigned index, struct ring_file *f, bool is_tick)
{
	if (f->is_busy)
		return;
	if (f->segments == NULL) {
		if (is_tick && f->ndirty > 0 && f->nclean < f->shape.width / 4)
			start_cleaning(f);
	} else if (f->refused > 1)
		f->refused -= is_tick;
	else if (f->refused == 0 || is_tick)
		start_making(tier, index, f);
}

static bool
any_refused(void)
{
	for (unsigned t = 0; t < METRIC_TIERS; t++)
		for (unsigned i = 0; i < rings.tiers[t].nfiles; i++)
			if (rings.tiers[t].files[i] != NULL && rings.tiers[t].files[i]->refused > 0)
				return true;
	return false;
}

bool
metric_disk_is_full(void)
{
	return disk.has_no_room || any_refused();
}

static void
sync_all(void)
{
	for (unsigned t = 0; t < METRIC_TIERS; t++)
		for (unsigned i = 0; i < rings.tiers[t].nfiles; i++) {
			const struct ring_file *f = rings.tiers[t].files[i];

			if (f != NULL && f->map.base != NULL)
				(void)msync(f->map.base, f->map.bytes, MS_ASYNC);
		}
}

void
metric_disk_tick(uint64_t seconds)
{
	if (disk.dir == NULL)
		return;
	for (unsigned t = 0; t < METRIC_TIERS; t++)
		for (unsigned i = 0; i < rings.tiers[t].nfiles; i++)
			if (rings.tiers[t].files[i] != NULL)
				look_after((enum metric_tier)t, i, rings.tiers[t].files[i],
				    seconds > 0);
	if (seconds == 0)
		return;
	if (disk.was_told && disk.nbusy == 0 && !metric_disk_is_full()) {
		disk.was_told = false;
		log_notice("metrics have room again");
	}
	if (++disk.ticks % SYNC_TICKS == 0)
		sync_all();
}

/* ---- room ---- */

/* Servers lose the steps of a second, then of ten: true when files went. */
static bool
give_up(enum metric_tier tier)
{
	struct ring_tier *t = &rings.tiers[tier];
	bool any = false;

	for (unsigned i = 0; i < t->nfiles; i++) {
		struct ring_file *f = t->files[i];
		char *path;

		if (f == NULL || f->shape.k != METRIC_OF_SERVERS || f->is_busy)
			continue;
		path = path_of(tier, f->shape.k, i);
		disk.bytes -= metric_file_bytes(&f->shape);
		ring_file_free(tier, i);
		if (unlink(path) != 0 && errno != ENOENT)
			log_warn("cannot remove %s", path);
		free(path);
		any = true;
	}
	if (!t->is_off[METRIC_OF_SERVERS])
		log_notice("metrics-space is short: servers have no metrics of %u s any more",
		    metric_step_s[tier]);
	t->is_off[METRIC_OF_SERVERS] = true;
	rings.is_short = true;
	return any;
}

bool
ring_disk_has_room(const struct metric_shape *s, bool must)
{
	uint64_t max_bytes = ring_share(disk.max_bytes, s->k), bytes = metric_file_bytes(s);

	if (disk.dir == NULL)
		return true;
	while (disk.bytes + bytes > max_bytes) {
		if (must && (give_up(METRIC_1S) || give_up(METRIC_10S)))
			continue;
		if (must) {
			disk.has_no_room = true;
			tell_full(NULL, 0);
		}
		return false;
	}
	if (rings.tiers[s->tier].is_off[s->k])
		return false;
	disk.bytes += bytes;
	return true;
}

/* ---- after a restart ---- */

bool
metric_column_claim(enum metric_tier tier, uint32_t column)
{
	struct ring_tier *t = &rings.tiers[tier];
	uint32_t i = column >> RING_WIDTH_BITS, c = column & (RING_WIDTH_MAX - 1);
	struct ring_file *f = i < t->nfiles ? t->files[i] : NULL;

	if (f == NULL || c >= f->shape.width || f->use[c] == USE_TAKEN)
		return false;
	if (f->use[c] == USE_DIRTY)
		f->ndirty--;
	else
		f->nclean--;
	f->use[c] = USE_TAKEN;
	return true;
}

/* STEPs-N.ring or STEPs-N-servers.ring in the folder; false: another file. */
static bool
parse_name(const char *path, enum metric_tier *ret_tier, enum metric_class *ret_k,
    unsigned *ret_index)
{
	struct str name = str_of(path + strlen(disk.dir) + 1), step;
	bool is_servers = str_ends(name, STR(SERVERS ".ring"));
	uint64_t seconds, index;

	name.len -= strlen(is_servers ? SERVERS ".ring" : ".ring");
	if (!str_next_elem(&name, '-', &step) || step.len < 2 || step.p[--step.len] != 's' ||
	    !str_to_u64(step, &seconds) || !str_to_u64(name, &index) || index >= RING_FILES_MAX)
		return false;
	for (unsigned t = 0; t < METRIC_TIERS; t++)
		if (metric_step_s[t] == seconds) {
			*ret_tier = (enum metric_tier)t;
			*ret_k = is_servers ? METRIC_OF_SERVERS : METRIC_OF_OTHERS;
			*ret_index = (unsigned)index;
			return true;
		}
	return false;
}

static void
move_aside(const char *path)
{
	char *to = xasprintf("%s.bad", path);

	log_alert("metrics: %s is damaged or of another version: moved to %s", path, to);
	if (rename(path, to) != 0)
		log_warn("cannot rename %s", path);
	free(to);
}

static void
load_file(const char *path)
{
	struct ring_file *f;
	struct metric_shape shape;
	struct metric_map map;
	enum metric_tier tier;
	enum metric_class k;
	unsigned index;

	if (!parse_name(path, &tier, &k, &index))
		return;
	f = ring_file_new(tier, k, index, 1);
	shape = f->shape;
	ring_file_free(tier, index);
	if (!metric_file_load(path, &shape, &map)) {
		move_aside(path);
		return;
	}
	f = ring_file_new(tier, k, index, shape.width);
	ring_file_move(tier, f, &map);
	memset(f->use, USE_DIRTY, *map.high);	/* until a series claims them */
	f->ndirty = *map.high;
	f->nclean = shape.width - *map.high;
	disk.bytes += metric_file_bytes(&f->shape);
}

void
metric_disk_open(const char *dir, uint64_t max_bytes)
{
	char **names = NULL;
	int n;

	disk.dir = xstrdup(dir);
	disk.max_bytes = max_bytes;
	if (mkdir(dir, 0750) != 0 && errno != EEXIST)
		log_warn("cannot make the folder %s", dir);
	n = file_list_dir(dir, ".ring", &names);
	for (int i = 0; i < n; i++) {
		load_file(names[i]);
		free(names[i]);
	}
	free(names);
}

void
metric_disk_close(void)
{
	free(disk.dir);
	for (struct waiter *w = disk.waiters, *next; w != NULL; w = next) {
		next = w->next;
		free(w);
	}
	memset(&disk, 0, sizeof disk);
	disk.last = &disk.waiters;
}
