/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A child that lives on, and the process beside it: its warden. The warden reads the
 * child's output and keeps the end of it, samples it each second, stops it when told
 * (a signal, after a delay SIGKILL for all that it started) and tells its end.
 *
 * With a folder of instances it listens there on ID.child. When weir goes without a
 * word (a crash) child and warden stay, and the next weir connects; the newest
 * connection counts. Without that folder, or told to, the child ends with weir. After
 * a child's end that nobody heard the warden waits LINGER_MS for somebody to tell.
 *
 * Process: its own, single-threaded, forked by the helper.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "event/cgroup.h"
#include "event/child.h"
#include "event/keeper.h"
#include "event/netns.h"
#include "event/proc_sample.h"
#include "event/program_folder.h"

#define SAMPLE_MS	1000
#define LINGER_MS	(600 * 1000)
#define TICK_MS		20	/* without pidfd_open */

struct warden {
	const struct warden_job *w;
	struct keeper_program program;
	int		 peer;		/* weir; -1: nobody */
	int		 listener;	/* -1: none */
	int		 cgroup;
	struct netns	*network;	/* NULL: weir's */
	char		 tap[PROGRAM_TAP_BYTES];	/* "" = none */
	bool		 has_ended, is_told;	/* the end */
	int		 status;
	int64_t		 kill_at_ms;	/* 0: not stopping */
	int64_t		 sample_at_ms, linger_until_ms;
	bool		 has_news;	/* of the console */
	struct child_report report;
};

static volatile sig_atomic_t wants_stop;

static void
on_term(int sig)
{
	(void)sig;
	wants_stop = 1;
}

/* ---- output ---- */

/* The last CHILD_CONSOLE_BYTES. */
static void
console_add(struct child_report *r, const char *text, size_t len)
{
	size_t over;

	if (len > CHILD_CONSOLE_BYTES) {
		text += len - CHILD_CONSOLE_BYTES;
		len = CHILD_CONSOLE_BYTES;
	}
	if (r->console_len + len > CHILD_CONSOLE_BYTES) {
		over = r->console_len + len - CHILD_CONSOLE_BYTES;
		memmove(r->console, r->console + over, r->console_len - over);
		r->console_len -= (uint32_t)over;
	}
	memcpy(r->console + r->console_len, text, len);
	r->console_len += (uint32_t)len;
}

static void
take_output(struct warden *k)
{
	char buf[8192];
	ssize_t n;

	/* a flood must not keep the rest waiting */
	for (int i = 0; i < 64 && k->program.out != -1; i++) {
		n = read(k->program.out, buf, sizeof(buf));
		if (n == -1)
			return;
		if (n == 0) {
			close(k->program.out);
			k->program.out = -1;
			return;
		}
		console_add(&k->report, buf, (size_t)n);
		k->has_news = true;
	}
}

/* ---- reports ---- */

static void
hang_up(struct warden *k)
{
	close(k->peer);
	k->peer = -1;
}

static bool
report(struct warden *k, enum child_report_kind kind, bool with_console)
{
	struct child_report *r = &k->report;
	size_t size = offsetof(struct child_report, console);

	if (k->peer == -1)
		return false;
	r->kind = kind;
	r->has_console = with_console;
	if (with_console)
		size += r->console_len;
	if (send(k->peer, r, size, MSG_NOSIGNAL | MSG_DONTWAIT) != -1) {
		if (with_console)
			k->has_news = false;
		return true;
	}
	if (errno != EAGAIN && errno != EINTR)
		hang_up(k);
	return false;
}

