/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules of composite alarms; see alarm_rule.h.
 *
 *	expr := and ("OR" and)*        and := not ("AND" not)*
 *	not  := "NOT" not | "(" expr ")" | "TRUE" | "FALSE" | STATE "(" name ")"
 *
 * Thread: any.
 */
#include "ctl/alarm_rule.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "ctl/scan.h"

#define DEPTH_MAX	50u
#define WRONG(ps, ...)	(scan_wrong(&(ps)->scan, __VA_ARGS__), NULL)

enum node_kind { RULE_OR, RULE_AND, RULE_NOT, RULE_CONST, RULE_STATE };

struct node {
	enum node_kind	 kind;
	struct node	*a, *b;
	bool		 value;
	enum alarm_state state;
	const char	*name;
};

struct alarm_rule {
	struct node	*root;
	const char	*children[ALARM_CHILDREN_MAX];
	unsigned	 nchildren;
};

struct parser {
	struct arena	*arena;
	struct alarm_rule *rule;
	struct scan	 scan;
	unsigned	 depth;
};

static struct node *parse_or(struct parser *ps);

static struct node *
node_new(struct parser *ps, enum node_kind kind, struct node *a, struct node *b)
{
	struct node *n = arena_alloc(ps->arena, sizeof *n);

	n->kind = kind;
	n->a = a;
	n->b = b;
	return n;
}

static const char *
add_child(struct parser *ps, const char *name)
{
	struct alarm_rule *r = ps->rule;

	for (unsigned i = 0; i < r->nchildren; i++)
		if (strcmp(r->children[i], name) == 0)
			return r->children[i];
	if (r->nchildren == ALARM_CHILDREN_MAX)
		scan_wrong(&ps->scan, "more than %u alarms", ALARM_CHILDREN_MAX);
	else
		r->children[r->nchildren++] = name;
	return name;
}

const char *
alarm_name_in_arn(const char *text)
{
	static const char arn[] = "arn:aws:cloudwatch:";
	const char *at = strncmp(text, arn, sizeof arn - 1) == 0 ? strstr(text, ":alarm:") : NULL;

	return at != NULL ? at + strlen(":alarm:") : text;
}

/* "(" name ")" */
static const char *
parse_name(struct parser *ps)
{
	const char *end, *name;
	bool is_quoted;

	if (!scan_take(&ps->scan, "(")) {
		scan_wrong(&ps->scan, "expected '('");
		return NULL;
	}
	is_quoted = scan_take(&ps->scan, "\"");
	while (!is_quoted && isspace((unsigned char)*ps->scan.p))
		ps->scan.p++;
	end = ps->scan.p + strcspn(ps->scan.p, is_quoted ? "\"" : ") \t\"(");
	if (end == ps->scan.p || *end == '\0') {
		scan_wrong(&ps->scan, "expected the name of an alarm");
		return NULL;
	}
	name = arena_strndup(ps->arena, ps->scan.p, (size_t)(end - ps->scan.p));
	ps->scan.p = end + (is_quoted ? 1 : 0);
	if (!scan_take(&ps->scan, ")")) {
		scan_wrong(&ps->scan, "expected ')'");
		return NULL;
	}
	return add_child(ps, alarm_name_in_arn(name));
}

static struct node *
parse_state(struct parser *ps)
{
	for (unsigned s = 0; s < ALARM_STATES; s++) {
		struct node *n;

		if (!scan_take(&ps->scan, alarm_state_name((enum alarm_state)s)))
			continue;
		n = node_new(ps, RULE_STATE, NULL, NULL);
		n->state = (enum alarm_state)s;
		n->name = parse_name(ps);
		return n->name != NULL ? n : NULL;
	}
	if (*ps->scan.p == '\0')
		return WRONG(ps, "the rule ends early");
	return WRONG(ps, "expected ALARM(, OK(, INSUFFICIENT_DATA(, NOT, TRUE, FALSE or '('");
}

static struct node *
parse_not(struct parser *ps)
{
	struct node *n;

	if (ps->depth > DEPTH_MAX)
		return WRONG(ps, "nested more than %u deep", DEPTH_MAX);
	if (scan_take(&ps->scan, "TRUE") || scan_take(&ps->scan, "FALSE")) {
		n = node_new(ps, RULE_CONST, NULL, NULL);
		n->value = ps->scan.p[-2] == 'U';
		return n;
	}
	ps->depth++;
	if (scan_take(&ps->scan, "NOT")) {
		n = parse_not(ps);
		n = n != NULL ? node_new(ps, RULE_NOT, n, NULL) : NULL;
	} else if (scan_take(&ps->scan, "(")) {
		n = parse_or(ps);
		if (n != NULL && !scan_take(&ps->scan, ")"))
			n = WRONG(ps, "expected ')'");
	} else {
		n = parse_state(ps);
	}
	ps->depth--;
	return n;
}

static struct node *
parse_and(struct parser *ps)
{
	struct node *a = parse_not(ps), *b;

	while (a != NULL && scan_take(&ps->scan, "AND")) {
		b = parse_not(ps);
		a = b != NULL ? node_new(ps, RULE_AND, a, b) : NULL;
	}
	return a;
}

static struct node *
parse_or(struct parser *ps)
{
	struct node *a = parse_and(ps), *b;

	while (a != NULL && scan_take(&ps->scan, "OR")) {
		b = parse_and(ps);
		a = b != NULL ? node_new(ps, RULE_OR, a, b) : NULL;
	}
	return a;
}

struct alarm_rule *
alarm_rule_parse(struct arena *a, const char *text, char *err, size_t size)
{
	struct alarm_rule *r = arena_alloc(a, sizeof *r);
	struct parser ps = { .arena = a, .rule = r, .scan = { text, text, err, size, false } };

	if (strlen(text) > ALARM_RULE_TEXT_MAX) {
		(void)snprintf(err, size, "longer than %u characters", ALARM_RULE_TEXT_MAX);
		return NULL;
	}
	r->root = parse_or(&ps);
	return scan_end(&ps.scan) ? r : NULL;
}

const char *
alarm_rule_child(const struct alarm_rule *r, unsigned i)
{
	return i < r->nchildren ? r->children[i] : NULL;
}

static bool
holds(const struct node *n, alarm_state_of_fn *state_of, void *arg)
{
	enum alarm_state s;

	switch (n->kind) {
	case RULE_OR:
		return holds(n->a, state_of, arg) || holds(n->b, state_of, arg);
	case RULE_AND:
		return holds(n->a, state_of, arg) && holds(n->b, state_of, arg);
	case RULE_NOT:
		return !holds(n->a, state_of, arg);
	case RULE_CONST:
		return n->value;
	case RULE_STATE:
		return state_of(n->name, &s, arg) && s == n->state;
	}
	return false;
}

bool
alarm_rule_holds(const struct alarm_rule *r, alarm_state_of_fn *state_of, void *arg)
{
	return holds(r->root, state_of, arg);
}
