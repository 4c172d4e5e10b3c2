/* SPDX-License-Identifier: BSD-2-Clause */
#include "vt.h"

#ifndef VT_MISSING
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <vterm.h>

#include "tap.h"

double
vt_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

struct vt *
vt_start(int w, int h, const char *const argv[], const char *const env[])
{
	struct winsize ws = { .ws_row = (unsigned short)h, .ws_col = (unsigned short)w };
	struct vt *vt = calloc(1, sizeof(*vt));

	vt->w = w;
	vt->h = h;
	vt->pid = forkpty(&vt->fd, NULL, NULL, &ws);
	if (vt->pid == 0) {
		execve(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)env);
		_exit(127);
	}
	fcntl(vt->fd, F_SETFL, O_NONBLOCK);
	fcntl(vt->fd, F_SETFD, FD_CLOEXEC);
	vt->term = vterm_new(h, w);
	vterm_set_utf8(vt->term, 1);
	vt->screen = vterm_obtain_screen(vt->term);
	vterm_screen_enable_altscreen(vt->screen, 1);
	vterm_screen_reset(vt->screen, 1);
	return vt;
}

static void
reap(struct vt *vt, int flags)
{
	if (!vt->has_ended && waitpid(vt->pid, &vt->status, flags) == vt->pid)
		vt->has_ended = WIFEXITED(vt->status) || WIFSIGNALED(vt->status);
}

void
vt_stop(struct vt *vt)
{
	vt_hang_up(vt);
	if (!vt->has_ended)
		kill(vt->pid, SIGKILL);
	reap(vt, 0);
	vterm_free(vt->term);
	free(vt);
}

void
vt_hang_up(struct vt *vt)
{
	if (vt->fd >= 0)
		close(vt->fd);
	vt->fd = -1;
}

/* Bytes at the end that begin a character whose rest is still to come; libvterm wants
 * characters whole. */
static size_t
unfinished(const char *buf, size_t len)
{
	size_t n;

	for (n = 1; n <= 3 && n <= len; n++) {
		unsigned char c = (unsigned char)buf[len - n];

		if (c < 0x80)
			return 0;
		if (c >= 0xc0)
			return (c >= 0xf0 ? 4u : c >= 0xe0 ? 3u : 2u) > n ? n : 0;
	}
	return 0;
}

bool
vt_read(struct vt *vt, int ms)
{
	struct pollfd p = { .fd = vt->fd, .events = POLLIN };
	char buf[65536], *at = buf;
	ssize_t n;

	if (vt->fd < 0 || poll(&p, 1, ms) <= 0)
		return false;
	memcpy(buf, vt->rest, vt->nrest);
	n = read(vt->fd, buf + vt->nrest, sizeof(buf) - vt->nrest);
	if (n <= 0)
		return false;
	vt->bytes += (size_t)n;
	n += (ssize_t)vt->nrest;
	vt->nrest = unfinished(buf, (size_t)n);
	n -= (ssize_t)vt->nrest;
	memcpy(vt->rest, buf + n, vt->nrest);
	while ((at = memmem(at, (size_t)(buf + n - at), "\033[?2026l", 8)) != NULL) {
		vt->frames++;
		at += 8;
	}
	vterm_input_write(vt->term, buf, (size_t)n);
	return true;
}

struct vt_cell
vt_cell(const struct vt *vt, int x, int y)
{
	struct vt_cell c = { .rune = ' ', .fg = -1, .bg = -1 };
	VTermScreenCell cell;
	VTermColor *from[2] = { &cell.fg, &cell.bg };
	int *to[2] = { &c.fg, &c.bg }, i;

	if (!vterm_screen_get_cell(vt->screen, (VTermPos){ y, x }, &cell))
		return c;
	c.rune = cell.chars[0] != 0 ? cell.chars[0] : ' ';
	c.bold = cell.attrs.bold;
	c.underline = cell.attrs.underline;
	c.reverse = cell.attrs.reverse;
	for (i = 0; i < 2; i++) {
		if (VTERM_COLOR_IS_DEFAULT_FG(from[i]) || VTERM_COLOR_IS_DEFAULT_BG(from[i]))
			continue;
		*to[i] = VTERM_COLOR_IS_INDEXED(from[i]) ? from[i]->indexed.idx :
		    0x1000000 + (from[i]->rgb.red << 16 | from[i]->rgb.green << 8 |
		    from[i]->rgb.blue);
	}
	return c;
}

static size_t
put_utf8(char *to, uint32_t r)
{
	if (r < 0x80)
		return to[0] = (char)r, 1;
	if (r < 0x800) {
		to[0] = (char)(0xc0 | r >> 6);
		to[1] = (char)(0x80 | (r & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | (r >> 12 & 0xf));
	to[1] = (char)(0x80 | (r >> 6 & 0x3f));
	to[2] = (char)(0x80 | (r & 0x3f));
	return 3;
}

void
vt_row(const struct vt *vt, int y, char *buf, size_t size)
{
	size_t n = 0;
	int x;

	for (x = 0; x < vt->w && n + 4 < size; x++)
		n += put_utf8(buf + n, vt_cell(vt, x, y).rune);
	while (n > 0 && buf[n - 1] == ' ')
		n--;
	buf[n] = '\0';
}

bool
vt_has_text(const struct vt *vt, const char *text)
{
	char row[2048];
	int y;

	for (y = 0; y < vt->h; y++) {
		vt_row(vt, y, row, sizeof(row));
		if (strstr(row, text) != NULL)
			return true;
	}
	return false;
}

bool
vt_wait_text(struct vt *vt, const char *text, int ms)
{
	double until = vt_now_ms() + ms;

	while (!vt_has_text(vt, text)) {
		if (vt_now_ms() >= until)
			return false;
		vt_read(vt, 20);
	}
	return true;
}

bool
vt_wait_end(struct vt *vt, int ms)
{
	double until = vt_now_ms() + ms;

	for (reap(vt, WNOHANG); !vt->has_ended; reap(vt, WNOHANG)) {
		if (vt_now_ms() >= until)
			return false;
		if (!vt_read(vt, 2))
			poll(NULL, 0, 1);
	}
	while (vt_read(vt, 0))
		;
	return true;
}

void
vt_keys(struct vt *vt, const char *bytes, size_t len)
{
	struct pollfd p = { .fd = vt->fd, .events = POLLOUT };
	ssize_t n;

	while (len > 0 && vt->fd >= 0) {
		vt_read(vt, 0);
		n = write(vt->fd, bytes, len > 256 ? 256 : len);
		if (n < 0 && (errno != EAGAIN || poll(&p, 1, 5000) <= 0))
			return;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

void
vt_resize(struct vt *vt, int w, int h)
{
	struct winsize ws = { .ws_row = (unsigned short)h, .ws_col = (unsigned short)w };

	ioctl(vt->fd, TIOCSWINSZ, &ws);
	vterm_set_size(vt->term, h, w);
	vt->w = w;
	vt->h = h;
}

void
vt_show(const struct vt *vt)
{
	char row[2048];
	int y;

	for (y = 0; y < vt->h; y++) {
		vt_row(vt, y, row, sizeof(row));
		tap_diag("|%s", row);
	}
}
#endif
