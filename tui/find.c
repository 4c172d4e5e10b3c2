/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "tui/find.h"

#define HAPROXY_CFG	"/etc/haproxy/haproxy.cfg"
#define CFG_MAX		((size_t)4 << 20)

/* Where weir and haproxy have it when nobody says otherwise; the second is `make run`'s. */
static const char *const usual[] = {
	"/run/weir/weir.sock", "build/run/weir.sock", "/run/haproxy/admin.sock",
	"/var/run/haproxy.sock", "/var/lib/haproxy/stats"
};

/* Non-blocking: a local socket says at once whether anybody listens. */
static enum found
try_socket(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct stat st;
	int fd, error;

	if (stat(path, &st) < 0)
		return errno == EACCES ? FOUND_NO_RIGHT : FOUND_NOT_THERE;
	if (!S_ISSOCK(st.st_mode) || strlen(path) >= sizeof(un.sun_path))
		return FOUND_NO_SOCKET;
	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	error = fd < 0 || connect(fd, (struct sockaddr *)&un, sizeof(un)) < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (error == EACCES)
		return FOUND_NO_RIGHT;
	return error == 0 || error == EAGAIN ? FOUND_IT : FOUND_NOBODY;
}

struct list { struct place *at; unsigned n; };

/* Each path once. */
static void
add(struct list *l, const char *path)
{
	struct place *p = &l->at[l->n];

	for (unsigned i = 0; i < l->n; i++)
		if (strcmp(l->at[i].path, path) == 0)
			return;
	if (l->n == FIND_MAX || path[0] == '\0')
		return;
	snprintf(p->path, sizeof(p->path), "%s", path);
	p->found = try_socket(path);
	l->n++;
}

/* `stats socket PATH ...` of a line; addresses are left to -s. */
static void
add_line(struct list *l, struct str line)
{
	struct str word;
	char path[256];
	size_t skip;

	line = str_trim(line);
	if (!str_starts(line, STR("stats")) || !str_next_elem(&line, ' ', &word) ||
	    !str_next_elem(&line, ' ', &word) || !str_is(word, "socket") ||
	    !str_next_elem(&line, ' ', &word))
		return;
	skip = str_starts(word, STR("unix@")) ? 5 : 0;
	if (word.len > skip && word.p[skip] == '/' && word.len - skip < sizeof(path)) {
		snprintf(path, sizeof(path), "%.*s", (int)(word.len - skip), word.p + skip);
		add(l, path);
	}
}

static void
add_config(struct list *l, const char *file)
{
	size_t len;
	char *text = file_read(file, CFG_MAX, &len);
	struct str rest = { text, len }, line;

	if (text == NULL)
		return;
	while (str_next_elem(&rest, '\n', &line))
		add_line(l, line);
	free(text);
}

unsigned
find_sockets(struct place places[FIND_MAX])
{
	const char *named = getenv("WEIR_SOCKET");
	struct list l = { places, 0 };

	if (named != NULL)
		add(&l, named);
	for (unsigned i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		add(&l, usual[i]);
	add_config(&l, HAPROXY_CFG);
	return l.n;
}

void
find_explain(const struct place *places, unsigned n)
{
	static const char *const why[] = {
		[FOUND_IT] = "a socket that answers", [FOUND_NOT_THERE] = "is not there",
		[FOUND_NO_SOCKET] = "is no socket", [FOUND_NO_RIGHT] = "permission denied",
		[FOUND_NOBODY] = "nobody listens there"
	};
	bool has_no_right = false;

	fprintf(stderr, "weirtop: no stats socket found. Tried:\n");
	for (unsigned i = 0; i < n; i++) {
		fprintf(stderr, "  %-32s %s\n", places[i].path, why[places[i].found]);
		has_no_right |= places[i].found == FOUND_NO_RIGHT;
	}
	if (has_no_right)
		fprintf(stderr, "Where permission is denied, be root or in the socket's group.\n");
	fprintf(stderr, "Name one: weirtop PATH, or HOST:PORT. To have one, in weir.cfg or "
	    "haproxy.cfg:\n"
	    "  global\n"
	    "      stats socket /run/weir/weir.sock mode 660 level admin\n"
	    "      stats timeout 1h\n");
}
