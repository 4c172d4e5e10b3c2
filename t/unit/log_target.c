/* SPDX-License-Identifier: BSD-2-Clause */
/* Log targets: bytes on the wire for each format, order, levels, drops. */
#include <poll.h>
#include <sys/socket.h>

#include "proxy/log_target.h"
#include "rules_env.h"

const struct module *const modules[] = { RULE_MODULES, NULL };

static int
udp_socket(unsigned *ret_port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (bind(fd, (struct sockaddr *)&in, sizeof(in)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&in, &len) < 0)
		tap_skip_all("no UDP socket");
	*ret_port = ntohs(in.sin_port);
	return fd;
}

static const char *
next_line(int fd)
{
	static char buf[70000];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n = poll(&p, 1, 2000) > 0 ? read(fd, buf, sizeof(buf) - 1) : -1;

	if (n < 0)
		return NULL;
	buf[n] = '\0';
	return buf;
}

static void
say(const struct log_target *t, enum log_level level, const char *text)
{
	struct log_line l;

	if (!log_line_begin(&l, t, level))
		return;
	out_z(l.o, text);
	log_line_end(&l);
}

static struct proxy *
load_log(const char *args, unsigned port)
{
	char *text = xasprintf("global\n\tlog-tag weir\n"
	    "frontend f\n\tbind fd@3\n\tlog 127.0.0.1:%u %s\n",
	    port, args);

	env.cfg = load_ok(text);
	free(text);
	return env_px("f");
}

static void
test_formats(int fd, unsigned port)
{
	static const struct { const char *args, *start, *end; } all[] = {
		{ "local0", "<134>", "hello\n" }, { "format raw local0", "hello", "hello\n" },
		{ "format short local0", "<6>hello", "\n" }, { "format priority user",
		    "<14>hello", "\n" },
		{ "format rfc5424 local1", "<142>1 20", " - - hello\n" },
		{ "format iso local1", "20", " hello\n" }, { "format timed local1", "<6>20",
		    " hello\n" },
		{ "format raw local0 info err", "hello", "hello\n" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct proxy *px = load_log(all[i].args, port);
		const char *got;

		say(px->log_to, LOG_L_INFO, "hello");
		got = next_line(fd);
		if (!ok(got != NULL && strncmp(got, all[i].start, strlen(all[i].start)) == 0 &&
		    str_ends(str_of(got), str_of(all[i].end))))
			tap_diag("%s: %s", all[i].args, got != NULL ? got : "nothing");
		unload(&env.cfg);
	}
}

static void
test_rules(int fd, unsigned port)
{
	struct proxy *px = load_log("len 80 format raw local0 notice", port);
	char text[200];

	say(px->log_to, LOG_L_INFO, "too low");
	memset(text, 'x', sizeof(text));
	text[199] = '\0';
	say(px->log_to, LOG_L_ERR, text);
	is_int(strlen(next_line(fd)), 80);
	unload(&env.cfg);
	px = load_log("sample 1,3:3 format raw local0", port);
	for (const char *p = "abcdef"; *p != '\0'; p++)
		say(px->log_to, LOG_L_INFO, (char[]){ *p, '\0' });
	is_str(next_line(fd), "a\n");
	is_str(next_line(fd), "c\n");
	is_str(next_line(fd), "d\n");
	is_str(next_line(fd), "f\n");
	log_event(px, LOG_L_ALERT, "Server %s is DOWN", "b/s");
	is_str(next_line(fd), "Server b/s is DOWN\n");
	unload(&env.cfg);
}

/* Two targets, many lines: all arrive, in order, nothing is dropped. */
static void
test_order(int fd, int fd2, unsigned port, unsigned port2)
{
	char *more = xasprintf("format raw local0\n\tlog 127.0.0.1:%u format raw local0", port2);
	struct proxy *px = load_log(more, port);
	unsigned bad = 0;
	char text[32];

	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof(text), "line %d", i);
		say(px->log_to, LOG_L_INFO, text);
		if (i % 50 == 49) {
			log_flush();
			for (int k = i - 49; k <= i; k++) {
				snprintf(text, sizeof(text), "line %d\n", k);
				bad += strcmp(next_line(fd), text) != 0;
				bad += strcmp(next_line(fd2), text) != 0;
			}
		}
	}
	is_int(bad, 0);
	is_u64(log_dropped_total(), 0);
	unload(&env.cfg);
	free(more);
}

/* Nobody drains: the ring fills, lines are dropped and counted, none blocks. */
static void
test_full(unsigned port)
{
	struct proxy *px;
	char text[1000];

	log_target_stop();
	px = load_log("format raw local0", port);
	memset(text, 'y', sizeof(text));
	text[999] = '\0';
	for (int i = 0; i < 1000; i++)
		say(px->log_to, LOG_L_INFO, text);
	ok(log_dropped_total() > 500);
	unload(&env.cfg);
	is_int(log_target_start(), 0);
	log_flush();
	log_target_stop();
}

static void
test_unix(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "log.sock" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), p[2];
	struct proxy *px;
	char *text;

	if (bind(fd, (struct sockaddr *)&un, sizeof(un)) < 0 || pipe(p) < 0)
		tap_skip_all("no unix socket");
	text = xasprintf("frontend f\n\tbind fd@3\n\tlog %s/log.sock format raw local0\n"
	    "frontend g\n\tbind fd@4\n\tlog fd@%d format raw local0\n", load_dir, p[1]);
	env.cfg = load_ok(text);
	px = env_px("f");
	say(px->log_to, LOG_L_INFO, "to unix");
	is_str(next_line(fd), "to unix\n");
	say(env_px("g")->log_to, LOG_L_INFO, "to pipe");
	is_str(next_line(p[0]), "to pipe\n");
	unload(&env.cfg);
	unlink("log.sock");
	free(text);
}

int
main(void)
{
	unsigned port, port2;
	int fd, fd2;

	clock_update();
	log_ring_bytes(65536);
	fd = udp_socket(&port);
	fd2 = udp_socket(&port2);
	is_int(log_target_start(), 0);
	load_write("");
	test_formats(fd, port);
	test_rules(fd, port);
	test_order(fd, fd2, port, port2);
	test_unix();
	test_full(port);
	return tap_done();
}
