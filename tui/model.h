/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What weirtop knows: appliances (hosts) with their proxies and servers, alarms,
 * groups, instances, policies, scripts, events and requests; and what the user is
 * looking at (ui.h). Sources feed answers in (rows.h), views read. One thread.
 *
 * Rows are found by names, never by position; pointers to rows are valid until
 * the next answer is fed. A list is kept in the order of the last full answer.
 */
#ifndef WEIR_TUI_MODEL_H
#define WEIR_TUI_MODEL_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hist.h"
#include "tui/grid.h"
#include "tui/history.h"

struct outbuf;

/* --- Proxies and servers --------------------------------------------- */

/* Fields of base/stat_fields.def that are read by name. */
enum field {
#define STAT_C(name, tags, rows, text)		F_##name,
#define STAT_H(name, tags, rows, text)		F_##name,
#define STAT_V(name, type, tags, rows, text)	F_##name,
#define STAT_X(name, text)
#include "base/stat_fields.def"
#undef STAT_C
#undef STAT_H
#undef STAT_V
#undef STAT_X
	F_p50_us, F_p90_us, F_p99_us, F_slo_us, F_slo_percentile,
	F_COUNT
};

enum row_type { ROW_FRONTEND, ROW_BACKEND, ROW_SERVER, ROW_LISTENER };

/* Counters whose differences become rates. */
enum counter { C_REQ, C_SESS, C_IN, C_OUT, C_4XX, C_5XX, C_ECON, C_ERESP, C_CHKFAIL, C_COUNT };

struct row {
	struct host *host;
	char	*raw;			/* owned; fields of the last line, a NUL after each */
	uint16_t *at;			/* owned; where in raw the host's columns begin */
	unsigned ncols, raw_cap, at_cap;
	unsigned index;			/* in host->rows */
	const char *px, *sv;		/* in raw */
	enum row_type type;
	enum state state;
	char	 word[16];		/* UP, UP 2/3, DRAIN, DOWN, MAINT, NOLB, OPEN, ... */
	unsigned up, servers;		/* of a backend */
	int64_t	 changed_s;		/* when the state changed last; 0: unknown */
	int64_t	 sampled_ms;		/* when the counters were read; 0: never */
	double	 counter[C_COUNT];
	double	 rate[C_COUNT];		/* per second; NAN: not known yet */
	double	 p50_us, p90_us, p99_us;	/* NAN: not known */
	double	 slo_us;		/* of a backend: `slo pNN D`; 0: none */
	struct history *hist;		/* owned; NULL: none is kept (listeners, huge hosts) */
	char	 checks[61];		/* last results, oldest first: '+' passed, 'x' failed */
	int64_t	 checked_ms;		/* when the last one was noted */
	uint32_t mark;			/* chosen for a bulk action: a serial number, 0: not */
	uint64_t seen;			/* of host->feeds: rows of older full answers go */
};

/* Where latencies come from; always named on the screen. */
enum quality { Q_NONE, Q_HISTOGRAM, Q_RING, Q_AVG1024 };

/* --- Latency over time ----------------------------------------------- */

struct latbin {
	int64_t	 t_s;
	uint32_t count[HISTC_BUCKETS];
};

/* Histograms of one backend (sv empty) or server, one a step; oldest first, no holes kept. */
struct latmap {
	char	*px, *sv;		/* owned */
	unsigned step_s;
	enum quality quality;
	struct latbin *bins;		/* owned */
	unsigned nbins, cap;
	int64_t	 from_s, to_s;		/* what is covered */
	int64_t	 used_ms;		/* last wanted */
};

/* --- Alarms, scaling, Lua -------------------------------------------- */

/*
 * A table as the appliance sent it: CSV with named columns. Lists that only
 * screens read need no struct of their own; cells are got by the column's name.
 */
