/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Providers launch, terminate and describe instances. A kind of provider is a row,
 * struct provider_type; a section `provider` is one of them with its settings. All
 * calls are asynchronous and end once, by provider_done, within their timeout.
 *
 * Thread: control; parsing: the one that loads.
 */
#ifndef WEIR_CTL_PROVIDER_H
#define WEIR_CTL_PROVIDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "ctl/object.h"
#include "event/sched.h"
#include "event/timer.h"

struct launch_conf;		/* ctl/group.h */
struct provider_call;
struct file_delivery;		/* ctl/file_sync.h */
struct provider_files;
struct provider_live;
struct provider_type;

#define INSTANCE_ID_MAX		64u
#define PROVIDER_TOKEN_MAX	64u

enum provider_verb {
	PROVIDER_LAUNCH, PROVIDER_TERMINATE, PROVIDER_DESCRIBE,
	PROVIDER_STOP, PROVIDER_START,		/* of types that can_stop */
	PROVIDER_ADOPT,				/* of types that can_adopt */
	PROVIDER_FILE				/* of types that bring files by a call */
};

enum provider_error {
	PROVIDER_OK,
	PROVIDER_CAPACITY, PROVIDER_THROTTLED,	/* later again */
	PROVIDER_INVALID, PROVIDER_AUTH,	/* not again before a change */
	PROVIDER_STALE_EPOCH,			/* somebody else is in charge: stop */
	PROVIDER_INTERNAL			/* what it did is not known: describe first */
};

/* As the provider tells it. */
enum provider_state {
	INSTANCE_PENDING, INSTANCE_RUNNING, INSTANCE_SHUTTING_DOWN, INSTANCE_TERMINATED,
	INSTANCE_STOPPING, INSTANCE_STOPPED
};

struct provider_instance {
	char		 id[INSTANCE_ID_MAX + 1];
	enum provider_state state;
	char		 address[64];	/* "" = not known yet */
	uint16_t	 port;		/* 0 = the launch configuration's */
	char		 zone[64];
	uint64_t	 launched_us;	/* since the epoch */
	char		 token[PROVIDER_TOKEN_MAX + 1];
};

struct provider_tag {
	const char	*key, *value;
};

/* A section; types keep their settings behind it. */
struct provider_conf {
	struct object	 object;	/* first */
	const struct provider_type *type;
	const char	**zones;
	unsigned	 nzones;	/* 0: default-zone */
	uint64_t	 launch_timeout_us, terminate_timeout_us, describe_timeout_us;
	uint64_t	 describe_every_us;
	uint32_t	 max_parallel;
	void		*settings;	/* of the type, in the arena */
};

/* The caller's until done; texts are borrowed until then. */
struct provider_call {
	const struct provider_conf *conf;	/* its snapshot is held by the caller */
	enum provider_verb verb;
	const char	*group, *token;
	uint64_t	 epoch;
	/* launch */
	unsigned	 count;
	const struct launch_conf *launch;
	const char	*zone;
	const char *const *subnets;	/* of the group: one of them, in this zone */
	unsigned	 nsubnets;
	const struct provider_tag *tags;
	unsigned	 ntags;
	/* terminate, stop, start, adopt, describe: these; describe without: all of the group */
	const char *const *ids;
	unsigned	 nids;
	const struct file_delivery *file;	/* of PROVIDER_FILE, which is for ids[0] */
	void		(*done)(struct provider_call *);
	void		*arg;
	/* the answer, valid within done */
	enum provider_error error;
	char		 message[256];
	unsigned	 retry_after_s;
	struct provider_instance *instances;
	unsigned	 ninstances;
	void		*private;	/* the type's */
	/* provider.c's own */
	struct provider_live *live;	/* NULL: it does not run */
	struct list	 node;		/* of those that wait, or run */
	struct timer	 deadline;
	struct sched_timer schedule;
	bool		 is_open;	/* the type has it */
};

struct provider_sample {
	double		 cpu_pct;	/* of its limit, or of one core */
	uint64_t	 memory_bytes, net_in, net_out, disk_read, disk_write;	/* in this second */
	uint64_t	 disk_read_ops, disk_write_ops;
	bool		 has_io, has_net;	/* else those are not known */
};

struct provider_type {
	const char	*name;
	size_t		 settings_size;
	/* its delays go by the schedule clock, so a test's clock does not wait for it */
	bool		 is_scheduled;
	/* It answers stop and start: an instance keeps its id and comes back. Of one that is
	 * unknown it says INSTANCE_TERMINATED. Else why not, NULL = it just does not. */
	bool		 can_stop;
	const char	*no_stop;
	/* It answers adopt: instances of its that are another group's, or nobody's, are this
	 * group's from then on. All of them are known to it, else PROVIDER_INVALID. */
	bool		 can_adopt;
	/* Its instances are its own children: one that it does not describe has ended. */
	bool		 owns_all;
	/* after the section was read: 0, or -1 after diag_error */
	int		(*settle)(struct cfg *c, struct provider_conf *p);
	void		(*start)(struct provider_call *call);	/* ends in provider_done */
	void		(*cancel)(struct provider_call *call);	/* the timeout has come */
	/* how many calls it bears at the same time, beside max-parallel; NULL: any */
	unsigned	(*parallel)(const struct provider_conf *p);
	/* what was measured of it since the last time; false: nothing */
	bool		(*sample)(const struct provider_conf *p, const char *id,
			    struct provider_sample *ret);
	/* last output, kept after its end; NULL: none */
	const char	*(*console)(const struct provider_conf *p, const char *id);
	/* how files come to its instances; NULL: they do not, and why (NULL: it cannot) */
	const struct provider_files *files;
	const char	*no_files;
	/* what this machine refuses, for show providers: NULL = nothing */
	const char	*(*missing)(const struct provider_conf *p);
};

/* At most max-parallel of a provider run, the others wait; the timeout counts from
 * when it runs. */
void	provider_start(struct provider_call *call);
void	provider_done(struct provider_call *call);	/* for types */
void	provider_go_on(struct provider_call *call);	/* for types: `parallel` has grown */
uint64_t provider_timeout(const struct provider_call *call);	/* of its verb */
/* done is not called any more. */
void	provider_cancel(struct provider_call *call);
/* For types: the answer, instances in memory that is valid until done returns. */
void	provider_answer(struct provider_call *call, struct provider_instance *all, unsigned n);
void	provider_fail(struct provider_call *call, enum provider_error e, const char *fmt, ...)
	    __attribute__((format(printf, 3, 4)));
const char *provider_error_name(enum provider_error e);	/* "capacity" */
const char *provider_state_name(enum provider_state s);	/* "shutting-down" */
const char *provider_verb_name(enum provider_verb v);

/* For types: an instance of this group has ended by itself. Who is to look then is set
 * by the scaler. */
void	provider_has_news(const char *group);
typedef void provider_news_fn(const char *group);
void	provider_on_news(provider_news_fn *fn);

/* What was seen of a provider since the process started; by name. */
struct provider_stats {
	uint64_t	 ncalls, nerrors;
	unsigned	 nopen, nwaiting;
	const char	*last_error;	/* "" = none */
	bool		 is_failing;	/* the last call that ended was an error */
};
void	provider_stats(const char *name, struct provider_stats *ret);

/* any thread */
const struct provider_type *provider_type_nth(size_t i);	/* NULL at the end */

/* While parsing, for rows of types: the settings of the section under work if it is
 * of one of these types, else NULL after diag_error. */
void	*provider_settings(struct cfg *c, const struct provider_type *const *types,
	    unsigned ntypes);

#endif
