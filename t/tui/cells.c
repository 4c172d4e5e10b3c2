/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weirtop in a terminal: what is drawn is what curses believes, through screens,
 * resizes and a stop; random keys change nothing; it ends when its tty does; keys
 * are quick.
 */
#include "vt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tap.h"

#ifdef VT_MISSING
int
main(void)
{
	tap_skip_all("no libvterm-dev here");
}
#else
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/asan.h"
#include "base/file.h"
#include "fake_stats.h"
#include "tui/action.h"

#define LIMIT_MS	(patience * 5000)

static char dir[] = "/tmp/weirtop-cells-XXXXXX", dump[80];
static int patience = 1;

static struct vt *
start(const char *term, int w, int h, const char *option, const char *value, const char *more)
{
	const char *bin = getenv("WEIRTOP_BIN");
	char term_env[64], dump_env[128], home[128];
	const char *argv[] = { bin != NULL ? bin : "build/debug/weirtop", option, value, more,
		NULL };
	const char *env[] = { term_env, dump_env, home, "LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin",
		"EDITOR=true", "XDG_STATE_HOME=/proc/none", NULL };

	snprintf(term_env, sizeof(term_env), "TERM=%s", term);
	snprintf(dump_env, sizeof(dump_env), "WEIRTOP_TEST_DUMP=%s", dump);
	snprintf(home, sizeof(home), "HOME=%s", dir);
	return vt_start(w, h, argv, env);
}

static struct vt *
start_replay(const char *term, int w, int h)
{
	struct vt *vt = start(term, w, h, "--replay", "t/data/states.wrec", "--speed=0");

	if (!vt_wait_text(vt, "Quit", LIMIT_MS)) {
		fail("it starts");
		vt_show(vt);
	}
	return vt;
}

static void
keys(struct vt *vt, const char *z)
{
	vt_keys(vt, z, strlen(z));
}

/* --- What curses believes --------------------------------------------------- */

static char *
dumped(struct vt *vt)
{
	double until = vt_now_ms() + LIMIT_MS;
	char *text;
	size_t len;

	unlink(dump);
	kill(vt->pid, SIGUSR1);
	while ((text = file_read(dump, 16 << 20, &len)) == NULL && vt_now_ms() < until)
		vt_read(vt, 1);
	while (vt_read(vt, 0))		/* all that was written before the file */
		;
	return text;
}

struct believed { uint32_t rune; int attr, fg, bg; };

/* A line of the dump: a character, its attributes, its colours. */
static struct believed
take_cell(char **p)
{
	unsigned char *s = (unsigned char *)*p;
	int more = s[0] < 0x80 ? 0 : s[0] < 0xe0 ? 1 : s[0] < 0xf0 ? 2 : 3, i;
	struct believed b = { .rune = more == 0 ? s[0] : s[0] & (0x3fu >> more) };

	for (i = 1; i <= more; i++)
		b.rune = b.rune << 6 | (s[i] & 0x3f);
	*p += more + 1;
	b.attr = (int)strtol(*p, p, 10);
	b.fg = (int)strtol(*p, p, 10);
	b.bg = (int)strtol(*p, p, 10);
	(*p)++;
	return b;
}

/* A Linux console does not underline in colours: terminfo says so (ncv). */
static bool has_underline = true;

static bool
same_cell(const struct vt_cell *c, const struct believed *b)
{
	return c->rune == b->rune && c->bold == ((b->attr & 1) != 0) &&
	    (!has_underline || c->underline == ((b->attr & 2) != 0)) &&
	    c->reverse == ((b->attr & 4) != 0) && (b->rune == ' ' || c->fg == b->fg) &&
	    c->bg == b->bg;
}

/* All cells; tells: the first that differs. */
static bool
compare(struct vt *vt, char *p, bool tells)
{
	struct believed b;
	struct vt_cell c;
	int i;

	p = strchr(p, '\n') + 1;
	for (i = 0; i < vt->w * vt->h; i++) {
		b = take_cell(&p);
		c = vt_cell(vt, i % vt->w, i / vt->w);
		if (same_cell(&c, &b))
			continue;
		if (tells)
			tap_diag("%d,%d: curses U+%04x %d %d/%d, screen U+%04x %d%d%d %d/%d",
			    i % vt->w, i / vt->w, b.rune, b.attr, b.fg, b.bg, c.rune, c.bold,
			    c.underline, c.reverse, c.fg, c.bg);
		return false;
	}
	return true;
}

