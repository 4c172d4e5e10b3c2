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
 * never waits for a program.
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
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "event/child.h"
#include "event/helper.h"

#define WORDS_MAX	128
#define TICK_MS		20	/* without pidfd_open */
#define END_MS		1000	/* to end all that descends from a program */

struct keeper {
	pid_t		 pid;		/* the program, leader of its group */
	int		 pidfd;		/* -1: not known to this kernel */
	int		 out;		/* its output */
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

static int64_t
now_ms(void)
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

static _Noreturn void
program_main(const struct helper_run *rq, const struct helper_identity *who, int out, int err)
{
	char *args[WORDS_MAX + 1], *env[WORDS_MAX + 1];
	struct rlimit none = { 0, 0 };
	int saved;

	setpgid(0, 0);
	default_signals();
	split(split(rq->text, args, rq->nargs), env, rq->nenv);
	setrlimit(RLIMIT_CORE, &none);
	if (dup2(out, 1) == -1 || dup2(out, 2) == -1 || dup2(err, 3) == -1 || chdir("/") == -1 ||
	    become(who) == -1)
		goto failed;
	fcntl(3, F_SETFD, FD_CLOEXEC);
	err = 3;
	close_range(4, ~0U, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* setuid has cleared it */
	execve(args[0], args, env);
failed:
	saved = errno;
	while (write(err, &saved, sizeof(saved)) == -1 && errno == EINTR)
		;
	_exit(127);
}

/* ---- the keeper ---- */

/* 0, or -1 with errno when the program could not be run. */
static int
start_program(struct keeper *k, const struct helper_run *rq, const struct helper_identity *who)
{
	int out[2], err[2], error = 0;
	ssize_t n;

	if (pipe2(out, O_CLOEXEC) == -1 || pipe2(err, O_CLOEXEC) == -1)
		return -1;
	k->pid = fork();
	if (k->pid == 0)
		program_main(rq, who, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	k->out = out[0];
	if (k->pid == -1)
		return -1;
	setpgid(k->pid, k->pid);
	while ((n = read(err[0], &error, sizeof(error))) == -1 && errno == EINTR)
		;
	close(err[0]);
	if (n == (ssize_t)sizeof(error))
		return errno = error, -1;
	fcntl(k->out, F_SETFL, O_NONBLOCK);
	k->pidfd = (int)syscall(SYS_pidfd_open, k->pid, 0);
	return 0;
}

/* What it wrote; false at too much. */
static bool
take_output(struct keeper *k)
{
	struct program_result *r = &k->result;
	char buf[8192];
	ssize_t n;

	while (k->out != -1 && (n = read(k->out, buf, sizeof(buf))) != -1) {
		size_t room = PROGRAM_OUTPUT_KEPT - r->output_len;

		if (n == 0) {
			close(k->out);
			k->out = -1;
			break;
		}
		if ((size_t)n < room)
			room = (size_t)n;
		memcpy(r->output + r->output_len, buf, room);
		r->output_len += (uint32_t)room;
		r->output_total += (uint32_t)n;
		if (r->output_total > PROGRAM_OUTPUT_MAX)
			return false;
	}
	return true;
}

static void
look_for_exit(struct keeper *k)
{
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == k->pid) {
			k->has_exited = true;
			k->status = status;
		}
}

static void
set_end(struct keeper *k)
{
	struct program_result *r = &k->result;

	if (WIFEXITED(k->status)) {
		r->end = PROGRAM_EXITED;
		r->value = WEXITSTATUS(k->status);
	} else {
		r->end = PROGRAM_KILLED;
		r->value = WTERMSIG(k->status);
	}
}

/* Until it ends, or must be ended. False: nobody wants to know. */
static bool
watch(struct keeper *k)
{
	for (;;) {
		struct pollfd p[] = { { .fd = k->sock }, { .fd = k->out, .events = POLLIN },
			{ .fd = k->pidfd, .events = POLLIN } };
		int64_t left = k->deadline_ms - now_ms();

		if (left < 0)
			left = 0;
		if (k->pidfd == -1 && left > TICK_MS)
			left = TICK_MS;
		(void)poll(p, 3, (int)left);
		if (is_told_to_end || (p[0].revents & (POLLHUP | POLLERR)))
			return false;
		if (!take_output(k)) {
			k->result.end = PROGRAM_FLOODED;
			return true;
		}
		look_for_exit(k);
		if (k->has_exited) {
			(void)take_output(k);
			set_end(k);
			return true;
		}
		if (now_ms() >= k->deadline_ms) {
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

static void
end_all(struct keeper *k)
{
	int64_t until = now_ms() + END_MS;
	pid_t pid = 0;

	while (now_ms() < until) {
		kill(-k->pid, SIGKILL);
		kill_children();
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid == -1 && errno == ECHILD)
			return;
		poll(NULL, 0, 1);
	}
}

static _Noreturn void
keeper_main(const struct helper_run *rq, const struct helper_identity *who, int sock)
{
	struct keeper k = { .pidfd = -1, .out = -1, .sock = sock };
	bool is_wanted = true;

	signal(SIGCHLD, SIG_DFL);
	signal(SIGTERM, on_term);
	prctl(PR_SET_PDEATHSIG, SIGTERM);	/* with the helper weir is gone */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "weir-keeper");
	k.deadline_ms = now_ms() + rq->timeout_ms;
	if (start_program(&k, rq, who) == -1) {
		k.result.end = PROGRAM_NOT_RUN;
		k.result.value = errno;
	} else {
		is_wanted = watch(&k);
	}
	if (k.pid > 0)
		end_all(&k);
	if (is_wanted)
		(void)send(sock, &k.result, sizeof(k.result), MSG_NOSIGNAL);
	_exit(0);
}

int
keeper_start(const struct helper_run *rq, const struct helper_identity *who)
{
	int fds[2], saved;
	pid_t pid;

	if (rq->nargs > WORDS_MAX || rq->nenv > WORDS_MAX)
		return errno = E2BIG, -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) == -1)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(3);		/* the helper's socket */
		close(fds[0]);
		keeper_main(rq, who, fds[1]);
	}
	saved = errno;
	close(fds[1]);
	if (pid == -1) {
		close(fds[0]);
		return errno = saved, -1;
	}
	return fds[0];
}
