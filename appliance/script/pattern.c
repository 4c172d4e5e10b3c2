/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lua's patterns; see pattern.h.
 *
 * Any thread.
 */
#include "script/pattern.h"

#include <ctype.h>
#include <string.h>

size_t
pattern_room(size_t len)
{
	return sizeof(struct pattern) + (len + 1) * sizeof(struct pattern_item);
}

bool
pattern_is_plain(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != '\0' && strchr("^$*+?.([%-", text[i]) != NULL)
			return false;
	return true;
}

/* ---- making ---- */

/* The text under work, and which captures are open where it stands. */
struct maker {
	const char	*p, *end;
	struct pattern	*out;
	int		 ncaptures;
	bool		 is_closed[PATTERN_CAPTURES];
};

static void
set_add(uint64_t *set, unsigned from, unsigned to)
{
	for (unsigned c = from; c <= to; c++)
		set[c / 64] |= 1ull << (c % 64);
}

static bool
set_has(const uint64_t *set, unsigned char c)
{
	return set[c / 64] >> (c % 64) & 1;
}

static void
set_invert(uint64_t *set)
{
	for (int i = 0; i < 4; i++)
		set[i] = ~set[i];
}

static int (*class_test(char letter))(int)
{
	switch (letter) {
	case 'a': return isalpha;
	case 'c': return iscntrl;
	case 'd': return isdigit;
	case 'g': return isgraph;
	case 'l': return islower;
	case 'p': return ispunct;
	case 's': return isspace;
	case 'u': return isupper;
	case 'w': return isalnum;
	case 'x': return isxdigit;
	default: return NULL;
	}
}

/* `%a`: a class, its opposite by the upper case, or the byte itself. */
static void
set_add_escaped(uint64_t *set, unsigned char letter)
{
	int (*test)(int) = class_test((char)tolower(letter));
	bool wants = !isupper(letter);

	if (test == NULL) {
		set_add(set, letter, letter);
		return;
	}
	for (int c = 0; c < 256; c++)
		if ((test(c) != 0) == wants)
			set_add(set, (unsigned)c, (unsigned)c);
}

static struct pattern_item *
item(struct maker *m, enum pattern_kind kind)
{
	struct pattern_item *it = &m->out->items[m->out->nitems++];

	*it = (struct pattern_item){ .kind = (uint8_t)kind };
	return it;
}

/* Nothing behind it is looked at. */
static void
bad(struct maker *m, const char *problem)
{
	item(m, PATTERN_BAD)->problem = problem;
	m->p = m->end;
}

/* The `]` of the set that begins at p (a `[`), or NULL after bad(). The first byte
 * is never the end. */
static const char *
set_end(struct maker *m, const char *p)
{
	p += p + 1 < m->end && p[1] == '^' ? 2 : 1;
	do {
		if (p >= m->end)
			return NULL;
		if (*p++ == '%')
			p++;
	} while (p >= m->end || *p != ']');
	return p;
}

static void
set_parse(uint64_t *set, const char *p, const char *end)
{
	bool is_inverted = p[1] == '^';

	for (p += is_inverted ? 2 : 1; p < end; p++) {
		if (*p == '%') {
			set_add_escaped(set, (unsigned char)*++p);
		} else if (p[1] == '-' && p + 2 < end) {
			set_add(set, (unsigned char)*p, (unsigned char)p[2]);
			p += 2;
		} else {
			set_add(set, (unsigned char)*p, (unsigned char)*p);
		}
	}
	if (is_inverted)
		set_invert(set);
}

/* m->p stands at a set; moves behind it. False after bad(). */
static bool
take_set(struct maker *m, struct pattern_item *it)
{
	const char *end = set_end(m, m->p);

	if (end == NULL) {
		m->out->nitems--;
		bad(m, "malformed pattern (missing ']')");
		return false;
	}
	set_parse(it->set, m->p, end);
	m->p = end + 1;
	return true;
}

