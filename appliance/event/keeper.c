/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs: forked by the helper, each below a keeper of its own. The program is
 * the leader of a process group, has a clean environment, no descriptor but
 * /dev/null and a pipe, the configured user, no way to more privileges, and `/`
 * as its folder. The keeper reads the pipe, counts the time, and ends what there
 * is: the group, and, as the keeper is the reaper of all that descends from it,
 * also who left the group. Then it tells the end over its socket and goes.
 *
 * A process per program costs a fork more and makes the helper's loop one that
 * never waits for a program. Programs that live on are watched by warden.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "event/child.h"
#include "event/helper.h"
#include "event/keeper.h"

#define TICK_MS		20	/* without pidfd_open */
#define END_MS		1000	/* to end all that descends from a program */

struct keeper {
	const struct keeper_job *job;
	struct keeper_program program;
	int		 sock;		/* to weir */
	int64_t		 deadline_ms;
	bool		 has_exited;
	int		 status;	/* of wait */
	struct program_result result;
};

static volatile sig_atomic_t is_told_to_end;

static void
on_term(int sig)
{
	(void)sig;
	is_told_to_end = 1;
}

int64_t
keeper_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- the program, right after fork ---- */

static int
become(const struct helper_identity *who)
{
	if ((who->has_gid || who->has_uid) && geteuid() == 0 && setgroups(0, NULL) == -1)
		return -1;
	if (who->has_gid && setgid(who->gid) == -1)
		return -1;
	if (who->has_uid && setuid(who->uid) == -1)
		return -1;
	return 0;
}

static void
default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Words one behind the other to a list. */
static const char *
split(const char *p, char **list, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		list[i] = (char *)(uintptr_t)p;
		p += strlen(p) + 1;
	}
	list[n] = NULL;
	return p;
}

/* Its descriptors: 0 to 2, data from 3 on if there are some; told, which moves; no other. */
static int
take_descriptors(const struct keeper_job *job, int out, int err, int *told)
{
	int high = fcntl(*told, F_DUPFD, 10), data[CHILD_DATA_MAX];	/* out of the way */
	int first = 3;

	for (int i = 0; i < CHILD_DATA_MAX; i++)
		data[i] = job->data[i] != -1 ? fcntl(job->data[i], F_DUPFD, 10) : -1;
	if (high == -1 || (job->in != -1 && dup2(job->in, 0) == -1) || dup2(out, 1) == -1 ||
	    dup2(err != -1 ? err : out, 2) == -1)
		return -1;
	for (int i = 0; i < CHILD_DATA_MAX; i++)
		if (job->data[i] != -1 && dup2(data[i], first++) == -1)
			return -1;
	if (dup2(high, first) == -1)
		return -1;
	*told = first;
	fcntl(first, F_SETFD, FD_CLOEXEC);
	close_range((unsigned)first + 1, ~0U, 0);
	return 0;
}

static _Noreturn void
program_main(const struct keeper_job *job, int out, int err, int told)
{
	char *args[PROGRAM_WORDS_MAX + 1], *env[PROGRAM_WORDS_MAX + 1];
	struct rlimit none = { 0, 0 };
	int saved;

	setpgid(0, 0);
	default_signals();
	split(split(job->text, args, job->nargs), env, job->nenv);
	setrlimit(RLIMIT_CORE, &none);
	if (job->is_private)
		umask(0077);
	if ((job->cgroup != -1 && write(job->cgroup, "0", 1) != 1) ||
	    (job->prepare != NULL && job->prepare(job->arg) == -1) ||
	    take_descriptors(job, out, err, &told) == -1 ||
	    chdir(job->directory != NULL ? job->directory : "/") == -1 ||
	    become(&job->who) == -1)
		goto failed;
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* setuid has cleared it */
	execve(args[0], args, env);
failed:
	saved = errno;
	while (write(told, &saved, sizeof(saved)) == -1 && errno == EINTR)
		;
	_exit(127);
}

/* ---- the keeper ---- */

static int
make_pipes(int out[2], int err[2], int told[2], bool has_err)
{
	err[0] = err[1] = -1;
	if (pipe2(out, O_CLOEXEC) == -1 || pipe2(told, O_CLOEXEC) == -1)
		return -1;
	return has_err ? pipe2(err, O_CLOEXEC) : 0;
}

/* The errno of what failed before the program ran; 0: it runs. */
static int
read_told(int fd)
{
	int error = 0;
	ssize_t n;

	while ((n = read(fd, &error, sizeof(error))) == -1 && errno == EINTR)
		;
	close(fd);
	return n == (ssize_t)sizeof(error) ? error : 0;
}

int
keeper_program_start(struct keeper_program *p, const struct keeper_job *job,
    int (*meanwhile)(void *arg, pid_t pid))
{
	int out[2], err[2], told[2], error, failed = 0;

	*p = (struct keeper_program){ 0, -1, -1, -1 };
	if (make_pipes(out, err, told, job->out != -1) == -1)
		return -1;
	p->pid = fork();
	if (p->pid == 0)
		program_main(job, out[1], err[1], told[1]);
	close(out[1]);
	close(told[1]);
	if (err[1] != -1)
		close(err[1]);
	p->out = out[0];
	p->err = err[0];
	if (p->pid == -1)
		return p->pid = 0, -1;
	setpgid(p->pid, p->pid);
	if (meanwhile != NULL && meanwhile(job->arg, p->pid) == -1)
		failed = errno;
	if (failed != 0)
		kill(p->pid, SIGKILL);
	error = read_told(told[0]);
	if (failed != 0 || error != 0)
		return errno = failed != 0 ? failed : error, -1;
	fcntl(p->out, F_SETFL, O_NONBLOCK);
	if (p->err != -1)
		fcntl(p->err, F_SETFL, O_NONBLOCK);
	p->pidfd = (int)syscall(SYS_pidfd_open, p->pid, 0);
	return 0;
}

