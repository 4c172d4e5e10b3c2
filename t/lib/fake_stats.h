/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stats socket that answers as a haproxy does, from a thread, and remembers each
 * command that it was sent.
 */
#ifndef WEIR_T_LIB_FAKE_STATS_H
#define WEIR_T_LIB_FAKE_STATS_H

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FAKE_CONNS	16

struct fake_stats {
	char	 path[100];
	int	 listener, stop[2];
	struct { int fd; char line[4096]; size_t len; } conns[FAKE_CONNS];
	pthread_t thread;
	pthread_mutex_t lock;
	char	**log;			/* commands, oldest first */
	unsigned n, cap;
	const char *stat;		/* what `show stat` answers */
};

static void
fake_answer(struct fake_stats *f, int fd, const char *command)
{
	const char *text = "";

	pthread_mutex_lock(&f->lock);
	if (f->n == f->cap) {
		f->cap = f->cap == 0 ? 64 : 2 * f->cap;
		f->log = realloc(f->log, f->cap * sizeof(*f->log));
	}
	f->log[f->n++] = strdup(command);
	pthread_mutex_unlock(&f->lock);
	if (strncmp(command, "show stat", 9) == 0)
		text = f->stat;
	else if (strcmp(command, "show version") == 0)
		text = "2.6.12\n";
	else if (strcmp(command, "show cli level") == 0)
		text = "admin\n";
	else if (strcmp(command, "show info") == 0)
		text = "Name: HAProxy\nVersion: 2.6.12\nPid: 7\nUptime_sec: 60\nMaxconn: 100\n"
		    "CurrConns: 3\nnode: fake\n";
	(void)!write(fd, text, strlen(text));
	(void)!write(fd, "\n> ", 3);
}

static void
fake_read(struct fake_stats *f, unsigned i)
{
	char *nl, *line = f->conns[i].line;
	size_t room = sizeof(f->conns[i].line) - 1 - f->conns[i].len;
	ssize_t n = read(f->conns[i].fd, line + f->conns[i].len, room);

	if (n <= 0) {
		close(f->conns[i].fd);
		f->conns[i].fd = -1;
		return;
	}
	f->conns[i].len += (size_t)n;
	line[f->conns[i].len] = '\0';
	while ((nl = strchr(line, '\n')) != NULL) {
		*nl = '\0';
		fake_answer(f, f->conns[i].fd, line);
		memmove(line, nl + 1, strlen(nl + 1) + 1);
		f->conns[i].len = strlen(line);
	}
}

static void
fake_accept(struct fake_stats *f)
{
	int fd = accept4(f->listener, NULL, NULL, SOCK_CLOEXEC);
	unsigned i;

	for (i = 0; i < FAKE_CONNS; i++)
		if (f->conns[i].fd < 0) {
			f->conns[i].fd = fd;
			f->conns[i].len = 0;
			return;
		}
	close(fd);
}

static void *
fake_run(void *arg)
{
	struct fake_stats *f = arg;
	struct pollfd p[FAKE_CONNS + 2];
	unsigned i;

	for (;;) {
		p[0] = (struct pollfd){ .fd = f->stop[0], .events = POLLIN };
		p[1] = (struct pollfd){ .fd = f->listener, .events = POLLIN };
		for (i = 0; i < FAKE_CONNS; i++)
			p[i + 2] = (struct pollfd){ .fd = f->conns[i].fd, .events = POLLIN };
		if (poll(p, FAKE_CONNS + 2, -1) < 0 || p[0].revents != 0)
			return NULL;
		for (i = 0; i < FAKE_CONNS; i++)
			if (p[i + 2].revents != 0)
				fake_read(f, i);
		if (p[1].revents != 0)
			fake_accept(f);
	}
}

static void
fake_start(struct fake_stats *f, const char *path, const char *stat)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	unsigned i;

	*f = (struct fake_stats){ .stat = stat };
	snprintf(f->path, sizeof(f->path), "%s", path);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", f->path);
	for (i = 0; i < FAKE_CONNS; i++)
		f->conns[i].fd = -1;
	f->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(f->listener, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    listen(f->listener, 16) != 0 || pipe2(f->stop, O_CLOEXEC) != 0)
		abort();
	pthread_mutex_init(&f->lock, NULL);
	pthread_create(&f->thread, NULL, fake_run, f);
}

static void
fake_stop(struct fake_stats *f)
{
	unsigned i;

	(void)!write(f->stop[1], "x", 1);
	pthread_join(f->thread, NULL);
	for (i = 0; i < FAKE_CONNS; i++)
		if (f->conns[i].fd >= 0)
			close(f->conns[i].fd);
	for (i = 0; i < f->n; i++)
		free(f->log[i]);
	free(f->log);
	close(f->listener);
	close(f->stop[0]);
	close(f->stop[1]);
	unlink(f->path);
}

#endif
