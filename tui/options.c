/* SPDX-License-Identifier: BSD-2-Clause */
/* One function per value; the table says which options there are. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/version.h"
#include "tui/config.h"
#include "tui/keys.h"
#include "tui/options.h"
#include "tui/screen.h"

enum option_id {
#define OPT(short, long, argument, id, help)	OPT_##id,
#include "tui/options.def"
#undef OPT
	OPTIONS
};

static const struct option_row {
	int	 letter;
	const char *name, *argument, *help;
} rows[OPTIONS] = {
#define OPT(short, long, argument, id, help)	[OPT_##id] = { short, long, argument, help },
#include "tui/options.def"
#undef OPT
};

/* --- Texts --------------------------------------------------------------- */

static void
print_help(void)
{
	const struct option_row *r;
	char left[64];

	printf("usage: weirtop [options] [[NAME=]SOCKET ...]\n\n"
	    "Watch weir or HAProxy live, and act on it. SOCKET is the path of a stats socket, or\n"
	    "HOST:PORT; without one the usual places are tried.\n\n");
	for (r = rows; r < rows + OPTIONS; r++) {
		const char *arg = r->argument != NULL ? r->argument : "";
		const char *eq = r->argument == NULL ? "" : *arg == '[' ? "[=" : "=";

		snprintf(left, sizeof(left), "--%s%s%s", r->name, eq, *arg == '[' ? arg + 1 : arg);
		if (r->letter != 0)
			printf("  -%c, %-24s %s\n", r->letter, left, r->help);
		else
			printf("      %-24s %s\n", left, r->help);
	}
	printf("\nStatus: 0 fine, 1 nothing could be reached, 2 usage, "
	    "3 --check found something.\n");
}

