/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Colours. A theme is a short table of roles; the long rows (ramp, heat, hosts)
 * are interpolated from a few stops. The default palette is Okabe and Ito's,
 * which people with any kind of colour vision can tell apart; states differ in
 * lightness, sign and word as well. t/unit/tui_theme.c computes each contrast.
 */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/out.h"
#include "tui/theme.h"

#define OWN	COLOUR_DEFAULT

/* Stops of a row of colours. */
struct stops { uint32_t rgb[5]; };

struct palette {
	const char *name, *text;
	bool	 is_light;
	struct paint paint[R_GRAPH + 1];
	struct paint code[R_HOST - R_DIFF_ADD];	/* from R_DIFF_ADD on */
	struct stops ramp, heat;
	uint32_t hosts[8];
};

/* Names keep the table below readable. */
#define P(color)	{ (color), OWN, 0 }
#define PB(color)	{ (color), OWN, AT_BOLD }

static const struct palette palettes[] = {
	{ "default", "for dark grounds, safe for colour-blind eyes", false, {
		[R_FG] = P(OWN), [R_DIM] = P(0x8c96a0), [R_TITLE] = PB(0xd8dee6),
		[R_KEY] = PB(0x56b4e9), [R_BORDER] = P(0x7d8790), [R_FOCUS] = PB(0xf0e442),
		[R_GOOD] = P(0x2fc28f), [R_WARN] = P(0xf0c030), [R_CRIT] = PB(0xff7a45),
		[R_INFO] = P(0x56b4e9), [R_MAINT] = P(0xb0a0d8), [R_DRAIN] = P(0x7fc4f0),
		[R_UNKNOWN] = P(0xa8b0b8), [R_ACCENT] = P(0xe0a0c8), [R_MARK] = PB(0xf0e442),
		[R_SPARK] = P(0x66b8dc), [R_SEL] = P(0x11375f),
		[R_GRAPH] = P(0x56b4e9) },
		{ P(0x2fc28f), P(0xff7a45), P(0x56b4e9), P(0x2fc28f),
		P(0x8c96a0), P(0xe69f00) },
		{ { 0x2a9fd6, 0x38b6c8, 0x5cc98a, 0xe8c63a, 0xff7a45 } },
		{ { 0x00224e, 0x35456c, 0x7c7b78, 0xbcaf6f, 0xfee838 } },
		{ 0x56b4e9, 0xe69f00, 0x2fc28f, 0xf0e442, 0xe0a0c8,
		    0xff7a45, 0x8ab0ff, 0xc0c8d0 } },
	{ "light", "for light grounds", true, {
		[R_FG] = P(OWN), [R_DIM] = P(0x5a6470), [R_TITLE] = PB(0x202830),
		[R_KEY] = PB(0x00568c), [R_BORDER] = P(0x707a84), [R_FOCUS] = PB(0x8a3c00),
		[R_GOOD] = P(0x006b4a), [R_WARN] = P(0x7a5200), [R_CRIT] = PB(0xb02a00),
		[R_INFO] = P(0x00568c), [R_MAINT] = P(0x5c4a94), [R_DRAIN] = P(0x1f5f9a),
		[R_UNKNOWN] = P(0x505860), [R_ACCENT] = P(0x8c3f70), [R_MARK] = PB(0x8a3c00),
		[R_SPARK] = P(0x1f6fa8), [R_SEL] = P(0xcfe4f7),
		[R_GRAPH] = P(0x1f6fa8) },
		{ P(0x006b4a), P(0xb02a00), P(0x00568c), P(0x006b4a),
		P(0x5a6470), P(0x8a4b00) },
		{ { 0x00629c, 0x006f78, 0x2f6b2f, 0x7a5200, 0xb02a00 } },
		{ { 0xf4f0d8, 0xd8c878, 0x9a9474, 0x4f5f80, 0x00224e } },
		{ 0x00568c, 0x8a4b00, 0x006b4a, 0x6b5f00, 0x8c3f70,
		    0xb02a00, 0x3848a8, 0x505860 } },
	{ "okabe", "Okabe and Ito's colours as published", false, {
		[R_FG] = P(OWN), [R_DIM] = P(0x9aa0a6), [R_TITLE] = PB(0xffffff),
		[R_KEY] = PB(0x56b4e9), [R_BORDER] = P(0x80868c), [R_FOCUS] = PB(0xf0e442),
		[R_GOOD] = P(0x00b483), [R_WARN] = P(0xe69f00), [R_CRIT] = PB(0xf08040),
		[R_INFO] = P(0x56b4e9), [R_MAINT] = P(0xcc79a7), [R_DRAIN] = P(0x56b4e9),
		[R_UNKNOWN] = P(0xb0b0b0), [R_ACCENT] = P(0xcc79a7), [R_MARK] = PB(0xf0e442),
		[R_SPARK] = P(0x56b4e9), [R_SEL] = P(0x0c2a48),
		[R_GRAPH] = P(0x56b4e9) },
		{ P(0x00b483), P(0xf08040), P(0x56b4e9), P(0x00b483),
		P(0x9aa0a6), P(0xe69f00) },
		{ { 0x3a94d0, 0x56b4e9, 0x00b483, 0xf0e442, 0xf08040 } },
		{ { 0x00224e, 0x35456c, 0x7c7b78, 0xbcaf6f, 0xfee838 } },
		{ 0x56b4e9, 0xe69f00, 0x00b483, 0xf0e442, 0xcc79a7,
		    0xf08040, 0x7fb0ff, 0xc0c0c0 } },
	{ "hicontrast", "bright colours on black", false, {
		[R_FG] = P(0xffffff), [R_DIM] = P(0xd0d0d0), [R_TITLE] = PB(0xffffff),
		[R_KEY] = PB(0x80d8ff), [R_BORDER] = P(0xd0d0d0), [R_FOCUS] = PB(0xffff00),
		[R_GOOD] = P(0x50ffb0), [R_WARN] = PB(0xffd000), [R_CRIT] = PB(0xff9060),
		[R_INFO] = P(0x80d8ff), [R_MAINT] = P(0xe0c8ff), [R_DRAIN] = P(0x80d8ff),
		[R_UNKNOWN] = P(0xe0e0e0), [R_ACCENT] = P(0xffb0e0), [R_MARK] = PB(0xffff00),
		[R_SPARK] = P(0x80d8ff), [R_SEL] = P(0x003a70),
		[R_GRAPH] = P(0x80d8ff) },
		{ P(0x50ffb0), P(0xff9060), P(0x80d8ff), P(0x50ffb0),
		P(0xd0d0d0), P(0xffd000) },
		{ { 0x60c8ff, 0x60e8e8, 0x50ffb0, 0xffe000, 0xff9060 } },
		{ { 0x003878, 0x4870a8, 0xa0a0a0, 0xe0d080, 0xffff60 } },
		{ 0x80d8ff, 0xffc060, 0x50ffb0, 0xffff00, 0xffb0e0,
		    0xff9060, 0xa8c8ff, 0xe0e0e0 } },
};
#define NPALETTES	(sizeof(palettes) / sizeof(palettes[0]))

