/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vt.h: a program in a terminal of our own (forkpty), whose screen libvterm keeps.
 * Keys are written to it, sizes changed, cells looked at; everything waits with a
 * limit. Needs libvterm; without it vt_start is not there (VT_MISSING).
 */
#ifndef WEIR_T_LIB_VT_H
#define WEIR_T_LIB_VT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#if !__has_include(<vterm.h>)
#define VT_MISSING 1
#endif

struct vt {
	pid_t	 pid;
	int	 fd;			/* of the terminal's other side; -1: closed */
	int	 w, h;
	void	*term, *screen;		/* libvterm's */
	size_t	 bytes;			/* that the program has written */
	size_t	 frames;		/* ends of synchronized output (CSI ? 2026 l) */
	char	 rest[4];		/* a character that was read in part */
	size_t	 nrest;
	bool	 has_ended;
	int	 status;		/* as of waitpid */
};

/* What a cell looks like. Colours: -1 the terminal's own, or a number of the palette,
 * or 0x1000000 + RGB. */
struct vt_cell {
	uint32_t rune;
	bool	 bold, underline, reverse;
	int	 fg, bg;
};

/* argv and env end with NULL. */
struct vt *vt_start(int w, int h, const char *const argv[], const char *const env[]);
/* Ends the program when it has not ended, frees all. */
void	vt_stop(struct vt *vt);
/* Reads what comes within ms; true: something came. */
bool	vt_read(struct vt *vt, int ms);
/* Until the screen has the text; false: not within ms. */
bool	vt_wait_text(struct vt *vt, const char *text, int ms);
/* Until the program ends; false: it did not within ms. */
bool	vt_wait_end(struct vt *vt, int ms);
bool	vt_has_text(const struct vt *vt, const char *text);
void	vt_keys(struct vt *vt, const char *bytes, size_t len);
void	vt_resize(struct vt *vt, int w, int h);
void	vt_hang_up(struct vt *vt);
struct vt_cell vt_cell(const struct vt *vt, int x, int y);
/* A row as UTF-8, blanks at its end cut. */
void	vt_row(const struct vt *vt, int y, char *buf, size_t size);
/* The whole screen as TAP comments. */
void	vt_show(const struct vt *vt);
/* Milliseconds of a clock that only goes on. */
double	vt_now_ms(void);

#endif
