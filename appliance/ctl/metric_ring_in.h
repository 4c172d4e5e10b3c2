/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Inside of the rings: what metric_ring.c and metric_disk.c share.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_CTL_METRIC_RING_IN_H
#define WEIR_CTL_METRIC_RING_IN_H

#include "ctl/metric_file.h"

#define RING_WIDTH_BITS	10u
#define RING_WIDTH_MAX	(1u << RING_WIDTH_BITS)
#define RING_FILES_MAX	256u
#define RING_SEGMENT	60u	/* slots */

/* Of a column. */
enum ring_use { USE_CLEAN, USE_TAKEN, USE_DIRTY };

struct ring_file {
	struct metric_shape shape;
	size_t		 stride;	/* bytes of a slot */
	uint32_t	 nclean;	/* columns */
	uint32_t	 ndirty;
	uint8_t		*use;		/* owned; enum ring_use, by column */
	uint32_t	*stamps;	/* seconds when the slot began; 0 = never. Owned, or
					 * in the map */
	char		**segments;	/* owned, each NULL until it is needed; NULL: mapped */
	struct metric_map map;
	bool		 is_busy;	/* a job makes its file, or cleans columns */
	uint32_t	 refused;	/* it could not be made; seconds to the next try, plus 1 */
};

struct ring_tier {
	struct ring_file *files[RING_FILES_MAX];	/* owned; NULL: given up */
	unsigned	 nfiles;
	uint64_t	 bytes[METRIC_CLASSES];		/* in memory */
	bool		 is_off[METRIC_CLASSES];	/* given up */
	int64_t		 at_s;		/* of the last slot looked for, and where it is */
	uint32_t	 slot;
};

struct rings {
	struct ring_tier tiers[METRIC_TIERS];
	uint64_t	 bytes, max_bytes;	/* in memory */
	bool		 is_short;
};

extern struct rings rings;

/* Of that many columns; 0: as the next file of the class should be. At the index, or
 * behind the last one (index nfiles). */
struct ring_file *ring_file_new(enum metric_tier tier, enum metric_class k, unsigned index,
	    uint32_t width);
void	 ring_file_free(enum metric_tier tier, unsigned index);
/* Its samples move from memory to the map. */
void	 ring_file_move(enum metric_tier tier, struct ring_file *f, const struct metric_map *map);
char	*ring_slot(const struct ring_file *f, uint32_t slot);	/* NULL: not there */
size_t	 ring_sample_bytes(enum metric_tier tier);
/* metric_disk.c: may another file of that shape be? Gives things up for it if it must,
 * maybe those of its own kind. */
bool	 ring_disk_has_room(const struct metric_shape *s, bool must);
uint64_t ring_share(uint64_t max_bytes, enum metric_class k);	/* what the class may fill */
uint64_t ring_disk_share(void);	/* a file should not be larger; UINT64_MAX: no files */

#endif
