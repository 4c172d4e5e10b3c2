/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names become others. Which words are names is learned from the answers that list
 * them (show stat, snapshots); addresses, instance ids, account numbers and targets
 * of requests are known by their form. Each gets a number in order of appearance,
 * so that a recording stays readable and consistent.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/out.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "tui/csv.h"
#include "tui/record.h"

struct name {
	char	*from, *to;		/* owned; to NULL: a free slot */
};

struct anonymizer {
	struct name *slots;		/* open addressing */
	unsigned size, n;
	unsigned numbers[8];		/* the next one of each class */
};

enum class { PROXY, SERVER, OBJECT, INSTANCE, ADDRESS4, ADDRESS6, TARGET, NODE };

/* Words that say what something is; a name like them tells nothing and stays. */
static const char *const words[] = {
	"stat", "info", "group", "instance", "alarm", "policy", "lua", "show", "UP", "DOWN",
	"MAINT", "DRAIN", "NOLB", "OPEN", "STOP", "FULL", "BACKEND", "FRONTEND", "http", "tcp",
	"OK", "ALARM", "since", "only", "from", "to", "step", "history", "explain", "source",
	"health", "config", "command", "file", "GET", "POST", "PUT", "HEAD", "DELETE", "state",
	"name"
};

static bool
is_word(struct str s)
{
	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_is(s, words[i]))
			return true;
	return false;
}

struct anonymizer *
anonymizer_new(void)
{
	struct anonymizer *a = xcalloc(1, sizeof(*a));

	a->size = 256;
	a->slots = xcalloc(a->size, sizeof(*a->slots));
	return a;
}

void
anonymizer_free(struct anonymizer *a)
{
	if (a == NULL)
		return;
	for (unsigned i = 0; i < a->size; i++) {
		free(a->slots[i].from);
		free(a->slots[i].to);
	}
	free(a->slots);
	free(a);
}

static struct name *
slot_of(const struct anonymizer *a, struct str from)
{
	unsigned i = (unsigned)str_hash(from) & (a->size - 1);

	while (a->slots[i].from != NULL && !str_is(from, a->slots[i].from))
		i = (i + 1) & (a->size - 1);
	return &a->slots[i];
}

static void
grow(struct anonymizer *a)
{
	struct name *old = a->slots;
	unsigned n = a->size;

	a->size *= 2;
	a->slots = xcalloc(a->size, sizeof(*a->slots));
	for (unsigned i = 0; i < n; i++)
		if (old[i].from != NULL)
			*slot_of(a, str_of(old[i].from)) = old[i];
	free(old);
}

static char *
new_name(struct anonymizer *a, enum class c)
{
	static const char *const prefixes[] = {
		[PROXY] = "px", [SERVER] = "sv", [OBJECT] = "ob", [TARGET] = "/t", [NODE] = "node"
	};
	unsigned n = ++a->numbers[c];

	switch (c) {
	case INSTANCE:
		return xasprintf("i-%017x", n);
	case ADDRESS6:
		return xasprintf("2001:db8::%x", n);
	case ADDRESS4:
		return xasprintf("198.%u.%u.%u", 18 + n / 65536 % 2, n / 256 % 256, n % 256);
	default:
		return xasprintf("%s%u", prefixes[c], n);
	}
}

/* The name that stands for it, made when there is none. */
static const char *
learn(struct anonymizer *a, struct str from, enum class c)
{
	struct name *s;

	if (from.len == 0 || is_word(from))
		return NULL;
	if (2 * a->n >= a->size)
		grow(a);
	s = slot_of(a, from);
	if (s->from == NULL) {
		s->from = xstrndup(from.p, from.len);
		s->to = new_name(a, c);
		a->n++;
	}
	return s->to;
}

/* --- what words look like -------------------------------------------- */

static bool
is_part(char c)
{
	return isalnum((unsigned char)c) || strchr("._-:%", c) != NULL;
}

/* Bytes of an IPv4 address at the beginning; 0: there is none. */
static size_t
address4(struct str s)
{
	unsigned dots = 0, digits = 0;
	size_t i;

	for (i = 0; i < s.len && (isdigit((unsigned char)s.p[i]) || s.p[i] == '.'); i++)
		if (s.p[i] == '.') {
			if (digits == 0 || digits > 3)
				return 0;
			dots++;
			digits = 0;
		} else
			digits++;
	return dots == 3 && digits > 0 && digits <= 3 && (i == s.len || s.p[i] == ':') ? i : 0;
}

/* Clocks and dates have colons too: an IPv6 address has a letter or two colons in a row. */
static bool
is_address6(struct str s)
{
	unsigned colons = 0;
	bool is_sure = false;

	for (size_t i = 0; i < s.len; i++) {
		if (!isxdigit((unsigned char)s.p[i]) && s.p[i] != ':' && s.p[i] != '.')
			return false;
		colons += s.p[i] == ':';
		is_sure |= isalpha((unsigned char)s.p[i]) || (i > 0 && s.p[i] == ':' &&
		    s.p[i - 1] == ':');
	}
	return colons >= 2 && is_sure;
}

static bool
is_instance(struct str s)
{
	return s.len >= 10 && s.len <= 19 && str_starts(s, STR("i-")) &&
	    strspn(s.p + 2, "0123456789abcdef") >= s.len - 2;
}

static bool
is_account(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!isdigit((unsigned char)s.p[i]))
			return false;
	return s.len == 12;
}

