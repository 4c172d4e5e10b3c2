/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys from the terminal: what ncurses decodes, plus what it does not know: both
 * forms of cursor keys, pasted text, double clicks, and the terminal's answer
 * about its background, which comes in between keys.
 *
 * A tty that is readable and has nothing to read has hung up: that ends the
 * program, or it would spin.
 */
#include "tui/term_in.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "base/str.h"

#define DOUBLE_MS	400
#define PASTE_MS	2000		/* the end of pasted text was lost */

enum { PASTE_BEGIN = KEY_MAX + 1, PASTE_END };

/* Sequences beside those of terminfo. */
static const struct { const char *bytes; int code; } sequences[] = {
	{ "\033[A", KEY_UP }, { "\033OA", KEY_UP }, { "\033[B", KEY_DOWN }, { "\033OB", KEY_DOWN },
	{ "\033[C", KEY_RIGHT }, { "\033OC", KEY_RIGHT }, { "\033[D", KEY_LEFT },
	{ "\033OD", KEY_LEFT }, { "\033[1;2A", KEY_SR }, { "\033[1;2B", KEY_SF },
	{ "\033[H", KEY_HOME }, { "\033OH", KEY_HOME }, { "\033[1~", KEY_HOME },
	{ "\033[7~", KEY_HOME }, { "\033[F", KEY_END }, { "\033OF", KEY_END },
	{ "\033[4~", KEY_END }, { "\033[8~", KEY_END }, { "\033[2~", KEY_IC },
	{ "\033[3~", KEY_DC }, { "\033[5~", KEY_PPAGE }, { "\033[6~", KEY_NPAGE },
	{ "\033[Z", KEY_BTAB }, { "\033OM", KEY_ENTER },
	{ "\033OP", KEY_F(1) }, { "\033OQ", KEY_F(2) }, { "\033OR", KEY_F(3) },
	{ "\033OS", KEY_F(4) }, { "\033[11~", KEY_F(1) }, { "\033[12~", KEY_F(2) },
	{ "\033[13~", KEY_F(3) }, { "\033[14~", KEY_F(4) }, { "\033[15~", KEY_F(5) },
	{ "\033[17~", KEY_F(6) }, { "\033[18~", KEY_F(7) }, { "\033[19~", KEY_F(8) },
	{ "\033[20~", KEY_F(9) }, { "\033[21~", KEY_F(10) }, { "\033[23~", KEY_F(11) },
	{ "\033[24~", KEY_F(12) },
	{ "\033[200~", PASTE_BEGIN }, { "\033[201~", PASTE_END }
};

static const struct { int curses; uint32_t code; } codes[] = {
	{ KEY_UP, K_UP }, { KEY_DOWN, K_DOWN }, { KEY_LEFT, K_LEFT }, { KEY_RIGHT, K_RIGHT },
	{ KEY_PPAGE, K_PGUP }, { KEY_NPAGE, K_PGDN }, { KEY_HOME, K_HOME }, { KEY_END, K_END },
	{ KEY_FIND, K_HOME }, { KEY_SELECT, K_END }, { KEY_IC, K_INS }, { KEY_DC, K_DEL },
	{ KEY_ENTER, K_ENTER }, { KEY_BTAB, K_STAB }, { KEY_BACKSPACE, K_BACKSPACE },
	{ KEY_SR, K_SUP }, { KEY_SF, K_SDOWN }
};

static int64_t
clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
term_mouse_mask(bool on)
{
	mousemask(on ? BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED : 0, NULL);
}

