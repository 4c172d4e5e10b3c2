/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Networks of children, made by ip(8): its words are fixed here but for what the row
 * and the address say. The child leaves weir's network, says so, and waits; its warden
 * makes the bridge if it is not there, a pair of interfaces, puts one end on the
 * bridge and the other into the child's network, and lets it go on. The pair goes with
 * the namespace, the bridge stays.
 *
 * Process: a warden and its child before it is the program.
 */
#include "event/netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/xalloc.h"

struct netns {
	const char	*bridge, *gateway, *address;
	int		 left[2], made[2];	/* pipes: child to warden, and back */
};

static const char *const ip_paths[] = { "/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip" };

struct netns *
netns_new(const char *bridge, const char *gateway, const char *address)
{
	struct netns *n = xcalloc(1, sizeof(*n));

	n->bridge = bridge;
	n->gateway = gateway;
	n->address = address;
	if (address == NULL || pipe2(n->left, O_CLOEXEC) == -1 || pipe2(n->made, O_CLOEXEC) == -1) {
		if (address == NULL)
			errno = EINVAL;
		free(n);
		return NULL;
	}
	return n;
}

/* 0, or -1 with errno: EPERM when ip(8) refused, ENOENT when it is not there. */
static int ip(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static int
ip(const char *fmt, ...)
{
	char text[512], *words[32], *rest = text, *word;
	char *env[] = { NULL };
	int n = 0, status = 0;
	va_list ap;
	pid_t pid;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	words[n++] = (char *)(uintptr_t)"ip";
	while (n < 31 && (word = strsep(&rest, " ")) != NULL)
		words[n++] = word;
	words[n] = NULL;
	if ((pid = fork()) == 0) {
		for (size_t i = 0; i < sizeof(ip_paths) / sizeof(ip_paths[0]); i++)
			execve(ip_paths[i], words, env);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	errno = WIFEXITED(status) && WEXITSTATUS(status) == 127 ? ENOENT : EPERM;
	return -1;
}

static int
wait_for(int fd)
{
	char c;
	ssize_t n;

	while ((n = read(fd, &c, 1)) == -1 && errno == EINTR)
		;
	return n == 1 && c == '1' ? 0 : (errno = EPERM, -1);
}

static const char *
prefix_of(const struct netns *n)
{
	const char *slash = strchr(n->gateway, '/');

	return slash != NULL ? slash : "/24";
}

int
netns_enter(struct netns *n)
{
	size_t host = strcspn(n->gateway, "/");

	close(n->left[0]);
	close(n->made[1]);
	if (unshare(CLONE_NEWNET) == -1)
		return -1;
	if (write(n->left[1], "1", 1) != 1 || wait_for(n->made[0]) == -1)
		return -1;
	if (ip("link set lo up") == -1 || ip("addr add %s%s dev eth0", n->address,
	    prefix_of(n)) == -1 || ip("link set eth0 up") == -1)
		return -1;
	return ip("route add default via %.*s", (int)host, n->gateway);
}

static int
make_bridge(const char *bridge, const char *gateway)
{
	if (ip("link show %s", bridge) == 0)
		return 0;
	if (ip("link add %s type bridge", bridge) == -1 ||
	    ip("addr add %s dev %s", gateway, bridge) == -1)
		return ip("link show %s", bridge);	/* another warden was faster */
	return ip("link set %s up", bridge);
}

int
netns_tap(const char *bridge, const char *gateway, const char *name, uid_t user)
{
	if (make_bridge(bridge, gateway) == -1 ||
	    ip("tuntap add dev %s mode tap user %u", name, (unsigned)user) == -1)
		return -1;		/* one of that name is somebody else's */
	if (ip("link set %s master %s up", name, bridge) == 0)
		return 0;
	netns_tap_remove(name);
	return errno = EPERM, -1;
}

void
netns_tap_remove(const char *name)
{
	(void)ip("link del %s", name);
}

int
netns_connect(struct netns *n, pid_t child)
{
	int pid = (int)child, rc = -1, saved;

	close(n->left[1]);
	close(n->made[0]);
	if (wait_for(n->left[0]) == 0 && make_bridge(n->bridge, n->gateway) == 0 &&
	    ip("link add wv%d type veth peer name eth0 netns %d", pid, pid) == 0)
		rc = ip("link set wv%d master %s up", pid, n->bridge);
	saved = errno;
	(void)!write(n->made[1], rc == 0 ? "1" : "0", 1);
	close(n->left[0]);
	close(n->made[1]);
	return errno = saved, rc;
}

/* In a child: an errno, or 0. */
static int
try_network(void)
{
	if (unshare(CLONE_NEWNET) == -1)
		return EPERM;
	return ip("link set lo up") == -1 ? ENOENT : 0;
}

void
netns_probe(char *missing, size_t size)
{
	const char *sep = missing[0] != '\0' ? "; " : "";
	size_t len = strlen(missing);
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(try_network());
	while (pid != -1 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		;
	if (pid == -1 || !WIFEXITED(status) || WEXITSTATUS(status) == 0)
		return;
	snprintf(missing + len, size - len, "%s%s", sep, WEXITSTATUS(status) == ENOENT ?
	    "network: ip(8) is not there or refuses" : "network: namespaces are refused");
}
