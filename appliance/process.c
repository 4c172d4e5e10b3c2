/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Start-up in the order that the sandbox needs: bind, limits, background, pid
 * file, helper, chroot and identity; only then threads (they inherit it all).
 *
 * Thread: main, before there are others.
 */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/pool.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/state_file.h"
#include "event/child.h"
#include "event/program.h"
#include "net/listen.h"
#include "options.h"
#include "proxy/dthread.h"
#include "proxy/live.h"
#include "proxy/proxy.h"
#include "proxy/session.h"

/* ---- the command line wins ---- */

void
process_adjust(struct snapshot *s)
{
	if (options.no_splice)
		s->global->nosplice = true;
	for (struct proxy *px = s->proxies; px != NULL; px = px->next)
		if (px->set.maxconn == 0 && (px->cap & CAP_FRONTEND))
			px->set.maxconn = options.proxy_maxconn;
}

/* ---- threads ---- */

#define MAX_THREADS	64

unsigned
process_threads(const struct global *g)
{
	cpu_set_t set;
	unsigned n = g->nbthread;

	if (n == 0) {
		n = 1;
		if (sched_getaffinity(0, sizeof set, &set) == 0)
			n = (unsigned)CPU_COUNT(&set);
	}
	return n < 1 ? 1 : n > MAX_THREADS ? MAX_THREADS : n;
}

/* ---- listeners ---- */

static void
conf_of(const struct bind_conf *b, const struct global *g, struct listen_conf *c)
{
	*c = (struct listen_conf){
		.backlog = b->backlog, .defer_accept = b->defer_accept, .tfo = b->tfo,
		.transparent = b->transparent, .v6only = b->v6only,
		.noreuseport = g->noreuseport, .interface = b->interface, .mode = b->mode,
		.has_uid = b->has_uid, .has_gid = b->has_gid, .uid = b->uid, .gid = b->gid,
	};
	if (c->backlog == 0 && b->frontend != NULL)
		c->backlog = b->frontend->set.backlog;
}

static int
open_one(struct bind_conf *b, const struct global *g, unsigned nthreads)
{
	struct listen_conf conf;
	char err[256];

	conf_of(b, g, &conf);
	b->listener = listener_open(&b->addr, &conf, nthreads, err, sizeof err);
	if (b->listener == NULL) {
		log_alert("Binding [%s:%d] for %s %s: protocol %s: %s.", b->file, b->line,
		    b->frontend != NULL ? "frontend" : "proxy",
		    b->frontend != NULL ? b->frontend->name : "GLOBAL",
		    addr_protocol(&b->addr), err);
		return -1;
	}
	b->listener->maxaccept = g->maxaccept != 0 ? g->maxaccept : 64;
	if (b->frontend == NULL) {
		b->listener->is_control = true;
		return 0;
	}
	b->listener->live = b->frontend->live;
	b->listener->admit = session_admit;
	b->listener->accepted = session_accepted;
	b->listener->starved = session_shed_idle;
	return 0;
}

int
process_listen(struct snapshot *s, unsigned nthreads)
{
	unsigned n = 0;
	int failed = 0;

	for (struct proxy *px = s->proxies; px != NULL; px = px->next)
		for (struct bind_conf *b = px->binds; b != NULL && !px->set.disabled;
		    b = b->next, n++)
			failed |= open_one(b, s->global, nthreads);
	for (struct bind_conf *b = s->global->stats_binds; b != NULL; b = b->next, n++)
		failed |= open_one(b, s->global, nthreads);
	if (n == 0) {
		log_alert("No enabled listener found (check for 'bind' directives) ! Exiting.");
		return -1;
	}
	if (failed != 0)
		log_alert("Some protocols failed to start their listeners! Exiting.");
	return failed;
}

/* ---- descriptors, connections, memory ---- */

static unsigned
count_listen_fds(void)
{
	unsigned n = 0;

	LIST_EACH(node, &listeners)
		n += LIST_ITEM(node, struct listener, node)->nfds;
	return n;
}