struct sheet {
	char	*text;			/* owned; cells, each ended by a NUL */
	uint32_t *cell;			/* owned; offsets, ncols a row, header first */
	unsigned ncols, nrows;		/* rows without the header */
	char	*notes;			/* owned; lines with one '#' that are not the header */
	int64_t	 fed_ms;		/* 0: never */
};
/* "" when there is no such column or row. */
const char *sheet_get(const struct sheet *s, unsigned row, const char *column);
double	sheet_num(const struct sheet *s, unsigned row, const char *column);	/* NAN: no number */
/* The row whose `column` is `value`; -1: none. */
int	sheet_find(const struct sheet *s, const char *column, const char *value);

/* Kinds of rows that `show snapshot` brings, kept as sheets by key. */
enum kind { KIND_GROUP, KIND_INSTANCE, KIND_ALARM, KIND_POLICY, KIND_LUA, KIND_COUNT };
extern const char *const kind_names[KIND_COUNT];
struct kept { char *key, *line; int64_t fed_ms; };	/* owned */
struct kept_rows { char *header; struct kept *at; unsigned n, cap; };

/* Any other answer, by its command: what screens asked for (want.h). */
struct answer {
	char	*command;		/* owned; without times that change */
	char	*text;			/* owned */
	size_t	 len;
	struct sheet sheet;		/* when the text is CSV with a header */
	int64_t	 fed_ms, used_ms;
};

/* --- Events and requests --------------------------------------------- */

struct event {
	uint64_t id;
	int64_t	 t_ms;
	char	*kind, *name, *from, *to, *text;	/* owned by the block at kind */
	struct host *host;
};

struct request {
	int64_t	 t_ms;
	char	*frontend;		/* owned; the block of all these */
	char	*backend, *server, *client, *method, *target, *term;
	int	 status;
	double	 bytes_in, bytes_out;
	double	 tr_ms, tw_ms, tc_ms, tresp_ms, ta_ms;	/* NAN: none */
	struct host *host;
};

/* The newest of a stream, a ring. */
struct events { struct event *at; unsigned cap, n, head; uint64_t lost, total, last_id; };
struct requests { struct request *at; unsigned cap, n, head; uint64_t lost, total; };
const struct event *event_newest(const struct events *e, unsigned back);	/* 0: the newest */
const struct request *request_newest(const struct requests *r, unsigned back);

/* --- An appliance ---------------------------------------------------- */

enum host_state { HOST_CONNECTING, HOST_UP, HOST_LOST };
enum host_kind { HOST_UNKNOWN, HOST_WEIR, HOST_HAPROXY };
enum level { LEVEL_UNKNOWN, LEVEL_USER, LEVEL_OPERATOR, LEVEL_ADMIN };

struct host {
	struct model *model;
	char	*name;			/* owned: lb1, or the socket's path */
	unsigned index;			/* its colour */
	enum host_kind kind;
	enum host_state state;
	enum level level;
	char	 error[160];		/* why it is lost */
	int64_t	 lost_ms, retry_ms;	/* since when; when it is tried again */
	char	 version[64], node[64];
	unsigned pid;
	double	 uptime_s;
	double	 maxconn, conns;
	bool	 is_paused, is_test_clock, has_ring;
	char	 ring[64];		/* of a haproxy: the ring with its log */
	int64_t	 now_ms;		/* its clock at the last answer */
	int64_t	 skew_ms;		/* its clock against ours */
	double	 lag_ms;		/* how long the last poll took */
	uint64_t gen;			/* of the last snapshot */
	unsigned restarts;		/* seen: counters that went back, another pid */
	int64_t	 restarted_ms;
	uint64_t feeds;

	char	*header;		/* owned; of the stat rows, as it came */
	char	**columns;		/* owned; its names */
	unsigned ncolumns;
	int16_t	 column_of[F_COUNT];	/* -1: not sent */
	struct row **rows;		/* owned; in order of the answer */
	unsigned nrows, rows_cap;
	void	*row_index;		/* by names, see model.c */

