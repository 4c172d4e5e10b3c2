/* SPDX-License-Identifier: BSD-2-Clause */
/* cli_input.c, cli_match.c: lines, payloads, commands, words, rows, help. */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "base/module.h"
#include "tap.h"

#define ROW(name, level, flags, syntax)	{ name, level, flags, run, syntax, "about " name }

static void
run(struct cli *c)
{
	(void)c;
}

static const struct cli_row rows[] = {
	ROW("show stat", CLI_USER, 0, "[x]"), ROW("show", CLI_USER, 0, ""),
	ROW("show servers state", CLI_USER, 0, "[<backend>]"),
	ROW("set server", CLI_ADMIN, 0, "<bk>/<srv>"),
	ROW("set weight", CLI_ADMIN, 0, "<bk>/<srv>"), ROW("get weight", CLI_USER, 0, ""),
	ROW("secret thing", CLI_ADMIN, CLI_F_EXPERT, ""),
	ROW("help", CLI_USER, CLI_F_LAST, "[<command>]"), ROW("quit", CLI_USER, CLI_F_LAST, ""),
	ROW("a name that is longer than forty columns", CLI_ADMIN, 0, "<x>"),
	{ 0 }
};
static const struct module mod_test = { .name = "test", .cli = rows };
const struct module *const modules[] = { &mod_test, NULL };

/* ---- lines ---- */

static void
feed(struct cli_input *in, const char *text)
{
	cli_input_add(in, text, strlen(text));
}

static void
test_lines(void)
{
	struct cli_input in;

	cli_input_init(&in);
	is_int(cli_input_next(&in, false), CLI_IN_MORE);
	feed(&in, "show in");
	is_int(cli_input_next(&in, false), CLI_IN_MORE);
	feed(&in, "fo\r\n\nquit");
	is_int(cli_input_next(&in, false), CLI_IN_LINE);
	is_str(in.line, "show info");
	is_int(cli_input_next(&in, false), CLI_IN_LINE);
	is_str(in.line, "");
	is_int(cli_input_next(&in, false), CLI_IN_MORE);
	is_u64(cli_input_left(&in), 4);
	is_int(cli_input_next(&in, true), CLI_IN_LINE);
	is_str(in.line, "quit");
	is_int(cli_input_next(&in, true), CLI_IN_MORE);
	cli_input_fini(&in);
}

static void
test_payload(void)
{
	struct cli_input in;

	cli_input_init(&in);
	feed(&in, "add map f <<\na b\n");
	is_int(cli_input_next(&in, false), CLI_IN_MORE);
	ok(in.in_payload);
	feed(&in, "c d\r\n\nnext\n");
	is_int(cli_input_next(&in, false), CLI_IN_LINE);
	is_str(in.line, "add map f");
	is_str(in.payload.data, "a b\nc d\n");
	is_int(cli_input_next(&in, false), CLI_IN_LINE);
	is_str(in.line, "next");
	ok(!in.has_payload);
	feed(&in, "set x <<EOF\n\none\nEOFx\nEOF\nplain<<\n");
	is_int(cli_input_next(&in, false), CLI_IN_LINE);
	is_str(in.payload.data, "\none\nEOFx\n");
	is_int(cli_input_next(&in, false), CLI_IN_LINE);
	is_str(in.line, "plain<<");
	cli_input_fini(&in);
}

/* A line and a payload of exactly their limits pass, one byte more does not. */
static void
test_limits(void)
{
	char *big = malloc(CLI_PAYLOAD_BYTES + 2);
	struct cli_input in;

	memset(big, 'x', CLI_PAYLOAD_BYTES + 2);
	cli_input_init(&in);
	cli_input_add(&in, big, CLI_LINE_BYTES);
	is_int(cli_input_next(&in, false), CLI_IN_MORE);
	feed(&in, "\n");
	is_int(cli_input_next(&in, false), CLI_IN_LINE);
	cli_input_add(&in, big, CLI_LINE_BYTES + 1);
	is_int(cli_input_next(&in, false), CLI_IN_TOO_LONG);
	cli_input_fini(&in);

	cli_input_init(&in);
	feed(&in, "x <<\n");
	cli_input_add(&in, big, CLI_PAYLOAD_BYTES - 1);
	feed(&in, "\n\n");
	is_int(cli_input_next(&in, false), CLI_IN_LINE);
	is_u64(in.payload.len, CLI_PAYLOAD_BYTES);
	feed(&in, "x <<\n");
	cli_input_add(&in, big, CLI_PAYLOAD_BYTES + 1);
	is_int(cli_input_next(&in, false), CLI_IN_TOO_LONG);
	cli_input_fini(&in);
	free(big);
}