static void
sample(struct warden *k)
{
	struct timespec ts;

	proc_sample(k->program.pid, k->network != NULL, &k->report.sample);
	cgroup_sample(k->cgroup, &k->report.sample);
	k->report.sample.cpu_pct = k->cgroup != -1 ? k->w->row->cpu_pct : 0;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	k->report.sample.at_us = (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
	(void)report(k, CHILD_SAMPLE, k->has_news);
	k->sample_at_ms = keeper_now_ms() + SAMPLE_MS;
}

static void
tell_end(struct warden *k)
{
	keeper_end_of(k->status, &k->report.end, &k->report.value);
	k->is_told = report(k, CHILD_EXITED, true);
}

/* ---- the end ---- */

static void
stop(struct warden *k, enum child_order_kind how)
{
	int sig = k->w->row->stop_signal != 0 ? k->w->row->stop_signal : SIGTERM;
	int64_t at = keeper_now_ms() + (how == CHILD_KILL ? 0 : k->w->row->kill_after_ms);

	if (k->has_ended)
		return;
	if (k->kill_at_ms == 0 && how == CHILD_STOP)
		kill(-k->program.pid, sig);
	if (k->kill_at_ms == 0 || at < k->kill_at_ms)
		k->kill_at_ms = at;
}

/* To the program alone: what it has started is its own matter. */
static void
reload(const struct warden *k)
{
	if (!k->has_ended && k->w->row->reload_signal != 0)
		kill(k->program.pid, k->w->row->reload_signal);
}

static void
look_for_end(struct warden *k)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == k->program.pid) {
			k->has_ended = true;
			k->status = status;
		}
	if (!k->has_ended)
		return;
	take_output(k);
	keeper_end_all(k->program.pid);
	tell_end(k);
	k->linger_until_ms = keeper_now_ms() + LINGER_MS;
}

/* ---- weir comes and goes ---- */

static void
take_peer(struct warden *k)
{
	int s = accept4(k->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (s == -1)
		return;
	if (k->peer != -1)
		hang_up(k);
	k->peer = s;
	if (!k->has_ended)
		(void)report(k, CHILD_HELLO, true);
	else if (report(k, CHILD_HELLO, true))
		tell_end(k);
}

static void
take_meta(struct warden *k, const struct child_order *o, size_t len)
{
	if (len != sizeof(*o) || o->meta_len > CHILD_META_MAX)
		return;
	memcpy(k->report.meta, o->meta, o->meta_len);
	k->report.meta_len = o->meta_len;
}

static void
hear_peer(struct warden *k)
{
	struct child_order o = { .meta_len = 0 };
	ssize_t n = recv(k->peer, &o, sizeof(o), MSG_DONTWAIT);

	if (n >= (ssize_t)CHILD_ORDER_BYTES) {
		if (o.kind == CHILD_RELOAD)
			reload(k);
		else if (o.kind == CHILD_META)
			take_meta(k, &o, (size_t)n);
		else
			stop(k, (enum child_order_kind)o.kind);
		return;
	}
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	hang_up(k);
	if (k->listener == -1)
		stop(k, CHILD_STOP);
}

/* ---- its loop ---- */

static int
time_left(const struct warden *k)
{
	int64_t now = keeper_now_ms(), at = now + SAMPLE_MS;

	if (k->has_ended)
		at = k->linger_until_ms;
	else if (k->peer != -1)
		at = k->sample_at_ms;
	if (!k->has_ended && k->kill_at_ms != 0 && k->kill_at_ms < at)
		at = k->kill_at_ms;
	if (!k->has_ended && k->program.pidfd == -1 && at > now + TICK_MS)
		at = now + TICK_MS;
	return at <= now ? 0 : (int)(at - now);
}

static bool
is_over(const struct warden *k)
{
	if (!k->has_ended)
		return false;
	return k->is_told || k->listener == -1 || keeper_now_ms() >= k->linger_until_ms;
}

static void
watch(struct warden *k)
{
	while (!is_over(k)) {
		struct pollfd p[] = {
			{ .fd = k->has_ended ? -1 : k->program.pidfd, .events = POLLIN },
			{ .fd = k->program.out, .events = POLLIN },
			{ .fd = k->peer, .events = POLLIN },
			{ .fd = k->listener, .events = POLLIN } };

		(void)poll(p, 4, time_left(k));
		if (wants_stop)
			stop(k, CHILD_STOP);
		take_output(k);
		if (p[2].revents != 0)
			hear_peer(k);
		if (p[3].revents != 0)
			take_peer(k);
		if (!k->has_ended)
			look_for_end(k);
		if (k->has_ended)
			continue;
		if (k->kill_at_ms != 0 && keeper_now_ms() >= k->kill_at_ms)
			kill(-k->program.pid, SIGKILL);
		if (k->peer != -1 && keeper_now_ms() >= k->sample_at_ms)
			sample(k);
	}
}

/* ---- begin ---- */

static int
listen_in(int folder, const char *id)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t old = umask(0077);

	snprintf(un.sun_path, sizeof(un.sun_path), "/proc/self/fd/%d/%s.child", folder, id);
	if (s != -1 && (bind(s, (struct sockaddr *)&un, sizeof(un)) == -1 || listen(s, 4) == -1)) {
		close(s);
		s = -1;
	}
	umask(old);
	return s;
}

