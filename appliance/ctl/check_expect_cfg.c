/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `expect` of tcp-check and http-check: modifiers first, then `!` and what is
 * waited for.
 *
 * Thread: the one that loads.
 */
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "cfg/kw.h"
#include "ctl/check.h"
#include "ctl/check_cfg.h"
#include "ctl/check_step.h"
#include "proxy/logline.h"
#include "proxy/sample.h"

struct parse {
	struct cfg	*c;
	struct step	*s;
	struct step_expect *e;
	const char	*what;		/* "tcp-check", "http-check" */
	bool		 is_http;
	char		**args;
	int		 n;		/* left */
};

/* ---- modifiers ---- */

static int
status_set(struct parse *p, const char *word, const char *value)
{
	static const struct {
		const char	*word;
		size_t		 at;
		uint8_t		 known[5];
	} kinds[] = {
		{ "ok-status", offsetof(struct step_expect, ok_status),
		    { CHECK_S_L7OK, CHECK_S_L7OKC, CHECK_S_L6OK, CHECK_S_L4OK } },
		{ "error-status", offsetof(struct step_expect, error_status),
		    { CHECK_S_L7OKC, CHECK_S_L7RSP, CHECK_S_L7STS, CHECK_S_L6RSP,
		    CHECK_S_L4CON } },
		{ "tout-status", offsetof(struct step_expect, tout_status),
		    { CHECK_S_L7TOUT, CHECK_S_L6TOUT, CHECK_S_L4TOUT } },
	};
	size_t k = 0;

	while (strcmp(kinds[k].word, word) != 0)
		k++;
	for (size_t i = 0; i < ARRAY_LEN(kinds[k].known) && kinds[k].known[i] != 0; i++)
		if (strcmp(value, check_status_name(kinds[k].known[i])) == 0) {
			*((uint8_t *)p->e + kinds[k].at) = kinds[k].known[i];
			return 0;
		}
	diag_error(p->c->diag, "'%s expect' : '%s' only supports %s status (got '%s').", p->what,
	    word, k == 0 ? "'L4OK', 'L6OK', 'L7OK' or 'L7OKC'" :
	    k == 1 ? "'L4CON', 'L6RSP', 'L7RSP', 'L7STS' or 'L7OKC'" :
	    "'L4TOUT', 'L6TOUT' or 'L7TOUT'", value);
	return -1;
}

static int
set_min_recv(struct parse *p, const char *value)
{
	int64_t n;

	if (!str_to_i64(str_of(value), &n) || n < -1 || n > 16384) {
		diag_error(p->c->diag, "'%s expect' : 'min-recv' expects -1 or an integer from 0 "
		    "to 16384 (got '%s').", p->what, value);
		return -1;
	}
	p->e->min_recv = (int32_t)n;
	return 0;
}

static int
set_modifier(struct parse *p, const char *word, const char *value)
{
	struct step_expect *e = p->e;

	if (strstr(word, "-status") != NULL)
		return status_set(p, word, value);
	if (strcmp(word, "min-recv") == 0)
		return set_min_recv(p, value);
	if (strcmp(word, "comment") == 0) {
		p->s->comment = value;
		return 0;
	}
	if (strcmp(word, "status-code") == 0) {
		e->code = expr_parse(p->c, check_cfg_proxy(p->c), value, USE_AT_CHECK);
		return e->code != NULL ? 0 : -1;
	}
	if (strcmp(word, "on-error") == 0)
		return (e->on_error = step_format(p->c, value, 0)) != NULL ? 0 : -1;
	return (e->on_success = step_format(p->c, value, 0)) != NULL ? 0 : -1;
}

/* How many words were taken, 0: none, -1: an error. */
static int
take_modifier(struct parse *p)
{
	static const char *const words[] = { "min-recv", "comment", "ok-status", "error-status",
		"tout-status", "on-success", "on-error", "status-code" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(p->args[0], words[i]) != 0)
			continue;
		if (p->n < 2) {
			diag_error(p->c->diag, "'%s expect' : '%s' expects a value.", p->what,
			    words[i]);
			return -1;
		}
		return set_modifier(p, words[i], p->args[1]) == -1 ? -1 : 2;
	}
	return 0;
}

