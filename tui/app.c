/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One loop. Answers of sources make the picture dirty, keys too; it is drawn once
 * a little later, so that a burst of answers costs one picture. Nothing here
 * waits: what the user sends goes by its own connection.
 */
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "tui/app_in.h"
#include "tui/cmds.h"
#include "tui/find.h"

#define DRAW_DELAY_US	15000

int64_t
app_now_ms(void)
{
	return (int64_t)(clock_wall_us() / 1000);
}

void
app_end(struct app *a, int status)
{
	a->status = status;
	event_base_loopbreak(a->base);
}

/* --- Drawing ------------------------------------------------------------- */

void
app_want(struct app *a)
{
	struct wants w = { .n = 0 };
	unsigned i;

	if (a->m->ui->screen->wants != NULL)
		a->m->ui->screen->wants(a->m, &w);
	for (i = 0; i < a->nsources; i++)
		source_want(a->sources[i], &w);
}

void
app_clock(struct app *a)
{
	if (a->replay == NULL)
		a->m->now_ms = a->o->now_ms != 0 ? a->o->now_ms : app_now_ms();
}

void
app_draw(struct app *a)
{
	struct model *m = a->m;

	app_clock(a);
	m->ui->frame++;
	screen_draw(m, &a->grid, &a->hits);
	if (a->term != NULL && a->editor == 0)
		term_draw(a->term, &a->grid, m->ui->theme);
}

static void
on_draw(evutil_socket_t fd, short what, void *arg)
{
	struct app *a = arg;

	(void)fd, (void)what;
	followups_check(a->m);
	app_wishes(a);
	app_want(a);			/* an answer may have brought what others are asked about */
	app_draw(a);
	app_want(a);		/* what is in sight may be something else by now */
}

void
app_dirty(struct app *a)
{
	struct timeval soon = { 0, DRAW_DELAY_US };

	if (a->draw_timer != NULL && !event_pending(a->draw_timer, EV_TIMEOUT, NULL))
		event_add(a->draw_timer, &soon);
}

static void
on_changed(void *arg)
{
	app_dirty(arg);
}

/* Ages and countdowns move although nothing comes in. */
static void
on_second(evutil_socket_t fd, short what, void *arg)
{
	struct app *a = arg;
	unsigned i;

	(void)fd, (void)what;
	for (i = 0; i < a->m->nhosts; i++)
		if (a->m->hosts[i]->state != HOST_UP) {
			app_dirty(a);
			return;
		}
}

/* --- Terminal ------------------------------------------------------------ */

static void
on_key(void *arg, const struct key *k)
{
	struct app *a = arg;
	bool was_quitting = a->is_quitting;

	app_clock(a);
	screen_key(a->m, k, &a->hits);
	app_wishes(a);
	if (was_quitting)
		a->is_quitting = false;
	app_want(a);
	event_active(a->draw_timer, EV_TIMEOUT, 0);	/* one picture for keys that come at once */
}

static void
on_resize(void *arg, int w, int h)
{
	struct app *a = arg;

	grid_fini(&a->grid);
	grid_init(&a->grid, w, h, a->m->ui->glyphs);
	app_draw(a);
}

static void
on_end(void *arg, int status)
{
	app_end(arg, status);
}

static void
on_light(void *arg, bool is_light)
{
	struct app *a = arg;

	if (a->o->theme != NULL)
		return;
	a->m->ui->theme = theme_find(is_light ? "light" : "default");
	term_repaint(a->term);
	app_dirty(a);
}

static void
on_child(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	app_editor_ended(arg);
}

static struct event *
timer_every(struct app *a, event_callback_fn fn, int seconds)
{
	struct event *e = event_new(a->base, -1, EV_PERSIST, fn, a);
	struct timeval t = { seconds, 0 };

	event_add(e, &t);
	return e;
}

static int
run_terminal(struct app *a)
{
	const struct term_options to = { .color = a->o->color, .wants_mouse = a->o->has_mouse,
		.keeps_last = a->o->keeps_last };
	const struct term_calls calls = { on_key, on_resize, on_end, on_light };
	const char *why;
	int w, h;

	a->draw_timer = event_new(a->base, -1, 0, on_draw, a);
	a->second_timer = timer_every(a, on_second, 1);
	a->child_signal = evsignal_new(a->base, SIGCHLD, on_child, a);
	evsignal_add(a->child_signal, NULL);
	a->term = term_open(a->base, &to, &calls, a, &why);
	if (a->term == NULL) {
		fprintf(stderr, "weirtop: %s\n", why);
		return 1;
	}
	a->m->ui->depth = term_depth(a->term);
	a->m->ui->has_mouse = a->o->has_mouse;
	term_size(a->term, &w, &h);
	grid_init(&a->grid, w, h, a->m->ui->glyphs);
	if (a->replay != NULL)
		app_replay_start(a);
	app_test_start(a);
	app_want(a);
	app_draw(a);
	event_base_dispatch(a->base);
	if (a->o->dump_at_exit != NULL)
		app_write_grid(a, a->o->dump_at_exit);
	term_close(a->term);
	return a->status;
}

/* --- Start --------------------------------------------------------------- */

