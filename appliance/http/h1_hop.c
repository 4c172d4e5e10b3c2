/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * h1_hop.c: Connection and Upgrade (RFC 9110 sections 7.6.1 and 7.8): which
 * fields stop here.
 *
 * Options that name fields go into a hash table on the stack, then each field
 * is looked up once: the work is linear in the head, whatever a client sends.
 * Fields that decide routing or framing are never dropped because a client named
 * them (the class of Varnish's CVE-2022-45059).
 */
#include "http/h1_in.h"

#define OPTIONS_MAX	512
#define OPTIONS_FEW	8	/* up to here a plain loop is cheaper than a table */
#define BUCKETS		1024	/* power of two, at least twice OPTIONS_MAX */

struct options {
	unsigned	 n;
	struct str	 opt[OPTIONS_MAX];	/* spans of the message's text */
};

static bool
is_protected(struct str name)
{
	return str_is(name, "host") || str_is(name, "content-length") ||
	    str_is(name, "transfer-encoding") || str_starts(name, STR("x-forwarded-"));
}

static void
mark(const struct http_msg *m, struct http_field *f, struct str option)
{
	if (str_ieq(http_field_name(m, f), option) && !(f->flags & HTTP_FIELD_ADDED) &&
	    !is_protected(http_field_name(m, f)))
		f->flags |= HTTP_FIELD_HOP;
}

static uint32_t
hash(struct str s)
{
	uint32_t h = 2166136261u;
	size_t i;

	for (i = 0; i < s.len; i++)
		h = (h ^ (unsigned char)ascii_lower(s.p[i])) * 16777619u;
	return h ^ h >> 15;
}

/* The bucket that holds s, or the free one where it would go */
static unsigned
find_bucket(const struct options *o, const uint16_t *table, struct str s)
{
	unsigned b = hash(s) % BUCKETS;

	while (table[b] != 0 && !str_ieq(o->opt[table[b] - 1], s))
		b = (b + 1) % BUCKETS;
	return b;
}

static void
mark_many(struct http_msg *m, const struct options *o)
{
	uint16_t table[BUCKETS] = { 0 };
	unsigned i, b;

	for (i = 0; i < o->n; i++) {
		b = find_bucket(o, table, o->opt[i]);
		table[b] = (uint16_t)(i + 1);
	}
	for (i = 0; i < m->nfields; i++) {
		b = find_bucket(o, table, http_field_name(m, &m->fields[i]));
		if (table[b] != 0)
			mark(m, &m->fields[i], o->opt[table[b] - 1]);
	}
}

static void
mark_few(struct http_msg *m, const struct options *o)
{
	unsigned i, k;

	for (i = 0; i < m->nfields; i++)
		for (k = 0; k < o->n; k++)
			mark(m, &m->fields[i], o->opt[k]);
}

static unsigned
option_bit(struct str s)
{
	if (s.len == 5 && str_ieq(s, STR("close")))
		return H1_HOP_CLOSE;
	if (s.len == 10 && str_ieq(s, STR("keep-alive")))
		return H1_HOP_KEEP_ALIVE;
	if (s.len == 7 && str_ieq(s, STR("upgrade")))
		return H1_HOP_UPGRADE;
	return 0;
}

static unsigned
read_value(struct options *o, struct str value)
{
	unsigned bits = 0, bit;
	struct str elem;

	while (str_next_elem(&value, ',', &elem)) {
		bit = option_bit(elem);
		bits |= bit;
		if (bit != 0)
			continue;
		if (o->n == OPTIONS_MAX)
			return bits | H1_HOP_TOO_MANY;
		o->opt[o->n++] = elem;
	}
	return bits;
}

unsigned
h1_mark_hop(struct http_msg *m, unsigned first)
{
	struct options o;
	unsigned i, bits = 0;

	o.n = 0;
	for (i = first; i < m->nfields; i++)
		if (m->fields[i].name == HTTP_N_CONNECTION)
			bits |= read_value(&o, http_field_value(m, &m->fields[i]));
	if (bits & H1_HOP_TOO_MANY)
		return bits;
	if (o.n > OPTIONS_FEW)
		mark_many(m, &o);
	else if (o.n > 0)
		mark_few(m, &o);
	return bits;
}

/* protocol-name ["/" protocol-version], both tokens */
static bool
is_protocol(struct str s)
{
	const char *slash = memchr(s.p, '/', s.len);

	if (slash == NULL)
		return http_token_is_valid(s);
	return http_token_is_valid((struct str){ s.p, (size_t)(slash - s.p) }) &&
	    http_token_is_valid((struct str){ slash + 1, s.len - (size_t)(slash + 1 - s.p) });
}

bool
h1_upgrade_is_usable(const struct http_msg *m)
{
	struct str rest, elem;
	unsigned i, n = 0;

	for (i = 0; i < m->nfields; i++) {
		if (m->fields[i].name != HTTP_N_UPGRADE)
			continue;
		rest = http_field_value(m, &m->fields[i]);
		while (str_next_elem(&rest, ',', &elem)) {
			if (!is_protocol(elem) || str_ieq(elem, STR("h2c")))
				return false;
			n++;
		}
	}
	return n > 0;
}

void
h1_upgrade_keep(struct http_msg *m)
{
	unsigned i;

	for (i = 0; i < m->nfields; i++)
		if (m->fields[i].name == HTTP_N_UPGRADE)
			m->fields[i].flags &= (uint8_t)~HTTP_FIELD_HOP;
}