void
term_keys_init(struct term *t)
{
	size_t i;

	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	meta(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	intrflush(stdscr, FALSE);
	typeahead(-1);
	set_escdelay(25);
	mouseinterval(0);
	for (i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		define_key(sequences[i].bytes, sequences[i].code);
	term_mouse_mask(t->options.wants_mouse && !t->is_plain);
}

/* --- The background ------------------------------------------------------- */

int
term_ground_of_env(void)
{
	const char *z = getenv("COLORFGBG"), *last = z != NULL ? strrchr(z, ';') : NULL;

	if (last == NULL || !isdigit((unsigned char)last[1]))
		return -1;
	return strcmp(last, ";7") == 0 || strcmp(last, ";15") == 0;
}

/* `11;rgb:ffff/fafa/f0f0`: the upper byte of each channel, weighted as the eye does. */
static void
take_ground(struct term *t)
{
	unsigned rgb[3];
	int i;

	t->osc_text[t->osc_len] = '\0';
	if (strncmp(t->osc_text, "11;rgb:", 7) != 0 ||
	    sscanf(t->osc_text + 7, "%4x/%4x/%4x", &rgb[0], &rgb[1], &rgb[2]) != 3)
		return;
	for (i = 0; i < 3; i++)
		if (t->osc_len == 7 + 8)	/* two digits each */
			rgb[i] <<= 8;
	t->calls.on_light(t->arg, (2126 * rgb[0] + 7152 * rgb[1] + 722 * rgb[2]) / 10000 > 0x7fff);
}

/* An answer of the terminal, up to BEL or ESC \; too long a one is cut. */
static void
osc_char(struct term *t, wint_t c)
{
	if (c == 7 || (t->osc == OSC_ESC && c == '\\')) {
		t->osc = OSC_NONE;
		take_ground(t);
	} else if (c == 27) {
		t->osc = OSC_ESC;
	} else if (t->osc == OSC_ESC) {
		t->osc = OSC_NONE;
	} else if (t->osc_len < sizeof(t->osc_text) - 1 && c < 0x7f) {
		t->osc_text[t->osc_len++] = (char)c;
	}
}

/* --- Keys ----------------------------------------------------------------- */

static void
tell(struct term *t, uint32_t code, int x, int y)
{
	struct key k = { code, x, y, t->is_pasting };

	t->calls.on_key(t->arg, &k);
}

static void
mouse(struct term *t)
{
	int64_t now = clock_ms();
	bool is_double;
	MEVENT e;

	if (getmouse(&e) != OK)
		return;
	if (e.bstate & BUTTON4_PRESSED)
		tell(t, K_WHEEL_UP, e.x, e.y);
	else if (e.bstate & BUTTON5_PRESSED)
		tell(t, K_WHEEL_DOWN, e.x, e.y);
	else if (e.bstate & BUTTON1_PRESSED) {
		is_double = now - t->click_ms < DOUBLE_MS && t->click_x == e.x && t->click_y == e.y;
		t->click_ms = is_double ? 0 : now;
		t->click_x = e.x;
		t->click_y = e.y;
		tell(t, is_double ? K_DOUBLE : K_CLICK, e.x, e.y);
	}
}

static void
paste(struct term *t, bool begins)
{
	if (begins == t->is_pasting)
		return;
	t->is_pasting = begins;
	tell(t, K_PASTE, 0, 0);
}

static void
function_key(struct term *t, int c)
{
	size_t i;

	if (c == KEY_MOUSE)
		mouse(t);
	else if (c == PASTE_BEGIN || c == PASTE_END)
		paste(t, c == PASTE_BEGIN);
	else if (c > KEY_F0 && c <= KEY_F(12))
		tell(t, K_F1 + (uint32_t)(c - KEY_F(1)), 0, 0);
	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].curses == c)
			tell(t, codes[i].code, 0, 0);
}

static void
character(struct term *t, wint_t c)
{
	switch (c) {
	case '\r': case '\n':
		tell(t, K_ENTER, 0, 0);
		break;
	case '\t':
		tell(t, K_TAB, 0, 0);
		break;
	case 8: case 127:
		tell(t, K_BACKSPACE, 0, 0);
		break;
	case 27:
		tell(t, K_ESC, 0, 0);
		break;
	default:
		if (c != 0)
			tell(t, (uint32_t)c, 0, 0);
	}
}

/* ESC that ] follows at once is the begin of an answer, not a key. */
static void
escape(struct term *t)
{
	wint_t next;
	int what = get_wch(&next);

	if (what == OK && next == ']') {
		t->osc = OSC_TEXT;
		t->osc_len = 0;
		return;
	}
	character(t, 27);
	if (what == KEY_CODE_YES)
		function_key(t, (int)next);
	else if (what == OK)
		character(t, next);
}

static void
one_key(struct term *t, int what, wint_t c)
{
	if (what == KEY_CODE_YES)
		function_key(t, (int)c);
	else if (t->osc != OSC_NONE)
		osc_char(t, c);
	else if (c == 27)
		escape(t);
	else
		character(t, c);
}

/* Nothing was read although poll says that there is something: it is gone. */
static bool
has_hung_up(const struct term *t)
{
	struct pollfd p = { .fd = fileno(t->in), .events = POLLIN };
	int left = 0;

	if (poll(&p, 1, 0) <= 0)
		return false;
	if (p.revents & (POLLHUP | POLLERR | POLLNVAL))
		return true;
	return ioctl(p.fd, FIONREAD, &left) != 0 || left == 0;
}

void
term_read_keys(struct term *t)
{
	wint_t c = 0;
	int what;

	while (!t->has_ended && !t->is_left && (what = get_wch(&c)) != ERR)
		one_key(t, what, c);
}

void
term_on_input(int fd, short events, void *arg)
{
	struct term *t = arg;
	int64_t now = clock_ms();

	(void)fd;
	(void)events;
	if (now - t->key_ms > PASTE_MS) {
		paste(t, false);
		t->osc = OSC_NONE;
	}
	t->key_ms = now;
	term_read_keys(t);
	if (!t->has_ended && !t->is_left && has_hung_up(t))
		term_end(t, 1);
}