/* "mono" is default's table looked at without colours. */
static struct theme themes[NPALETTES + 1];
#define MONO	NPALETTES

/* --- From palettes to themes --------------------------------------------- */

static unsigned
channel(uint32_t rgb, int shift)
{
	return rgb >> shift & 0xff;
}

static uint32_t
between(uint32_t a, uint32_t b, double share)
{
	uint32_t rgb = 0;
	int shift;

	for (shift = 0; shift <= 16; shift += 8)
		rgb |= (uint32_t)(channel(a, shift) + share * ((double)channel(b, shift) -
		    channel(a, shift)) + 0.5) << shift;
	return rgb;
}

static uint32_t
along(const struct stops *s, double share)
{
	double at = share * 4;
	int i = at >= 4 ? 3 : (int)at;

	return between(s->rgb[i], s->rgb[i + 1], at - i);
}

static void
theme_fill(struct theme *t, const struct palette *p)
{
	int i;

	t->name = p->name;
	t->text = p->text;
	t->is_light = p->is_light;
	for (i = 0; i <= R_GRAPH; i++)
		t->paint[i] = p->paint[i];
	for (i = R_DIFF_ADD; i < R_HOST; i++)
		t->paint[i] = p->code[i - R_DIFF_ADD];
	for (i = 0; i < 8; i++)
		t->paint[R_HOST + i] = (struct paint)P(p->hosts[i]);
	for (i = 0; i <= 100; i++)
		t->paint[R_RAMP + i] = (struct paint)P(along(&p->ramp, i / 100.0));
	for (i = 0; i < 24; i++)
		t->paint[R_HEAT + i] = (struct paint)P(along(&p->heat, i / 23.0));
}

