/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The terminal's life: opened, left for an editor or a stop, taken back, closed;
 * its signals; what it is told beside cells. One terminal a program.
 *
 * Signals are libevent's before newterm is called: ncurses takes those only that
 * still have their default. A crash puts the terminal back by hand.
 */
#include "tui/term_in.h"

#include <event2/event.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/asan.h"
#include "base/file.h"
#include "base/out.h"
#include "base/xalloc.h"

static const char modes_off[] = "\033[?2026l\033[?2004l\033[?1006l\033[?1000l";

/* --- Crash ---------------------------------------------------------------- */

/* What a signal handler may read: set once, before the handler is. */
static struct termios crash_termios;
static bool crash_is_plain;

static void
on_crash(int sig)
{
	static const char back[] =
	    "\033[?1049l\033[?25h\033[?1000l\033[?1006l\033[?2004l\033[0m\r\n";
	static const char plain[] = "\033[0m\r\n";
	ssize_t n;

	n = crash_is_plain ? write(STDOUT_FILENO, plain, sizeof(plain) - 1) :
	    write(STDOUT_FILENO, back, sizeof(back) - 1);
	(void)n;
	tcsetattr(STDOUT_FILENO, TCSANOW, &crash_termios);
	raise(sig);			/* the handler is gone: SA_RESETHAND */
}

