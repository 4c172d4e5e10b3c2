/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The helper, both sides of it.
 *
 * Life: helper_allow collects the list, helper_start resolves it and forks; the
 * child answers one request at a time until its socket closes or its parent
 * dies. It keeps stderr and the socket and nothing else.
 *
 * The check of a path is lexical first (absolute, no `..`, below an entry as it
 * was written or as it was resolved), then real: the path is resolved, its
 * target must lie in the resolved list, and that very target is opened with no
 * symbolic link allowed on the way (openat2), so a link that changes in between
 * ends in a refusal and another try. Opening never blocks on a FIFO.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "event/child.h"

#define PATH_BYTES	4096
#define SUFFIX_BYTES	64
#define OPEN_TRIES	3
#define ALLOW_MAX	4096
#define FLAGS_KNOWN	(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | \
	O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)

enum request_op { OP_OPEN = 1, OP_RENAME, OP_UNLINK };

struct request {
	uint32_t	op;
	int32_t		flags;
	uint32_t	mode;
	char		path[PATH_BYTES];
	char		suffix[SUFFIX_BYTES];
};

struct reply {
	int32_t		error;		/* errno; 0 = done */
};

struct allowed {
	char		*path;		/* owned: as named, absolute */
	char		*real;		/* owned: resolved; NULL = not there */
	bool		 may_write;
};

static struct allowed *allow_list;
static unsigned nallowed;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int sock = -1;			/* ours; under the lock */
static pid_t child_pid;

/* ---- paths: both sides ------------------------------------------------- */

/* Absolute, without `//` and `/./`, no slash at the end; false with errno when
 * it is too long or has a `..`. */
static bool
path_clean(const char *path, char out[PATH_BYTES])
{
	char joined[2 * PATH_BYTES];
	struct str rest, part;
	size_t n = 0;

	if (path[0] == '\0' || strlen(path) >= PATH_BYTES)
		return errno = path[0] ? ENAMETOOLONG : ENOENT, false;
	joined[0] = '\0';
	if (path[0] != '/' && getcwd(joined, PATH_BYTES) == NULL)
		return false;
	strcat(strcat(joined, "/"), path);
	rest = str_of(joined);
	while (rest.len > 0) {
		const char *slash = memchr(rest.p, '/', rest.len);

		part.p = rest.p;
		part.len = slash ? (size_t)(slash - rest.p) : rest.len;
		rest.p += part.len + (slash != NULL);
		rest.len -= part.len + (slash != NULL);
		if (part.len == 0 || str_is(part, "."))
			continue;
		if (str_is(part, ".."))
			return errno = EPERM, false;
		if (n + part.len + 2 > PATH_BYTES)
			return errno = ENAMETOOLONG, false;
		out[n++] = '/';
		memcpy(out + n, part.p, part.len);
		n += part.len;
	}
	if (n == 0)
		out[n++] = '/';
	out[n] = '\0';
	return true;
}

/* Where a clean path really leads; the last part need not exist. */
static bool
path_resolve(const char *path, char out[PATH_BYTES])
{
	char parent[PATH_BYTES], *slash;
	struct stat st;
	size_t n, base;

	if (realpath(path, out) != NULL)
		return true;
	if (errno != ENOENT || lstat(path, &st) == 0)
		return false;		/* a link to nowhere is refused */
	strcpy(parent, path);
	slash = strrchr(parent, '/');
	base = strlen(slash + 1);
	*slash = '\0';
	if (realpath(parent[0] ? parent : "/", out) == NULL)
		return false;
	n = strlen(out);
	if (n + base + 2 > PATH_BYTES)
		return errno = ENAMETOOLONG, false;
	sprintf(out + n, "%s%s", n > 1 ? "/" : "", path + strlen(path) - base);
	return true;
}

static bool
is_below(const char *path, const char *entry)
{
	size_t n = strlen(entry);

	if (strncmp(path, entry, n) != 0)
		return false;
	return path[n] == '\0' || path[n] == '/' || (n == 1 && path[1] != '\0');
}

/* Lexical: `real_only` looks at resolved entries alone. */
static bool
is_allowed(const char *path, bool wants_write, bool real_only)
{
	for (unsigned i = 0; i < nallowed; i++) {
		const struct allowed *a = &allow_list[i];

		if (wants_write && !a->may_write)
			continue;
		if (a->real != NULL && is_below(path, a->real))
			return true;
		if (!real_only && is_below(path, a->path))
			return true;
	}
	return false;
}

/* ---- the child --------------------------------------------------------- */