/* Keys, sizes and what the kernel still holds come between: looked at again. */
static bool
is_as_believed(struct vt *vt, const char *when)
{
	bool same = false;
	char *text;
	int i;

	for (i = 0; i < 40 && !same; i++) {
		text = dumped(vt);
		if (text == NULL)
			break;
		same = atoi(text) == vt->w && atoi(strchr(text, ' ')) == vt->h &&
		    compare(vt, text, i == 39);
		free(text);
		if (!same && i > 2)
			vt_read(vt, 20);
	}
	if (!ok_named(same, "as curses believes: %s", when))
		vt_show(vt);
	return same;
}

static void
test_screens(const char *term)
{
	static const char *const steps[] = { "2", "jj", "\r", "\033", "3", "4", "5", "6", "7", "1",
		"?", "\033", ":", "theme", "\033", "/web", "\033", "t", "t", "F", "z", "z",
		"\033OB", "\033[B", "\033[6~", "]", "]", "\f" };
	struct vt *vt = start_replay(term, 120, 40);
	char what[80];
	size_t i;

	has_underline = strcmp(term, "linux") != 0;
	is_as_believed(vt, term);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		keys(vt, steps[i]);
		snprintf(what, sizeof(what), "%s, key %zu", term, i);
		if (!is_as_believed(vt, what))
			break;
	}
	keys(vt, "\003");
	ok(vt_wait_end(vt, LIMIT_MS));
	is_int(vt->status, 0);
	vt_stop(vt);
	has_underline = true;
}

/* --- Sizes -------------------------------------------------------------------- */

static unsigned seed = 42;

static unsigned
some(unsigned n)
{
	seed = seed * 1103515245u + 12345u;
	return (seed >> 8) % n;
}

static void
test_resizes(void)
{
	struct vt *vt = start_replay("xterm-256color", 80, 24);
	unsigned i;

	for (i = 0; i < 1000 && !vt->has_ended; i++) {
		vt_resize(vt, 1 + (int)some(300), 1 + (int)some(100));
		if (i % 3 == 0)
			keys(vt, some(2) ? "1" : "2");
		vt_read(vt, 0);
		if (i % 100 == 99 && !is_as_believed(vt, "in a storm of sizes"))
			break;
	}
	vt_resize(vt, 80, 24);
	is_as_believed(vt, "after the storm");
	keys(vt, "1");
	ok(vt_wait_text(vt, "Quit", LIMIT_MS));
	keys(vt, "\033[21~");
	ok(vt_wait_end(vt, LIMIT_MS));
	is_int(vt->status, 0);
	vt_stop(vt);
}

/* --- Stop and go on ------------------------------------------------------------- */

static bool
is_cooked(const struct vt *vt)
{
	struct termios t;

	return tcgetattr(vt->fd, &t) == 0 && (t.c_lflag & ICANON) != 0 && (t.c_lflag & ECHO) != 0 &&
	    (t.c_oflag & ONLCR) != 0;
}

static void
stop_and_go_on(struct vt *vt, const char *how)
{
	double until = vt_now_ms() + LIMIT_MS;
	int status = 0;

	while (waitpid(vt->pid, &status, WUNTRACED | WNOHANG) == 0 && vt_now_ms() < until)
		vt_read(vt, 1);
	ok_named(WIFSTOPPED(status), "%s stops it", how);
	ok_named(is_cooked(vt), "%s: the terminal is the shell's again", how);
	kill(vt->pid, SIGCONT);
	ok(vt_wait_text(vt, "Quit", LIMIT_MS));
	is_as_believed(vt, how);
	ok_named(!is_cooked(vt), "%s: it has the terminal again", how);
}