static void
make_single(struct maker *m)
{
	struct pattern_item *it = item(m, PATTERN_SET);
	unsigned char c = (unsigned char)*m->p;

	if (c == '[') {
		if (!take_set(m, it))
			return;
	} else if (c == '.') {
		set_add(it->set, 0, 255);
		m->p++;
	} else if (c == '%') {
		set_add_escaped(it->set, (unsigned char)m->p[1]);
		m->p += 2;
	} else {
		set_add(it->set, c, c);
		m->p++;
	}
	if (m->p < m->end && *m->p != '\0' && strchr("?*+-", *m->p) != NULL)
		it->quantifier = *m->p++;
}

static void
make_open(struct maker *m)
{
	bool is_position = m->p + 1 < m->end && m->p[1] == ')';

	if (m->ncaptures == PATTERN_CAPTURES) {
		bad(m, "too many captures");
		return;
	}
	(void)item(m, is_position ? PATTERN_POSITION : PATTERN_OPEN);
	m->is_closed[m->ncaptures++] = is_position;
	m->p += is_position ? 2 : 1;
}

static void
make_close(struct maker *m)
{
	int i = m->ncaptures - 1;

	while (i >= 0 && m->is_closed[i])
		i--;
	if (i < 0) {
		bad(m, "invalid pattern capture");
		return;
	}
	m->is_closed[i] = true;
	item(m, PATTERN_CLOSE)->a = (uint8_t)i;
	m->p++;
}

static void
make_again(struct maker *m)
{
	int i = m->p[1] - '1';

	if (i < 0 || i >= m->ncaptures || !m->is_closed[i]) {
		bad(m, "invalid capture index in pattern");
		return;
	}
	item(m, PATTERN_AGAIN)->a = (uint8_t)i;
	m->p += 2;
}

static void
make_balance(struct maker *m)
{
	struct pattern_item *it;

	if (m->end - m->p < 4) {
		bad(m, "malformed pattern (missing arguments to '%b')");
		return;
	}
	it = item(m, PATTERN_BALANCE);
	it->a = (uint8_t)m->p[2];
	it->b = (uint8_t)m->p[3];
	m->p += 4;
}

static void
make_frontier(struct maker *m)
{
	m->p += 2;
	if (m->p == m->end || *m->p != '[')
		bad(m, "missing '[' after '%f' in pattern");
	else
		(void)take_set(m, item(m, PATTERN_FRONTIER));
}

static void
make_escaped(struct maker *m)
{
	if (m->p + 1 == m->end)
		bad(m, "malformed pattern (ends with '%')");
	else if (m->p[1] == 'b')
		make_balance(m);
	else if (m->p[1] == 'f')
		make_frontier(m);
	else if (isdigit((unsigned char)m->p[1]))
		make_again(m);
	else
		make_single(m);
}

void
pattern_make(struct pattern *ret, const char *text, size_t len, bool may_anchor)
{
	struct maker m = { .p = text, .end = text + len, .out = ret };

	ret->nitems = 0;
	ret->is_anchored = may_anchor && len > 0 && text[0] == '^';
	m.p += ret->is_anchored;
	while (m.p < m.end) {
		if (*m.p == '(')
			make_open(&m);
		else if (*m.p == ')')
			make_close(&m);
		else if (*m.p == '%')
			make_escaped(&m);
		else if (*m.p == '$' && m.p + 1 == m.end)
			(void)item(&m, PATTERN_AT_END), m.p++;
		else
			make_single(&m);
	}
	(void)item(&m, PATTERN_DONE);
}

/* ---- matching ---- */

static const char *go(struct pattern_run *r, const char *s, const struct pattern_item *it);

/* False: enough. */
static inline bool
step(struct pattern_run *r, uint64_t n)
{
	r->steps += n;
	if (r->steps > r->steps_max && r->problem == NULL)
		r->problem = "pattern takes too many steps";
	return r->problem == NULL;
}

static inline bool
is_in(const struct pattern_run *r, const char *s, const struct pattern_item *it)
{
	return s < r->end && set_has(it->set, (unsigned char)*s);
}

/* As many as there are, then fewer. */
static const char *
go_greedy(struct pattern_run *r, const char *s, const struct pattern_item *it)
{
	const char *p = s, *least = s + (it->quantifier == '+'), *end;

	while (is_in(r, p, it) && !(it->quantifier == '?' && p > s))
		p++;
	if (!step(r, (uint64_t)(p - s)))
		return NULL;
	for (; p >= least; p--) {
		end = go(r, p, it + 1);
		if (end != NULL || r->problem != NULL)
			return end;
	}
	return NULL;
}

