/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver of the configuration language: files become lines, lines words,
 * words a row of some module, whose parse function does the rest. It checks
 * what rows promise (section, kind, arity, prefixes), so that parse functions
 * need not, and goes on after an error: all errors of a file are told.
 *
 * Runs in the control thread at start and in a job thread at a reload; it has
 * no state outside of struct cfg.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "cfg/env.h"
#include "cfg/kw.h"
#include "cfg/kw_in.h"
#include "cfg/parse_in.h"

#define FILE_BYTES_MAX	(256u << 20)

/* ---- variables and messages ---- */

const char *
cfg_getenv(struct cfg *c, const char *name)
{
	if (strcmp(name, ".FILE") == 0)
		return c->file != NULL ? c->file : "";
	if (strcmp(name, ".LINE") == 0)
		return arena_printf(c->arena, "%d", c->line);
	if (strcmp(name, ".SECTION") == 0)
		return c->section_name != NULL ? c->section_name :
		    c->section != NULL ? c->section->name : "";
	return c->env != NULL ? cfg_env_lookup(c->env, name) : getenv(name);
}

static const char *
env_lookup(void *arg, const char *name)
{
	return cfg_getenv(arg, name);
}

struct word_env
parse_env(struct cfg *c)
{
	return (struct word_env){ env_lookup, c };
}

void
parse_say(struct cfg *c, enum log_level level, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	diag_plain(c->diag, level, "config : parsing [%s:%d]: %s", c->file, c->line, text);
	free(text);
}

char *
cfg_expand(struct cfg *c, char *word)
{
	struct word_env env = parse_env(c);

	return c->words != NULL ? word_expand(c->arena, c->words, word, &env) : word;
}

static void
expand_addresses(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	if ((row->flags & KW_F_ADDRESS) == 0)
		return;
	for (int i = 0; i < nargs && i < 2; i++)
		args[i] = cfg_expand(c, args[i]);
}

/* "; did you mean 'x' maybe ?", or "."; malloc'ed */
static char *
hint_text(const char *near)
{
	return near != NULL ? xasprintf("; did you mean '%s' maybe ?", near) : xstrdup(".");
}

/* ---- rows ---- */

/* What was typed, if the row's name stands for several. */
static const char *
shown_name(const struct kw_row *row, char **args)
{
	return strchr(row->name, '*') != NULL ? args[-1] : row->name;
}

/* What a row's number of arguments must be; prefix: how messages begin. */
static int
check_arity(struct cfg *c, const struct kw_row *row, char **args, int nargs,
    const char *prefix)
{
	bool is_bare = c->is_no || c->is_default;

	if (nargs < row->min_args && !is_bare) {
		diag_error(c->diag, "%s'%s' expects %s as argument%s.", prefix, row->name,
		    row->syntax != NULL ? row->syntax : "more", row->min_args > 1 ? "s" : "");
		return -1;
	}
	if (nargs > row->max_args && (row->flags & KW_F_ANY_ARGS) == 0) {
		diag_error(c->diag, "%s'%s' cannot handle unexpected argument '%s'.", prefix,
		    row->name, args[row->max_args]);
		return -1;
	}
	return 0;
}

/* args lie behind the row's name, in one array. */
static int
run_row(struct cfg *c, const struct kw_row *row, char **args, int nargs, const char *prefix)
{
	switch ((enum kw_kind)row->kind) {
	case KW_REFUSED:
		diag_error(c->diag, "%s'%s' is not supported: %s", prefix, shown_name(row, args),
		    row->help != NULL ? row->help : "not built.");
		return -1;
	case KW_NO_EFFECT:
		diag_hint(c->diag, "%s'%s' has no effect: %s", prefix, shown_name(row, args),
		    row->help != NULL ? row->help : "");
		return 0;
	case KW_OBEYED:
		break;
	}
	if (check_arity(c, row, args, nargs, prefix) != 0)
		return -1;
	expand_addresses(c, row, args, nargs);
	return row->parse(c, row, args, nargs);
}

/* ---- options of a statement ---- */

