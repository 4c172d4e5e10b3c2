/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pattern sets. Each kind compiles to what its test wants:
 *   str, bin   a hash table by xxh3, open addressing, half full at most
 *   beg, end   a sorted array without patterns that another one implies, so one
 *              binary search decides (end: patterns and subject are reversed)
 *   int, len   sorted disjoint ranges
 *   ip         sorted disjoint ranges, IPv4 and IPv6 apart
 *   sub, dir, dom, reg   a list, tried in order
 *
 * A set lives in the snapshot's arena and does not change once compiled; matches
 * run in data threads.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "net/addr.h"
#include "proxy/acl.h"
#include "proxy/sample.h"

typedef unsigned __int128 u128;

struct range {			/* inclusive; ints are shifted to unsigned order */
	u128		 lo, hi;
};

struct ranges {
	struct range	*r;
	uint32_t	 n, cap;
};

struct slot {
	uint64_t	 hash;
	struct str	 s;		/* p NULL = free */
};

struct pat_set {
	uint8_t		 match;		/* enum pat_match */
	bool		 icase;
	uint8_t		 op;		/* enum int_op for the following patterns */
	struct str	*text;		/* arena; lower case under icase, reversed for end */
	uint32_t	 n, cap;
	struct regex	**regex;
	struct ranges	 v4;		/* also ints and lengths */
	struct ranges	 v6;
	struct slot	*slots;
	uint32_t	 mask;
	uint32_t	 min_len, max_len;
};

enum int_op { OP_EQ, OP_GE, OP_GT, OP_LE, OP_LT };

struct pat_set *
pat_set_new(struct cfg *c, enum pat_match match, bool ignore_case)
{
	struct pat_set *p = arena_alloc(c->arena, sizeof(*p));

	p->match = (uint8_t)match;
	p->icase = ignore_case;
	return p;
}

/* Doubles an array of the arena. */
static void *
grow(struct arena *a, const void *old, uint32_t n, uint32_t *cap, size_t item)
{
	void *p;

	*cap = *cap == 0 ? 4 : *cap * 2;
	p = arena_calloc(a, *cap, item);
	if (n > 0)
		memcpy(p, old, n * item);
	return p;
}

static void
range_add(struct cfg *c, struct ranges *rs, u128 lo, u128 hi)
{
	if (rs->n == rs->cap)
		rs->r = grow(c->arena, rs->r, rs->n, &rs->cap, sizeof(*rs->r));
	rs->r[rs->n++] = (struct range){ lo, hi };
}

static void
text_add(struct cfg *c, struct pat_set *p, struct str s)
{
	if (p->n == p->cap)
		p->text = grow(c->arena, p->text, p->n, &p->cap, sizeof(*p->text));
	p->text[p->n++] = s;
}

/* ---- adding ---- */

static u128
int_key(int64_t v)
{
	return (u128)((uint64_t)v ^ 1ull << 63);
}

static int
op_of(const char *word)
{
	static const char *const names[] = { "eq", "ge", "gt", "le", "lt" };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(word, names[i]) == 0)
			return (int)i;
	return -1;
}

static int
add_int_op(struct cfg *c, struct pat_set *p, int64_t v)
{
	u128 k = int_key(v), max = int_key(INT64_MAX);

	switch (p->op) {
	case OP_EQ:
		range_add(c, &p->v4, k, k);
		break;
	case OP_GE:
		range_add(c, &p->v4, k, max);
		break;
	case OP_GT:
		if (k < max)
			range_add(c, &p->v4, k + 1, max);
		break;
	case OP_LE:
		range_add(c, &p->v4, 0, k);
		break;
	default:
		if (k > 0)
			range_add(c, &p->v4, 0, k - 1);
	}
	return 0;
}

/* `5`, `5:9`, `5:`, `:9`, `gt` for what follows */
static int
add_int(struct cfg *c, struct pat_set *p, const char *word)
{
	int64_t lo = INT64_MIN, hi = INT64_MAX;
	const char *colon = strchr(word, ':');
	struct str a = str_of(word), b;
	int op = op_of(word);

	if (op >= 0) {
		p->op = (uint8_t)op;
		return 0;
	}
	if (colon == NULL) {
		if (!str_to_i64(a, &lo))
			goto bad;
		return add_int_op(c, p, lo);
	}
	a.len = (size_t)(colon - word);
	b = str_of(colon + 1);
	if (p->op != OP_EQ || (a.len == 0 && b.len == 0) ||
	    (a.len > 0 && !str_to_i64(a, &lo)) || (b.len > 0 && !str_to_i64(b, &hi)) || lo > hi)
		goto bad;
	range_add(c, &p->v4, int_key(lo), int_key(hi));
	return 0;
bad:
	diag_error(c->diag, "'%s' is not a number or a range 'low:high'", word);
	return -1;
}

