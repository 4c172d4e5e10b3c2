/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir's side of the helper: fork it, ask it, let it go. A question is one
 * message and one answer under a mutex; only job threads and the control thread
 * open files, and data threads never do.
 *
 * An answer that does not come (the helper was killed) is EPIPE for this and
 * each later question: weir goes on serving, a reload fails and says why.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/xalloc.h"
#include "event/child.h"
#include "event/helper.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int sock = -1;			/* under the lock */
static pid_t child_pid;

static int change_tree(enum file_tree_op op, const char *path, const char *target);

int
helper_start(void)
{
	pid_t parent = getpid();
	int fds[2], saved;

	helper_list_resolve();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		return -1;
	child_pid = fork();
	if (child_pid == 0)
		helper_child_main(fds[1], parent);
	saved = errno;
	close(fds[1]);
	if (child_pid == -1) {
		child_pid = 0;
		close(fds[0]);
		return errno = saved, -1;
	}
	sock = fds[0];
	file_set_opener(helper_open);
	file_set_replacer(helper_replace);
	file_set_tree_changer(change_tree);
	return 0;
}

void
helper_stop(void)
{
	if (child_pid == 0)
		return;
	file_set_opener(NULL);
	file_set_replacer(NULL);
	file_set_tree_changer(NULL);
	pthread_mutex_lock(&lock);
	close(sock);
	sock = -1;
	pthread_mutex_unlock(&lock);
	while (waitpid(child_pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	child_pid = 0;
	helper_list_fini();
}

bool
helper_is_running(void)
{
	return child_pid != 0;
}

pid_t
helper_pid(void)
{
	return child_pid;
}

static int
passed_fd(struct msghdr *msg)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(msg);
	int fd = -1;

	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(&fd, CMSG_DATA(c), sizeof(int));
	return fd;
}

/* The bytes and the descriptors that go with them. */
static ssize_t
send_request(const void *rq, size_t size, const int *fds, unsigned nfds)
{
	union {
		char		buf[CMSG_SPACE(HELPER_FDS * sizeof(int))];
		struct cmsghdr	align;
	} control = { .buf = "" };
	struct iovec iov = { (void *)(uintptr_t)rq, size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (nfds > 0) {
		struct cmsghdr *c = &control.align;

		msg.msg_control = control.buf;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	do
		n = sendmsg(sock, &msg, MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	return n;
}

static ssize_t
receive_reply(struct msghdr *reply)
{
	ssize_t n;

	do
		n = recvmsg(sock, reply, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	return n;
}

int
helper_ask(const void *rq, size_t size, const int *fds, unsigned nfds, bool wants_fd,
    struct helper_reply *ret_reply)
{
	union {
		char		buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	align;
	} control;
	struct iovec iov = { ret_reply, sizeof(*ret_reply) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	ssize_t n = -1;
	int fd;

	pthread_mutex_lock(&lock);
	if (send_request(rq, size, fds, nfds) != -1)
		n = receive_reply(&msg);
	pthread_mutex_unlock(&lock);
	if (n != (ssize_t)sizeof(*ret_reply))
		return errno = EPIPE, -1;
	if (ret_reply->error != 0)
		return errno = ret_reply->error, -1;
	if (!wants_fd)
		return 0;
	if ((fd = passed_fd(&msg)) == -1)
		errno = EMFILE;		/* the kernel had no room for it here */
	return fd;
}

static int
ask_bytes(const void *rq, size_t size, bool wants_fd)
{
	struct helper_reply rp;

	return helper_ask(rq, size, NULL, 0, wants_fd, &rp);
}

static int
ask(const struct helper_request *rq)
{
	return ask_bytes(rq, sizeof(*rq), rq->op == HELPER_OPEN);
}

static int
ask_path(enum helper_op op, const char *path, const char *suffix, int flags,
    mode_t mode)
{
	size_t len = strlen(path), suffix_len = strlen(suffix);
	struct helper_request *rq;
	int rc, saved;

	if (len >= HELPER_PATH_BYTES || suffix_len >= HELPER_SUFFIX_BYTES)
		return errno = ENAMETOOLONG, -1;
	rq = xcalloc(1, sizeof(*rq));
	rq->op = op;
	rq->flags = flags;
	rq->mode = mode;
	memcpy(rq->path, path, len);
	memcpy(rq->suffix, suffix, suffix_len);
	rc = ask(rq);
	saved = errno;
	free(rq);
	errno = saved;
	return rc;
}

int
helper_open(const char *path, int flags, mode_t mode)
{
	return ask_path(HELPER_OPEN, path, "", flags, mode);
}

int
helper_replace(const char *path, const char *suffix, bool keep)
{
	return ask_path(keep ? HELPER_RENAME : HELPER_UNLINK, path, suffix, 0, 0);
}

static int
change_tree(enum file_tree_op op, const char *path, const char *target)
{
	return ask_path(HELPER_TREE, path, target, (int)op, 0);
}

/* ---- programs ---- */

struct helper_run *
helper_run_new(unsigned timeout_ms)
{
	struct helper_run *r = xcalloc(1, sizeof(*r));

	r->op = HELPER_RUN;
	r->timeout_ms = timeout_ms;
	return r;
}

static bool
put(struct helper_run *r, const char *text, size_t len)
{
	if (len > HELPER_RUN_BYTES - r->len)
		return false;
	memcpy(r->text + r->len, text, len);
	r->len += (uint32_t)len;
	return true;
}

bool
helper_run_arg(struct helper_run *r, const char *text)
{
	if (r->nenv != 0 || !put(r, text, strlen(text) + 1))
		return false;
	r->nargs++;
	return true;
}

bool
helper_run_env(struct helper_run *r, const char *name, const char *value)
{
	if (!put(r, name, strlen(name)) || !put(r, "=", 1) || !put(r, value, strlen(value) + 1))
		return false;
	r->nenv++;
	return true;
}

int
helper_run(const struct helper_run *r)
{
	return ask_bytes(r, sizeof(*r), true);
}