/* Opens a resolved path, with no link on the way. */
static int
open_no_links(const char *real, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(uint32_t)flags,
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	char self[64], at[PATH_BYTES];
	ssize_t n;
	int fd;

	fd = (int)syscall(SYS_openat2, AT_FDCWD, real, &how, sizeof(how));
	if (fd != -1 || (errno != ENOSYS && errno != EPERM))
		return fd;
	/* A kernel before 5.6, or a filter around us: open, then look. */
	fd = open(real, (flags & ~O_TRUNC) | O_NOFOLLOW, mode);
	if (fd == -1)
		return -1;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	n = readlink(self, at, sizeof(at) - 1);
	at[n > 0 ? n : 0] = '\0';
	if (strcmp(at, real) != 0 ||
	    (flags & O_TRUNC && ftruncate(fd, 0) == -1)) {
		close(fd);
		return errno = ELOOP, -1;
	}
	return fd;
}

/* The resolved path of a request, checked; false with errno. */
static bool
request_path(const char *path, bool wants_write, char real[PATH_BYTES])
{
	char clean[PATH_BYTES];

	if (!path_clean(path, clean))
		return false;
	if (!is_allowed(clean, wants_write, false))
		return errno = EPERM, false;
	if (!path_resolve(clean, real))
		return false;
	if (!is_allowed(real, wants_write, true))
		return errno = EPERM, false;
	return true;
}

static int
serve_open(const struct request *rq)
{
	bool wants_write = (rq->flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != 0;
	int flags = rq->flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, fd = -1;
	char real[PATH_BYTES];

	if (rq->flags & ~FLAGS_KNOWN)
		return errno = EINVAL, -1;
	for (int i = 0; i < OPEN_TRIES; i++) {
		if (!request_path(rq->path, wants_write, real))
			return -1;
		fd = open_no_links(real, flags, rq->mode & 0777);
		if (fd != -1 || errno != ELOOP)
			break;
	}
	if (fd != -1 && !(rq->flags & O_NONBLOCK))
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	return fd;
}

/* PATH+suffix becomes PATH, or goes; a name in a folder that may be written. */
static int
serve_replace(const struct request *rq)
{
	char real[PATH_BYTES], temp[PATH_BYTES + SUFFIX_BYTES];

	if (rq->suffix[0] != '.' || strchr(rq->suffix, '/') != NULL)
		return errno = EINVAL, -1;
	if (!request_path(rq->path, true, real))
		return -1;
	snprintf(temp, sizeof(temp), "%s%s", real, rq->suffix);
	if (!is_allowed(temp, true, true))
		return errno = EPERM, -1;
	return rq->op == OP_RENAME ? rename(temp, real) : unlink(temp);
}

static void
send_reply(int s, int error, int fd)
{
	union {
		char		buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	align;
	} control;
	struct reply rp = { error };
	struct iovec iov = { &rp, sizeof(rp) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd != -1) {
		struct cmsghdr *c;

		memset(&control, 0, sizeof(control));
		msg.msg_control = control.buf;
		msg.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(int));
	}
	while (sendmsg(s, &msg, MSG_NOSIGNAL) == -1)
		if (errno != EINTR)
			_exit(1);
}

static void
serve(int s, struct request *rq)
{
	int fd = -1, error = 0;

	rq->path[PATH_BYTES - 1] = '\0';
	rq->suffix[SUFFIX_BYTES - 1] = '\0';
	errno = EINVAL;
	if (rq->op == OP_OPEN) {
		if ((fd = serve_open(rq)) == -1)
			error = errno;
	} else if (rq->op != OP_RENAME && rq->op != OP_UNLINK) {
		error = EINVAL;
	} else if (serve_replace(rq) == -1) {
		error = errno;
	}
	send_reply(s, error, fd);
	if (fd != -1)
		close(fd);
}

/* Ctrl-C and a service manager's signals go to the whole group; the helper
 * ends when its parent does, not before. */
static void
child_signals(pid_t parent)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1,
		SIGUSR2, SIGPIPE, SIGQUIT, SIGTSTP, SIGTTOU };
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "weir-helper");
	if (getppid() != parent)
		_exit(0);
}

/* Keeps stderr and s, which becomes 3. */
static int
child_descriptors(int s)
{
	int null = open("/dev/null", O_RDWR);

	if (s < 3 && (s = fcntl(s, F_DUPFD_CLOEXEC, 3)) == -1)
		_exit(1);
	if (null == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1)
		_exit(1);
	if (s != 3 && dup2(s, 3) == -1)
		_exit(1);
	if (close_range(4, ~0U, 0) == -1)
		for (int fd = 4; fd < sysconf(_SC_OPEN_MAX); fd++)
			close(fd);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	return 3;
}