static u128
v6_key(const struct in6_addr *a)
{
	u128 v = 0;

	for (int i = 0; i < 16; i++)
		v = v << 8 | a->s6_addr[i];
	return v;
}

static int
add_ip(struct cfg *c, struct pat_set *p, const char *word)
{
	struct ip_net net;
	u128 lo, host;

	if (ip_net_parse(str_of(word), &net) < 0) {
		diag_error(c->diag, "'%s' is not a valid IPv4 or IPv6 address", word);
		return -1;
	}
	if (net.base.family == AF_INET) {
		host = net.bits >= 32 ? 0 : 0xffffffffu >> net.bits;
		lo = ntohl(net.base.ip.v4.s_addr) & ~host;
		range_add(c, &p->v4, lo, lo | host);
	} else {
		host = net.bits >= 128 ? 0 : ~(u128)0 >> net.bits;
		lo = v6_key(&net.base.ip.v6) & ~host;
		range_add(c, &p->v6, lo, lo | host);
	}
	return 0;
}

static int
add_bin(struct cfg *c, struct pat_set *p, const char *word)
{
	size_t len = strlen(word);
	char *b = arena_alloc(c->arena, len / 2 + 1);
	uint64_t v;

	for (size_t i = 0; i + 1 < len; i += 2) {
		if (!str_to_hex((struct str){ word + i, 2 }, &v))
			goto bad;
		b[i / 2] = (char)v;
	}
	if (len % 2 != 0)
		goto bad;
	text_add(c, p, (struct str){ b, len / 2 });
	return 0;
bad:
	diag_error(c->diag, "'%s' is not a hexadecimal string", word);
	return -1;
}

static int
add_regex(struct cfg *c, struct pat_set *p, const char *word)
{
	struct regex *re = regex_new(c, word, p->icase);

	if (re == NULL)
		return -1;
	if (p->n == p->cap)
		p->regex = grow(c->arena, p->regex, p->n, &p->cap, sizeof(struct regex *));
	p->regex[p->n++] = re;
	return 0;
}

static void
reverse(char *s, size_t len)
{
	for (size_t i = 0; i < len / 2; i++) {
		char ch = s[i];

		s[i] = s[len - 1 - i];
		s[len - 1 - i] = ch;
	}
}

/* dir and dom compare whole components: delimiters around a pattern go. */
static const char *
delims_of(const struct pat_set *p)
{
	return p->match == PAT_DIR ? "/?" : "/?.:";
}

static int
add_text(struct cfg *c, struct pat_set *p, const char *word)
{
	size_t len = strlen(word);
	char *s = arena_strndup(c->arena, word, len);

	if (p->match == PAT_DIR || p->match == PAT_DOM) {
		for (; len > 0 && strchr(delims_of(p), *s) != NULL; len--)
			s++;
		while (len > 0 && strchr(delims_of(p), s[len - 1]) != NULL)
			len--;
	}
	for (size_t i = 0; p->icase && i < len; i++)
		s[i] = ascii_lower(s[i]);
	if (p->match == PAT_END)
		reverse(s, len);
	text_add(c, p, (struct str){ s, len });
	return 0;
}

int
pat_set_add(struct cfg *c, struct pat_set *p, const char *word)
{
	switch (p->match) {
	case PAT_INT:
	case PAT_LEN:
		return add_int(c, p, word);
	case PAT_IP:
		return add_ip(c, p, word);
	case PAT_BIN:
		return add_bin(c, p, word);
	case PAT_REG:
		return add_regex(c, p, word);
	case PAT_FOUND:
	case PAT_BOOL:
		diag_error(c->diag, "no pattern is expected here, but got '%s'", word);
		return -1;
	default:
		return add_text(c, p, word);
	}
}

/* ---- compiling ---- */

