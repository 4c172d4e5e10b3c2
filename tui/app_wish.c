/* SPDX-License-Identifier: BSD-2-Clause */
/* What keys asked for that reaches outside of the model. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "tui/app_in.h"
#include "tui/cmds.h"
#include "tui/config.h"

#define DRAFT_MAX	(1u << 20)

/* --- Commands ------------------------------------------------------------ */

struct sent {
	struct app *app;
	unsigned number;
};

/* Of several one after the other: the rest goes on, or stays here after a failure. */
static void
go_on(struct app *a, const struct cmd *c)
{
	struct ui *ui = a->m->ui;

	a->waits_for = 0;
	if (c == NULL || c->state == CMD_OK || ui->orders.n == 0)
		return;
	ui_say(a->m, R_CRIT, "stopped after a failure: %u not sent", ui->orders.n);
	orders_clear(&ui->orders);
}

static void
on_answer(void *arg, bool ok, const char *text, size_t len)
{
	struct sent *s = arg;
	struct app *a = s->app;

	cmds_done(a->m, s->number, ok, text, len, app_now_ms());
	if (a->waits_for == s->number)
		go_on(a, cmds_find(a->m, s->number));
	if (a->is_quitting && a->m->ui->orders.n == 0 && cmds_waiting(a->m) == 0)
		app_end(a, 0);
	app_dirty(a);
	free(s);
}

static struct source *
source_of(struct app *a, const struct host *h)
{
	unsigned i;

	for (i = 0; i < a->nsources; i++)
		if (a->m->hosts[i] == h)
			return a->sources[i];
	return NULL;
}

static void
send_order(struct app *a, const struct order *o)
{
	struct source *src = source_of(a, o->host);
	struct sent *s;

	if (src == NULL)
		return;			/* a replay */
	s = xmalloc(sizeof(*s));
	*s = (struct sent){ a, cmds_add(a->m, o, a->m->ui->order_undoes) };
	if (a->m->ui->stops_at_failure)
		a->waits_for = s->number;
	source_command(src, o->command, on_answer, s);
}

static void
send_orders(struct app *a)
{
	struct ui *ui = a->m->ui;

	while (ui->orders.n > 0 && a->waits_for == 0) {
		send_order(a, &ui->orders.at[0]);
		orders_drop_first(&ui->orders);
	}
	if (ui->orders.n == 0) {
		ui->order_undoes = 0;
		ui->stops_at_failure = false;
	}
}

struct asked {
	struct app *app;
	enum ask_id id;
	unsigned serial;
};

static void
on_reply(void *arg, bool ok, const char *text, size_t len)
{
	struct asked *q = arg;

	ui_answered(q->app->m, q->id, q->serial, ok, text, len);
	app_dirty(q->app);
	free(q);
}

static void
send_asks(struct app *a)
{
	struct ask *ask;
	struct source *src;
	struct asked *q;
	int i;

	for (i = 0; i < ASKS; i++) {
		ask = &a->m->ui->asks[i];
		if (ask->state != ASKED)
			continue;
		src = source_of(a, ask->host);
		ask->state = src != NULL ? ASK_SENT : ASK_LOST;
		if (src == NULL)
			continue;	/* a replay */
		q = xmalloc(sizeof(*q));
		*q = (struct asked){ a, (enum ask_id)i, ask->serial };
		source_command(src, ask->command, on_reply, q);
	}
}

/* --- Files --------------------------------------------------------------- */

static void
stamped(char *buf, size_t size, const char *what, const char *end)
{
	time_t t = time(NULL);
	struct tm tm;
	char when[32];

	gmtime_r(&t, &tm);
	strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(buf, size, "%s-%s.%s", what, when, end);
}

static bool
write_file(const char *path, const struct outbuf *b)
{
	int fd = file_open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t at = 0;
	ssize_t n = 0;

	while (fd >= 0 && at < b->len && (n = write(fd, b->data + at, b->len - at)) > 0)
		at += (size_t)n;
	return fd >= 0 && close(fd) == 0 && at == b->len;
}

