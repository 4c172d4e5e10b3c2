/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of the process itself (not traffic logs). A line is formatted here
 * and handed to the sink pointer; the default sink writes HAProxy's form to
 * stderr: `[WARNING]  (PID) : text`.
 */
#ifndef WEIR_BASE_LOG_H
#define WEIR_BASE_LOG_H

enum log_level {
	LOG_L_EMERG, LOG_L_ALERT, LOG_L_CRIT, LOG_L_ERR, LOG_L_WARNING,
	LOG_L_NOTICE, LOG_L_INFO, LOG_L_DEBUG, LOG_L_DIAG
};

struct outbuf;

typedef void log_sink(enum log_level level, const char *text);

/* any thread */
void	log_msg(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void	log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));	/* ": strerror" */
void	log_warnx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_notice(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void	log_alert(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fatal(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void fatalx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* start-up only */
void	log_set_sink(log_sink *sink);		/* NULL = the default one */
void	log_set_quiet(int quiet);		/* -q: nothing below alert */
void	log_set_diag(int on);			/* -dD: show LOG_L_DIAG */
log_sink log_stderr;				/* the default sink */
void	log_set_debug(int on);			/* -d: show LOG_L_DEBUG */

/* any thread: append the default sink's form of text, with a newline at its end;
 * further lines of text begin with `   | `, control bytes become \xNN */
void	log_format(enum log_level level, const char *text, struct outbuf *b);

#endif
