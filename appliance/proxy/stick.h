/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stick tables: keys with data (a server, counters, rates), of a fixed number of
 * entries. A table is a live cell: it outlives snapshots and is found again by
 * its name while type, size and layout stay what they were.
 *
 * A table is cut into shards, each with a mutex, buckets and entries of its own.
 * What stick_find or stick_get return is locked: read or write data, then
 * stick_unlock, nothing else in between. An entry that somebody holds (stick_hold)
 * is neither purged nor does it expire; all others stand in the order of their
 * last use, so the next to expire and the next to purge is always the first.
 */
#ifndef WEIR_PROXY_STICK_H
#define WEIR_PROXY_STICK_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/magic.h"
#include "base/str.h"

struct cfg;
struct proxy;
struct sample;
struct snapshot;

enum stick_type { STICK_IP, STICK_IPV6, STICK_INTEGER, STICK_STRING, STICK_BINARY, STICK_TYPES };

/* What an entry may carry, in the order in which dumps show it. */
enum stick_data {
	SD_SERVER_ID, SD_GPT0, SD_GPC0, SD_GPC0_RATE, SD_CONN_CNT, SD_CONN_RATE, SD_CONN_CUR,
	SD_SESS_CNT, SD_SESS_RATE, SD_HTTP_REQ_CNT, SD_HTTP_REQ_RATE, SD_HTTP_ERR_CNT,
	SD_HTTP_ERR_RATE, SD_BYTES_IN_CNT, SD_BYTES_IN_RATE, SD_BYTES_OUT_CNT,
	SD_BYTES_OUT_RATE, SD_GPC1, SD_GPC1_RATE, SD_SERVER_KEY, SD_HTTP_FAIL_CNT,
	SD_HTTP_FAIL_RATE, SD_GPT, SD_GPC, SD_GPC_RATE, SD_GLITCH_CNT, SD_GLITCH_RATE,
	SD_MAX
};

enum stick_form { SF_U32, SF_U64, SF_RATE, SF_SERVER, SF_NAME };

struct stick_data_row {
	const char	*name;
	uint8_t		 form;		/* enum stick_form */
	bool		 is_array;	/* takes a number of elements */
};
extern const struct stick_data_row stick_data_rows[SD_MAX];
extern const char *const stick_type_names[STICK_TYPES];

#define STICK_ARRAY_MAX	100

/* Events of the present and the last period; 12 bytes. */
struct stick_rate {
	uint32_t	 start_ms, now, last;
};

/* The server that a key sticks to. */
struct stick_server {
	uint32_t	 id;		/* 0 = none */
	uint32_t	 since_s;	/* wall clock: it has been this one since then */
};

struct stick_layout {
	uint8_t		 type;		/* enum stick_type */
	uint8_t		 shard_bits;
	uint32_t	 key_len;	/* room in an entry; of a string with its NUL */
	uint32_t	 size;		/* entries */
	uint32_t	 entry_bytes;
	uint16_t	 off[SD_MAX];	/* from the entry's start; 0 = not stored */
	uint8_t		 n[SD_MAX];	/* elements of an array, else 1 */
	uint32_t	 period_ms[SD_MAX];	/* of rates */
};

struct stick_entry;
struct stick_shard;

#define STICK_MAGIC	0x53544b54u

struct stick_table {
	uint32_t	 magic;
	char		*name;		/* owned */
	struct stick_layout lay;
	_Atomic uint64_t expire_us;	/* 0 = never */
	_Atomic bool	 is_nopurge;
	_Atomic bool	 is_orphan;	/* of no snapshot; goes when nobody holds an entry */
	_Atomic uint32_t used;		/* entries */
	uint64_t	 seed;
	unsigned	 nshards;
	uint32_t	 chunk_entries;
	struct stick_shard *shards;	/* owned */
	/* the registry's, under its lock: stick_live.c */
	struct stick_table *next;
	uint32_t	 snaps;
	bool		 is_new;	/* no snapshot that has it was published yet */
};

/* What `stick-table` says; in the snapshot. */
struct stick_conf {
	struct stick_conf *next;	/* of the snapshot */
	const char	*name;
	struct proxy	*px;		/* NULL: of a peers section */
	const char	*file;
	int		 line;
	struct stick_layout lay;
	uint64_t	 expire_us;
	bool		 is_nopurge, by_addr;
	const char	*write_to_name, *peers;
	struct stick_table *live;	/* held; set when the snapshot is prepared */
};