static void
put_part(struct anonymizer *a, struct str s, struct outbuf *to)
{
	const struct name *n = slot_of(a, s);
	const char *colon = memchr(s.p, ':', s.len);
	size_t v4 = address4(s);

	if (n->from != NULL)
		outbuf_z(to, n->to);
	else if (v4 > 0) {
		outbuf_z(to, learn(a, (struct str){ s.p, v4 }, ADDRESS4));
		outbuf_mem(to, s.p + v4, s.len - v4);
	} else if (is_instance(s))
		outbuf_z(to, learn(a, s, INSTANCE));
	else if (is_address6(s))
		outbuf_z(to, learn(a, s, ADDRESS6));
	else if (is_account(s))
		outbuf_z(to, "123456789012");
	else if (colon != NULL) {	/* a:b */
		put_part(a, (struct str){ s.p, (size_t)(colon - s.p) }, to);
		outbuf_z(to, ":");
		put_part(a, (struct str){ colon + 1, (size_t)(s.p + s.len - colon - 1) }, to);
	} else if (s.len > 1 && s.p[s.len - 1] == '.') {	/* the end of a sentence */
		put_part(a, (struct str){ s.p, s.len - 1 }, to);
		outbuf_z(to, ".");
	} else
		outbuf_mem(to, s.p, s.len);
}

static void
put_text(struct anonymizer *a, struct str text, struct outbuf *to)
{
	size_t i = 0, n;

	while (i < text.len) {
		for (n = 0; i + n < text.len && is_part(text.p[i + n]); n++)
			;
		if (n > 0)
			put_part(a, (struct str){ text.p + i, n }, to);
		else
			outbuf_mem(to, text.p + i, n = 1);
		i += n;
	}
}

/* --- what answers list ----------------------------------------------- */

static void
learn_fields(struct anonymizer *a, struct str line, enum class first, enum class second)
{
	char *text = xmalloc(line.len + 1);
	uint32_t at[2];
	unsigned n = csv_split(line, text, at, 2);

	if (n > 0)
		learn(a, str_of(text + at[0]), first);
	if (n > 1 && second != NODE)
		learn(a, str_of(text + at[1]), second);
	free(text);
}

/* A row of show stat, or of a snapshot behind its kind. */
static void
learn_line(struct anonymizer *a, struct str line, bool is_snapshot)
{
	static const struct { const char *kind; enum class first, second; } kinds[] = {
		{ "stat,", PROXY, SERVER }, { "group,", OBJECT, NODE },
		{ "alarm,", OBJECT, NODE }, { "instance,", INSTANCE, OBJECT },
		{ "policy,", OBJECT, OBJECT }, { "lua,", OBJECT, NODE }
	};

	if (line.len == 0 || line.p[0] == '#')
		return;
	if (!is_snapshot) {
		learn_fields(a, line, PROXY, SERVER);
		return;
	}
	for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t n = strlen(kinds[i].kind);

		if (str_starts(line, str_of(kinds[i].kind)))
			learn_fields(a, (struct str){ line.p + n, line.len - n }, kinds[i].first,
			    kinds[i].second);
	}
}

/* `node: NAME` of show info; the column of a snapshot is found by its header there. */
static void
learn_node(struct anonymizer *a, struct str line, struct str *info_names)
{
	if (str_starts(line, STR("node: ")))
		learn(a, (struct str){ line.p + 6, line.len - 6 }, NODE);
	else if (str_starts(line, STR("#info,")))
		*info_names = line;
	else if (str_starts(line, STR("info,")) && info_names->len > 0) {
		struct str name, value;

		while (str_next_elem(info_names, ',', &name) && str_next_elem(&line, ',', &value))
			if (str_is(name, "node"))
				learn(a, value, NODE);
	}
}

/* --- requests -------------------------------------------------------- */

/* The target of a request in a line: a word that begins with a slash, or has ://. */
static void
put_request(struct anonymizer *a, struct str line, struct outbuf *to)
{
	const char *p = line.p, *end = line.p + line.len, *from, *stop;

	for (from = p; from < end; from++)
		if (from > p && *from == '/' && strchr(" ,\"", from[-1]) != NULL)
			break;
	for (stop = from; stop < end && strchr(from > p && from[-1] == '"' ? "\"" : " ,\"", *stop)
	    == NULL; stop++)
		;
	put_text(a, (struct str){ p, (size_t)(from - p) }, to);
	if (stop > from)
		outbuf_z(to, learn(a, (struct str){ from, (size_t)(stop - from) }, TARGET));
	put_text(a, (struct str){ stop, (size_t)(end - stop) }, to);
}

void
anonymize(struct anonymizer *a, const char *command, const char *text, size_t len,
    struct outbuf *to)
{
	struct str all = { text, len }, rest = all, line, info_names = STR_NONE;
	bool is_snapshot = strncmp(command, "show snapshot", 13) == 0;
	bool is_list = is_snapshot || strncmp(command, "show stat", 9) == 0;
	bool is_requests = strncmp(command, "subscribe requests", 18) == 0 ||
	    strncmp(command, "show events ", 12) == 0;

	if (strncmp(command, "show lua ", 9) == 0 && strstr(command, " source") != NULL) {
		outbuf_z(to, " -- left out\n");
		return;
	}
	while (csv_line(&rest, &line)) {
		if (is_list)
			learn_line(a, line, is_snapshot);
		learn_node(a, line, &info_names);
	}
	if (!is_requests) {
		put_text(a, all, to);
		return;
	}
	for (rest = all; csv_line(&rest, &line); outbuf_z(to, "\n"))
		put_request(a, line, to);
}
