/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls by libcurl; see transfer.h. One multi handle, whose sockets are events of the
 * control loop and whose timer is one of its timers.
 *
 * Thread: control.
 */
#include "ctl/transfer.h"

#include <curl/curl.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/control.h"
#include "event/loop.h"
#include "event/sched.h"

#define CONNECTIONS_KEPT	16L
#define HEAD_MAX		32768u
#define AGENT			"weir"

struct transfer_work {
	struct transfer	*t;
	CURL		*easy;		/* owned */
	struct curl_slist *fields, *to;	/* owned */
	struct outbuf	 answer, head;
	size_t		 sent;		/* of a mail */
	bool		 is_too_long;
	char		 error[CURL_ERROR_SIZE];
};

static struct {
	CURLM		*multi;
	struct timer	 timer;
	struct loop_task task;		/* something may have ended */
} curl;

/* ---- the loop's side ---- */

static void
on_socket_event(evutil_socket_t fd, short what, void *arg)
{
	int running, action = 0;

	(void)arg;
	if (what & EV_READ)
		action |= CURL_CSELECT_IN;
	if (what & EV_WRITE)
		action |= CURL_CSELECT_OUT;
	curl_multi_socket_action(curl.multi, fd, action, &running);
	loop_ready(control_loop, &curl.task);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socketp)
{
	struct event *ev = socketp;
	short events = EV_PERSIST;

	(void)easy, (void)arg;
	if (ev != NULL) {
		event_free(ev);
		curl_multi_assign(curl.multi, fd, NULL);
	}
	if (what == CURL_POLL_REMOVE)
		return 0;
	events |= what & CURL_POLL_IN ? EV_READ : 0;
	events |= what & CURL_POLL_OUT ? EV_WRITE : 0;
	ev = event_new(control_loop->base, fd, events, on_socket_event, NULL);
	curl_multi_assign(curl.multi, fd, ev);
	event_add(ev, NULL);
	return 0;
}

static void
on_timer(struct timer *t)
{
	int running;

	(void)t;
	curl_multi_socket_action(curl.multi, CURL_SOCKET_TIMEOUT, 0, &running);
	loop_ready(control_loop, &curl.task);
}

static int
on_set_timer(CURLM *multi, long ms, void *arg)
{
	(void)multi, (void)arg;
	if (ms < 0)
		timer_clear(&curl.timer);
	else
		timer_set(&control_loop->wheel, &curl.timer, clock_mono_us() +
		    (uint64_t)ms * 1000);
	return 0;
}

/* ---- a call's life ---- */

static void
work_free(struct transfer_work *w)
{
	w->t->work = NULL;
	curl_multi_remove_handle(curl.multi, w->easy);
	curl_easy_cleanup(w->easy);
	curl_slist_free_all(w->fields);
	curl_slist_free_all(w->to);
	outbuf_fini(&w->answer);
	outbuf_fini(&w->head);
	free(w);
	sched_busy_end();
}

/* A status line and fields; the last response's if there were interim ones. */
static size_t
on_head(char *data, size_t size, size_t n, void *arg)
{
	struct transfer_work *w = arg;
	size_t len = size * n;

	if (len > 5 && memcmp(data, "HTTP/", 5) == 0)
		outbuf_clear(&w->head);
	if (w->head.len + len > HEAD_MAX) {
		w->is_too_long = true;
		return 0;
	}
	while (len > 0 && (data[len - 1] == '\n' || data[len - 1] == '\r'))
		len--;
	outbuf_mem(&w->head, data, len);
	outbuf_z(&w->head, "\n");
	return size * n;
}

static void
take_head(const struct transfer_work *w)
{
	struct str rest = { w->head.data, w->head.len }, line;
	const char *space;

	w->t->reason = w->t->fields_in = STR_NONE;
	if (!str_next_elem(&rest, '\n', &line))
		return;
	line = str_trim(line);
	space = memchr(line.p, ' ', line.len);		/* HTTP/1.1 200 OK */
	space = space != NULL ? memchr(space + 1, ' ', (size_t)(line.p + line.len - space - 1)) :
	    NULL;
	if (space != NULL)
		w->t->reason = (struct str){ space + 1, (size_t)(line.p + line.len - space - 1) };
	w->t->fields_in = rest;
}

static void
ended(struct transfer_work *w, CURLcode code)
{
	struct transfer *t = w->t;
	long status = 0;

	curl_easy_getinfo(w->easy, CURLINFO_RESPONSE_CODE, &status);
	t->status = (int)status;
	t->error[0] = '\0';
	if (w->is_too_long)
		snprintf(t->error, sizeof t->error, "the answer is too long");
	else if (code != CURLE_OK)
		snprintf(t->error, sizeof t->error, "%s",
		    w->error[0] != '\0' ? w->error : curl_easy_strerror(code));
	take_head(w);
	outbuf_mem(&w->answer, "", 1);
	t->answer = w->answer.data;
	t->answer_len = w->answer.len - 1;
	t->work = NULL;			/* it may be started again from done */
	t->done(t);
	w->t = &(struct transfer){ 0 };
	work_free(w);
}

static void
on_task(struct loop_task *task)
{
	CURLMsg *m;
	int left;

	(void)task;
	while ((m = curl_multi_info_read(curl.multi, &left)) != NULL) {
		struct transfer_work *w;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&w);
		ended(w, m->data.result);
	}
}

