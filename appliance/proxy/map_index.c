/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which entry of a map matches. Strings, prefixes and suffixes are looked up in a
 * hash by each length that occurs, networks by each prefix length, the longest
 * first; what has no order of that kind (substrings, regular expressions,
 * ranges) is tried in the order of the file.
 *
 * Building: the thread that loads, or control. Finding: data threads.
 */
#include <arpa/inet.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/magic.h"
#include "cfg/kw.h"
#include "net/addr.h"
#include "proxy/map.h"
#include "proxy/sample.h"

#define LENGTHS_MAX	65536u

struct item {
	const char	*key, *value;	/* as written */
	struct str	 text;		/* what is compared; folded under icase */
	struct pat_set	*pats;		/* of lists: this entry alone */
};

struct map_index {
	uint8_t		 match;
	bool		 icase;
	uint32_t	 n;
	struct item	*items;
	uint32_t	*slots;		/* item + 1; 0 = free */
	uint32_t	 mask;
	uint32_t	*lengths;	/* that occur, the longest first */
	uint32_t	 nlengths;
};

static bool
is_hashed(enum pat_match m)
{
	return m == PAT_STR || m == PAT_BEG || m == PAT_END || m == PAT_IP;
}

/* ---- addresses: family, bits, masked bytes ---- */

static size_t
net_key(char buf[18], const void *addr, unsigned bytes, unsigned bits)
{
	buf[0] = (char)bytes;
	buf[1] = (char)bits;
	memcpy(buf + 2, addr, bytes);
	for (unsigned i = 0; i < bytes; i++)
		if (bits < 8 * (i + 1))
			buf[2 + i] &= (char)(bits > 8 * i ? 0xff00 >> (bits - 8 * i) : 0);
	return 2 + bytes;
}

static int
read_net(struct cfg *c, const char *word, struct str *ret)
{
	struct ip_net net;
	char buf[18], *copy;
	size_t len;

	if (ip_net_parse(str_of(word), &net) < 0)
		return -1;		/* the pattern set has told it */
	len = net.base.family == AF_INET ? net_key(buf, &net.base.ip.v4, 4, net.bits) :
	    net_key(buf, &net.base.ip.v6, 16, net.bits);
	copy = arena_alloc(c->arena, len);
	memcpy(copy, buf, len);
	*ret = (struct str){ copy, len };
	return 0;
}

/* ---- building ---- */

static int
add_item(struct cfg *c, struct map_index *x, const struct map_entry *e)
{
	struct item *it = &x->items[x->n];
	char *text;

	it->key = arena_strdup(c->arena, e->key);
	it->value = arena_strdup(c->arena, e->value);
	if (x->match == PAT_IP) {
		if (read_net(c, e->key, &it->text) != 0)
			return -1;
	} else if (is_hashed((enum pat_match)x->match)) {
		text = arena_strdup(c->arena, e->key);
		for (char *p = text; x->icase && *p != '\0'; p++)
			*p = ascii_lower(*p);
		it->text = str_of(text);
	} else {
		it->pats = pat_set_new(c, (enum pat_match)x->match, x->icase);
		if (pat_set_add(c, it->pats, it->key) != 0)
			return -1;
		pat_set_compile(c, it->pats);
	}
	x->n++;
	return 0;
}

/* The first of equal keys wins. */
static void
hash_item(struct map_index *x, uint32_t i)
{
	uint32_t at = (uint32_t)str_hash(x->items[i].text) & x->mask;

	for (; x->slots[at] != 0; at = (at + 1) & x->mask)
		if (str_eq(x->items[x->slots[at] - 1].text, x->items[i].text))
			return;
	x->slots[at] = i + 1;
}

static uint32_t
length_of(const struct map_index *x, uint32_t i)
{
	struct str t = x->items[i].text;

	return x->match == PAT_IP ? (uint32_t)(unsigned char)t.p[1] : (uint32_t)t.len;
}

static int
cmp_length(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? 1 : -(x > y);
}