static unsigned
count_servers(const struct snapshot *s)
{
	unsigned n = 0;

	for (struct proxy *px = s->proxies; px != NULL; px = px->next)
		n += px->nservers;
	return n;
}

static uint64_t
raise_nofile(const struct global *g)
{
	struct rlimit rl;

	if (getrlimit(RLIMIT_NOFILE, &rl) != 0)
		return 1024;
	if (g->ulimit_n != 0) {
		rl.rlim_cur = g->ulimit_n;
		if (rl.rlim_max < rl.rlim_cur)
			rl.rlim_max = rl.rlim_cur;
	} else
		rl.rlim_cur = rl.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
		log_warn("cannot raise the limit of descriptors to %llu",
		    (unsigned long long)rl.rlim_cur);
	(void)getrlimit(RLIMIT_NOFILE, &rl);
	return rl.rlim_cur;
}

/* Two sockets a connection, pipes for a quarter of them, idle server connections:
 * 2.7 descriptors each, behind a reserve for everything else. */
static void
set_maxconn(const struct global *g, uint64_t nofile, uint64_t reserve)
{
	uint64_t room = nofile > reserve ? nofile - reserve : 0;
	uint64_t automatic = room * 10 / 27, want = options.maxconn;

	if (want == 0)
		want = g->maxconn;
	if (want == 0) {
		want = automatic < 1 ? 1 : automatic;
		if (options.verbose || options.mode == RUN_DEBUG)
			log_notice("Automatically setting global.maxconn to %llu.",
			    (unsigned long long)want);
	} else if (want > automatic)
		log_warnx("maxconn %llu may need %llu descriptors, the limit is %llu: at the limit "
		    "accepting pauses.", (unsigned long long)want,
		    (unsigned long long)(want * 27 / 10 + reserve), (unsigned long long)nofile);
	atomic_store(&limits.maxconn, (uint32_t)(want > UINT32_MAX ? UINT32_MAX : want));
	atomic_store(&limits.maxpipes, (uint32_t)(g->maxpipes != 0 ? g->maxpipes : want / 4));
	limits.maxsock = (uint32_t)(want * 27 / 10 + reserve);
}

/* `-m`, else 80 % of the address space or memory that there is. */
static void
set_memory(void)
{
	struct rlimit rl;
	uint64_t bytes = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	if (getrlimit(RLIMIT_AS, &rl) == 0 && rl.rlim_cur != RLIM_INFINITY && rl.rlim_cur < bytes)
		bytes = rl.rlim_cur;
	pool_set_budget(options.memory_mb != 0 ? options.memory_mb << 20 : bytes / 10 * 8);
}

int
process_limits_set(struct snapshot *s, unsigned nthreads)
{
	uint64_t nofile = raise_nofile(s->global);
	uint64_t reserve = 64 + count_listen_fds() + 4u * nthreads + count_servers(s);

	set_maxconn(s->global, nofile, reserve);
	set_memory();
	if (s->global->strict_limits &&
	    (nofile < s->global->ulimit_n ||
	    (s->global->maxconn != 0 && limits.maxsock > nofile))) {
		log_alert("%u descriptors may be needed, the limit is %llu, and 'strict-limits' is "
		    "set. Aborting.", limits.maxsock, (unsigned long long)nofile);
		return -1;
	}
	return 0;
}

/* ---- background ---- */

static int ready_fd = -1;

int
process_background(const struct global *g)
{
	bool wanted = options.mode == RUN_DAEMON || (options.mode == RUN_DEFAULT && g->daemon);
	int fds[2], null;
	char ok;

	if (!wanted)
		return 0;
	if (pipe2(fds, O_CLOEXEC) != 0)
		return log_warn("cannot create a pipe"), -1;
	switch (fork()) {
	case -1:
		log_warn("cannot fork");
		return -1;
	case 0:
		break;
	default:	/* the parent: 0 only once the child says so */
		close(fds[1]);
		_exit(read(fds[0], &ok, 1) == 1 ? 0 : 1);
	}
	close(fds[0]);
	ready_fd = fds[1];
	setsid();
	null = file_open("/dev/null", O_RDWR, 0);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		if (null > 2)
			close(null);
	}
	return 0;
}