static int
cmp_range(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static void
compile_ranges(struct ranges *rs)
{
	uint32_t n = 0;

	if (rs->n == 0)
		return;
	qsort(rs->r, rs->n, sizeof(*rs->r), cmp_range);
	for (uint32_t i = 1; i < rs->n; i++) {
		struct range *last = &rs->r[n];

		if (last->hi != ~(u128)0 && rs->r[i].lo > last->hi + 1)
			rs->r[++n] = rs->r[i];
		else if (rs->r[i].hi > last->hi)
			last->hi = rs->r[i].hi;
	}
	rs->n = n + 1;
}

static int
cmp_text(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int d = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return d != 0 ? d : (a.len > b.len) - (a.len < b.len);
}

static int
cmp_text_p(const void *a, const void *b)
{
	return cmp_text(*(const struct str *)a, *(const struct str *)b);
}

/* Sorted, and without those that start with another one: they add nothing. */
static void
compile_prefixes(struct pat_set *p)
{
	uint32_t n = 0;

	if (p->n == 0)
		return;
	qsort(p->text, p->n, sizeof(*p->text), cmp_text_p);
	for (uint32_t i = 1; i < p->n; i++)
		if (!str_starts(p->text[i], p->text[n]))
			p->text[++n] = p->text[i];
	p->n = n + 1;
}

static void
compile_hash(struct cfg *c, struct pat_set *p)
{
	uint32_t size = 4;

	while (size < p->n * 2)
		size *= 2;
	p->mask = size - 1;
	p->slots = arena_calloc(c->arena, size, sizeof(*p->slots));
	p->min_len = UINT32_MAX;
	for (uint32_t i = 0; i < p->n; i++) {
		struct str s = p->text[i];
		uint64_t h = str_hash(s);
		uint32_t at = (uint32_t)h & p->mask;

		while (p->slots[at].s.p != NULL)
			at = (at + 1) & p->mask;
		p->slots[at] = (struct slot){ h, s };
		p->min_len = s.len < p->min_len ? (uint32_t)s.len : p->min_len;
		p->max_len = s.len > p->max_len ? (uint32_t)s.len : p->max_len;
	}
}

void
pat_set_compile(struct cfg *c, struct pat_set *p)
{
	if (p->match == PAT_STR || p->match == PAT_BIN)
		compile_hash(c, p);
	else if (p->match == PAT_BEG || p->match == PAT_END)
		compile_prefixes(p);
	compile_ranges(&p->v4);
	compile_ranges(&p->v6);
}

/* ---- sets of sets ---- */

bool
pat_set_is_plain(const struct pat_set *p)
{
	return (p->match == PAT_STR || p->match == PAT_BEG) && !p->icase && p->n > 0;
}

enum pat_match
pat_set_kind(const struct pat_set *p)
{
	return (enum pat_match)p->match;
}

void
pat_set_add_all(struct cfg *c, struct pat_set *p, const struct pat_set *from)
{
	for (uint32_t i = 0; i < from->n; i++) {
		if (p->n == p->cap)
			p->text = grow(c->arena, p->text, p->n, &p->cap, sizeof(*p->text));
		p->text[p->n++] = from->text[i];
	}
}

/* ---- matching ---- */

static bool
in_ranges(const struct ranges *rs, u128 v)
{
	uint32_t lo = 0, hi = rs->n;

	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (v < rs->r[mid].lo)
			hi = mid;
		else if (v > rs->r[mid].hi)
			lo = mid + 1;
		else
			return true;
	}
	return false;
}

static bool
match_hash(const struct pat_set *p, struct str s)
{
	uint64_t h;

	if (s.len < p->min_len || s.len > p->max_len)
		return false;
	if (p->n == 1)
		return str_eq(s, p->text[0]);
	h = str_hash(s);
	for (uint32_t at = (uint32_t)h & p->mask; p->slots[at].s.p != NULL;
	    at = (at + 1) & p->mask)
		if (p->slots[at].hash == h && str_eq(p->slots[at].s, s))
			return true;
	return false;
}

/* The greatest pattern that is not behind s is the only one that can be its
 * prefix, for no pattern is a prefix of another. */
