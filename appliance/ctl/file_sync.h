/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files on their way to instances. A provider that can bring files has a struct
 * provider_files; it says which of its instances run (file_sync_runs) and which are
 * gone, and delivers one file to one instance at a time. What each instance has is
 * known here; what failed is tried again.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_FILE_SYNC_H
#define WEIR_CTL_FILE_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/files.h"
#include "ctl/provider.h"

struct file_state;

/* One file for one instance, under way. */
struct file_delivery {
	const char	*provider, *group, *id, *name;	/* borrowed until it has ended */
	uint32_t	 version;
	struct file_text *text;		/* held; NULL: the file goes */
	void		*private;	/* the type's */
	/* file_sync.c's own */
	struct file_state *state;
	const struct provider_files *by;
};

struct provider_files {
	/* why this one brings no files; NULL: it does */
	const char	*(*refused)(const struct provider_conf *p);
	/* ends in file_delivered, from here or later */
	void		(*start)(struct file_delivery *d);
	void		(*cancel)(struct file_delivery *d);	/* it is forgotten */
};

/* error NULL or "": the instance has it now. */
void	file_delivered(struct file_delivery *d, const char *error);

/* The files that a new instance begins with: all that there are now. */
struct file_set {
	unsigned	 n;
	struct file_set_item {
		char		 name[FILE_NAME_MAX + 1];
		uint32_t	 version;
		struct file_text *text;	/* held */
	} all[];
};
struct file_set *file_set_new(void);	/* NULL: there are none */
void	file_set_free(struct file_set *s);	/* any thread; NULL is fine */

/* It runs; `has`: what it began with, NULL = nobody knows. Again is harmless. */
void	file_sync_runs(const struct provider_conf *p, const char *group, const char *id,
	    const struct file_set *has);
void	file_sync_gone(const char *id);
/* All that there is of a group: those that are not among them are gone. */
void	file_sync_described(const struct provider_conf *p, const char *group,
	    const struct provider_instance *all, unsigned n);

/* For show files: what this instance has of a file. False: nothing is known of it. */
struct file_told {
	uint32_t	 version;	/* 0 = none */
	bool		 is_current;
	const char	*error;		/* "" = none, it is on its way */
};
bool	file_sync_tell(const char *id, const struct kept_file *f, struct file_told *ret);
/* Why instances of this provider get no files; NULL: they do. */
const char *file_sync_refused(const struct provider_conf *p);

#endif