/* [NAME=]WHERE; the name of one without is its path's last folder, or where it is. */
static struct host *
host_of(struct app *a, const char *arg, const char **ret_where)
{
	const char *eq = strchr(arg, '='), *slash;
	char name[128];
	unsigned i;

	if (eq != NULL && memchr(arg, '/', (size_t)(eq - arg)) == NULL) {
		snprintf(name, sizeof(name), "%.*s", (int)(eq - arg), arg);
		*ret_where = eq + 1;
	} else {
		slash = strrchr(arg, '/');
		snprintf(name, sizeof(name), "%s", slash != NULL ? slash + 1 : arg);
		*ret_where = arg;
	}
	for (i = 0; i < a->m->nhosts; i++)
		if (strcmp(a->m->hosts[i]->name, name) == 0)
			snprintf(name, sizeof(name), "%s", *ret_where);
	return model_host(a->m, name);
}

static void
open_source(struct app *a, const char *arg)
{
	const char *where;
	struct host *h = host_of(a, arg, &where);
	struct source *s;

	if (h->index < a->nsources)
		return;			/* the same place once more */
	s = source_socket_open(a->base, h, where, on_changed, a);
	if (a->record != NULL)
		source_record(s, a->record);
	a->sources[a->nsources++] = s;
}

/* False: told why. */
static bool
open_found(struct app *a)
{
	struct place places[FIND_MAX];
	unsigned n = find_sockets(places), i;

	for (i = 0; i < n; i++)
		if (places[i].found == FOUND_IT) {
			open_source(a, places[i].path);
			return true;
		}
	find_explain(places, n);
	return false;
}

static bool
open_all(struct app *a)
{
	const struct options *o = a->o;
	const char *why;
	unsigned i;

	if (o->record != NULL)
		a->record = record_open(o->record, 0, o->anonymize, &why);
	if (o->record != NULL && a->record == NULL) {
		fprintf(stderr, "weirtop: %s: %s\n", o->record, why);
		return false;
	}
	if (o->replay != NULL) {
		a->m->is_replay = a->m->is_readonly = true;
		a->replay = replay_open(a->m, o->replay, &why);
		if (a->replay == NULL)
			fprintf(stderr, "weirtop: %s: %s\n", o->replay, why);
		return a->replay != NULL;
	}
	for (i = 0; i < o->nwhere; i++)
		open_source(a, o->where[i]);
	return o->nwhere > 0 || open_found(a);
}

/* A terminal on a line: vt100, vt220 and the like, as getty names them. */
static bool
is_serial(void)
{
	const char *term = getenv("TERM");

	return term != NULL && strncmp(term, "vt", 2) == 0 && term[2] >= '0' && term[2] <= '9';
}

/* Signs by locale and terminal: braille where UTF-8 is, blocks on the Linux console. */
static enum glyph_set
glyphs_for(const struct options *o)
{
	const char *term = getenv("TERM");

	if (o->graph >= 0)
		return (enum glyph_set)o->graph;
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0 || is_serial())
		return GLYPHS_ASCII;
	return term != NULL && strncmp(term, "linux", 5) == 0 ? GLYPHS_BLOCK : GLYPHS_BRAILLE;
}

static void
set_up(struct app *a)
{
	const struct options *o = a->o;
	struct ui *ui = a->m->ui;

	ui->glyphs = &glyph_sets[glyphs_for(o)];
	ui->screen = screen_find(o->screen != NULL ? o->screen : "overview");
	if (o->theme != NULL)
		ui->theme = theme_find(o->theme);
	ui->depth = o->color >= 0 ? (enum depth)o->color : DEPTH_256;
	ui->is_slow = o->is_slow || (is_serial() && o->dump == NULL);
	ui->is_test = getenv("WEIRTOP_TEST") != NULL;
	ui->is_recording = a->record != NULL;
	a->m->is_readonly = o->is_readonly;
	a->m->is_hard_readonly = o->is_hard;
	a->m->poll_s = o->interval_s;
	a->m->now_ms = o->now_ms != 0 ? o->now_ms : o->replay != NULL ? 0 : app_now_ms();
	if (o->filter != NULL)
		ui_filter(a->m, o->filter);
	a->m->only_px = o->proxy;
	if (o->proxy != NULL)
		snprintf(ui->px, sizeof(ui->px), "%s", o->proxy);
}

static void
tear_down(struct app *a)
{
	unsigned i;

	for (i = 0; i < a->nsources; i++)
		source_close(a->sources[i]);
	if (a->replay != NULL)
		replay_close(a->replay);
	if (a->record != NULL)
		record_close(a->record);
	cmds_fini(a->m);
	ui_free(a->m->ui);
	model_free(a->m);
	grid_fini(&a->grid);
	if (a->draw_timer != NULL)
		event_free(a->draw_timer);
	if (a->second_timer != NULL)
		event_free(a->second_timer);
	if (a->replay_timer != NULL)
		event_free(a->replay_timer);
	if (a->child_signal != NULL)
		event_free(a->child_signal);
	if (a->test_signal != NULL)
		event_free(a->test_signal);
	event_base_free(a->base);
	libevent_global_shutdown();
}

int
app_run(const struct options *o)
{
	struct app a = { .o = o };
	int status;

	setlocale(LC_ALL, "");
	signal(SIGPIPE, SIG_IGN);
	a.base = event_base_new();
	a.m = model_new();
	a.m->ui = ui_new();
	set_up(&a);
	if (!open_all(&a))
		status = 1;
	else if (o->no_tui)
		status = app_record(&a);
	else if (o->dump != NULL)
		status = app_dump(&a);
	else if (o->is_batch || !isatty(STDOUT_FILENO))
		status = app_text(&a);
	else
		status = run_terminal(&a);
	tear_down(&a);
	return status;
}