static void
test_suspend(void)
{
	struct vt *vt = start_replay("xterm-256color", 80, 24);

	keys(vt, "\032");
	stop_and_go_on(vt, "^Z");
	kill(vt->pid, SIGTSTP);
	stop_and_go_on(vt, "SIGTSTP");
	kill(vt->pid, SIGSTOP);		/* no time to leave the terminal */
	waitpid(vt->pid, NULL, WUNTRACED);
	kill(vt->pid, SIGCONT);
	is_as_believed(vt, "SIGSTOP");
	vt_resize(vt, 100, 30);
	keys(vt, ":\032");
	stop_and_go_on(vt, "^Z in an overlay");
	kill(vt->pid, SIGTERM);
	ok(vt_wait_end(vt, LIMIT_MS));
	is_int(vt->status, 0);
	ok(is_cooked(vt));
	vt_stop(vt);
}

/* --- Ends ---------------------------------------------------------------------------- */

/* Where the tty is gone it ends. */
static void
test_hang_up(void)
{
	struct vt *vt = start_replay("xterm-256color", 80, 24);

	vt_hang_up(vt);
	ok_named(vt_wait_end(vt, LIMIT_MS / 2), "it ends when its terminal is gone");
	ok_named(WIFEXITED(vt->status), "not by a signal");
	vt_stop(vt);
}

/* The same where no SIGHUP comes: the tty is not that of the session. */
static void
test_end_of_input(void)
{
	const char *bin = getenv("WEIRTOP_BIN");
	const char *argv[] = { "/bin/sh", "-c", 
		"exec 3<&0; setsid \"$0\" --speed=0 --replay=\"$1\" <&3 & wait",
		bin != NULL ? bin : "build/debug/weirtop", "t/data/states.wrec", NULL };
	const char *env[] = { "TERM=xterm-256color", "LC_ALL=C.UTF-8", "PATH=/usr/bin:/bin", NULL };
	int lives[2];
	struct vt *vt;
	struct pollfd p;

	if (access("/usr/bin/setsid", X_OK) != 0 || pipe(lives) != 0) {
		tap_skip("no setsid here");
		return;
	}
	vt = vt_start(80, 24, argv, env);	/* it holds the pipe as long as it lives */
	close(lives[1]);
	ok(vt_wait_text(vt, "Quit", LIMIT_MS));
	vt_hang_up(vt);
	p = (struct pollfd){ .fd = lives[0], .events = POLLIN };
	ok_named(poll(&p, 1, LIMIT_MS / 2) == 1, "it ends when its input does");
	close(lives[0]);
	vt_stop(vt);
}

/* The terminal's answer about its background comes between keys, in pieces. */
static void
test_background(void)
{
	struct vt *vt = start_replay("xterm-256color", 80, 24);

	keys(vt, "\033[12~");
	ok(vt_wait_text(vt, "Theme              default:", LIMIT_MS));
	keys(vt, "\033]11;rgb:ff");
	is_as_believed(vt, "half an answer");
	keys(vt, "ff/fafa/f0f0\033\\");
	ok_named(vt_wait_text(vt, "Theme              light:", LIMIT_MS), "a light ground");
	keys(vt, "\033]11;rgb:0000/0000/0000\007");
	ok_named(vt_wait_text(vt, "Theme              default:", LIMIT_MS), "a dark one");
	is_as_believed(vt, "settings");
	vt_stop(vt);
}

/* Clicks on a tab, on a key of the bar, and the wheel; off they are none. */
static void
test_mouse(void)
{
	struct vt *vt = start_replay("xterm-256color", 120, 40);

	keys(vt, "\033[<0;18;2M\033[<0;18;2m");
	ok_named(vt_wait_text(vt, "\u2500 Servers \u2500", LIMIT_MS), "a click on a tab");
	keys(vt, "\033[<0;2;40M\033[<0;2;40m");
	ok_named(vt_wait_text(vt, "type to search", LIMIT_MS), "on Help");
	keys(vt, "\033[<65;20;20M\033[<65;20;20M");
	is_as_believed(vt, "the wheel in help");
	keys(vt, "\033[<0;18");		/* ncurses would wait for the rest */
	is_as_believed(vt, "half a report");
	keys(vt, "\033");
	vt_read(vt, 30);
	keys(vt, "M\033[<0;5;2M\033[<0;5;2m");
	ok(vt_wait_text(vt, "mouse off", LIMIT_MS));
	is_as_believed(vt, "without a mouse");
	vt_stop(vt);
}