static void
print_bash(void)
{
	const struct option_row *r;

	printf("_weirtop() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	    "\tcase $cur in\n\t-*) COMPREPLY=($(compgen -W '");
	for (r = rows; r < rows + OPTIONS; r++)
		printf("%s--%s%s", r == rows ? "" : " ", r->name, r->argument != NULL &&
		    r->argument[0] != '[' ? "=" : "");
	printf("' -- \"$cur\"));;\n\t*) COMPREPLY=($(compgen -f -- \"$cur\"));;\n\tesac\n}\n"
	    "complete -o nospace -F _weirtop weirtop\n");
}

static void
print_zsh(void)
{
	const struct option_row *r;

	printf("#compdef weirtop\n_arguments -S \\\n");
	for (r = rows; r < rows + OPTIONS; r++)
		printf("\t'--%s%s[%s]%s' \\\n", r->name, r->argument == NULL ||
		    r->argument[0] == '[' ? "" : "=", r->help,
		    r->argument == NULL ? "" :
		    r->argument[0] == '[' ? "::value:" : ":value:_files");
	printf("\t'*:socket:_files'\n");
}

static const char *where_path;
static const int *where_line;

void
options_where(const char *path, const int *line)
{
	where_path = path;
	where_line = line;
}

static void __attribute__((noreturn, format(printf, 1, 2)))
usage(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "weirtop: ");
	if (where_path != NULL)
		fprintf(stderr, "%s:%d: ", where_path, *where_line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nTry weirtop --help.\n");
	exit(2);
}

/* --- Values -------------------------------------------------------------- */

static double
number(const char *name, const char *text, double lo, double hi)
{
	char *end;
	double v = strtod(text, &end);

	if (end == text || *end != '\0' || !(v >= lo && v <= hi))
		usage("--%s %s: a number from %g to %g is expected", name, text, lo, hi);
	return v;
}

/* The position of a word in a list by blanks. */
static int
choice(const char *name, const char *text, const char *words)
{
	const char *w = words;
	size_t len;
	int i;

	for (i = 0; *w != '\0'; i++) {
		len = strcspn(w, " ");
		if (strlen(text) == len && memcmp(w, text, len) == 0)
			return i;
		w += len + (w[len] == ' ');
	}
	usage("--%s %s: expected one of: %s", name, text, words);
}

static void
set_size(struct options *o, const char *text)
{
	if (sscanf(text, "%dx%d", &o->width, &o->height) != 2 || o->width < 1 || o->height < 1 ||
	    o->width > 1000 || o->height > 1000)
		usage("--size %s: expected COLSxROWS, as 120x40", text);
}

static void
set_screen(struct options *o, const char *name)
{
	char names[256] = "";
	int i;

	if (screen_find(name) == NULL) {
		for (i = 0; screens[i] != NULL; i++)
			snprintf(names + strlen(names), sizeof(names) - strlen(names), " %s",
			    screens[i]->name);
		usage("--screen %s: there are%s", name, names);
	}
	o->screen = name;
}

static void
set_theme(struct options *o, const char *name)
{
	if (strcmp(name, "auto") == 0)
		return;
	if (theme_find(name) == NULL)
		usage("--theme %s: there are auto, default, light, okabe, hicontrast, mono", name);
	o->theme = name;
}

/* HH:MM[:SS] of a day, or seconds since the epoch. */
static void
check_time(const char *name, const char *text)
{
	unsigned h, m, s = 0;
	int end = 0;
	char *rest;

	if (strchr(text, ':') == NULL) {
		(void)strtod(text, &rest);
		if (rest != text && *rest == '\0')
			return;
	} else if (sscanf(text, "%u:%u%n:%u%n", &h, &m, &end, &s, &end) >= 2 && h < 24 &&
	    m < 60 && s < 60 && text[end] == '\0')
		return;
	usage("--%s %s: expected HH:MM[:SS], or seconds since the epoch", name, text);
}

static void
check_keys(const char *keys)
{
	char name[16];
	size_t n;

	for (; *(keys += strspn(keys, " ")) != '\0'; keys += n) {
		n = strcspn(keys, " ");
		snprintf(name, sizeof(name), "%.*s", (int)n, keys);
		if (n >= sizeof(name) || key_code(name) == 0)
			usage("--keys: there is no key '%.*s'; names are as F1, Enter, ^E, j",
			    (int)n, keys);
	}
}

static void
add_source(struct options *o, const char *where)
{
	if (o->nwhere == SOURCES_MAX)
		usage("more than %d sockets", SOURCES_MAX);
	o->where[o->nwhere++] = where;
}

static void
set_form(struct options *o, enum batch_form form)
{
	o->is_batch = true;
	o->batch.form = form;
	if (o->count == 0 && !o->is_repeated)
		o->count = 1;
}

static void
print_completion(const char *shell)
{
	if (choice("completion", shell, "bash zsh") == 0)
		print_bash();
	else
		print_zsh();
	exit(0);
}

static void
hatop_keys(void)
{
	const char *why = key_hatop();

	if (why != NULL)
		usage("--hatop-keys: %s", why);
}

static void
take(struct options *o, enum option_id id, const char *arg)
{
	switch (id) {
	case OPT_SOCKET: case OPT_TCP: add_source(o, arg); break;
	case OPT_INTERVAL: o->interval_s = number("interval", arg, 0.25, 60); break;
	case OPT_READONLY:
		o->is_readonly = true;
		o->is_hard = arg != NULL && choice("readonly", arg, "hard") == 0;
		break;
	case OPT_SCREEN: set_screen(o, arg); break;
	case OPT_FILTER: o->filter = o->batch.filter = arg; break;
	case OPT_PROXY: o->proxy = arg; break;
	case OPT_BATCH:
		o->is_batch = o->is_repeated = true;
		if (!o->has_count)
			o->count = 0;
		break;
	case OPT_ONCE: o->is_batch = true; o->count = 1; break;
	case OPT_COUNT:
		o->count = (unsigned)number("count", arg, 1, 1e9);
		o->has_count = true;
		break;
	case OPT_JSON: set_form(o, BATCH_JSON); break;
	case OPT_CSV: set_form(o, BATCH_CSV); break;
	case OPT_COLS: o->batch.cols = arg; break;
	case OPT_CHECK:
		o->is_batch = true;
		o->batch.check = arg != NULL ? arg : "";
		o->count = 1;
		break;
	case OPT_TIMEOUT: o->timeout_s = number("timeout", arg, 0.1, 3600); break;
	case OPT_RECORD: o->record = arg; break;
	case OPT_NO_TUI: o->no_tui = true; break;
	case OPT_ANONYMIZE: o->anonymize = true; break;
	case OPT_REPLAY: o->replay = arg; break;
	case OPT_SPEED: o->speed = number("speed", arg, 0, 10000); break;
	case OPT_AT:
		check_time("at", arg);
		o->at = arg;
		break;
	case OPT_COLOR: o->color = choice("color", arg, "never 16 256 truecolor auto"); break;
	case OPT_THEME: set_theme(o, arg); break;
	case OPT_ASCII: o->graph = GLYPHS_ASCII; break;
	case OPT_GRAPH: o->graph = choice("graph", arg, "braille block ascii"); break;
	case OPT_SLOW: o->is_slow = true; o->interval_s = 5; break;
	case OPT_MOUSE: o->has_mouse = choice("mouse", arg, "off on") == 1; break;
	case OPT_HATOP: hatop_keys(); break;
	case OPT_PRESERVE: o->keeps_last = true; break;
	case OPT_DUMP: o->dump = arg; break;
	case OPT_DUMP_EXIT: o->dump_at_exit = arg; break;
	case OPT_SIZE: set_size(o, arg); break;
	case OPT_KEYS:
		check_keys(arg);
		o->keys = arg;
		break;
	case OPT_NOW: o->now_ms = (int64_t)(number("now", arg, 0, 1e11) * 1000); break;
	case OPT_COMPLETION: print_completion(arg);		/* ends */
		break;
	case OPT_HELP: print_help(); exit(0);
	case OPT_VERSION: printf("weirtop %s\n", WEIR_VERSION); exit(0);
	case OPTIONS: break;
	}
}

/* What a file may say: how it looks and where it looks, not what is done once. */
static bool
is_for_files(enum option_id id)
{
	switch (id) {
	case OPT_SOCKET: case OPT_TCP: case OPT_INTERVAL: case OPT_READONLY: case OPT_SCREEN:
	case OPT_COLOR: case OPT_THEME: case OPT_ASCII: case OPT_GRAPH: case OPT_SLOW:
	case OPT_MOUSE: case OPT_HATOP: case OPT_PRESERVE:
		return true;
	default:
		return false;
	}
}

const char *
options_set(struct options *o, struct str name, const char *value)
{
	bool yes = strcmp(value, "yes") == 0;
	int i;

	for (i = 0; i < OPTIONS && !str_is(name, rows[i].name); i++)
		;
	if (i == OPTIONS || !is_for_files((enum option_id)i))
		return "no such setting";
	if (rows[i].argument == NULL && !yes)
		return strcmp(value, "no") == 0 ? NULL : "expected yes or no";
	if (*value == '\0')
		return "expected a value";
	take(o, (enum option_id)i, rows[i].argument == NULL || (yes && rows[i].argument[0] == '[') ?
	    NULL : value);
	return NULL;
}

/* Sockets of the command line come instead of those of the file. */
static void
forget_file_sockets(struct options *o, unsigned n)
{
	if (o->nwhere == n && o->replay == NULL)
		return;
	memmove(o->where, o->where + n, (o->nwhere - n) * sizeof(o->where[0]));
	o->nwhere -= n;
}

static void
check_together(const struct options *o)
{
	const char *why = batch_validate(&o->batch);

	if (why != NULL)
		usage("%s", why);
	if (o->replay != NULL && (o->nwhere > 0 || o->record != NULL))
		usage("--replay: no socket and no --record beside it");
	if (o->no_tui && o->record == NULL)
		usage("--no-tui: there is nothing to do without --record");
}

void
options_parse(struct options *o, int argc, char **argv)
{
	struct option longs[OPTIONS + 1] = { 0 };
	char shorts[2 * OPTIONS + 2] = ":";
	const struct option_row *r;
	unsigned of_file;
	int i, n = 1, c;

	*o = (struct options){ .interval_s = 1, .timeout_s = 5, .speed = 1, .color = -1,
	    .graph = -1, .has_mouse = true, .width = 80, .height = 24 };
	config_read(o);
	config_read_filters();
	of_file = o->nwhere;
	for (i = 0; i < OPTIONS; i++) {
		r = &rows[i];
		longs[i] = (struct option){ r->name, r->argument == NULL ? no_argument :
		    r->argument[0] == '[' ? optional_argument : required_argument, NULL, 256 + i };
		if (r->letter == 0)
			continue;
		shorts[n++] = (char)r->letter;
		if (longs[i].has_arg == required_argument)
			shorts[n++] = ':';
	}
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		for (i = 0; i < OPTIONS && c != 256 + i && (c < '0' || c != rows[i].letter); i++)
			;
		if (c == ':')
			usage("%s needs a value", argv[optind - 1]);
		if (i == OPTIONS)
			usage("%s: no such option", argv[optind - 1]);
		take(o, (enum option_id)i, optarg);
	}
	for (; optind < argc; optind++)
		add_source(o, argv[optind]);
	if (o->color == 4)
		o->color = -1;
	forget_file_sockets(o, of_file);
	check_together(o);
}