static bool
match_prefix(const struct pat_set *p, struct str s)
{
	uint32_t lo = 0, hi = p->n;

	if (hi == 1)
		return s.len >= p->text[0].len &&
		    memcmp(s.p, p->text[0].p, p->text[0].len) == 0;
	while (lo < hi) {
		uint32_t mid = (lo + hi) / 2;

		if (cmp_text(p->text[mid], s) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo > 0 && str_starts(s, p->text[lo - 1]);
}

static bool
match_suffix(const struct pat_set *p, struct str s)
{
	size_t mark = eval_mark();
	char *r;
	bool hit;

	if (p->n == 1) {	/* most often: no need to turn the subject round */
		struct str pat = p->text[0];

		if (pat.len > s.len)
			return false;
		for (size_t i = 0; i < pat.len; i++)
			if (pat.p[i] != s.p[s.len - 1 - i])
				return false;
		return true;
	}
	if ((r = eval_alloc(s.len)) == NULL)
		return false;
	memcpy(r, s.p, s.len);
	reverse(r, s.len);
	hit = match_prefix(p, (struct str){ r, s.len });
	eval_release(mark);
	return hit;
}

static bool
match_component(struct str s, struct str pat, const char *delims)
{
	const char *end = s.p + s.len, *at;
	struct str rest = s;

	if (pat.len == 0)
		return false;
	while ((at = str_find(rest, pat)) != NULL) {
		const char *behind = at + pat.len;

		if ((at == s.p || strchr(delims, at[-1]) != NULL) &&
		    (behind == end || strchr(delims, *behind) != NULL))
			return true;
		rest = (struct str){ at + 1, (size_t)(end - at - 1) };
	}
	return false;
}

static bool
match_list(const struct pat_set *p, struct str s)
{
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->match == PAT_REG ? regex_match(p->regex[i], s, NULL, NULL) :
		    p->match == PAT_SUB ? str_find(s, p->text[i]) != NULL :
		    match_component(s, p->text[i], delims_of(p)))
			return true;
	}
	return false;
}

static bool
match_text(const struct pat_set *p, struct str s)
{
	size_t mark;
	char *low;
	bool hit;

	if (s.p == NULL)
		s.p = "";
	if (p->match == PAT_BEG && !p->icase)
		return match_prefix(p, s);
	mark = eval_mark();
	if (p->icase && p->match != PAT_REG) {
		if ((low = eval_alloc(s.len)) == NULL)
			return false;
		for (size_t i = 0; i < s.len; i++)
			low[i] = ascii_lower(s.p[i]);
		s.p = low;
	}
	hit = p->match == PAT_STR || p->match == PAT_BIN ? match_hash(p, s) :
	    p->match == PAT_BEG ? match_prefix(p, s) :
	    p->match == PAT_END ? match_suffix(p, s) : match_list(p, s);
	eval_release(mark);
	return hit;
}

static bool
match_ip(const struct pat_set *p, const struct sample *s)
{
	struct sample v = *s;

	if (v.type == SMP_STR && !sample_cast(&v, SMP_IPV4) && !sample_cast(&v, SMP_IPV6))
		return false;
	if (v.type == SMP_IPV6 && in_ranges(&p->v6, v6_key(&v.u.v6)))
		return true;
	if (v.type == SMP_IPV6 && !sample_cast(&v, SMP_IPV4))
		return false;
	return v.type == SMP_IPV4 && in_ranges(&p->v4, ntohl(v.u.v4.s_addr));
}

bool
pat_set_match(const struct pat_set *p, const struct sample *s)
{
	struct sample v;

	if (likely(s->type == SMP_STR && p->match >= PAT_STR && p->match <= PAT_REG))
		return match_text(p, s->u.s);
	v = *s;
	switch (p->match) {
	case PAT_FOUND:
		return true;
	case PAT_BOOL:
		return sample_cast(&v, SMP_BOOL) && v.u.b;
	case PAT_INT:
		return sample_cast(&v, SMP_INT) && in_ranges(&p->v4, int_key(v.u.i));
	case PAT_IP:
		return match_ip(p, s);
	case PAT_BIN:
		return sample_cast(&v, SMP_BIN) && match_text(p, v.u.s);
	case PAT_LEN:
		return sample_cast(&v, SMP_STR) &&
		    in_ranges(&p->v4, int_key((int64_t)v.u.s.len));
	default:
		return sample_cast(&v, SMP_STR) && match_text(p, v.u.s);
	}
}
