/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The schedule clock: the time of day and the durations by which checks, metrics,
 * alarms, cooldowns, schedules and retention go. Deadlines of I/O, children and
 * TLS go by the real clock (base/clock.h) always.
 *
 * Usually it is the machine's: instants are CLOCK_REALTIME, durations
 * CLOCK_BOOTTIME, so that a step of the wall clock moves no duration and a
 * suspended machine finds them over. With weir -T it stands still at a given
 * instant and is moved by command (sched_advance): minutes pass in milliseconds,
 * each timer at its own instant, in order.
 *
 * Everything here: control thread.
 */
#ifndef WEIR_EVENT_SCHED_H
#define WEIR_EVENT_SCHED_H

#include <stdbool.h>
#include <stdint.h>

struct loop;
struct sched_timer;
typedef void sched_fn(struct sched_timer *);

/* Embedded in its object. */
struct sched_timer {
	uint64_t	 due_us;	/* on the clock of durations */
	uint64_t	 wall_us;	/* an instant of the day; 0: a duration */
	uint64_t	 seq;		/* who was set first comes first */
	uint32_t	 place;		/* in the heap, from 1; 0 = not set */
	sched_fn	*fn;
};

/* frozen_at_us: where the clock stands still; 0 = it is the machine's. */
void	 sched_start(struct loop *l, uint64_t frozen_at_us);
void	 sched_stop(void);

uint64_t sched_wall_us(void);		/* since the epoch */
uint64_t sched_mono_us(void);		/* for durations; from an unknown start */
/* Seconds since the epoch. */
static inline int64_t
sched_wall_s(void)
{
	return (int64_t)(sched_wall_us() / 1000000);
}

static inline void
sched_timer_init(struct sched_timer *t, sched_fn *fn)
{
	*t = (struct sched_timer){ .fn = fn };
}

void	 sched_at(struct sched_timer *t, uint64_t wall_us);	/* follows the clock's steps */
void	 sched_after(struct sched_timer *t, uint64_t us);
void	 sched_cancel(struct sched_timer *t);	/* also before its object is freed */
static inline bool
sched_is_set(const struct sched_timer *t)
{
	return t->place != 0;
}
/* What is left of it; 0 when it is not set, or due. */
uint64_t sched_left_us(const struct sched_timer *t);

/*
 * Something is on its way whose end this instant should wait for: a check, a
 * call of a provider, a message that comes back. Without -T just a number.
 */
void	 sched_busy_begin(void);
void	 sched_busy_end(void);

/* The wall clock was stepped by so much, seen within a second; only steps of more
 * than two seconds are told. */
typedef void sched_jump_fn(int64_t by_us);
void	 sched_on_jump(sched_jump_fn *fn);

/* ---- with -T ---- */

bool	 sched_is_test(void);
/* Moves the clock to an instant: each timer on the way fires at its own. After
 * each instant it waits, SCHED_WAIT_US of real time at most, until nothing is on
 * its way. False: another move is under way, or the goal lies behind. */
#define SCHED_WAIT_US	10000000u
typedef void sched_moved_fn(void *arg, unsigned ntimers);
bool	 sched_advance(uint64_t until_wall_us, sched_moved_fn *done, void *arg);
/* Let it run, factor times as fast as the machine's; 0 = stand still. */
void	 sched_run(unsigned factor);

#endif