static void
export_view(struct app *a)
{
	const struct screen *s = a->m->ui->screen;
	char name[96], path[512];
	struct outbuf b;

	outbuf_init(&b, 0);
	if (s->export != NULL)
		s->export(a->m, &b);
	else
		grid_print(&a->grid, &b);
	stamped(name, sizeof(name), s->name, s->export != NULL ? "csv" : "txt");
	if (config_state_path(path, sizeof(path), name, true) && write_file(path, &b))
		ui_say(a->m, R_GOOD, "written: %s", path);
	else
		ui_say(a->m, R_CRIT, "%s: %s", path, strerror(errno));
	outbuf_fini(&b);
}

static void
save_text(struct app *a)
{
	const struct ui *ui = a->m->ui;
	char path[512];
	struct outbuf b;

	outbuf_init(&b, 0);
	outbuf_z(&b, ui->editor_text);
	if (config_state_path(path, sizeof(path), ui->editor_name, true) && write_file(path, &b))
		ui_say(a->m, R_GOOD, "written: %s", path);
	else
		ui_say(a->m, R_CRIT, "%s: %s", path, strerror(errno));
	outbuf_fini(&b);
}

bool
app_write_grid(struct app *a, const char *path)
{
	const struct ui *ui = a->m->ui;
	char ansi[4096];
	struct outbuf text, colours;
	bool ok;

	outbuf_init(&text, 0);
	outbuf_init(&colours, 0);
	grid_print(&a->grid, &text);
	theme_print(&a->grid, ui->theme, ui->depth, &colours);
	snprintf(ansi, sizeof(ansi), "%s.ansi", path);
	ok = write_file(path, &text) && write_file(ansi, &colours);
	outbuf_fini(&text);
	outbuf_fini(&colours);
	return ok;
}

static void
toggle_record(struct app *a)
{
	char name[96], path[512];
	const char *why = NULL;
	unsigned i;

	if (a->replay != NULL)
		return;
	if (a->record != NULL) {
		record_close(a->record);
		a->record = NULL;
		ui_say(a->m, R_INFO, "recording ended");
	} else {
		stamped(name, sizeof(name), "record", "wrec");
		if (config_state_path(path, sizeof(path), name, true))
			a->record = record_open(path, 0, a->o->anonymize, &why);
		if (a->record == NULL)
			ui_say(a->m, R_CRIT, "%s: %s", path, why != NULL ? why : strerror(errno));
		else
			ui_say(a->m, R_INFO, "recording into %s; R ends it", path);
	}
	a->m->ui->is_recording = a->record != NULL;
	for (i = 0; i < a->nsources; i++)
		source_record(a->sources[i], a->record);
}

/* --- The editor ---------------------------------------------------------- */

static const char *
editor_name(void)
{
	const char *e = getenv("VISUAL");

	if (e == NULL || *e == '\0')
		e = getenv("EDITOR");
	return e != NULL && *e != '\0' ? e : "vi";
}

/* The text in a file of its own folder, which only the user can read. */
static bool
write_draft(struct app *a)
{
	const char *tmp = getenv("TMPDIR");
	struct ui *ui = a->m->ui;
	struct outbuf b;
	bool ok;

	snprintf(a->editor_dir, sizeof(a->editor_dir), "%.200s/weirtop-XXXXXX",
	    tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(a->editor_dir) == NULL)
		return false;
	snprintf(a->editor_path, sizeof(a->editor_path), "%s/%s", a->editor_dir, ui->editor_name);
	outbuf_init(&b, 0);
	outbuf_z(&b, ui->editor_text);
	ok = write_file(a->editor_path, &b);
	outbuf_fini(&b);
	return ok;
}

/* What the editor left; the file goes. */
static void
read_draft(struct app *a)
{
	struct ui *ui = a->m->ui;
	size_t len;
	char *text = file_read(a->editor_path, DRAFT_MAX, &len);

	if (text == NULL)
		ui_say(a->m, R_CRIT, "%s: %s", a->editor_path, strerror(errno));
	else {
		free(ui->editor_text);
		ui->editor_text = text;
	}
	(void)unlink(a->editor_path);
	(void)rmdir(a->editor_dir);
}