static _Noreturn void
child_main(int s, pid_t parent)
{
	static struct request rq;
	ssize_t n;

	child_signals(parent);
	s = child_descriptors(s);
	for (;;) {
		n = recv(s, &rq, sizeof(rq), 0);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		if (n == (ssize_t)sizeof(rq))
			serve(s, &rq);
		else
			send_reply(s, EINVAL, -1);
	}
}

/* ---- our side ---------------------------------------------------------- */

static void
allow(const char *path, bool may_write)
{
	char clean[PATH_BYTES];

	if (child_pid != 0 || nallowed == ALLOW_MAX)
		fatalx("helper: cannot allow %s now", path);
	if (!path_clean(path, clean)) {
		/* `..` in a name the operator wrote: what it means now */
		if (realpath(path, clean) == NULL) {
			log_warn("helper: %s", path);
			return;
		}
	}
	allow_list = xrealloc(allow_list, (nallowed + 1) * sizeof(*allow_list));
	allow_list[nallowed++] = (struct allowed){
		.path = xstrdup(clean), .may_write = may_write
	};
}

void
helper_allow(const char *path)
{
	allow(path, false);
}

void
helper_allow_write(const char *path)
{
	allow(path, true);
}

int
helper_start(void)
{
	char real[PATH_BYTES];
	pid_t parent = getpid();
	int fds[2];

	for (unsigned i = 0; i < nallowed; i++)
		if (allow_list[i].real == NULL &&
		    path_resolve(allow_list[i].path, real))
			allow_list[i].real = xstrdup(real);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) == -1)
		return -1;
	child_pid = fork();
	if (child_pid == 0)
		child_main(fds[1], parent);
	close(fds[1]);
	if (child_pid == -1) {
		child_pid = 0;
		close(fds[0]);
		return errno = EAGAIN, -1;
	}
	sock = fds[0];
	file_set_opener(helper_open);
	file_set_replacer(helper_replace);
	return 0;
}

void
helper_stop(void)
{
	if (child_pid == 0)
		return;
	file_set_opener(NULL);
	file_set_replacer(NULL);
	pthread_mutex_lock(&lock);
	close(sock);
	sock = -1;
	pthread_mutex_unlock(&lock);
	while (waitpid(child_pid, NULL, 0) == -1 && errno == EINTR)
		continue;
	child_pid = 0;
	while (nallowed > 0) {
		free(allow_list[--nallowed].path);
		free(allow_list[nallowed].real);
	}
	free(allow_list);
	allow_list = NULL;
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

static ssize_t
exchange(const struct request *rq, struct msghdr *reply)
{
	ssize_t n;

	do
		n = send(sock, rq, sizeof(*rq), MSG_NOSIGNAL);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	do
		n = recvmsg(sock, reply, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	return n;
}

/* The descriptor (0 where none is meant), or -1 with errno. EPIPE: it is gone. */
static int
ask(const struct request *rq)
{
	union {
		char		buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	align;
	} control;
	struct reply rp = { 0 };
	struct iovec iov = { &rp, sizeof(rp) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	ssize_t n;
	int fd;

	pthread_mutex_lock(&lock);
	n = exchange(rq, &msg);
	pthread_mutex_unlock(&lock);
	if (n != (ssize_t)sizeof(rp))
		return errno = EPIPE, -1;
	if (rp.error != 0)
		return errno = rp.error, -1;
	if (rq->op != OP_OPEN)
		return 0;
	if ((fd = passed_fd(&msg)) == -1)
		errno = EMFILE;		/* the kernel had no room for it here */
	return fd;
}

static int
ask_path(enum request_op op, const char *path, const char *suffix, int flags,
    mode_t mode)
{
	struct request *rq;
	int rc, saved;

	if (strlen(path) >= PATH_BYTES || strlen(suffix) >= SUFFIX_BYTES)
		return errno = ENAMETOOLONG, -1;
	rq = xcalloc(1, sizeof(*rq));
	rq->op = op;
	rq->flags = flags;
	rq->mode = mode;
	strcpy(rq->path, path);
	strcpy(rq->suffix, suffix);
	rc = ask(rq);
	saved = errno;
	free(rq);
	errno = saved;
	return rc;
}

int
helper_open(const char *path, int flags, mode_t mode)
{
	return ask_path(OP_OPEN, path, "", flags, mode);
}

int
helper_replace(const char *path, const char *suffix, bool keep)
{
	return ask_path(keep ? OP_RENAME : OP_UNLINK, path, suffix, 0, 0);
}
