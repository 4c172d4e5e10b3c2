/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of the process. A line is formatted into a stack buffer (longer ones
 * on the heap), given to the sink, and the default sink writes it with a single
 * write(2), so that lines of several threads and processes do not mix. errno is
 * the same afterwards: a message may stand between a failure and its check.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/out.h"

#define LINE_BYTES	1024

static log_sink *sink_fn = log_stderr;
static int is_quiet, shows_diag, shows_debug;

static const char *
tag_of(enum log_level level)
{
	switch (level) {
	case LOG_L_WARNING:
		return "[WARNING]  ";
	case LOG_L_NOTICE:
		return "[NOTICE]   ";
	case LOG_L_INFO:
		return "[INFO]     ";
	case LOG_L_DEBUG:
		return "[DEBUG]    ";
	case LOG_L_DIAG:
		return "[DIAG]     ";
	default:
		return "[ALERT]    ";
	}
}

/* Text of one byte: printable and UTF-8 as it is, a tab as it is, else \xNN. */
static void
put_byte(struct out *o, unsigned char c)
{
	if (c >= 0x20 && c != 0x7f)
		out_char(o, (char)c);
	else if (c == '\t')
		out_char(o, '\t');
	else
		out_visible(o, (struct str){ (char *)&c, 1 });
}

void
log_format(enum log_level level, const char *text, struct outbuf *b)
{
	size_t len = strlen(text), worst;
	struct out o;

	while (len > 0 && text[len - 1] == '\n')
		len--;
	if (__builtin_mul_overflow(len, 5, &worst))
		return;
	o = outbuf_reserve(b, worst + 64);
	out_z(&o, tag_of(level));
	out_char(&o, '(');
	out_i64(&o, getpid());
	out_lit(&o, ") : ");
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n')
			out_lit(&o, "\n   | ");
		else
			put_byte(&o, (unsigned char)text[i]);
	}
	out_char(&o, '\n');
	outbuf_commit(b, &o);
}

void
log_stderr(enum log_level level, const char *text)
{
	struct outbuf b;
	size_t done = 0;
	ssize_t n;

	if (is_quiet && level > LOG_L_ALERT)
		return;
	outbuf_init(&b, 0);
	log_format(level, text, &b);
	while (done < b.len) {
		n = write(STDERR_FILENO, b.data + done, b.len - done);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	outbuf_fini(&b);
}

static __attribute__((format(printf, 3, 0))) void
log_vmsg(enum log_level level, int with_errno, const char *fmt, va_list ap)
{
	char buf[LINE_BYTES], *text = buf, *long_text = NULL;
	int saved = errno, n;
	va_list again;

	va_copy(again, ap);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	if (n >= (int)sizeof(buf) && vasprintf(&long_text, fmt, again) != -1)
		text = long_text;
	va_end(again);
	if (with_errno) {
		char *joined = NULL;

		if (asprintf(&joined, "%s: %s", text, strerror(saved)) != -1) {
			free(long_text);
			text = long_text = joined;
		}
	}
	sink_fn(level, text);
	free(long_text);
	errno = saved;
}

#define LOG_FORWARD(level, with_errno) do {		\
	va_list ap_;					\
	va_start(ap_, fmt);				\
	log_vmsg((level), (with_errno), fmt, ap_);	\
	va_end(ap_);					\
} while (0)

void
log_msg(enum log_level level, const char *fmt, ...)
{
	if ((level == LOG_L_DIAG && !shows_diag) ||
	    (level == LOG_L_DEBUG && !shows_debug))
		return;
	LOG_FORWARD(level, 0);
}

void
log_warn(const char *fmt, ...)
{
	LOG_FORWARD(LOG_L_WARNING, 1);
}

void
log_warnx(const char *fmt, ...)
{
	LOG_FORWARD(LOG_L_WARNING, 0);
}

void
log_info(const char *fmt, ...)
{
	LOG_FORWARD(LOG_L_INFO, 0);
}

void
log_debug(const char *fmt, ...)
{
	if (shows_debug)
		LOG_FORWARD(LOG_L_DEBUG, 0);
}

void
log_notice(const char *fmt, ...)
{
	LOG_FORWARD(LOG_L_NOTICE, 0);
}

void
log_alert(const char *fmt, ...)
{
	LOG_FORWARD(LOG_L_ALERT, 0);
}

void
fatal(const char *fmt, ...)
{
	LOG_FORWARD(LOG_L_ALERT, 1);
	exit(1);
}

void
fatalx(const char *fmt, ...)
{
	LOG_FORWARD(LOG_L_ALERT, 0);
	exit(1);
}

void
log_set_sink(log_sink *sink)
{
	sink_fn = sink != NULL ? sink : log_stderr;
}

void
log_set_quiet(int quiet)
{
	is_quiet = quiet;
}

void
log_set_diag(int on)
{
	shows_diag = on;
}

void
log_set_debug(int on)
{
	shows_debug = on;
}