static int
network_inside(void *arg)
{
	return netns_enter(((struct warden *)arg)->network);
}

static int
network_outside(void *arg, pid_t pid)
{
	return netns_connect(((struct warden *)arg)->network, pid);
}

static int
start_program(struct warden *k, struct keeper_job *job)
{
	const struct program *row = k->w->row;
	char procs[512], tap[PROGRAM_TAP_BYTES];
	int rc;

	k->cgroup = cgroup_make(row, k->w->id, k->report.missing, sizeof(k->report.missing));
	snprintf(procs, sizeof(procs), "%s/%s/cgroup.procs", row->cgroup, k->w->id);
	if (k->cgroup != -1)
		job->cgroup = open(procs, O_WRONLY | O_CLOEXEC);
	if (row->is_tap) {
		program_tap_name(k->w->id, tap);
		if (netns_tap(row->bridge, row->gateway, tap,
		    job->who.has_uid ? job->who.uid : geteuid()) == -1)
			return -1;
		memcpy(k->tap, tap, sizeof(tap));	/* made here: it goes with the child */
	} else if (row->bridge != NULL) {
		if ((k->network = netns_new(row->bridge, row->gateway, k->w->address)) == NULL)
			return -1;
		job->prepare = network_inside;
		job->arg = k;
	}
	rc = keeper_program_start(&k->program, job, k->network != NULL ? network_outside : NULL);
	if (job->cgroup != -1)
		close(job->cgroup);
	return rc;
}

static void
clean_up(struct warden *k)
{
	cgroup_remove(k->w->row, k->w->id, k->cgroup);
	if (k->tap[0] != '\0')
		netns_tap_remove(k->tap);
	if (k->w->folder != -1)
		program_folder_remove(k->w->folder, k->w->id);
}

/* stderr is weir's terminal or log, which a child that outlives it must not hold. */
static void
let_go(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null != -1)
		(void)dup2(null, 2);
	setsid();
}

static _Noreturn void
warden_main(const struct warden_job *w, int peer)
{
	struct warden k = { .w = w, .peer = peer, .listener = -1, .cgroup = -1 };
	struct keeper_job job = w->job;

	let_go();
	signal(SIGCHLD, SIG_DFL);
	signal(SIGTERM, on_term);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "weir-warden");
	memcpy(k.report.meta, w->meta, w->meta_len);
	k.report.meta_len = w->meta_len;
	if (w->folder != -1)
		k.listener = listen_in(w->folder, w->id);
	if ((w->folder != -1 && k.listener == -1) || start_program(&k, &job) == -1) {
		k.report.end = PROGRAM_NOT_RUN;
		k.report.value = errno;
		if (k.program.pid > 0)
			keeper_end_all(k.program.pid);
		(void)report(&k, CHILD_EXITED, true);
	} else {
		k.report.pid = k.program.pid;
		(void)report(&k, CHILD_HELLO, false);
		k.sample_at_ms = keeper_now_ms() + SAMPLE_MS;
		watch(&k);
	}
	clean_up(&k);
	_exit(0);
}

int
warden_start(const struct warden_job *w)
{
	int fds[2], saved;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == -1)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(3);		/* the helper's socket */
		close(fds[0]);
		prctl(PR_SET_PDEATHSIG, 0);
		warden_main(w, fds[1]);
	}
	saved = errno;
	close(fds[1]);
	if (pid == -1) {
		close(fds[0]);
		return errno = saved, -1;
	}
	return fds[0];
}