static const char *
go_lazy(struct pattern_run *r, const char *s, const struct pattern_item *it)
{
	for (;; s++) {
		const char *end = go(r, s, it + 1);

		if (end != NULL || r->problem != NULL || !is_in(r, s, it))
			return end;
	}
}

static const char *
go_open(struct pattern_run *r, const char *s, const struct pattern_item *it)
{
	const char *end;

	r->captures[r->ncaptures++] = (struct pattern_capture){ s,
	    it->kind == PATTERN_POSITION ? PATTERN_LEN_POSITION : PATTERN_LEN_OPEN };
	end = go(r, s, it + 1);
	if (end == NULL)
		r->ncaptures--;
	return end;
}

static const char *
go_close(struct pattern_run *r, const char *s, const struct pattern_item *it)
{
	const char *end;

	r->captures[it->a].len = s - r->captures[it->a].start;
	end = go(r, s, it + 1);
	if (end == NULL)
		r->captures[it->a].len = PATTERN_LEN_OPEN;
	return end;
}

/* Behind the balanced text at s, or NULL. */
static const char *
balanced(struct pattern_run *r, const char *s, const struct pattern_item *it)
{
	const char *p = s;
	long depth = 1;

	if (s == r->end || (uint8_t)*s != it->a)
		return NULL;
	while (++p < r->end) {
		if ((uint8_t)*p == it->b)
			depth--;
		else if ((uint8_t)*p == it->a)
			depth++;
		if (depth == 0)
			break;
	}
	return step(r, (uint64_t)(p - s)) && p < r->end ? p + 1 : NULL;
}

/* Behind what a capture has, once more. */
static const char *
again(struct pattern_run *r, const char *s, const struct pattern_item *it)
{
	const struct pattern_capture *c = &r->captures[it->a];

	if (c->len < 0 || r->end - s < c->len || !step(r, (uint64_t)c->len) ||
	    memcmp(c->start, s, (size_t)c->len) != 0)
		return NULL;
	return s + c->len;
}

static bool
is_frontier(const struct pattern_run *r, const char *s, const struct pattern_item *it)
{
	unsigned char before = s == r->subject ? 0 : (unsigned char)s[-1];
	unsigned char here = s == r->end ? 0 : (unsigned char)*s;

	return !set_has(it->set, before) && set_has(it->set, here);
}

static const char *
walk(struct pattern_run *r, const char *s, const struct pattern_item *it)
{
	for (; s != NULL && step(r, 1); it++)
		switch ((enum pattern_kind)it->kind) {
		case PATTERN_SET:
			if (it->quantifier == '-')
				return go_lazy(r, s, it);
			if (it->quantifier != 0)
				return go_greedy(r, s, it);
			s = is_in(r, s, it) ? s + 1 : NULL;
			break;
		case PATTERN_OPEN:
		case PATTERN_POSITION:
			return go_open(r, s, it);
		case PATTERN_CLOSE:
			return go_close(r, s, it);
		case PATTERN_AGAIN:
			s = again(r, s, it);
			break;
		case PATTERN_BALANCE:
			s = balanced(r, s, it);
			break;
		case PATTERN_FRONTIER:
			s = is_frontier(r, s, it) ? s : NULL;
			break;
		case PATTERN_AT_END:
			return s == r->end ? s : NULL;
		case PATTERN_DONE:
			return s;
		case PATTERN_BAD:
			r->problem = it->problem;
			return NULL;
		}
	return NULL;
}

static const char *
go(struct pattern_run *r, const char *s, const struct pattern_item *it)
{
	const char *end;

	if (++r->depth > PATTERN_DEPTH) {
		r->problem = "pattern too complex";
		return NULL;
	}
	end = walk(r, s, it);
	r->depth--;
	return end;
}

const char *
pattern_try(const struct pattern *p, struct pattern_run *r, const char *at)
{
	r->ncaptures = 0;
	r->depth = 0;
	return go(r, at, p->items);
}