struct peers {
	struct peers	*next;
	const char	*name, *file;
	int		 line;
	bool		 is_disabled;
	struct remote_peer *remote;	/* for the message that refuses them */
};

struct stick_key {
	const void	*p;
	uint32_t	 len;
	union {
		uint32_t	 u32;
		struct in6_addr	 v6;
	} u;
};

/* An entry, its shard locked. */
struct stick_at {
	struct stick_table *table;
	struct stick_shard *shard;
	struct stick_entry *e;
	uint32_t	 index;
};

/* An entry that is held. */
struct stick_ref {
	struct stick_table *table;	/* NULL = none */
	uint32_t	 index;
	uint32_t	 shard;
};

/* control thread or a job thread */
/* Offsets and sizes from type, key_len, size, n[] (0 = not stored). */
void	stick_layout_fill(struct stick_layout *l);
struct stick_table *stick_new(const char *name, const struct stick_layout *l);
void	stick_free(struct stick_table *t);

/* any thread */
/* The key that s makes, cast to the table's type; text is cut or, if binary,
 * padded (in evaluation scratch). k must stay where it is. */
bool	stick_key_make(const struct stick_layout *l, const struct sample *s, struct stick_key *k);
int	stick_sample_type(unsigned type);	/* enum sample_type of its keys */
bool	stick_find(struct stick_table *t, const struct stick_key *k, struct stick_at *ret);
/* Finds or makes; false: full and nothing can go. */
bool	stick_get(struct stick_table *t, const struct stick_key *k, struct stick_at *ret);
void	stick_unlock(struct stick_at *at);
/* Locked entries: used now (it is the last to expire); held and let go. */
void	stick_touch(struct stick_at *at);
struct stick_ref stick_hold(struct stick_at *at);
struct stick_at stick_lock(const struct stick_ref *r);
void	stick_release(struct stick_ref *r);
/* Gone, unless it is held; unlocks. */
bool	stick_remove(struct stick_at *at);

/* at becomes a view of a copy in buf (lay.entry_bytes); unlocks. */
void	stick_copy(struct stick_at *at, void *buf);

/* Of a locked entry, or of a copy */
uint32_t stick_refs(const struct stick_at *at);
struct str stick_key_bytes(const struct stick_at *at);	/* text without its NUL */
uint64_t stick_idle_us(const struct stick_at *at);
uint64_t stick_left_us(const struct stick_at *at);	/* 0 without expire */
const void *stick_address(const struct stick_at *at);	/* a name for dumps */

/* Data of a locked entry: element i; false = not stored. Rates: per period. */
bool	stick_read(const struct stick_at *at, enum stick_data d, unsigned i, uint64_t *ret);
bool	stick_write(const struct stick_at *at, enum stick_data d, unsigned i, uint64_t v);
/* Adds to a counter or a rate; counters of 32 bits stop at their end. */
bool	stick_add(const struct stick_at *at, enum stick_data d, unsigned i, int64_t v);
struct stick_server *stick_server(const struct stick_at *at);	/* NULL = not stored */
uint32_t *stick_server_name(const struct stick_at *at);

/* Drops what is over, at most max of each shard. */
unsigned stick_expire(struct stick_table *t, unsigned shard, unsigned max);
/* The entry at or behind *index (from 1) of a shard, locked; false: no more. */
bool	stick_walk(struct stick_table *t, unsigned shard, uint32_t *index, unsigned max_steps,
	    struct stick_at *ret);
uint32_t stick_used(const struct stick_table *t);

/* Names of servers as numbers, for SD_SERVER_KEY; never forgotten. 0 = no room. */
uint32_t stick_name_id(struct str name);
struct str stick_name_of(uint32_t id);

/* ---- the registry ---- */

/* control thread or a job thread: as live_attach and live_commit, which call them */
void	stick_attach(struct snapshot *s);
void	stick_commit(struct snapshot *s);
/* any thread: a table that was given up lost its last holder */
void	stick_gone(struct stick_table *t);
/* control thread: drops what is over, a bounded piece of all tables */
void	stick_expire_all(void);

/* any thread: a published snapshot does not change */
/* The words behind stick-table, or behind a peers section's `table NAME` (px NULL);
 * 0, or -1 after a message. While parsing. */
int	stick_table_parse(struct cfg *c, struct proxy *px, const char *name, char **args,
	    int nargs);
struct stick_conf *stick_conf_find(const struct snapshot *s, const char *name);

#endif