static void
test_crash(void)
{
	struct vt *vt = start_replay("xterm-256color", 80, 24);

#ifdef WEIR_ASAN
	tap_skip("the sanitizer takes crashes itself");
#else
	kill(vt->pid, SIGSEGV);
	ok(vt_wait_end(vt, LIMIT_MS));
	ok(WIFSIGNALED(vt->status));
	ok_named(is_cooked(vt), "a crash puts the terminal back");
	ok_named(!vt_has_text(vt, "Quit"), "and the screen");
#endif
	vt_stop(vt);
}

/* --- Keys ------------------------------------------------------------------------------- */

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* From the key to the whole new picture; ten times what is aimed at. */
static void
test_latency(void)
{
	struct vt *vt = start_replay("xterm-256color", 120, 40);
	double took[60];
	size_t bytes, frames;
	int i;

	keys(vt, "2");
	is_as_believed(vt, "servers");
	for (i = 0; i < 60; i++) {
		frames = vt->frames;
		took[i] = vt_now_ms();
		keys(vt, i & 1 ? "k" : "j");
		while (vt->frames == frames && vt_now_ms() - took[i] < 1000)
			vt_read(vt, 20);
		took[i] = vt_now_ms() - took[i];
	}
	qsort(took, 60, sizeof(took[0]), by_size);
	tap_diag("key to screen: median %.2f ms, worst %.2f ms", took[30], took[59]);
	ok_named(took[30] < 20 * patience, "a key is on the screen at once");
	bytes = vt->bytes;
	keys(vt, "j");
	is_as_believed(vt, "one key more");
	tap_diag("bytes for a row down: %zu", vt->bytes - bytes);
	ok_named(vt->bytes - bytes < 2000, "only what changes is sent");
	vt_stop(vt);
}

static const char rows[] =
    "# pxname,svname,qcur,scur,stot,bin,status,weight,act,bck,type,addr,uweight,iid,mode,\n"
    "www,FRONTEND,,3,50,10,OPEN,,,,0,,,1,http,\n"
    "app,web-1,0,5,10,10,UP,100,1,0,2,10.0.0.1:80,100,2,http,\n"
    "app,web-2,0,5,10,10,UP,100,1,0,2,10.0.0.2:80,100,2,http,\n"
    "app,web-3,0,0,10,10,DRAIN,100,1,0,2,10.0.0.3:80,100,2,http,\n"
    "app,web-4,0,0,10,10,MAINT,100,1,0,2,10.0.0.4:80,100,2,http,\n"
    "app,e\033[31mvil\033]0;x\007,0,1,10,10,DOWN,100,1,0,2,10.0.0.5:80,100,2,http,\n"
    "app,BACKEND,0,11,50,10,UP,200,2,0,1,,200,2,http,\n"
    "one,only,0,1,10,10,UP,1,1,0,2,10.0.0.6:80,1,3,http,\n"
    "one,BACKEND,0,1,10,10,UP,1,1,0,1,,1,3,http,\n";

static const char *const sequences[] = { "\033[A", "\033[B", "\033OC", "\033[D", "\033[5~",
	"\033[6~", "\033[Z", "\t", "\033", "\033OQ", "\033[1;2B", "\f", "\004", "\025", "\177",
	"\033[15~", "\033[17~", "\033[19~", "\033[20~", "\005", "\033[<", "\033[<0;9;9M",
	"\033]1", "\033[1;", "\303", "\377" };

/* A key that neither quits, stops, nor says yes; Enter only when it may be. */
static void
random_key(struct vt *vt, bool with_enter)
{
	char c;

	if (some(6) == 0) {
		keys(vt, sequences[some(sizeof(sequences) / sizeof(sequences[0]))]);
		return;
	}
	if (with_enter && some(10) == 0) {
		keys(vt, "\r");
		return;
	}
	do
		c = (char)(' ' + some(95));
	while (c == 'y' || c == 'q' || c == 'e' || c == 'R');
	vt_keys(vt, &c, 1);
}