	struct sheet kinds[KIND_COUNT];	/* ages and time left are those of the last answer */
	struct kept_rows kept[KIND_COUNT];	/* what they are made of, by name */
	struct sheet activities;
	struct answer **answers;
	unsigned nanswers;
	struct latmap **latmaps;
	unsigned nlatmaps;
	struct events events;
	struct requests requests;
	struct history total;		/* sums over frontends; latencies: worst backend */
	int64_t	 total_ms;		/* when it was written last; 0: a gap follows */
};

/* --- Commands sent --------------------------------------------------- */

enum cmd_state { CMD_SENT, CMD_OK, CMD_FAILED, CMD_LOST };

struct cmd {
	unsigned number;
	unsigned undoes;		/* the number of one that it takes back; 0: none */
	struct host *host;
	char	*command, *answer, *inverse;	/* owned; inverse NULL: none */
	int64_t	 sent_ms;
	double	 took_ms;
	enum cmd_state state;
	bool	 is_undone;
};

struct ui;

struct model {
	struct host **hosts;
	unsigned nhosts;
	int64_t	 now_ms;		/* the picture's time: last answer, or --now */
	bool	 is_replay, is_readonly, is_hard_readonly;
	const char *only_px;		/* the one proxy that is shown (-p); NULL: all */
	double	 poll_s;		/* seconds between polls */
	struct cmd *cmds;		/* newest last */
	unsigned ncmds, cmd_numbers;
	struct ui *ui;			/* borrowed: main's; NULL in batch mode */
};

struct model *model_new(void);
void	model_free(struct model *m);
struct host *model_host(struct model *m, const char *name);	/* found or added */

/* "" when the host does not send it. */
const char *row_text(const struct row *r, enum field f);
double	row_num(const struct row *r, enum field f);		/* NAN: empty or not sent */
struct row *host_row(const struct host *h, const char *px, const char *sv);
/* The next server of the backend px behind r (NULL: the first); NULL: none. */
struct row *host_next_server(const struct host *h, const char *px, const struct row *r);
enum quality host_quality(const struct host *h);
const char *quality_name(enum quality q);

/* Sums of a fleet, or of one host when `only` is not NULL. */
struct totals {
	double	 req_s, e5_s, e4_s, in_s, out_s, conns, maxconn, queue;
	double	 p50_us, p90_us, p99_us;
	unsigned backends, critical, degraded, servers, servers_up;
	unsigned alarms, insufficient, alarms_ok, idle;
};
void	model_totals(const struct model *m, const struct host *only, struct totals *ret);

/* With that step, or else the one that there is; sv "": all of the backend. */
struct latmap *host_latmap(const struct host *h, const char *px, const char *sv, unsigned step_s);
/* Times as numbers (`from 1795323600`) are no part of a command's name. */
const struct answer *host_answer(const struct host *h, const char *command);

/* --- For rows*.c and tests: what answers do to the model ------------- */

void	host_reset(struct host *h);	/* forgets all but its name */
struct row *host_row_add(struct host *h, struct row *r);	/* takes r over; by its px and sv */
void	host_row_del(struct host *h, struct row *r);
/* The rows in a new order; those that are not in it go. */
void	host_rows_set(struct host *h, struct row **rows, unsigned n);
void	row_free(struct row *r);
struct latmap *host_latmap_add(struct host *h, const char *px, const char *sv, unsigned step_s,
	    enum quality q);
void	latmap_free(struct latmap *l);
/* The bin that begins at t_s: found, or made with no count in it. NULL: older than all. */
struct latbin *latmap_bin(struct latmap *l, int64_t t_s);
struct answer *host_answer_add(struct host *h, const char *command);
/* A new one, zeroed; the oldest goes when the ring is full. */
struct event *events_add(struct events *e);
struct request *requests_add(struct requests *r);
#define EVENTS_MAX	500
#define REQUESTS_MAX	4096

#endif
