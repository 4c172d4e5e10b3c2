/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words that are accepted and have no effect, each with its reason: a closed
 * list. Most tune parts that weir does not have; a configuration that carries
 * them works the same. A name that ends in `*` stands for a family.
 */
#include <stddef.h>

#include "base/module.h"
#include "cfg/kw.h"

#define G(name, why) \
	{ name, IN_GLOBAL, KW_NO_EFFECT, 0, 0, KW_F_ANY_ARGS | KW_F_NO, NULL, 0, "", why }

#define POLLER	"There is one poller: epoll, edge-triggered."
#define CPUS	"Placing threads on processors is left to the system (taskset, cgroups)."
#define QUIC	"There is no QUIC."
#define NO_H2	"There is no HTTP/2 yet."
#define ZEROCOPY "How data is forwarded is decided for each transfer."
#define BUFFERS	"Buffers exist only while data flows; their number follows from -m."
#define LISTEN	"There is always one socket per data thread and address."
#define QUEUES	"Threads share no queues of tasks."

static const struct kw_row rows[] = {
	G("noepoll", POLLER),
	G("nopoll", POLLER),
	G("noevports", POLLER),
	G("nokqueue", POLLER),
	G("nogetaddrinfo", "Names are resolved by getaddrinfo always."),
	G("busy-polling", POLLER),
	G("no-memory-trimming", "Memory is returned in whole chunks."),
	G("cpu-map", CPUS),
	G("cpu-set", CPUS),
	G("cpu-policy", CPUS),
	G("numa-cpu-mapping", CPUS),
	G("prealloc-fd", "The kernel's table of descriptors grows by itself."),
	G("profiling.tasks", "There are no tasks to profile; use perf."),
	G("profiling.memory", "Use an allocator's own profiler."),
	G("limited-quic", QUIC),
	G("no-quic", QUIC),

	G("tune.idle-pool.shared", "Each thread keeps its own idle server connections."),
	G("tune.quic.*", QUIC),
	G("tune.h2.*", NO_H2),
	G("tune.listener.*", LISTEN),
	G("tune.epoll.*", POLLER),
	G("tune.fd.edge-triggered", POLLER),
	G("tune.maxpollevents", POLLER),
	G("tune.runqueue-depth", QUEUES),
	G("tune.sched.low-latency", QUEUES),
	G("tune.idletimer", "Idle time does not change how data is sent."),
	G("tune.recv_enough", "A read takes what is there."),
	G("tune.buffers.*", BUFFERS),
	G("tune.bufsize.small", BUFFERS),
	G("tune.bufsize.large", BUFFERS),
	G("tune.pool-high-fd-ratio", "Idle connections have a limit of descriptors of their own."),
	G("tune.pool-low-fd-ratio", "Idle connections have a limit of descriptors of their own."),
	G("tune.memory.hot-size", "Each thread keeps a magazine of fixed size per pool."),
	G("tune.applet.zero-copy-forwarding", ZEROCOPY),
	G("tune.h1.zero-copy-fwd-*", ZEROCOPY),
	G("tune.pt.zero-copy-forwarding", ZEROCOPY),
	G("tune.disable-fast-forward", ZEROCOPY),
	G("tune.disable-zero-copy-forwarding", ZEROCOPY),
	G("tune.pattern.cache-size", "Patterns are compiled and need no cache."),
	G("tune.takeover-other-tg-connections", "There is one group of threads."),
	G("tune.max-checks-per-thread", "Checks run in the control thread."),
	G("tune.max-rules-at-once", "A rule set runs through without a pause."),
	G("tune.peers.max-updates-at-once", "There are no peers yet."),
	G("tune.renice.*", "Priorities are left to the system (nice, cgroups)."),
	G("tune.ring.queues", "Each thread has a ring of its own."),
	G("tune.defaults.purge", "A snapshot of the configuration is freed whole."),
	G("tune.glitches.*", NO_H2),
	G("tune.comp.maxlevel", "There is no compression yet."),
	G("tune.ssl.hard-maxrecord", "Records are 16 KiB, smaller at the start of an answer."),
	G("tune.ssl.ssl-ctx-cache-size", "Certificates are not made on the fly."),
	G("tune.ssl.ocsp-update.*", "OCSP responses are read from files."),
	G("tune.ssl.certificate-compression", "Certificates are not compressed."),
	{ 0 }
};

const struct module mod_noeffect_cfg = { .name = "noeffect_cfg", .cfg = rows };