void
process_ready(void)
{
	if (ready_fd >= 0) {
		(void)!write(ready_fd, "1", 1);
		close(ready_fd);
		ready_fd = -1;
	}
}

int
process_pidfile(const struct global *g)
{
	const char *path = options.pidfile != NULL ? options.pidfile : g->pidfile;
	char text[32];
	int n, fd;

	if (path == NULL)
		return 0;
	n = snprintf(text, sizeof text, "%d\n", (int)getpid());
	fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, text, (size_t)n) != n) {
		log_alert("cannot write the pid file %s: %s", path, strerror(errno));
		return -1;
	}
	close(fd);
	return 0;
}

/* ---- the helper ---- */

/* A path, and where it really leads if it is a link to elsewhere. */
static void
allow(const char *path)
{
	char real[PATH_MAX];

	helper_allow(path);
	if (realpath(path, real) != NULL && strcmp(real, path) != 0)
		helper_allow(real);
}

/* The folder of a configuration file, so that a reload finds what it names. */
static void
allow_folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? xstrdup(".") :
	    xstrndup(path, slash == path ? 1 : (size_t)(slash - path));

	allow(dir);
	free(dir);
}

/* Whatever the first load opened may be opened again by a reload. */
void
process_record_files(void)
{
	file_set_recorder(allow);
}

/* A new file is written beside the old one, so this is about the folder. */
static void
allow_state_file(const char *path, const char *own, void *arg)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? xstrdup(".") :
	    xstrndup(path, slash == path ? 1 : (size_t)(slash - path));

	(void)own, (void)arg;
	helper_allow_write(dir);
	free(dir);
}

/* Where children that live on can be found by the next process. */
static void
set_instances(const struct global *g)
{
	char *path;

	if (g->state_dir == NULL)
		return;
	path = xasprintf("%s/instances", g->state_dir);
	program_set_folder(path);
	free(path);
}

int
process_helper(const struct snapshot *s, char *const *paths, int npaths)
{
	const struct global *g = s->global;

	state_files_each(s, allow_state_file, NULL);
	for (int i = 0; i < npaths; i++) {
		allow(paths[i]);
		allow_folder_of(paths[i]);
	}
	allow("/usr/share/zoneinfo");	/* a reload and scripts may name any zone */
	file_set_recorder(NULL);
	set_instances(g);
	helper_set_user(g->has_uid, g->uid, g->has_gid, g->gid);
	if (helper_start() != 0) {
		log_alert("cannot start the helper process: %s", strerror(errno));
		return -1;
	}
	return 0;
}

/* ---- privileges ---- */

static int
drop_ids(const struct global *g)
{
	if (g->has_gid || g->has_uid) {
		if (geteuid() == 0 && setgroups(0, NULL) != 0)
			return -1;
		if (g->has_gid && setresgid(g->gid, g->gid, g->gid) != 0)
			return -1;
		if (g->has_uid && setresuid(g->uid, g->uid, g->uid) != 0)
			return -1;
	}
	return 0;
}

int
process_drop_privileges(const struct global *g)
{
	tzset();
	if (g->chroot != NULL && (chroot(g->chroot) != 0 || chdir("/") != 0)) {
		log_alert("[%s.main()] Cannot chroot(%s): %s.", "weir", g->chroot, strerror(errno));
		return -1;
	}
	if (drop_ids(g) != 0) {
		log_alert("[%s.main()] Cannot set uid %d, gid %d: %s.", "weir", (int)g->uid,
		    (int)g->gid, strerror(errno));
		return -1;
	}
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return 0;
}

void
process_signal_old(void)
{
	for (int i = 0; i < options.nold_pids; i++)
		(void)kill(options.old_pids[i], options.old_signal);
}