static void
themes_load(void)
{
	size_t i;

	if (themes[0].name != NULL)
		return;
	for (i = 0; i < NPALETTES; i++)
		theme_fill(&themes[i], &palettes[i]);
	theme_fill(&themes[MONO], &palettes[0]);
	themes[MONO].name = "mono";
	themes[MONO].text = "no colours: bold, underline and reverse";
}

const char *
theme_name(unsigned i)
{
	themes_load();
	return i <= MONO ? themes[i].name : NULL;
}

const struct theme *
theme_find(const char *name)
{
	size_t i;

	themes_load();
	for (i = 0; i <= MONO; i++)
		if (strcmp(themes[i].name, name) == 0)
			return &themes[i];
	return NULL;
}

/* --- Depths -------------------------------------------------------------- */

/* Greys to the grey row, others to the cube of 6 x 6 x 6. */
int
colour_256(uint32_t rgb)
{
	unsigned r = channel(rgb, 16), g = channel(rgb, 8), b = channel(rgb, 0);

	if (r / 11 == g / 11 && g / 11 == b / 11)
		return (int)(232 + (r / 11 > 23 ? 23 : r / 11));
	return (int)(16 + 36 * ((r + 25) / 51) + 6 * ((g + 25) / 51) + (b + 25) / 51);
}

int
colour_16(uint32_t rgb)
{
	static const uint32_t table[16] = {
		0x000000, 0xaa0000, 0x00aa00, 0xaa5500, 0x0000aa, 0xaa00aa, 0x00aaaa, 0xaaaaaa,
		0x555555, 0xff5555, 0x55ff55, 0xffff55, 0x5555ff, 0xff55ff, 0x55ffff, 0xffffff
	};
	int best = 7, i, shift, d;
	long dist, nearest = -1;

	for (i = 0; i < 16; i++) {
		for (dist = 0, shift = 0; shift <= 16; shift += 8) {
			d = (int)channel(rgb, shift) - (int)channel(table[i], shift);
			dist += (long)d * d;
		}
		if (nearest < 0 || dist < nearest) {
			nearest = dist;
			best = i;
		}
	}
	return best;
}

/* What a role is without colours. */
static uint8_t
mono_attr(int role)
{
	switch (role) {
	case R_TITLE: case R_KEY: case R_FOCUS: case R_CRIT: case R_WARN: case R_MARK:
	case R_DIFF_ADD: case R_SYN_KW:
		return AT_BOLD;
	case R_DIFF_DEL:
		return AT_UNDER;
	case R_DIM: case R_SYN_COM:
		return AT_DIM;
	}
	return role >= R_RAMP + 80 && role < R_HEAT ? AT_BOLD : 0;
}

static int32_t
in_depth(enum depth d, uint32_t rgb)
{
	if (rgb == OWN || d == DEPTH_MONO)
		return -1;
	return d == DEPTH_TRUE ? (int32_t)rgb : d == DEPTH_256 ? colour_256(rgb) : colour_16(rgb);
}

/* Strengths in the 256 colours, dark to light and light to dark: the nearest ones would
 * change their hue from step to step. */