static void
build_hash(struct cfg *c, struct map_index *x)
{
	uint32_t size = 4, n = 0;

	while (size < x->n * 2)
		size *= 2;
	x->mask = size - 1;
	x->slots = arena_calloc(c->arena, size, sizeof *x->slots);
	x->lengths = arena_calloc(c->arena, x->n + 1u, sizeof *x->lengths);
	for (uint32_t i = 0; i < x->n; i++) {
		hash_item(x, i);
		x->lengths[i] = length_of(x, i);
	}
	qsort(x->lengths, x->n, sizeof *x->lengths, cmp_length);
	for (uint32_t i = 0; i < x->n; i++)
		if (n == 0 || x->lengths[i] != x->lengths[n - 1])
			x->lengths[n++] = x->lengths[i];
	x->nlengths = n;
}

struct map_index *
map_index_new(struct cfg *c, const struct map_version *v, enum pat_match match, bool icase)
{
	struct map_index *x = arena_alloc(c->arena, sizeof *x);

	x->match = (uint8_t)match;
	x->icase = icase;
	x->items = arena_calloc(c->arena, v->n + 1u, sizeof *x->items);
	for (uint32_t i = 0; i < v->n; i++)
		if (add_item(c, x, &v->entries[i]) != 0)
			return NULL;
	if (is_hashed(match))
		build_hash(c, x);
	return x;
}

/* ---- finding ---- */

static const struct item *
look_up(const struct map_index *x, struct str s)
{
	for (uint32_t at = (uint32_t)str_hash(s) & x->mask; x->slots[at] != 0;
	    at = (at + 1) & x->mask)
		if (str_eq(x->items[x->slots[at] - 1].text, s))
			return &x->items[x->slots[at] - 1];
	return NULL;
}

static const struct item *
find_text(const struct map_index *x, struct str s)
{
	const struct item *it;

	if (x->match == PAT_STR)
		return look_up(x, s);
	for (uint32_t i = 0; i < x->nlengths; i++) {
		uint32_t n = x->lengths[i];

		if (n > s.len)
			continue;
		it = look_up(x, (struct str){ x->match == PAT_BEG ? s.p : s.p + s.len - n, n });
		if (it != NULL)
			return it;
	}
	return NULL;
}

static const struct item *
find_net(const struct map_index *x, const void *addr, unsigned bytes)
{
	char buf[18];

	for (uint32_t i = 0; i < x->nlengths; i++) {
		const struct item *it;

		if (x->lengths[i] > 8 * bytes)
			continue;
		it = look_up(x, (struct str){ buf, net_key(buf, addr, bytes, x->lengths[i]) });
		if (it != NULL)
			return it;
	}
	return NULL;
}

static const struct item *
find_ip(const struct map_index *x, const struct sample *s)
{
	struct sample v = *s;
	const struct item *it = NULL;

	if (v.type == SMP_STR && !sample_cast(&v, SMP_IPV4) && !sample_cast(&v, SMP_IPV6))
		return NULL;
	if (v.type == SMP_IPV6)
		it = find_net(x, &v.u.v6, 16);
	if (it == NULL && v.type == SMP_IPV6 && !sample_cast(&v, SMP_IPV4))
		return NULL;
	return it != NULL || v.type != SMP_IPV4 ? it : find_net(x, &v.u.v4, 4);
}

static const struct item *
find_folded(const struct map_index *x, const struct sample *s)
{
	struct sample v = *s;
	const struct item *it;
	size_t mark;
	char *low;

	if (!sample_cast(&v, SMP_STR))
		return NULL;
	if (v.u.s.p == NULL)
		v.u.s.p = "";
	if (!x->icase)
		return find_text(x, v.u.s);
	mark = eval_mark();
	if ((low = eval_alloc(v.u.s.len + 1)) == NULL)
		return NULL;
	for (size_t i = 0; i < v.u.s.len; i++)
		low[i] = ascii_lower(v.u.s.p[i]);
	it = find_text(x, (struct str){ low, v.u.s.len });
	eval_release(mark);
	return it;
}

const char *
map_index_find(const struct map_index *x, const struct sample *s, const char **ret_key)
{
	const struct item *it = NULL;

	if (x->match == PAT_IP)
		it = find_ip(x, s);
	else if (is_hashed((enum pat_match)x->match))
		it = find_folded(x, s);
	else
		for (uint32_t i = 0; i < x->n && it == NULL; i++)
			if (pat_set_match(x->items[i].pats, s))
				it = &x->items[i];
	if (it == NULL)
		return NULL;
	*ret_key = it->key;
	return it->value;
}