/* ---- statuses ---- */

static int
expect_range(struct parse *p, struct str range)
{
	const char *dash = memchr(range.p, '-', range.len);
	struct str low = range, high = range;
	uint64_t from, to;

	if (dash != NULL) {
		low.len = (size_t)(dash - range.p);
		high = (struct str){ dash + 1, range.len - low.len - 1 };
	}
	if (!str_to_u64(low, &from) || !str_to_u64(high, &to) || from > to || from < 100 ||
	    to > 599) {
		diag_error(p->c->diag, "'http-check expect status' expects statuses from 100 to "
		    "599 and ranges of them (got '" STR_FMT "').", STR_ARG(range));
		return -1;
	}
	for (; from <= to; from++)
		p->e->wanted[from / 64] |= (uint64_t)1 << (from % 64);
	return 0;
}

static int
expect_status(struct parse *p, const char *list)
{
	struct str rest = str_of(list), range;

	while (str_next_elem(&rest, ',', &range))
		if (expect_range(p, range) == -1)
			return -1;
	return 0;
}

/* ---- header fields: [name|name-lf] [-m METHOD] X [value|value-lf [-m METHOD] Y] ---- */

static int
take_pattern(struct parse *p, struct header_pattern *pat, bool is_format)
{
	static const char *const methods[] = { "str", "beg", "end", "sub", "reg" };

	if (p->n >= 2 && strcmp(p->args[0], "-m") == 0) {
		while (pat->match < ARRAY_LEN(methods) &&
		    strcmp(p->args[1], methods[pat->match]) != 0)
			pat->match++;
		if (pat->match == ARRAY_LEN(methods)) {
			diag_error(p->c->diag, "'http-check expect hdr' : '-m' expects 'str', "
			    "'beg', 'end', 'sub' or 'reg' (got '%s').", p->args[1]);
			return -1;
		}
		p->args += 2;
		p->n -= 2;
	}
	if (p->n < 1 || (is_format && pat->match == HDR_REG)) {
		diag_error(p->c->diag, p->n < 1 ?
		    "'http-check expect hdr' : a pattern is missing." :
		    "'http-check expect hdr' : a regular expression cannot be a format.");
		return -1;
	}
	pat->text = str_of(p->args[0]);
	p->args++;
	p->n--;
	if (is_format)
		return (pat->format = step_format(p->c, pat->text.p, 0)) != NULL ? 0 : -1;
	if (pat->match == HDR_REG)
		return (pat->regex = regex_new(p->c, pat->text.p, false)) != NULL ? 0 : -1;
	return 0;
}

static int
expect_header(struct parse *p)
{
	struct expect_header *h = arena_alloc(p->c->arena, sizeof(*h));
	bool is_format = p->n > 0 && strcmp(p->args[0], "name-lf") == 0;

	p->e->header = h;
	p->e->kind = EXPECT_HEADER;
	if (p->n < 1 || (!is_format && strcmp(p->args[0], "name") != 0)) {
		diag_error(p->c->diag, "'http-check expect hdr' : expects 'name' or 'name-lf'.");
		return -1;
	}
	p->args++;
	p->n--;
	if (take_pattern(p, &h->name, is_format) == -1)
		return -1;
	if (p->n == 0)
		return 0;
	is_format = strcmp(p->args[0], "value-lf") == 0;
	if (!is_format && strcmp(p->args[0], "value") != 0)
		return 0;
	h->has_value = true;
	p->args++;
	p->n--;
	return take_pattern(p, &h->value, is_format);
}

/* ---- what is waited for ---- */

