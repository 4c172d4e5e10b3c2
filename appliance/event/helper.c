/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The helper process: its lists of paths and programs, and the loop that answers
 * one request at a time until its socket closes or its parent dies. It keeps
 * stderr and the socket and nothing else. What weir sees of it is in child.c,
 * programs are started and watched by keeper.c.
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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "event/child.h"
#include "event/helper.h"
#include "event/keeper.h"

#define OPEN_TRIES	3
#define ALLOW_MAX	4096
#define FLAGS_KNOWN	(O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | \
	O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)

struct allowed {
	char		*path;		/* owned: as named, absolute */
	char		*real;		/* owned: resolved; NULL = not there */
	bool		 may_write;
};

static struct allowed *allow_list;
static unsigned nallowed;
static char **programs;			/* owned: absolute paths as they were written */
static unsigned nprograms;
static struct helper_identity identity;

/* ---- paths: both sides ------------------------------------------------- */

/* The next part of a path that is not empty; false at the end. */
static bool
next_part(struct str *rest, struct str *ret_part)
{
	const char *slash;
	struct str part;

	while (rest->len > 0) {
		slash = memchr(rest->p, '/', rest->len);
		part.p = rest->p;
		part.len = slash ? (size_t)(slash - rest->p) : rest->len;
		rest->p += part.len + (slash != NULL);
		rest->len -= part.len + (slash != NULL);
		if (part.len > 0) {
			*ret_part = part;
			return true;
		}
	}
	return false;
}

/* Appends the parts of path, without `//` and `/./`; false with errno. */
static bool
append_parts(struct out *o, const char *path)
{
	struct str rest = str_of(path), part;

	while (next_part(&rest, &part)) {
		if (str_is(part, "."))
			continue;
		if (str_is(part, ".."))
			return errno = EPERM, false;
		out_char(o, '/');
		out_str(o, part);
	}
	return true;
}

/* Absolute, no slash at the end; false with errno. */
static bool
path_clean(const char *path, char clean[HELPER_PATH_BYTES])
{
	char cwd[HELPER_PATH_BYTES] = "";
	struct out o;

	if (path[0] == '\0')
		return errno = ENOENT, false;
	if (path[0] != '/' && getcwd(cwd, sizeof(cwd)) == NULL)
		return false;
	out_init(&o, clean, HELPER_PATH_BYTES);
	if (!append_parts(&o, cwd) || !append_parts(&o, path))
		return false;
	if (out_len(&o) == 0)
		out_char(&o, '/');
	out_char(&o, '\0');
	if (o.overflow)
		return errno = ENAMETOOLONG, false;
	return true;
}

