/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statistics as rows of values, made at the moment they are asked for. The lines
 * of base/stat_fields.def give each column its name, type, tags and text; whoever
 * shows them (show stat in its forms, exporters) goes over the same row.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_API_STAT_H
#define WEIR_API_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bind_conf;
struct outbuf;
struct proxy;
struct server;

enum stat_col {
#define STAT_C(name, ...) ST_##name,
#define STAT_H STAT_C
#define STAT_V(name, ...) ST_##name,
#define STAT_X(name, ...)
#include "base/stat_fields.def"
#undef STAT_C
#undef STAT_H
#undef STAT_V
#undef STAT_X
	ST_MAX
};

enum stat_type { STAT_EMPTY, STAT_str, STAT_s32, STAT_u32, STAT_u64 };

struct stat_def {
	const char	*name;
	uint8_t		 type;		/* enum stat_type */
	int16_t		 counter;	/* enum counter, -1 = a value */
	const char	*tags;		/* three letters */
	const char	*rows;		/* which rows have it: stat_fields.def */
	const char	*text;
};

extern const struct stat_def stat_defs[ST_MAX];

struct stat_value {
	uint8_t		 type;		/* STAT_EMPTY: does not apply here */
	union {
		const char	*str;	/* borrowed */
		int64_t		 s;
		uint64_t	 u;
	} v;
};

enum stat_kind { STAT_FRONTEND = 0, STAT_BACKEND = 1, STAT_SERVER = 2, STAT_LISTENER = 3 };

#define STAT_F_NAMES	0x1u	/* addresses, cookies and algorithms too */
#define STAT_F_COUNTS	0x2u	/* the status of a backend says `UP (2/3)` */

struct stat_row {
	enum stat_kind	 kind;
	int		 iid, sid;
	struct stat_value v[ST_MAX];
	char		 addr[160], status[160], check[24], agent[24], tracked[320];
};

void	stat_frontend(struct stat_row *r, const struct proxy *px, unsigned flags);
/* Listeners have rows where `option socket-stats` is in force: the first of the
 * proxy's, or NULL. */
const struct bind_conf *stat_listeners(const struct proxy *px);
void	stat_listener(struct stat_row *r, const struct bind_conf *b, unsigned flags);
void	stat_backend(struct stat_row *r, const struct proxy *px, unsigned flags);
void	stat_server(struct stat_row *r, const struct server *srv, unsigned flags);
/* `UP`, `DOWN 1/2`, `MAINT`, `no check` ... */
void	stat_status_text(const struct server *srv, char *buf, size_t size);
const char *stat_type_name(unsigned type);

/* The one form of tagged values that `typed` and `json` answers have. */
struct stat_item {
	const struct stat_row *row;	/* NULL: of show info */
	unsigned	 pos;
	const char	*name, *tags, *text;
	struct stat_value value;
};
void	stat_put_typed(struct outbuf *b, const struct stat_item *it, bool with_text);
void	stat_put_json(struct outbuf *b, const struct stat_item *it, bool with_text);
/* All values, each with a comma, then `-,`. */
void	stat_put_csv(struct outbuf *b, const struct stat_row *r);
void	stat_put_value(struct outbuf *b, const struct stat_value *v);

/* Each value of show info, in its order. */
void	stat_info_each(void (*fn)(const struct stat_item *it, void *arg), void *arg);

/* Counters start from 0 again as far as anyone is shown; maxima from now. */
void	stat_clear(bool all);

#endif
