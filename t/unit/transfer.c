/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * transfer.c: calls to a small server in a thread of its own: answers, bodies, fields,
 * a mail; refused, hanging, too long; cancelled.
 */
#include "ctl/transfer.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "event/loop.h"
#include "event/sched.h"
#include "tap.h"

extern const struct module mod_transfer;
const struct module *const modules[] = { &mod_transfer, NULL };

static int listener;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;	/* of what follows */
static bool is_mail;
static char base[64], seen[8192];

/* One connection: what it says is answered by what its text asks for. */
static void
serve(int s)
{
	size_t n = 0;
	ssize_t got;

	while ((got = read(s, seen + n, sizeof seen - 1 - n)) > 0) {
		n += (size_t)got;
		seen[n] = '\0';
		if (strstr(seen, "/hang") != NULL)
			continue;
		if (strstr(seen, "\r\n\r\n") != NULL && (strncmp(seen, "POST", 4) != 0 ||
		    strstr(seen, "the body") != NULL))
			break;
	}
	if (strstr(seen, "/long") != NULL)
		dprintf(s, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n%0100000d", 1);
	else
		dprintf(s, "HTTP/1.1 201 Made\r\nContent-Length: 5\r\n\r\nhello");
}

static void
serve_mail(int s)
{
	char line[512];
	FILE *f = fdopen(dup(s), "r");

	dprintf(s, "220 test\r\n");
	while (fgets(line, sizeof line, f) != NULL) {
		strncat(seen, line, sizeof seen - strlen(seen) - 1);
		if (strcmp(line, "DATA\r\n") == 0) {
			dprintf(s, "354 go on\r\n");
			while (fgets(line, sizeof line, f) != NULL && strcmp(line, ".\r\n") != 0)
				strncat(seen, line, sizeof seen - strlen(seen) - 1);
		}
		dprintf(s, "250 ok\r\n");
		if (strcmp(line, ".\r\n") == 0)
			break;
	}
	fclose(f);
}

static void *
server(void *arg)
{
	int s;

	while ((s = accept(listener, NULL, NULL)) >= 0) {
		pthread_mutex_lock(&lock);
		seen[0] = '\0';
		if (is_mail)
			serve_mail(s);
		else
			serve(s);
		close(s);
		pthread_mutex_unlock(&lock);
	}
	return arg;
}

/* The server is done with the last connection. */
static void
synchronize(void)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
}

static bool is_done;
static int status;
static char answer[128], error[256];

static void
on_done(struct transfer *t)
{
	is_done = true;
	status = t->status;
	snprintf(answer, sizeof answer, "%s", t->answer);
	snprintf(error, sizeof error, "%s", t->error);
}

static void
run(struct transfer *t, const char *path)
{
	char url[128];

	snprintf(url, sizeof url, "%s%s", base, path);
	t->url = url;
	t->done = on_done;
	is_done = false;
	transfer_start(t);
	ok_named(!is_done && transfer_is_running(t), "%s is under way", path);
	while (!is_done)
		loop_once(control_loop, true);
	synchronize();
	ok(!transfer_is_running(t));
}

static void
test_http(void)
{
	const char *fields[] = { "X-Weir-Delivery: 7", "Content-Type: application/json", NULL };
	struct transfer get = { .timeout_us = 5000000 }, post = { .timeout_us = 5000000,
	    .fields = fields, .body = "the body", .body_len = 8 };
	struct transfer longer = { .timeout_us = 5000000, .answer_max = 1000 };
	struct transfer hang = { .timeout_us = 200000 }, cancelled = { .timeout_us = 5000000 };
	uint64_t start;

	run(&get, "/a");
	ok(status == 201 && strcmp(answer, "hello") == 0 && error[0] == '\0');
	ok(strncmp(seen, "GET /a HTTP/1.1\r\n", 17) == 0);
	run(&post, "/b");
	ok(status == 201 && strncmp(seen, "POST /b HTTP/1.1\r\n", 18) == 0);
	ok(strstr(seen, "X-Weir-Delivery: 7\r\n") != NULL);
	ok(strcmp(seen + strlen(seen) - 8, "the body") == 0);
	run(&longer, "/long");
	is_str(error, "the answer is too long");
	start = clock_mono_us();
	run(&hang, "/hang");
	ok(status == 0 && strstr(error, "timed out") != NULL);
	ok(clock_mono_us() - start < 3000000);
	cancelled.url = base;
	cancelled.done = on_done;
	is_done = false;
	transfer_start(&cancelled);
	transfer_cancel(&cancelled);
	transfer_cancel(&cancelled);
	ok(!transfer_is_running(&cancelled) && !is_done);
}

static void
test_mail(void)
{
	const char *to[] = { "ops@example.org", "more@example.org", NULL };
	struct transfer mail = { .timeout_us = 5000000, .from = "weir@example.org", .to = to,
	    .body = "Subject: hi\r\n\r\ntext\r\n", .body_len = 21 };

	run(&mail, "");
	is_str(error, "");
	ok(strstr(seen, "MAIL FROM:<weir@example.org>") != NULL);
	ok(strstr(seen, "RCPT TO:<more@example.org>") != NULL);
	ok(strstr(seen, "Subject: hi\r\n\r\ntext\r\n") != NULL);
}

int
main(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct transfer refused = { .timeout_us = 5000000 };
	socklen_t len = sizeof in;
	pthread_t th;

	inet_pton(AF_INET, "127.0.0.1", &in.sin_addr);
	listener = socket(AF_INET, SOCK_STREAM, 0);
	bind(listener, (struct sockaddr *)&in, sizeof in);
	getsockname(listener, (struct sockaddr *)&in, &len);
	control_loop = loop_self = loop_new(0);
	sched_start(control_loop, 0);
	is_int(mod_transfer.start(), 0);
	snprintf(base, sizeof base, "http://127.0.0.1:%d", ntohs(in.sin_port));
	run(&refused, "/");
	ok_named(strstr(error, "connect") != NULL, "refused: %s", error);
	listen(listener, 8);
	pthread_create(&th, NULL, server, NULL);
	test_http();
	pthread_mutex_lock(&lock);
	is_mail = true;
	pthread_mutex_unlock(&lock);
	snprintf(base, sizeof base, "smtp://127.0.0.1:%d", ntohs(in.sin_port));
	test_mail();
	mod_transfer.stop();		/* the connections that it kept are closed */
	shutdown(listener, SHUT_RDWR);
	pthread_join(th, NULL);
	close(listener);
	sched_stop();
	loop_free(control_loop);
	return tap_done();
}
