/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lines that begin with a dot: .if .elif .else .endif, which choose what is
 * parsed, and .diag .notice .warning .alert, which say something. Blocks that
 * are skipped are not even lexed. After a condition that cannot be read its
 * whole block is skipped, so that one mistake makes one message.
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/magic.h"
#include "cfg/cond.h"
#include "cfg/kw.h"
#include "cfg/parse_in.h"

bool
directive_is_skipping(const struct cfg_file *f)
{
	return f->depth > 0 && f->ifs[f->depth - 1] != IF_TAKEN;
}

bool
directive_is_conditional(struct str line)
{
	static const char *const names[] = { ".if", ".elif", ".else", ".endif" };
	struct str word = str_trim(line);
	size_t len = 0;

	while (len < word.len && strchr(" \t\r#", word.p[len]) == NULL)
		len++;
	word.len = len;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_is(word, names[i]))
			return true;
	return false;
}

/* ---- conditions ---- */

/* 1, 0, or -1 after a message. */
static int
evaluate(struct cfg_file *f, const struct words *words)
{
	struct cfg *c = f->c;
	struct word_env env = parse_env(c);
	const char *name = words->w[0];
	char *text = cond_join(c->arena, words->w + 1, words->n - 1), *error;
	size_t at;
	int value = cond_eval(c->arena, text, &env, &error, &at);

	if (value == -1) {
		parse_say(c, LOG_L_ALERT, "%s in '%s' at position %zu:\n  %s %s\n  %*s^", error,
		    name, at + 1, name, text, (int)(strlen(name) + 1 + at), "");
		free(error);
	}
	return value;
}

static void
run_if(struct cfg_file *f, const struct words *words)
{
	enum if_state state = IF_OUTSIDE;

	if (f->depth == IF_DEPTH_MAX) {
		parse_say(f->c, LOG_L_ALERT, "too many nested '.if', max is %d.", IF_DEPTH_MAX);
		return;
	}
	if (!directive_is_skipping(f)) {
		int value = evaluate(f, words);

		state = value == 1 ? IF_TAKEN : value == 0 ? IF_WAITING : IF_DONE;
	}
	f->has_else[f->depth] = false;
	f->ifs[f->depth++] = state;
}

static void
run_elif(struct cfg_file *f, const struct words *words)
{
	enum if_state *state = &f->ifs[f->depth - 1];
	int value;

	if (f->has_else[f->depth - 1]) {
		parse_say(f->c, LOG_L_ALERT, "'.elif' after '.else' is not permitted.");
		return;
	}
	if (*state == IF_TAKEN) {
		*state = IF_DONE;
	} else if (*state == IF_WAITING) {
		value = evaluate(f, words);
		*state = value == 1 ? IF_TAKEN : value == 0 ? IF_WAITING : IF_DONE;
	}
}

static void
run_else(struct cfg_file *f)
{
	enum if_state *state = &f->ifs[f->depth - 1];

	if (f->has_else[f->depth - 1]) {
		parse_say(f->c, LOG_L_ALERT, "'.else' after '.else' is not permitted.");
		return;
	}
	f->has_else[f->depth - 1] = true;
	if (*state == IF_WAITING)
		*state = IF_TAKEN;
	else if (*state == IF_TAKEN)
		*state = IF_DONE;
}

/* .elif, .else, .endif: the block they belong to is there? */
static bool
is_in_block(struct cfg_file *f, const char *name)
{
	if (f->depth > 0)
		return true;
	parse_say(f->c, LOG_L_ALERT, "lone '%s' with no matching '.if'.", name);
	return false;
}

static void
refuse_arguments(struct cfg_file *f, const struct words *words)
{
	if (words->n > 1 && !directive_is_skipping(f))
		parse_say(f->c, LOG_L_ALERT, "Unexpected argument '%s' for '%s'.",
		    words->w[1], words->w[0]);
}

/* ---- messages ---- */

static const struct {
	const char	*name;
	enum log_level	 level;
} messages[] = {
	{ ".diag", LOG_L_DIAG },
	{ ".notice", LOG_L_NOTICE },
	{ ".warning", LOG_L_WARNING },
	{ ".alert", LOG_L_ALERT },
};

static void
run_message(struct cfg_file *f, const struct words *words)
{
	for (size_t i = 0; i < ARRAY_LEN(messages); i++) {
		if (strcmp(words->w[0], messages[i].name) != 0)
			continue;
		if (words->n > 2)
			parse_say(f->c, LOG_L_ALERT, "Unexpected argument '%s' for '%s'. Use "
			    "quotes if the message should contain spaces.",
			    words->w[2], words->w[0]);
		else
			parse_say(f->c, messages[i].level, "'%s'.",
			    words->n > 1 ? words->w[1] : "");
		return;
	}
	parse_say(f->c, LOG_L_ALERT, "unknown directive '%s'.", words->w[0]);
}

void
directive_run(struct cfg_file *f, const struct words *words)
{
	const char *name = words->w[0];

	if (strcmp(name, ".if") == 0) {
		run_if(f, words);
	} else if (strcmp(name, ".elif") == 0) {
		if (is_in_block(f, name))
			run_elif(f, words);
	} else if (strcmp(name, ".else") == 0) {
		refuse_arguments(f, words);
		if (is_in_block(f, name))
			run_else(f);
	} else if (strcmp(name, ".endif") == 0) {
		refuse_arguments(f, words);
		if (is_in_block(f, name))
			f->depth--;
	} else {
		run_message(f, words);
	}
}

void
directive_end(struct cfg_file *f)
{
	if (f->depth > 0)
		parse_say(f->c, LOG_L_ALERT, "non-terminated '.if' block.");
}