static size_t
on_answer(char *data, size_t size, size_t n, void *arg)
{
	struct transfer_work *w = arg;
	size_t max = w->t->answer_max != 0 ? w->t->answer_max : TRANSFER_ANSWER_MAX;

	if (w->answer.len + size * n > max) {
		w->is_too_long = true;
		return 0;
	}
	outbuf_mem(&w->answer, data, size * n);
	return size * n;
}

static size_t
on_read(char *buf, size_t size, size_t n, void *arg)
{
	struct transfer_work *w = arg;
	size_t left = w->t->body_len - w->sent, take = size * n < left ? size * n : left;

	memcpy(buf, w->t->body + w->sent, take);
	w->sent += take;
	return take;
}

static struct curl_slist *
slist(const char *const *texts)
{
	struct curl_slist *l = NULL;

	for (; texts != NULL && *texts != NULL; texts++)
		l = curl_slist_append(l, *texts);
	return l;
}

static void
set_mail(struct transfer_work *w)
{
	w->to = slist(w->t->to);
	curl_easy_setopt(w->easy, CURLOPT_MAIL_FROM, w->t->from);
	curl_easy_setopt(w->easy, CURLOPT_MAIL_RCPT, w->to);
	curl_easy_setopt(w->easy, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(w->easy, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(w->easy, CURLOPT_READDATA, w);
	curl_easy_setopt(w->easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)w->t->body_len);
}

static void
set_http(struct transfer_work *w)
{
	const struct transfer *t = w->t;

	w->fields = slist(t->fields);
	curl_easy_setopt(w->easy, CURLOPT_HTTPHEADER, w->fields);
	if (t->body != NULL) {
		curl_easy_setopt(w->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len);
		curl_easy_setopt(w->easy, CURLOPT_POSTFIELDS, t->body);
	}
	if (t->wants_fields) {
		curl_easy_setopt(w->easy, CURLOPT_HEADERFUNCTION, on_head);
		curl_easy_setopt(w->easy, CURLOPT_HEADERDATA, w);
	}
	if (t->method != NULL && strcmp(t->method, "HEAD") == 0)
		curl_easy_setopt(w->easy, CURLOPT_NOBODY, 1L);
	if (t->method != NULL)
		curl_easy_setopt(w->easy, CURLOPT_CUSTOMREQUEST, t->method);
	if (t->sigv4 != NULL)
		curl_easy_setopt(w->easy, CURLOPT_AWS_SIGV4, t->sigv4);
}

static void
set_common(struct transfer_work *w)
{
	const struct transfer *t = w->t;

	curl_easy_setopt(w->easy, CURLOPT_URL, t->url);
	curl_easy_setopt(w->easy, CURLOPT_PROTOCOLS_STR, "http,https,smtp,smtps");
	curl_easy_setopt(w->easy, CURLOPT_PROXY, "");
	curl_easy_setopt(w->easy, CURLOPT_USERAGENT, AGENT);
	curl_easy_setopt(w->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(w->easy, CURLOPT_TIMEOUT_MS, (long)(t->timeout_us / 1000));
	curl_easy_setopt(w->easy, CURLOPT_ERRORBUFFER, w->error);
	curl_easy_setopt(w->easy, CURLOPT_PRIVATE, w);
	curl_easy_setopt(w->easy, CURLOPT_WRITEFUNCTION, on_answer);
	curl_easy_setopt(w->easy, CURLOPT_WRITEDATA, w);
	if (t->user != NULL)
		curl_easy_setopt(w->easy, CURLOPT_USERNAME, t->user);
	if (t->password != NULL)
		curl_easy_setopt(w->easy, CURLOPT_PASSWORD, t->password);
	if (t->ca_file != NULL)
		curl_easy_setopt(w->easy, CURLOPT_CAINFO, t->ca_file);
}

void
transfer_start(struct transfer *t)
{
	struct transfer_work *w = xcalloc(1, sizeof *w);

	WEIR_ASSERT(t->work == NULL && t->timeout_us > 0);
	t->work = w;
	w->t = t;
	w->easy = curl_easy_init();
	if (w->easy == NULL)
		fatalx("libcurl: no memory");
	outbuf_init(&w->answer, 0);
	outbuf_init(&w->head, 0);
	set_common(w);
	if (t->to != NULL)
		set_mail(w);
	else
		set_http(w);
	sched_busy_begin();
	curl_multi_add_handle(curl.multi, w->easy);
}

void
transfer_cancel(struct transfer *t)
{
	if (t->work != NULL)
		work_free(t->work);
}

bool
transfer_is_running(const struct transfer *t)
{
	return t->work != NULL;
}

/* ---- start and stop ---- */

static int
transfer_init(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		log_alert("libcurl cannot be initialised");
		return -1;
	}
	curl.multi = curl_multi_init();
	timer_init(&curl.timer, on_timer);
	loop_task_init(&curl.task, on_task);
	curl_multi_setopt(curl.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(curl.multi, CURLMOPT_TIMERFUNCTION, on_set_timer);
	curl_multi_setopt(curl.multi, CURLMOPT_MAXCONNECTS, CONNECTIONS_KEPT);
	return 0;
}

static void
transfer_fini(void)
{
	timer_unlink(&control_loop->wheel, &curl.timer);
	loop_task_cancel(&curl.task);
	curl_multi_cleanup(curl.multi);
	curl_global_cleanup();
}

const struct module mod_transfer = {
	.name = "transfer", .start = transfer_init, .stop = transfer_fini
};