/* Where a clean path really leads; the last part need not exist. */
static bool
path_resolve(const char *path, char real[HELPER_PATH_BYTES])
{
	const char *base = strrchr(path, '/');
	char parent[HELPER_PATH_BYTES], folder[HELPER_PATH_BYTES];
	struct stat st;
	int n;

	if (realpath(path, real) != NULL)
		return true;
	if (errno != ENOENT || lstat(path, &st) == 0)
		return false;		/* a link to nowhere is refused */
	snprintf(parent, sizeof(parent), "%.*s", (int)(base - path), path);
	if (realpath(parent[0] != '\0' ? parent : "/", folder) == NULL)
		return false;
	n = snprintf(real, HELPER_PATH_BYTES, "%s%s",
	    str_is(str_of(folder), "/") ? "" : folder, base);
	if (n >= HELPER_PATH_BYTES)
		return errno = ENAMETOOLONG, false;
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
	char self[64], at[HELPER_PATH_BYTES];
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
request_path(const char *path, bool wants_write, char real[HELPER_PATH_BYTES])
{
	char clean[HELPER_PATH_BYTES];

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
serve_open(const struct helper_request *rq)
{
	bool wants_write = (rq->flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != 0;
	int flags = rq->flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, fd = -1;
	char real[HELPER_PATH_BYTES];

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
serve_replace(const struct helper_request *rq)
{
	char real[HELPER_PATH_BYTES], temp[HELPER_PATH_BYTES + HELPER_SUFFIX_BYTES];

	if (rq->suffix[0] != '.' || strchr(rq->suffix, '/') != NULL)
		return errno = EINVAL, -1;
	if (!request_path(rq->path, true, real))
		return -1;
	snprintf(temp, sizeof(temp), "%s%s", real, rq->suffix);
	if (!is_allowed(temp, true, true))
		return errno = EPERM, -1;
	return rq->op == HELPER_RENAME ? rename(temp, real) : unlink(temp);
}

/* A folder, a link or a removal, where it may be written; what is above it is opened
 * with no link on the way, and the last part of the path is not followed. */
static int
serve_tree(const struct helper_request *rq)
{
	char clean[HELPER_PATH_BYTES], real[HELPER_PATH_BYTES], parent[HELPER_PATH_BYTES];
	const char *name;
	int dir, rc, saved;

	if (strchr(rq->suffix, '/') != NULL || rq->suffix[0] == '.')
		return errno = EINVAL, -1;
	if (!path_clean(rq->path, clean))
		return -1;
	name = strrchr(clean, '/') + 1;
	snprintf(parent, sizeof(parent), "%.*s", (int)(name - 1 - clean), clean);
	if (!is_allowed(parent, true, false) || name[0] == '\0')
		return errno = EPERM, -1;
	if (!path_resolve(parent, real))
		return -1;
	if (!is_allowed(real, true, true))
		return errno = EPERM, -1;
	dir = open_no_links(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (dir == -1)
		return -1;
	rc = file_change_tree(dir, (enum file_tree_op)rq->flags, name, rq->suffix);
	saved = errno;
	close(dir);
	errno = saved;
	return rc;
}

static void
send_reply(int s, struct helper_reply *rp, int fd)
{
	union {
		char		buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr	align;
	} control;
	struct iovec iov = { rp, sizeof(*rp) };
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

/* The first argument must be one of the programs that were named. */
static int
serve_run(struct helper_run *rq)
{
	struct keeper_job job = KEEPER_JOB_NONE;

	if (rq->len > HELPER_RUN_BYTES || rq->len == 0 || rq->text[rq->len - 1] != '\0' ||
	    rq->nargs == 0)
		return errno = EINVAL, -1;
	if (!helper_may_run(rq->text))
		return errno = EPERM, -1;
	job.text = rq->text;
	job.nargs = rq->nargs;
	job.nenv = rq->nenv;
	job.timeout_ms = rq->timeout_ms;
	job.who = identity;
	return keeper_start(&job);
}

union message {
	struct helper_request file;
	struct helper_run run;
	struct program_run program;
	struct program_ask ask;
};

static int
serve_file(struct helper_request *rq, int *ret_fd)
{
	rq->path[HELPER_PATH_BYTES - 1] = '\0';
	rq->suffix[HELPER_SUFFIX_BYTES - 1] = '\0';
	if (rq->op == HELPER_OPEN)
		return (*ret_fd = serve_open(rq)) == -1 ? errno : 0;
	if (rq->op == HELPER_TREE)
		return serve_tree(rq) == -1 ? errno : 0;
	if (rq->op != HELPER_RENAME && rq->op != HELPER_UNLINK)
		return EINVAL;
	return serve_replace(rq) == -1 ? errno : 0;
}

static void
serve(int s, union message *m, size_t size, const int *fds)
{
	struct helper_reply rp = { EINVAL, "" };
	int fd = -1;

	if (size == sizeof(m->run) && m->run.op == HELPER_RUN)
		rp.error = (fd = serve_run(&m->run)) == -1 ? errno : 0;
	else if (size == sizeof(m->program) &&
	    (m->program.op == HELPER_CALL || m->program.op == HELPER_SPAWN))
		rp.error = program_serve_run(&m->program, fds, &identity, &fd);
	else if (size == sizeof(m->ask) && m->ask.op >= HELPER_ADOPT)
		rp.error = program_serve_ask(&m->ask, &rp, &identity, &fd);
	else if (size == sizeof(m->file))
		rp.error = serve_file(&m->file, &fd);
	send_reply(s, &rp, fd);
	if (fd != -1)
		close(fd);
}

/* Ctrl-C and a service manager's signals go to the whole group; the helper
 * ends when its parent does, not before. */
static void
child_signals(pid_t parent)
{
	static const int ignored[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1,
		SIGUSR2, SIGPIPE, SIGQUIT, SIGTSTP, SIGTTOU, SIGTTIN };
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	signal(SIGCHLD, SIG_IGN);	/* keepers go by themselves */
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

/* One request with its descriptors; what recvmsg says. */
static ssize_t
receive(int s, union message *m, int fds[HELPER_FDS])
{
	union {
		char		buf[CMSG_SPACE(HELPER_FDS * sizeof(int))];
		struct cmsghdr	align;
	} control;
	struct iovec iov = { m, sizeof(*m) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
		.msg_controllen = sizeof(control.buf) };
	const struct cmsghdr *c;
	ssize_t n = recvmsg(s, &msg, MSG_CMSG_CLOEXEC);

	for (int i = 0; i < HELPER_FDS; i++)
		fds[i] = -1;
	if (n <= 0 || (c = CMSG_FIRSTHDR(&msg)) == NULL || c->cmsg_type != SCM_RIGHTS)
		return n;
	memcpy(fds, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	return n;
}

void
helper_child_main(int s, pid_t parent)
{
	static union message m;
	int fds[HELPER_FDS];
	ssize_t n;

	child_signals(parent);
	s = child_descriptors(s);
	for (;;) {
		n = receive(s, &m, fds);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		serve(s, &m, (size_t)n, fds);
		for (int i = 0; i < HELPER_FDS; i++)
			if (fds[i] != -1)
				close(fds[i]);
	}
}

/* ---- start-up ------------------------------------------------------- */

static void
allow(const char *path, bool may_write)
{
	char clean[HELPER_PATH_BYTES];

	if (helper_is_running() || nallowed == ALLOW_MAX)
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

void
helper_allow_program(const char *path)
{
	if (helper_may_run(path))
		return;
	programs = xrealloc(programs, (nprograms + 1) * sizeof(*programs));
	programs[nprograms++] = xstrdup(path);
}

bool
helper_may_run(const char *path)
{
	for (unsigned i = 0; i < nprograms; i++)
		if (strcmp(programs[i], path) == 0)
			return true;
	return false;
}

void
helper_set_user(bool has_uid, uid_t uid, bool has_gid, gid_t gid)
{
	identity = (struct helper_identity){ has_uid, has_gid, uid, gid };
}

void
helper_list_resolve(void)
{
	char real[HELPER_PATH_BYTES];

	for (unsigned i = 0; i < nallowed; i++)
		if (allow_list[i].real == NULL &&
		    path_resolve(allow_list[i].path, real))
			allow_list[i].real = xstrdup(real);
}

void
helper_list_fini(void)
{
	while (nallowed > 0) {
		free(allow_list[--nallowed].path);
		free(allow_list[nallowed].real);
	}
	free(allow_list);
	allow_list = NULL;
	while (nprograms > 0)
		free(programs[--nprograms]);
	free(programs);
	programs = NULL;
	program_list_fini();
}