static const uint8_t heat_256[2][12] = {
	{ 17, 18, 60, 60, 241, 243, 102, 144, 143, 179, 221, 227 },
	{ 230, 229, 187, 186, 143, 144, 102, 243, 241, 60, 18, 17 }
};

static int32_t
role_in_depth(const struct theme *t, enum depth d, int role, uint32_t rgb)
{
	if (d == DEPTH_256 && role >= R_HEAT && role < R_HEAT + 24)
		return heat_256[t->is_light][(role - R_HEAT) / 2];
	return in_depth(d, rgb);
}

struct look
theme_look(const struct theme *t, enum depth d, const struct cell *c)
{
	const struct paint *p = &t->paint[c->role];
	struct look l;

	if (t == &themes[MONO])
		d = DEPTH_MONO;
	l.attr = c->attr;
	l.fg = role_in_depth(t, d, c->role, p->fg);
	l.bg = c->bg_role == R_FG ? in_depth(d, p->bg) :
	    role_in_depth(t, d, c->bg_role, t->paint[c->bg_role].fg);
	if (d == DEPTH_16 && c->bg_role == R_SEL)
		l.bg = t->is_light ? 7 : 4;
	if (d == DEPTH_MONO) {
		l.attr |= mono_attr(c->role);
		if (c->bg_role == R_FOCUS || c->bg_role == R_SEL)
			l.attr |= AT_REVERSE;
	} else
		l.attr |= p->attr;
	return l;
}

double
colour_contrast(uint32_t a, uint32_t b)
{
	static const double weight[3] = { 0.0722, 0.7152, 0.2126 };
	double lum[2] = { 0, 0 }, v, t;
	uint32_t rgb[2] = { a, b };
	int i, k;

	for (i = 0; i < 2; i++)
		for (k = 0; k < 3; k++) {
			v = channel(rgb[i], 8 * k) / 255.0;
			lum[i] += weight[k] * (v <= 0.04045 ? v / 12.92 :
			    pow((v + 0.055) / 1.055, 2.4));
		}
	if (lum[0] < lum[1]) {
		t = lum[0];
		lum[0] = lum[1];
		lum[1] = t;
	}
	return (lum[0] + 0.05) / (lum[1] + 0.05);
}

/* --- With SGR sequences -------------------------------------------------- */

static void
put_colour(struct outbuf *b, enum depth d, int32_t colour, int base)
{
	if (colour < 0)
		return;
	if (d == DEPTH_TRUE)
		outbuf_fmt(b, ";%d;2;%d;%d;%d", base + 8, colour >> 16, colour >> 8 & 255,
		    colour & 255);
	else if (d == DEPTH_256)
		outbuf_fmt(b, ";%d;5;%d", base + 8, colour);
	else
		outbuf_fmt(b, ";%d", colour < 8 ? base + colour : base + 60 + colour - 8);
}

static void
put_look(struct outbuf *b, enum depth d, const struct look *l)
{
	outbuf_z(b, "\033[0");
	if (l->attr & AT_BOLD)
		outbuf_z(b, ";1");
	if (l->attr & AT_DIM)
		outbuf_z(b, ";2");
	if (l->attr & AT_UNDER)
		outbuf_z(b, ";4");
	if (l->attr & AT_REVERSE)
		outbuf_z(b, ";7");
	put_colour(b, d, l->fg, 30);
	put_colour(b, d, l->bg, 40);
	outbuf_z(b, "m");
}

void
theme_print(const struct grid *g, const struct theme *t, enum depth d, struct outbuf *b)
{
	const struct cell *c;
	struct look now, last;
	int x, y;

	for (y = 0; y < g->h; y++) {
		memset(&last, 0xff, sizeof(last));
		for (x = 0; x < g->w; x++) {
			c = &g->cells[y * g->w + x];
			now = theme_look(t, d, c);
			if (now.fg != last.fg || now.bg != last.bg || now.attr != last.attr)
				put_look(b, d, &now);
			last = now;
			rune_print(b, c->rune);
		}
		outbuf_z(b, "\033[0m\n");
	}
}
