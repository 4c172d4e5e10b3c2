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

enum class { PROXY, SERVER, OBJECT, INSTANCE, ADDRESS4, ADDRESS6, TARGET, NODE, HOST, CLASSES };

struct name {
	char	*from, *to;		/* owned; to NULL: a free slot */
};

struct anonymizer {
	struct name *slots;		/* open addressing */
	unsigned size, n;
	unsigned numbers[CLASSES];		/* the next one of each class */
};

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
		[PROXY] = "px", [SERVER] = "sv", [OBJECT] = "ob", [TARGET] = "/t", [NODE] = "node",
		[HOST] = "host"
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
	uint64_t number;

	if (from.len == 0 || is_word(from) || str_to_u64(from, &number))
		return NULL;		/* numbers tell nothing either */
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

/* --- what answers list ------------------------------------------------ */

#define COLUMNS_MAX	256u

/* Columns that hold names. */
static const struct { const char *column; enum class c; } name_columns[] = {
	{ "pxname", PROXY }, { "svname", SERVER }, { "server", SERVER }, { "cookie", SERVER },
	{ "name", OBJECT }, { "group", OBJECT }, { "launch_config", OBJECT }, { "zone", OBJECT },
	{ "script", OBJECT }, { "acked_by", OBJECT }, { "id", INSTANCE }, { "node", NODE }
};

static int
class_of(const char *column)
{
	for (size_t i = 0; i < sizeof(name_columns) / sizeof(name_columns[0]); i++)
		if (strcmp(column, name_columns[i].column) == 0)
			return (int)name_columns[i].c;
	return -1;
}

/* A name of parts: KIND/NAME. */
static void
learn_parts(struct anonymizer *a, const char *value, enum class c)
{
	struct str rest = str_of(value), part;

	while (str_next_elem(&rest, '/', &part))
		learn(a, part, c);
}

/* A header's columns, and the rows behind it. */
struct listing {
	char	*text;			/* owned; its fields */
	uint32_t at[COLUMNS_MAX];
	unsigned n;
};

static void
listing_begin(struct listing *l, struct str header)
{
	free(l->text);
	l->text = xmalloc(header.len + 1);
	l->n = csv_split(header, l->text, l->at, COLUMNS_MAX);
	if (l->n > COLUMNS_MAX)
		l->n = COLUMNS_MAX;
}

static void
listing_row(struct anonymizer *a, const struct listing *l, struct str line)
{
	char *text = xmalloc(line.len + 1);
	uint32_t at[COLUMNS_MAX];
	unsigned n = csv_split(line, text, at, COLUMNS_MAX);

	/* `stat,...` fits a header `stat,...` only */
	if (n > 0 && class_of(l->text) < 0 && strcmp(text, l->text) != 0)
		n = 0;
	for (unsigned i = 0; i < n && i < l->n; i++) {
		int c = class_of(l->text + l->at[i]);

		if (c >= 0 && (c != INSTANCE || is_instance(str_of(text + at[i]))))
			learn_parts(a, text + at[i], (enum class)c);
	}
	free(text);
}

/* Lists begin with `#name,...`, a `# pxname,...`; the kind of a snapshot's rows is a first
 * column in both. `node: NAME` is of show info. */
static void
learn_text(struct anonymizer *a, struct str text)
{
	struct listing l = { .n = 0 };
	struct str line;

	while (csv_line(&text, &line)) {
		size_t skip = str_starts(line, STR("# ")) ? 2 : 1;

		if (str_starts(line, STR("node: ")))
			learn(a, (struct str){ line.p + 6, line.len - 6 }, NODE);
		else if (line.len > 2 && line.p[0] == '#')
			listing_begin(&l, (struct str){ line.p + skip, line.len - skip });
		else if (l.n > 1)
			listing_row(a, &l, line);
	}
	free(l.text);
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

const char *
anonymize_host(struct anonymizer *a, const char *host)
{
	const char *name = learn(a, str_of(host), HOST);

	return name != NULL ? name : host;
}

void
anonymize(struct anonymizer *a, const char *command, const char *text, size_t len,
    struct outbuf *to)
{
	struct str all = { text, len }, rest = all, line;
	bool is_requests = strncmp(command, "subscribe requests", 18) == 0 ||
	    strncmp(command, "show events ", 12) == 0;

	if (strncmp(command, "show lua ", 9) == 0 && strstr(command, " source") != NULL) {
		outbuf_z(to, " -- left out\n");
		return;
	}
	if (!is_requests && strncmp(command, "show history", 12) != 0 &&
	    strncmp(command, "show histogram", 14) != 0)
		learn_text(a, all);
	if (!is_requests) {
		put_text(a, all, to);
		return;
	}
	for (rest = all; csv_line(&rest, &line); outbuf_z(to, "\n"))
		put_request(a, line, to);
}