/* The terminal is the editor's meanwhile; polling goes on. */
static void
start_editor(struct app *a)
{
	pid_t pid;

	if (a->term == NULL || a->editor != 0)
		return;
	if (!write_draft(a)) {
		ui_say(a->m, R_CRIT, "%s: %s", a->editor_dir, strerror(errno));
		return;
	}
	term_leave(a->term);
	pid = fork();
	if (pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		execl("/bin/sh", "sh", "-c", "exec $0 \"$1\"", editor_name(), a->editor_path,
		    (char *)NULL);
		_exit(127);
	}
	a->editor = pid > 0 ? pid : 0;
	if (pid < 0) {
		term_enter(a->term);
		ui_say(a->m, R_CRIT, "no editor: %s", strerror(errno));
	}
}

void
app_editor_ended(struct app *a)
{
	const struct key edited = { .code = K_EDITED };
	int status;

	if (a->editor == 0 || waitpid(a->editor, &status, WNOHANG) != a->editor)
		return;
	a->editor = 0;
	term_enter(a->term);
	read_draft(a);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		ui_say(a->m, R_CRIT, "%s cannot be run; set EDITOR", editor_name());
	screen_key(a->m, &edited, &a->hits);
	app_wishes(a);
	term_repaint(a->term);
	app_draw(a);
}

/* --- All ----------------------------------------------------------------- */

static void
poll_now(struct app *a)
{
	unsigned i;

	for (i = 0; i < a->nsources; i++)
		source_poll(a->sources[i]);
}

static void
toggle_mouse(struct app *a)
{
	struct ui *ui = a->m->ui;

	ui->has_mouse = !ui->has_mouse;
	if (a->term != NULL)
		term_mouse(a->term, ui->has_mouse);
	ui_say(a->m, R_INFO, "mouse %s", ui->has_mouse ? "on" : "off");
}

/* Those of the terminal. */
static void
term_wishes(struct app *a, unsigned w)
{
	if (a->term == NULL)
		return;
	if (w & WISH_REPAINT)
		term_repaint(a->term);
	if (w & WISH_COPY)
		term_copy(a->term, a->m->ui->copy);
	if (w & WISH_SUSPEND)
		term_suspend(a->term);
	if (w & WISH_EDITOR)
		start_editor(a);
}

/* --- The end ------------------------------------------------------------------ */

#define QUIT_WAIT_S	2

static void
on_quit_late(evutil_socket_t fd, short what, void *arg)
{
	struct app *a = arg;

	(void)fd, (void)what;
	if (a->is_quitting)
		app_end(a, 0);
}

/* What was confirmed goes out first; what waits for a server to be empty is lost, which
 * is said once. The second time it ends at once, another key takes it back. */
static void
quit(struct app *a)
{
	const struct timeval wait = { QUIT_WAIT_S, 0 };
	struct ui *ui = a->m->ui;

	if (a->is_quitting || a->term == NULL) {
		app_end(a, 0);
		return;
	}
	a->is_quitting = true;
	if (ui->nfollowups > 0)
		ui_say(a->m, R_WARN, "%u drained server%s would not come to maintenance: quit "
		    "again to leave", ui->nfollowups, ui->nfollowups == 1 ? "" : "s");
	else if (ui->orders.n > 0 || cmds_waiting(a->m) > 0)
		event_base_once(a->base, -1, EV_TIMEOUT, on_quit_late, a, &wait);
	else
		app_end(a, 0);
}

void
app_wishes(struct app *a)
{
	unsigned w = a->m->ui->wishes;

	a->m->ui->wishes = 0;
	if (a->m->ui->orders.n > 0)
		send_orders(a);
	send_asks(a);
	if (w & WISH_SAVE)
		save_text(a);
	if (w & WISH_POLL)
		poll_now(a);
	if (w & WISH_EXPORT)
		export_view(a);
	if (w & WISH_RECORD)
		toggle_record(a);
	if (w & WISH_MOUSE)
		toggle_mouse(a);
	if ((w & WISH_FILTERS) && !config_write_filters())
		ui_say(a->m, R_CRIT, "the filter is not kept: %s", strerror(errno));
	if (a->replay != NULL && (w & WISH_STEP))
		replay_step(a->replay);
	if (a->replay != NULL && (w & WISH_STEP_BACK))
		replay_back(a->replay);
	term_wishes(a, w);
	if (w & WISH_QUIT)
		quit(a);
}
