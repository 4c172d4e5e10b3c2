/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where log lines go. A data thread finishes its line in its own ring and makes
 * no system call but, when the log thread sleeps, one eventfd write. One log
 * thread drains the rings, keeps order per thread, adds the syslog header,
 * sends datagrams by sendmmsg and writes to descriptors. A full ring drops the
 * line and counts it (DroppedLogs).
 *
 * Records carry no pointer into a snapshot: a target's socket is a struct
 * log_sock, which lives as long as the process, keyed by address.
 */
#ifndef WEIR_PROXY_LOG_TARGET_H
#define WEIR_PROXY_LOG_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/log.h"
#include "base/str.h"

struct cfg;
struct log_sock;
struct out;
struct proxy;

enum log_format {
	LOG_FMT_RFC3164, LOG_FMT_LOCAL, LOG_FMT_RFC5424, LOG_FMT_ISO, LOG_FMT_TIMED,
	LOG_FMT_SHORT, LOG_FMT_PRIORITY, LOG_FMT_RAW
};

struct log_target {
	struct log_target *next;
	struct log_sock	*sock;
	uint8_t		 format;	/* enum log_format */
	uint8_t		 facility;
	uint8_t		 max_level, min_level;	/* sent when <= max; raised to min */
	uint32_t	 max_len;	/* of a line with its header; 1024 */
	uint32_t	 sample_size;	/* `sample R:S`; 0 = all */
	uint64_t	 sample_bits[4];	/* which of sample_size; at most 256 */
	_Atomic uint32_t *sample_next;	/* arena */
	bool		 has_format;	/* else a ring's is taken */
	int		 line;
	const char	*file;		/* of its word, for errors */
	const char	*tag, *host;	/* in force; host NULL = none */
};

/* control thread or a job thread */
/* Targets that log lines of px go to: its own, and global's under `log global`;
 * also fills px->log_to and px->log_line. Run as a post row. */
int	log_target_post(struct cfg *c);

int	log_format_named(const char *name);	/* enum log_format; -1 = none */

/* start-up and shutdown */
int	log_target_start(void);		/* the log thread; 0 or -1 */
void	log_target_stop(void);		/* drains the rings, joins it */

/* any thread: a line under work in this thread's ring */
struct log_line {
	struct out	*o;		/* write here; NULL = dropped */
	const struct log_target *targets;
	enum log_level	 level;
	uint64_t	 wall_us;
};

/* False when no target takes this level or the ring is full (counted). A line
 * begun must be ended; nothing else may log in this thread in between. */
bool	log_line_begin(struct log_line *l, const struct log_target *targets, enum log_level level);
void	log_line_end(struct log_line *l);
/* Bytes of text that every one of these targets takes, with its header. */
size_t	log_line_room(const struct log_target *targets);

/* Messages of the process for a proxy's targets ("Server be/s1 is DOWN, ...");
 * px NULL: the global targets. */
void	log_event(const struct proxy *px, enum log_level level, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));

uint64_t log_dropped_total(void);	/* DroppedLogs */
void	log_ring_bytes(uint32_t bytes);	/* start-up: of each ring, 64 KiB .. 1 MiB */
/* Wait until all lines begun before are sent; tests and shutdown. */
void	log_flush(void);

#endif