/* How messages about its options name the statement. */
static const char *
option_context(struct cfg *c, uint32_t in)
{
	const char *arg = c->nargs > 0 ? c->args[0] : "";

	if (c->context != NULL)
		return c->context;
	if ((in & IN_SERVER) != 0 && c->section_name != NULL)
		c->context = strcmp(c->row->name, "server") == 0 ?
		    arena_printf(c->arena, "'server %s/%s'", c->section_name, arg) :
		    arena_printf(c->arena, "'%s %s'", c->row->name, c->section_name);
	else
		c->context = arena_printf(c->arena, "'%s %s' in section '%s'", c->row->name, arg,
		    c->section->name);
	return c->context;
}

static void
unknown_option(struct cfg *c, uint32_t in, char **words, int n)
{
	char *typed, *hint;

	hint = hint_text(kw_nearest(in, words, n, false, &typed));
	diag_error(c->diag, "%s : unknown keyword '%s'%s", option_context(c, in), typed, hint);
	free(hint);
	free(typed);
}

/* How many of the words behind an option are its own. */
static int
option_arity(uint32_t in, const struct kw_row *row, char **args, int nargs)
{
	bool any = (row->flags & KW_F_ANY_ARGS) != 0;
	int n = row->min_args < nargs ? row->min_args : nargs, used;

	while (n < nargs && (any || n < row->max_args) &&
	    kw_find(in, args + n, nargs - n, &used) == NULL)
		n++;
	return n;
}

int
cfg_parse_options(struct cfg *c, uint32_t in, char **args, int nargs)
{
	const struct kw_row *row;
	int used, n, rc = 0;
	char *prefix, *next;

	for (int i = 0; i < nargs; i += used + n) {
		row = kw_find(in, args + i, nargs - i, &used);
		if (row == NULL) {
			unknown_option(c, in, args + i, nargs - i);
			return -1;	/* where the next option begins is not known */
		}
		n = option_arity(in, row, args + i + used, nargs - i - used);
		prefix = xasprintf("%s : ", option_context(c, in));
		next = args[i + used + n];
		args[i + used + n] = NULL;	/* args[nargs] is NULL for rows */
		rc |= run_row(c, row, args + i + used, n, prefix);
		args[i + used + n] = next;
		free(prefix);
	}
	return rc == 0 ? 0 : -1;
}

/* ---- statements ---- */

/* A known keyword in the other kind of proxy, or in defaults. */
static void
misplaced(struct cfg *c, const struct kw_row *row)
{
	uint32_t here = c->section->in;
	const char *lacks = (row->in & IN_FRONTEND) != 0 ? "frontend" : "backend";

	if ((here & IN_DEFAULTS) != 0)
		diag_error(c->diag, "'%s' not allowed in '%s' section.", row->name,
		    c->section->name);
	else if ((row->flags & KW_F_STRICT) != 0)
		diag_error(c->diag, "'%s' not allowed because %s '%s' has no %s capability.",
		    row->name, c->section->name, c->section_name, lacks);
	else
		diag_warn(c->diag, "'%s' ignored because %s '%s' has no %s capability.",
		    row->name, c->section->name, c->section_name, lacks);
}

static void
unknown_keyword(struct cfg *c, char **words, int n)
{
	uint32_t in = c->section != NULL ? c->section->in : 0;
	const struct kw_row *row;
	char *typed, *hint;
	int used;

	if ((in & IN_PROXY) != 0 && (row = kw_find(IN_PROXY, words, n, &used)) != NULL) {
		misplaced(c, row);
		return;
	}
	hint = hint_text(kw_nearest(in, words, n, true, &typed));
	if (c->section == NULL)
		diag_error(c->diag, "unknown keyword '%s' out of section%s", typed, hint);
	else
		diag_error(c->diag, "unknown keyword '%s' in '%s' section%s", typed,
		    c->section->name, strcmp(hint, ".") == 0 ? "" : hint);
	free(hint);
	free(typed);
}