static const struct {
	const char	*name;
	int8_t		 tcp, http;	/* enum expect_kind; -1 = not there */
} kinds[] = {
	{ "string", EXPECT_STRING, EXPECT_BODY },
	{ "rstring", EXPECT_REGEX, EXPECT_BODY_REGEX },
	{ "string-lf", EXPECT_STRING_LF, EXPECT_BODY_LF },
	{ "binary", EXPECT_BINARY, -1 },
	{ "rbinary", EXPECT_BINARY_REGEX, -1 },
	{ "binary-lf", EXPECT_BINARY_LF, -1 },
	{ "status", -1, EXPECT_STATUS },
	{ "rstatus", -1, EXPECT_STATUS_REGEX },
};

static int
expect_value(struct parse *p, const char *value)
{
	struct step_expect *e = p->e;

	switch (e->kind) {
	case EXPECT_STATUS:
		return expect_status(p, value);
	case EXPECT_BINARY:
		return step_parse_hex(p->c, "tcp-check expect binary", value, &e->data);
	case EXPECT_REGEX: case EXPECT_BODY_REGEX: case EXPECT_STATUS_REGEX:
		return (e->regex = regex_new(p->c, value, false)) != NULL ? 0 : -1;
	case EXPECT_BINARY_REGEX:	/* digits may be written either way */
		return (e->regex = regex_new(p->c, value, true)) != NULL ? 0 : -1;
	case EXPECT_STRING_LF: case EXPECT_BINARY_LF: case EXPECT_BODY_LF:
		return (e->format = step_format(p->c, value, 0)) != NULL ? 0 : -1;
	default:
		e->data = str_of(value);
		return 0;
	}
}

static int
unknown(struct parse *p)
{
	diag_error(p->c->diag, p->is_http ? "'http-check expect' : expects [!] 'status', "
	    "'rstatus', 'hdr', 'fhdr', 'string', 'rstring' or 'string-lf' (got '%s')." :
	    "'tcp-check expect' : expects [!] 'string', 'rstring', 'string-lf', 'binary', "
	    "'rbinary' or 'binary-lf' (got '%s').", p->n > 0 ? p->args[0] : "");
	return -1;
}

static int
take_kind(struct parse *p)
{
	if (p->n > 0 && strcmp(p->args[0], "!") == 0) {
		p->e->is_negated = true;
		p->args++;
		p->n--;
	}
	if (p->n > 0 && p->is_http &&
	    (strcmp(p->args[0], "hdr") == 0 || strcmp(p->args[0], "fhdr") == 0)) {
		bool is_full = p->args[0][0] == 'f';

		p->args++;
		p->n--;
		if (expect_header(p) == -1)
			return -1;
		((struct expect_header *)(uintptr_t)p->e->header)->is_full = is_full;
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds) && p->n > 0; i++) {
		int kind = p->is_http ? kinds[i].http : kinds[i].tcp;

		if (kind < 0 || strcmp(p->args[0], kinds[i].name) != 0)
			continue;
		if (p->n < 2) {
			diag_error(p->c->diag, "'%s expect' : '%s' expects a pattern.", p->what,
			    p->args[0]);
			return -1;
		}
		p->e->kind = (uint8_t)kind;
		p->args += 2;
		p->n -= 2;
		return expect_value(p, p->args[-1]);
	}
	return unknown(p);
}

int
step_parse_expect(struct cfg *c, struct step *s, const char *what, char **args, int nargs)
{
	struct parse p = { .c = c, .s = s, .e = &s->u.expect, .what = what,
		.is_http = what[0] == 'h', .args = args, .n = nargs };
	bool has_kind = false;

	while (p.n > 0 || !has_kind) {
		int used = p.n > 0 ? take_modifier(&p) : 0;

		if (used == -1)
			return -1;
		p.args += used;
		p.n -= used;
		if (used > 0)
			continue;
		if (has_kind || take_kind(&p) == -1)
			return has_kind ? unknown(&p) : -1;
		has_kind = true;
	}
	return 0;
}