static void
keep(struct program_result *r, const char *text, size_t len)
{
	size_t room = PROGRAM_OUTPUT_KEPT - r->output_len;

	if (len < room)
		room = len;
	memcpy(r->output + r->output_len, text, room);
	r->output_len += (uint32_t)room;
}

/* All that is there now; false at too much of its output proper. */
static bool
drain(struct keeper *k, int *fd, bool is_copied)
{
	struct program_result *r = &k->result;
	char buf[8192];
	ssize_t n;

	while (*fd != -1 && (n = read(*fd, buf, sizeof(buf))) != -1) {
		if (n == 0) {
			close(*fd);
			*fd = -1;
			break;
		}
		if (is_copied || k->job->out == -1)
			r->output_total += (uint32_t)n;
		if (r->output_total > PROGRAM_OUTPUT_MAX)
			return false;
		if (!is_copied)
			keep(r, buf, (size_t)n);
		else if (write(k->job->out, buf, (size_t)n) != n)
			return false;
	}
	return true;
}

static bool
take_output(struct keeper *k)
{
	return drain(k, &k->program.out, k->job->out != -1) && drain(k, &k->program.err, false);
}

static void
look_for_exit(struct keeper *k)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == k->program.pid) {
			k->has_exited = true;
			k->status = status;
		}
}

void
keeper_end_of(int status, int32_t *ret_end, int32_t *ret_value)
{
	*ret_end = WIFEXITED(status) ? PROGRAM_EXITED : PROGRAM_KILLED;
	*ret_value = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

/* Until it ends, or must be ended. False: nobody wants to know. */
static bool
watch(struct keeper *k)
{
	for (;;) {
		struct pollfd p[] = { { .fd = k->sock },
			{ .fd = k->program.out, .events = POLLIN },
			{ .fd = k->program.err, .events = POLLIN },
			{ .fd = k->program.pidfd, .events = POLLIN } };
		int64_t left = k->deadline_ms - keeper_now_ms();

		if (left < 0)
			left = 0;
		if (k->program.pidfd == -1 && left > TICK_MS)
			left = TICK_MS;
		(void)poll(p, 4, (int)left);
		if (is_told_to_end || (p[0].revents & (POLLHUP | POLLERR)))
			return false;
		if (!take_output(k)) {
			k->result.end = PROGRAM_FLOODED;
			return true;
		}
		look_for_exit(k);
		if (k->has_exited) {
			(void)take_output(k);
			keeper_end_of(k->status, &k->result.end, &k->result.value);
			return true;
		}
		if (keeper_now_ms() >= k->deadline_ms) {
			k->result.end = PROGRAM_TIMEOUT;
			return true;
		}
	}
}

/* Who left the group is a child of ours by now, or will be. */
static void
kill_children(void)
{
	char path[64], text[4096], *p = text;
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	if ((f = fopen(path, "re")) == NULL)
		return;
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	fclose(f);
	for (long pid; (pid = strtol(p, &p, 10)) > 0; )
		kill((pid_t)pid, SIGKILL);
}

void
keeper_end_all(pid_t group)
{
	int64_t until = keeper_now_ms() + END_MS;
	pid_t pid = 0;

	while (keeper_now_ms() < until) {
		kill(-group, SIGKILL);
		kill_children();
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid == -1 && errno == ECHILD)
			return;
		poll(NULL, 0, 1);
	}
}

/* Time to end by itself. */
static void
ask_to_end(struct keeper *k)
{
	struct program_result before = k->result;

	kill(-k->program.pid, SIGTERM);
	k->deadline_ms = keeper_now_ms() + k->job->grace_ms;
	k->sock = -1;
	is_told_to_end = 0;
	(void)watch(k);
	k->result.end = before.end;
	k->result.value = before.value;
}

static _Noreturn void
keeper_main(const struct keeper_job *job, int sock)
{
	struct keeper k = { .job = job, .sock = sock };
	bool is_wanted = true;

	signal(SIGCHLD, SIG_DFL);
	signal(SIGTERM, on_term);
	prctl(PR_SET_PDEATHSIG, SIGTERM);	/* with the helper weir is gone */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "weir-keeper");
	k.deadline_ms = keeper_now_ms() + job->timeout_ms;
	if (keeper_program_start(&k.program, job, NULL) == -1) {
		k.result.end = PROGRAM_NOT_RUN;
		k.result.value = errno;
	} else {
		is_wanted = watch(&k);
		if (job->grace_ms > 0 && (!is_wanted || k.result.end == PROGRAM_TIMEOUT))
			ask_to_end(&k);
	}
	if (k.program.pid > 0)
		keeper_end_all(k.program.pid);
	if (is_wanted)
		(void)send(sock, &k.result, sizeof(k.result), MSG_NOSIGNAL);
	_exit(0);
}

int
keeper_start(const struct keeper_job *job)
{
	int fds[2], saved;
	pid_t pid;

	if (job->nargs > PROGRAM_WORDS_MAX || job->nenv > PROGRAM_WORDS_MAX)
		return errno = E2BIG, -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == -1)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(3);		/* the helper's socket */
		close(fds[0]);
		keeper_main(job, fds[1]);
	}
	saved = errno;
	close(fds[1]);
	if (pid == -1) {
		close(fds[0]);
		return errno = saved, -1;
	}
	return fds[0];
}