/* `no X`, `default X`: takes the prefix off. */
static void
take_prefix(struct cfg *c, char ***words, int *n)
{
	c->is_no = *n > 1 && strcmp((*words)[0], "no") == 0;
	c->is_default = *n > 1 && strcmp((*words)[0], "default") == 0;
	if (c->is_no || c->is_default) {
		(*words)++;
		(*n)--;
	}
}

static uint64_t
digest_of(uint64_t before, char **words, int n)
{
	for (int i = 0; i < n; i++)		/* with the 0 that ends each */
		before = XXH3_64bits_withSeed(words[i], strlen(words[i]) + 1, before);
	return XXH3_64bits_withSeed("", 1, before);
}

static void
run_statement(struct cfg *c, char **words, int n)
{
	const struct kw_row *row;
	int used;

	if (c->section != NULL && (c->section->in == 0 || c->section->open == NULL))
		return;			/* refused as a whole */
	take_prefix(c, &words, &n);
	row = c->section != NULL ? kw_find(c->section->in, words, n, &used) : NULL;
	if (row == NULL) {
		unknown_keyword(c, words, n);
		return;
	}
	if ((c->is_no || c->is_default) && (row->flags & KW_F_NO) == 0) {
		diag_error(c->diag, "'%s' is not supported before '%s'.",
		    c->is_no ? "no" : "default", row->name);
		return;
	}
	c->row = row;
	c->args = words + used;
	c->nargs = n - used;
	c->context = NULL;
	c->option_object = NULL;
	if (c->digest != NULL)
		*c->digest = digest_of(*c->digest, words, n);
	if (c->object_is_bad)		/* what it would be put into is not there */
		return;
	run_row(c, row, c->args, c->nargs, "");
}

/* ---- sections ---- */

static void
section_end(struct cfg *c)
{
	if (c->section != NULL && c->section->close != NULL && !c->object_is_bad)
		c->section->close(c);
	c->section = NULL;
	c->section_name = NULL;
	c->object = NULL;
	c->digest = NULL;
	c->object_is_bad = false;
}

static void
section_begin(struct cfg *c, const struct section_row *s, char **args, int nargs)
{
	section_end(c);
	c->section = s;
	c->section_name = nargs > 0 ? args[0] : NULL;
	c->row = NULL;
	c->context = NULL;
	if (s->open == NULL)
		diag_error(c->diag, "'%s' sections are not supported: %s", s->name,
		    s->help != NULL ? s->help : "not built.");
	c->object_is_bad = s->open == NULL || s->open(c, args, nargs) != 0;
}

/* ---- files ---- */

/* A word that begins a section and is also a statement of this one (`provider` in a
 * launch-config) is the statement where its line is indented. */
static bool
is_statement(const struct cfg *c, const struct words *words, bool is_indented)
{
	int used;

	return is_indented && c->section != NULL && (c->section->in & IN_CONTROL) != 0 &&
	    kw_find(c->section->in, words->w, 1, &used) != NULL;
}

static void
run_words(struct cfg_file *f, const struct words *words, bool is_indented)
{
	const struct section_row *s;
	struct cfg *c = f->c;

	if (words->n == 0)
		return;
	if (words->w[0][0] == '.') {
		directive_run(f, words);
		return;
	}
	c->words = words;
	s = kw_section(words->w[0]);
	if (s != NULL && !is_statement(c, words, is_indented))
		section_begin(c, s, words->w + 1, words->n - 1);
	else
		run_statement(c, words->w, words->n);
	c->words = NULL;
}

static void
run_line(struct cfg_file *f, struct str line)
{
	struct word_env env = parse_env(f->c);
	struct word_fault fault;
	struct words words;
	char *text;

	diag_at(f->c->diag, f->c->file, f->c->line);
	if (str_ends(line, STR("\r")))
		line.len--;
	if (directive_is_skipping(f) && !directive_is_conditional(line))
		return;
	if (word_split(f->c->arena, line, &env, &words, &fault) != 0) {
		text = word_fault_text(&fault, line);
		parse_say(f->c, LOG_L_ALERT, "%s", text);
		free(text);
		return;
	}
	run_words(f, &words, line.len > 0 && (line.p[0] == ' ' || line.p[0] == '\t'));
}