/* ---- commands and words ---- */

static void
test_commands(void)
{
	char line[] = "show info; echo a\\;b ;quit; ", *rest = line, empty[] = "";

	is_str(cli_next_command(&rest), "show info");
	is_str(cli_next_command(&rest), " echo a\\;b ");
	is_str(cli_next_command(&rest), "quit");
	ok(cli_next_command(&rest) == NULL);
	rest = empty;
	is_str(cli_next_command(&rest), "");
	ok(cli_next_command(&rest) == NULL);
}

static void
test_words(void)
{
	char line[] = "  set \t map  a\\ b c\\;d \\\\ e\\", many[2 * CLI_MAX_WORDS + 4] = "";
	struct cli_words w;

	is_int(cli_split(line, &w), 0);
	is_int(w.n, 6);
	is_str(w.w[0], "set");
	is_str(w.w[2], "a b");
	is_str(w.w[3], "c;d");
	is_str(w.w[4], "\\");
	is_str(w.w[5], "e\\");
	ok(w.w[6] == NULL);
	for (int i = 0; i < CLI_MAX_WORDS; i++)
		memcpy(many + 2 * i, "x ", 3);
	is_int(cli_split(many, &w), 0);
	is_int(w.n, CLI_MAX_WORDS);
	for (int i = 0; i <= CLI_MAX_WORDS; i++)
		memcpy(many + 2 * i, "x ", 3);
	is_int(cli_split(many, &w), -1);
}

/* ---- rows ---- */

static const char *
found(const char *text, int *used)
{
	char buf[128];
	struct cli_words w;
	const struct cli_row *row;

	memcpy(buf, text, strlen(text) + 1);
	(void)cli_split(buf, &w);
	row = cli_find(w.w, w.n, used);
	return row != NULL ? row->name : NULL;
}

static void
test_find(void)
{
	int used;

	is_str(found("show stat typed", &used), "show stat");
	is_int(used, 2);
	is_str(found("show servers state be", &used), "show servers state");
	is_int(used, 3);
	is_str(found("show servers", &used), "show");
	is_int(used, 1);
	is_str(found("show stats", &used), "show");
	is_str(found("set", &used), NULL);
	is_str(found("set serve x", &used), NULL);
	is_int(used, 0);
}

static const char *
said(void (*fn)(struct outbuf *, unsigned, unsigned, char *const *, int), unsigned level,
    const char *text)
{
	static struct outbuf b;
	char buf[128];
	struct cli_words w;

	outbuf_fini(&b);
	outbuf_init(&b, 0);
	memcpy(buf, text, strlen(text) + 1);
	(void)cli_split(buf, &w);
	fn(&b, level, CLI_F_EXPERT, w.w, w.n);
	return b.data;
}

#define LAST	"  help [<command>]                        : about help\n" \
		"  quit                                    : about quit\n"

static void
test_help(void)
{
	const char *all = said(cli_help, CLI_ADMIN, "");

	ok(strstr(all, "The following commands are valid at this level:\n  a name") == all);
	ok(strstr(all, "secret") == NULL);
	ok(strstr(all, "  a name that is longer than forty columns <x>: about a") != NULL);
	ok(strstr(said(cli_help, CLI_USER, "set"), "  set ") == NULL);	/* not allowed */
	is_str(said(cli_help, CLI_ADMIN, "set weight"),
	    "The following commands are valid at this level:\n"
	    "  set weight <bk>/<srv>                   : about set weight\n" LAST);
}

static void
test_unknown(void)
{
	is_str(said(cli_unknown, CLI_ADMIN, "set serve be/s"),
	    "Unknown command: 'set', but maybe one of the following ones is a better match:\n"
	    "  set server <bk>/<srv>                   : about set server\n"
	    "  set weight <bk>/<srv>                   : about set weight\n" LAST);
	is_str(said(cli_unknown, CLI_ADMIN, "set"),
	    "Unknown command: 'set', but maybe one of the following ones is a better match:\n"
	    "  set server <bk>/<srv>                   : about set server\n"
	    "  set weight <bk>/<srv>                   : about set weight\n" LAST);
	ok(strstr(said(cli_unknown, CLI_ADMIN, "weigth"), "  get weight ") != NULL);
	ok(strstr(said(cli_unknown, CLI_ADMIN, "a\x1b"), "'a\\x1b'") != NULL);
}

int
main(void)
{
	cli_rows_init();
	test_lines();
	test_payload();
	test_limits();
	test_commands();
	test_words();
	test_find();
	test_help();
	test_unknown();
	cli_rows_fini();
	return tap_done();
}
