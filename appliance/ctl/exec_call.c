/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs that are asked; see exec_call.h. Input and output are files in memory,
 * which the helper passes on: a job thread writes the one, asks the helper, and the
 * other is read when the keeper has told the end. So neither side of a pipe is ever
 * here, and a program that does not read or floods harms itself.
 *
 * Life of a struct exec_work: from start until both the caller has its answer (or
 * has let go) and the job thread has answered.
 *
 * Thread: control, and a job thread.
 */
#include "ctl/exec_call.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/magic.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "event/job.h"
#include "event/loop.h"

#define GRACE_MS	2000u

struct exec_work {
	struct exec_call *call;	/* NULL: let go */
	struct program_run *run;	/* owned */
	uint32_t	 timeout_ms;
	char		*input;		/* owned until it was written */
	size_t		 input_len;
	int		 in, out;	/* files in memory */
	int		 fd, error;	/* of the helper's answer */
	bool		 is_asked;	/* a job thread has it */
	struct event	*event;		/* owned; of fd */
	struct program_result result;
};

static void
work_free(struct exec_work *w)
{
	if (w->event != NULL)
		event_free(w->event);
	if (w->fd != -1)
		close(w->fd);
	if (w->in != -1)
		close(w->in);
	if (w->out != -1)
		close(w->out);
	free(w->input);
	free(w->run);
	free(w);
}

/* ---- a job thread ---- */

static int
memory_file(const char *text, size_t len)
{
	int fd = memfd_create("weir-program", MFD_CLOEXEC), saved;
	ssize_t n = 0;

	for (size_t at = 0; fd != -1 && at < len; at += (size_t)n)
		if ((n = write(fd, text + at, len - at)) == -1)
			break;
	if (fd == -1 || (n != -1 && lseek(fd, 0, SEEK_SET) == 0))
		return fd;
	saved = errno;
	close(fd);
	return errno = saved, -1;
}

static void
ask_helper(void *arg)
{
	struct exec_work *w = arg;

	if ((w->in = memory_file(w->input, w->input_len)) != -1 &&
	    (w->out = memory_file("", 0)) != -1)
		w->fd = program_call(w->run, w->timeout_ms, GRACE_MS, w->in, w->out);
	w->error = errno;
}

/* ---- control ---- */

/* What it wrote; the caller's to free. */
static char *
read_output(int fd, size_t *ret_len)
{
	char *text = xmalloc(PROGRAM_OUTPUT_MAX + 1);
	ssize_t n = fd != -1 ? pread(fd, text, PROGRAM_OUTPUT_MAX, 0) : 0;

	*ret_len = n > 0 ? (size_t)n : 0;
	text[*ret_len] = '\0';
	return text;
}

static void
tell(struct exec_work *w)
{
	struct exec_call *a = w->call;
	char *text = read_output(w->out, &a->output_len);

	a->work = NULL;
	a->end = (enum program_end)w->result.end;
	a->value = w->result.value;
	a->output = text;
	a->errors = w->result.output;
	a->errors_len = w->result.output_len;
	a->done(a);
	free(text);
	work_free(w);
}

static void
tell_not_run(struct exec_work *w, int error)
{
	w->result = (struct program_result){ .end = PROGRAM_NOT_RUN, .value = error };
	tell(w);
}

static void
on_result(evutil_socket_t fd, short what, void *arg)
{
	struct exec_work *w = arg;
	ssize_t n = recv(fd, &w->result, sizeof w->result, MSG_DONTWAIT);

	(void)what;
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n != (ssize_t)sizeof w->result || w->result.output_len > PROGRAM_OUTPUT_KEPT)
		tell_not_run(w, EPIPE);
	else
		tell(w);
}

static void
on_asked(void *arg)
{
	struct exec_work *w = arg;

	w->is_asked = false;
	if (w->call == NULL) {		/* closing the socket ends the program */
		work_free(w);
		return;
	}
	if (w->fd == -1) {
		tell_not_run(w, w->error);
		return;
	}
	w->event = event_new(control_loop->base, w->fd, EV_READ | EV_PERSIST, on_result, w);
	event_add(w->event, NULL);
}

static void
refuse(void *arg)
{
	(void)arg;
}

void
exec_call_start(struct exec_call *a)
{
	struct exec_work *w = xcalloc(1, sizeof *w);
	bool is_good = true;

	WEIR_ASSERT(a->work == NULL);
	a->work = w;
	w->call = a;
	w->in = w->out = w->fd = -1;
	w->timeout_ms = (uint32_t)(a->timeout_us / 1000);
	w->run = program_run_new(a->row);
	for (unsigned i = 0; a->values != NULL && a->values[i][0] != NULL; i++)
		is_good &= program_run_value(w->run, a->values[i][0], a->values[i][1]);
	w->input_len = a->input_len;
	w->input = xmalloc(a->input_len + 1);
	memcpy(w->input, a->input, a->input_len);
	w->error = EINVAL;
	w->is_asked = true;
	job_run(control_loop, is_good ? ask_helper : refuse, on_asked, w);
}

void
exec_call_cancel(struct exec_call *a)
{
	struct exec_work *w = a->work;

	if (w == NULL)
		return;
	a->work = NULL;
	w->call = NULL;
	if (!w->is_asked)
		work_free(w);
}

void
exec_call_end_text(const struct exec_call *a, char *ret, size_t size)
{
	switch (a->end) {
	case PROGRAM_EXITED:
		snprintf(ret, size, "exit status %d", a->value);
		return;
	case PROGRAM_KILLED:
		snprintf(ret, size, "killed by signal %d (%s)", a->value, strsignal(a->value));
		return;
	case PROGRAM_TIMEOUT:
		snprintf(ret, size, "no answer within %llu ms",
		    (unsigned long long)a->timeout_us / 1000);
		return;
	case PROGRAM_FLOODED:
		snprintf(ret, size, "more than %u bytes of output", PROGRAM_OUTPUT_MAX);
		return;
	case PROGRAM_NOT_RUN:
		break;
	}
	snprintf(ret, size, "cannot be run: %s", strerror(a->value));
}