static void
catch_crashes(const struct term *t)
{
	static const int sigs[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	static char stack[32768];
	stack_t alt = { .ss_sp = stack, .ss_size = sizeof(stack) };
	struct sigaction sa = { .sa_handler = on_crash,
		.sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK) };
	size_t i;

#ifdef WEIR_ASAN
	return;				/* it has handlers of its own, which say more */
#endif
	crash_is_plain = t->is_plain;
	sigaltstack(&alt, NULL);
	sigemptyset(&sa.sa_mask);
	for (i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}

/* --- Size ----------------------------------------------------------------- */

/* A serial line does not know its size: what terminfo has stays. */
static void
fit_size(struct term *t)
{
	struct winsize ws;

	if (ioctl(t->out_fd, TIOCGWINSZ, &ws) == 0 && ws.ws_row > 0 && ws.ws_col > 0 &&
	    (ws.ws_row != LINES || ws.ws_col != COLS)) {
		resizeterm(ws.ws_row, ws.ws_col);
		term_read_keys(t);		/* ncurses made a key of it */
	}
	t->theme = NULL;
	clearok(curscr, TRUE);
}

void
term_size(const struct term *t, int *ret_w, int *ret_h)
{
	(void)t;
	*ret_w = COLS;
	*ret_h = LINES;
}

/* --- Leaving and coming back ---------------------------------------------- */

void
term_say(const struct term *t, const char *z)
{
	ssize_t n = write(t->out_fd, z, strlen(z));

	(void)n;			/* a tty that is gone is noticed by its input */
}

void
term_leave(struct term *t)
{
	if (t->is_left)
		return;
	t->is_left = true;
	term_mouse_mask(false);
	endwin();
	term_say(t, t->is_plain ? "\r\n" : modes_off);
	if (t->has_keys)
		event_del(t->on_input);
}

void
term_enter(struct term *t)
{
	if (!t->is_left || t->has_ended)
		return;
	t->is_left = false;
	reset_prog_mode();
	fit_size(t);
	refresh();			/* to the alternate screen */
	clearok(curscr, TRUE);
	if (!t->is_plain)
		term_say(t, "\033[?2004h");
	term_mouse_mask(t->options.wants_mouse && !t->is_plain);
	if (t->has_keys)
		event_add(t->on_input, NULL);
	t->calls.on_resize(t->arg, COLS, LINES);
}

void
term_suspend(struct term *t)
{
	term_leave(t);
	t->skips_cont = true;
	raise(SIGSTOP);			/* goes on here */
	term_enter(t);
}

void
term_end(struct term *t, int status)
{
	if (t->has_ended)
		return;
	t->has_ended = true;
	t->calls.on_end(t->arg, status);
}

/* --- Signals -------------------------------------------------------------- */

static const int signals[TERM_SIGNALS] = { SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGINT, SIGHUP };

static void
on_signal(int sig, short what, void *arg)
{
	struct term *t = arg;

	(void)what;
	if (sig == SIGHUP || sig == SIGTERM) {
		term_end(t, sig == SIGHUP);
	} else if (sig == SIGCONT && t->skips_cont) {
		t->skips_cont = false;
	} else if (t->is_left) {
		if (sig == SIGTSTP)
			raise(SIGSTOP);		/* the editor has put the screen back */
	} else if (sig == SIGINT) {
		term_end(t, 0);
	} else if (sig == SIGTSTP) {
		term_suspend(t);
	} else if (sig == SIGCONT) {		/* stopped by SIGSTOP: the shell had the tty */
		term_leave(t);
		term_enter(t);
	} else {
		fit_size(t);
		t->calls.on_resize(t->arg, COLS, LINES);
	}
}

static void
on_ground(int fd, short what, void *arg)
{
	struct term *t = arg;
	int ground = term_ground_of_env();

	(void)fd;
	(void)what;
	if (ground >= 0)
		t->calls.on_light(t->arg, ground == 1);
	else if (!t->is_plain && t->has_keys)
		term_say(t, "\033]11;?\033\\");
}

/* The line goes on. */
static void
on_output(int fd, short what, void *arg)
{
	struct term *t = arg;

	(void)fd;
	(void)what;
	if (!t->is_left)
		t->calls.on_resize(t->arg, COLS, LINES);
}

static void
start_events(struct term *t, struct event_base *base)
{
	int i;

	for (i = 0; i < TERM_SIGNALS; i++) {
		t->on_signal[i] = evsignal_new(base, signals[i], on_signal, t);
		event_add(t->on_signal[i], NULL);
	}
	t->on_ground = evtimer_new(base, on_ground, t);
	t->on_output = event_new(base, t->out_fd, EV_WRITE, on_output, t);
	t->on_input = event_new(base, fileno(t->in), EV_READ | EV_PERSIST, term_on_input, t);
}

static void
stop_events(struct term *t)
{
	int i;

	for (i = 0; i < TERM_SIGNALS; i++)
		event_free(t->on_signal[i]);
	event_free(t->on_ground);
	event_free(t->on_output);
	event_free(t->on_input);
}

/* --- Opening and closing -------------------------------------------------- */

/* Consoles and serial terminals, which might print what they do not know. */
static bool
is_plain_term(void)
{
	static const char *const names[] = { "linux", "dumb", "vt", "ansi", "cons", "hurd",
		"unknown", "wyse", "sun" };
	const char *z = getenv("TERM");
	size_t i;

	for (i = 0; z != NULL && i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(z, names[i], strlen(names[i])) == 0 && strncmp(z, "vte", 3) != 0)
			return true;
	return z == NULL;
}

/*
 * Keys come from stdin, else from the terminal of the session, else there are none.
 * The tty is opened anew: so that reading it can be made not to block without
 * changing what the shell has (ncurses waits for the rest of half a mouse report).
 */
static void
open_input(struct term *t)
{
	const char *name = isatty(STDIN_FILENO) ? ttyname(STDIN_FILENO) : "/dev/tty";
	int fd = -1;

	if (name != NULL)
		fd = file_open(name, O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
	if (fd < 0 && isatty(STDIN_FILENO))
		fd = dup(STDIN_FILENO);
	t->has_keys = fd >= 0;
	if (fd < 0)
		fd = file_open("/dev/null", O_RDONLY, 0);
	t->in = fdopen(fd, "r");
}

static void
begin(struct term *t)
{
	static const struct timeval now = { 0, 0 };

	term_keys_init(t);
	term_paint_init(t);
	idcok(stdscr, FALSE);
	curs_set(0);
	fit_size(t);
	refresh();
	if (!t->is_plain)
		term_say(t, "\033[?2004h");
	catch_crashes(t);
	if (t->has_keys)
		event_add(t->on_input, NULL);
	event_add(t->on_ground, &now);
}

struct term *
term_open(struct event_base *base, const struct term_options *o, const struct term_calls *calls,
    void *arg, const char **ret_error)
{
	struct term *t = xcalloc(1, sizeof(*t));

	t->options = *o;
	t->calls = *calls;
	t->arg = arg;
	t->out_fd = STDOUT_FILENO;
	t->is_plain = is_plain_term();
	t->is_utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	tcgetattr(t->out_fd, &crash_termios);
	open_input(t);
	start_events(t, base);
	use_env(FALSE);
	use_tioctl(TRUE);
	if (term_paint_open(t, ret_error)) {
		begin(t);
		return t;
	}
	stop_events(t);
	fclose(t->in);
	free(t);
	return NULL;
}

/* The last picture, on the screen that the shell has. */
static void
keep_last(const struct term *t)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	theme_print(&t->shown, t->theme, t->depth, &b);
	term_say(t, b.data != NULL ? b.data : "");
	outbuf_fini(&b);
}

void
term_close(struct term *t)
{
	term_leave(t);
	if (t->options.keeps_last && t->theme != NULL)
		keep_last(t);
	stop_events(t);
	term_paint_fini(t);
	delscreen(t->curses);
	fclose(t->in);
	free(t);
}

/* --- What else it is told ------------------------------------------------- */

void
term_mouse(struct term *t, bool on)
{
	t->options.wants_mouse = on;
	if (!t->is_left)
		term_mouse_mask(on && !t->is_plain);
}

static void
base64(struct outbuf *b, const unsigned char *p, size_t len)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char four[4];
	uint32_t v;
	size_t i, n;
	int k;

	for (i = 0; i < len; i += 3) {
		n = len - i < 3 ? len - i : 3;
		v = (uint32_t)p[i] << 16 | (n > 1 ? (uint32_t)p[i + 1] << 8 : 0) |
		    (n > 2 ? p[i + 2] : 0);
		for (k = 0; k < 4; k++)
			four[k] = (size_t)k > n ? '=' : digits[v >> (18 - 6 * k) & 63];
		outbuf_mem(b, four, 4);
	}
}

void
term_copy(struct term *t, const char *text)
{
	struct outbuf b;

	if (t->is_plain || t->is_left)
		return;
	outbuf_init(&b, 0);
	outbuf_z(&b, "\033]52;c;");
	base64(&b, (const unsigned char *)text, strlen(text));
	outbuf_z(&b, "\a");
	term_say(t, b.data);
	outbuf_fini(&b);
}
