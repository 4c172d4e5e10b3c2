/* SPDX-License-Identifier: BSD-2-Clause */
/* diag.c and log.c: the form of messages, on a socket and on stderr. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/diag.h"
#include "base/out.h"
#include "tap.h"

static char pid_text[16];

/* want with each '@' as the process id */
static const char *
with_pid(const char *want)
{
	static char buf[2048];
	size_t n = 0;

	for (; *want != '\0'; want++) {
		if (*want != '@')
			buf[n++] = *want;
		else
			n += (size_t)sprintf(buf + n, "%s", pid_text);
	}
	buf[n] = '\0';
	return buf;
}

/* What fn writes to stderr */
static const char *
stderr_of(void (*fn)(void))
{
	static char buf[8192];
	int fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	if (pipe(fds) == -1)
		return "";
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	fn();
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(fds[0], buf, sizeof(buf) - 1);
	close(fds[0]);
	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

static void
say_all(void)
{
	log_notice("n%d", 1);
	log_warnx("w");
	log_alert("first\nsecond\x1b[0m\n");
	log_msg(LOG_L_DIAG, "hidden");
	log_debug("hidden");
	errno = ENOENT;
	log_warn("open %s", "x");
	if (errno != ENOENT)
		log_alert("errno was lost");
}

static void
say_quiet(void)
{
	log_set_quiet(1);
	say_all();
	log_set_quiet(0);
}

static void
say_shown(void)
{
	log_set_diag(1);
	log_set_debug(1);
	log_msg(LOG_L_DIAG, "d");
	log_debug("e");
	log_info("i");
	log_set_diag(0);
	log_set_debug(0);
}

static void
say_long(void)
{
	char text[3001];

	memset(text, 'x', 3000);
	text[3000] = '\0';
	log_warnx("%s", text);
	errno = EACCES;
	log_warn("%s", text);
}

static void
test_log(void)
{
	is_str(stderr_of(say_all), with_pid(
	    "[NOTICE]   (@) : n1\n"
	    "[WARNING]  (@) : w\n"
	    "[ALERT]    (@) : first\n   | second\\x1b[0m\n"
	    "[WARNING]  (@) : open x: No such file or directory\n"));
	is_str(stderr_of(say_quiet), with_pid(
	    "[ALERT]    (@) : first\n   | second\\x1b[0m\n"));
	is_str(stderr_of(say_shown), with_pid(
	    "[DIAG]     (@) : d\n[DEBUG]    (@) : e\n[INFO]     (@) : i\n"));
	is_u64(strlen(stderr_of(say_long)), 2 * (16 + strlen(pid_text) + 3001) +
	    strlen(": Permission denied"));
}

static enum log_level seen_level;
static char seen_text[64];

static void
sink(enum log_level level, const char *text)
{
	seen_level = level;
	snprintf(seen_text, sizeof(seen_text), "%s", text);
}

static void
test_sink(void)
{
	log_set_sink(sink);
	log_warnx("to the %s", "sink");
	log_set_sink(NULL);
	is_int(seen_level, LOG_L_WARNING);
	is_str(seen_text, "to the sink");
}

static void
say_echo(void)
{
	struct diag d;

	diag_init(&d, true);
	diag_at(&d, "a.cfg", 3);
	diag_error(&d, "unknown keyword '%s'", "foo");
	diag_hint(&d, "hidden");
	diag_fini(&d);
}

static void
test_diag(void)
{
	struct diag d;
	char file[] = "a.cfg", *text;

	diag_init(&d, false);
	text = diag_text(&d);
	is_str(text, "");
	free(text);
	diag_at(&d, file, 3);
	diag_error(&d, "unknown keyword '%s' in '%s' section", "foo",
	    "frontend");
	diag_at(&d, file, 4);
	diag_warn(&d, "odd");
	diag_note(&d, "n");
	diag_hint(&d, "h");
	memset(file, 'z', 5);		/* items own their place */
	diag_plain(&d, LOG_L_ALERT, "Error(s) found");
	is_u64(d.nerrors, 2);
	is_u64(d.nwarnings, 1);
	text = diag_text(&d);
	is_str(text, with_pid(
	    "[ALERT]    (@) : config : parsing [a.cfg:3] : "
	    "unknown keyword 'foo' in 'frontend' section\n"
	    "[WARNING]  (@) : config : parsing [a.cfg:4] : odd\n"
	    "[NOTICE]   (@) : config : parsing [a.cfg:4] : n\n"
	    "[DIAG]     (@) : config : parsing [a.cfg:4] : h\n"
	    "[ALERT]    (@) : Error(s) found\n"));
	free(text);
	diag_fini(&d);
	ok(d.first == NULL && d.nerrors == 0);
	is_str(stderr_of(say_echo), with_pid("[ALERT]    (@) : config : "
	    "parsing [a.cfg:3] : unknown keyword 'foo'\n"));
}

int
main(void)
{
	snprintf(pid_text, sizeof(pid_text), "%d", (int)getpid());
	test_log();
	test_sink();
	test_diag();
	return tap_done();
}