/* What was sent beyond a question; the highest level. */
static enum action_level
sent(struct fake_stats *f, unsigned *ret_n)
{
	enum action_level most = ASK_NOTHING, level;
	const char *c;
	unsigned i;

	*ret_n = 0;
	pthread_mutex_lock(&f->lock);
	for (i = 0; i < f->n; i++) {
		c = f->log[i];
		level = command_level(c);
		if (level == ASK_NOTHING || strcmp(c, "prompt") == 0 ||
		    strncmp(c, "set timeout cli", 15) == 0)
			continue;
		if ((*ret_n)++ < 5)
			tap_diag("sent: %s", c);
		most = level > most ? level : most;
	}
	pthread_mutex_unlock(&f->lock);
	return most;
}

static struct vt *
start_live(struct fake_stats *f)
{
	struct vt *vt = start("xterm-256color", 120, 40, "-s", f->path, "--interval=0.25");

	if (!vt_wait_text(vt, "web-1", LIMIT_MS)) {
		fail("it shows the fake");
		vt_show(vt);
	}
	return vt;
}

static void
test_random(unsigned count, bool with_enter)
{
	struct fake_stats f;
	char path[100];
	struct vt *vt;
	unsigned i, n, runs = 1;

	snprintf(path, sizeof(path), "%s/stats.sock", dir);
	fake_start(&f, path, rows);
	vt = start_live(&f);
	for (i = 0; i < count; i++) {
		random_key(vt, with_enter);
		if (i % 64 == 63 && vt_wait_end(vt, 0)) {	/* the palette's `quit` */
			if (vt->status != 0)
				break;
			vt_stop(vt);
			vt = start_live(&f);
			runs++;
		}
	}
	keys(vt, "\033\033\033\033");
	if (!vt->has_ended)
		is_as_believed(vt, "after random keys");
	ok_named(i == count && (!vt->has_ended || vt->status == 0), "%u random keys", count);
	if (with_enter) {
		ok(sent(&f, &n) <= ASK_SOFT);
		tap_diag("%u soft commands by Enter, %u runs", n, runs);
	} else {
		sent(&f, &n);
		is_int(n, 0);
	}
	vt_stop(vt);
	fake_stop(&f);
}

/* Yes is said: then, and only then, it is sent. */
static void
test_confirmed(void)
{
	struct fake_stats f;
	char path[100];
	struct vt *vt;
	unsigned n;

	snprintf(path, sizeof(path), "%s/stats.sock", dir);
	fake_start(&f, path, rows);
	vt = start_live(&f);
	keys(vt, ":drain app/web-1\r");
	ok(vt_wait_text(vt, "set server app/web-1 state drain", LIMIT_MS));
	sent(&f, &n);
	is_int(n, 0);
	/* What is pasted confirms nothing */
	keys(vt, "\033[200~y\r\033[201~");
	is_as_believed(vt, "a dialog");
	sent(&f, &n);
	is_int(n, 0);
	keys(vt, "y");
	ok(vt_wait_text(vt, "ok (", LIMIT_MS));
	is_int(sent(&f, &n), ASK_HARD);
	is_int(n, 1);
	keys(vt, ":maint one/only\r");
	ok(vt_wait_text(vt, "type one and Enter", LIMIT_MS));
	keys(vt, "y\rone");
	is_as_believed(vt, "a dangerous dialog");
	sent(&f, &n);
	is_int(n, 1);
	keys(vt, "\025one\r\003");	/* what was confirmed goes out before it ends */
	ok(vt_wait_end(vt, LIMIT_MS));
	sent(&f, &n);
	is_int(n, 2);
	vt_stop(vt);
	fake_stop(&f);
}

int
main(void)
{
	const char *variant = getenv("VARIANT");

	if (variant != NULL && (strcmp(variant, "asan") == 0 || strcmp(variant, "tsan") == 0))
		patience = 5;
	if (mkdtemp(dir) == NULL)
		tap_skip_all("no temporary folder");
	snprintf(dump, sizeof(dump), "%s/dump", dir);
	test_screens("xterm-256color");
	test_screens("vt220");
	test_screens("linux");
	test_resizes();
	test_suspend();
	test_hang_up();
	test_end_of_input();
	test_background();
	test_mouse();
	test_crash();
	test_latency();
	test_confirmed();
	test_random(10000, false);
	test_random(3000, true);
	unlink(dump);
	rmdir(dir);
	return tap_done();
}
#endif