static void
run_text(struct cfg *c, struct str text)
{
	struct cfg_file f = { .c = c };
	struct str line;
	const char *lf;

	while (text.len > 0) {
		c->line++;
		lf = memchr(text.p, '\n', text.len);
		line = (struct str){ text.p, lf != NULL ? (size_t)(lf - text.p) : text.len };
		run_line(&f, line);
		if (lf == NULL)
			parse_say(c, LOG_L_ALERT, "Missing LF on last line, file might have been "
			    "truncated at position %zu.", line.len + 1);
		text.p += line.len + (lf != NULL);
		text.len -= line.len + (lf != NULL);
	}
	directive_end(&f);
	diag_at(c->diag, c->file, c->line);
	section_end(c);
}

static void
cannot_open(struct cfg *c, const char *path)
{
	diag_plain(c->diag, LOG_L_ALERT, "config : Cannot open configuration file/directory "
	    "%s : %s", path, strerror(errno));
}

static void
load_file(struct cfg *c, const char *path)
{
	unsigned errors = c->diag->nerrors;
	size_t len;
	char *text = file_read(path, FILE_BYTES_MAX, &len);

	if (text == NULL) {
		cannot_open(c, path);
		return;
	}
	c->file = arena_strdup(c->arena, path);
	c->line = 0;
	run_text(c, (struct str){ text, len });
	free(text);
	diag_at(c->diag, NULL, 0);
	if (c->diag->nerrors > errors)
		diag_plain(c->diag, LOG_L_ALERT, "config : Error(s) found in configuration "
		    "file : %s", path);
}

/* What is to be loaded, in order. */
struct names {
	char	**p;		/* owned, each too */
	int	  n;
};

static void
names_add(struct names *names, char *path)
{
	names->p = xrealloc(names->p, (size_t)(names->n + 1) * sizeof(*names->p));
	names->p[names->n++] = path;
}

/* A folder stands for its visible *.cfg. */
static void
add_path(struct cfg *c, struct names *names, const char *path)
{
	char **files;
	int n = file_list_dir(path, ".cfg", &files);

	if (n == -1 && errno != ENOTDIR) {
		cannot_open(c, path);
		return;
	}
	if (n == -1) {
		names_add(names, xstrdup(path));
		return;
	}
	for (int i = 0; i < n; i++)
		names_add(names, files[i]);
	free(files);
}

static void
tell_names(struct cfg *c, const struct names *names)
{
	struct outbuf b;

	outbuf_init(&b, 0);
	for (int i = 0; i < names->n; i++)
		outbuf_fmt(&b, "%s%s", i > 0 ? ";" : "", names->p[i]);
	cfg_env_set(c->env, "HAPROXY_CFGFILES", b.data != NULL ? b.data : "");
	outbuf_fini(&b);
}

static void
load_all(struct cfg *c, char *const *paths, int npaths)
{
	struct names names = { NULL, 0 };

	for (int i = 0; i < npaths; i++)
		add_path(c, &names, paths[i]);
	tell_names(c, &names);
	for (int i = 0; i < names.n; i++) {
		load_file(c, names.p[i]);
		free(names.p[i]);
	}
	free(names.p);
}

static void
run_checks(struct cfg *c)
{
	diag_at(c->diag, NULL, 0);
	MODULE_EACH(m)
		for (const struct post_row *p = m->post; p != NULL && p->name != NULL; p++)
			p->run(c);
}

int
cfg_load(struct cfg *c, char *const *paths, int npaths)
{
	unsigned errors = c->diag->nerrors;

	if (c->env == NULL)
		c->env = cfg_env_make(c->arena);
	load_all(c, paths, npaths);
	if (c->tail != NULL && c->diag->nerrors == errors)
		c->tail(c);
	/* Checks of the whole expect parts that are right in themselves. */
	if (c->diag->nerrors == errors)
		run_checks(c);
	return c->diag->nerrors == errors ? 0 : -1;
}
