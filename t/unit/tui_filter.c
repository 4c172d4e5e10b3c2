/* SPDX-License-Identifier: BSD-2-Clause */
/* The filter language: what matches, units, precedence, and errors with places. */
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "tui/filter.h"

struct row { const char *name, *state; double p99, e5, changed; };

static const struct row web = { "search/web-1 10.0.1.11:8080", "UP 2/3", 910, 0.4, 200 };

static bool
field(const void *row, const char *name, char *buf, size_t size, double *ret_num)
{
	const struct row *r = row;

	if (name == NULL || strcmp(name, "name") == 0)
		snprintf(buf, size, "%s", r->name);
	else if (strcmp(name, "state") == 0)
		snprintf(buf, size, "%s", r->state);
	else if (strcmp(name, "p99") == 0)
		*ret_num = r->p99;
	else if (strcmp(name, "5xx") == 0)
		*ret_num = r->e5;
	else if (strcmp(name, "changed") == 0)
		*ret_num = r->changed;
	else if (strcmp(name, "weight") == 0)
		snprintf(buf, size, "100");
	else if (strcmp(name, "none") == 0)
		return true;
	else
		return false;
	return true;
}

static void
matches(const char *text, bool want)
{
	char err[128] = "";
	struct filter *f = filter_new(text, err, sizeof(err));

	if (f == NULL)
		fail("%s: %s", text, err);
	else
		ok_named(filter_match(f, field, &web) == want, "%s: %s", text, want ? "yes" : "no");
	filter_free(f);
}

static void
fails(const char *text, const char *why)
{
	char err[128] = "";
	struct filter *f = filter_new(text, err, sizeof(err));

	is_str(f == NULL ? err : "parsed", why);
	filter_free(f);
}

static void
test_words(void)
{
	matches("web", true);
	matches("WEB", false);
	matches("Search", false);
	matches("web api", false);
	matches("web search", true);
	matches("!api", true);
	matches("!web", false);
	matches("not web", false);
	matches("api or web", true);
	matches("web and !search", false);
	matches("10.0.1.11:8080", true);
	matches("\"web-1 10\"", true);
	matches("/^search.web-\\d /", true);
	matches("/WEB/", false);
	matches("/web\\D\\d/", true);
	matches("/web$/", false);
	matches("/h\\/w/", true);
	matches("android", false);
}

static void
test_fields(void)
{
	matches("state:up", true);
	matches("state=up", false);
	matches("state=\"up 2/3\"", true);
	matches("state!=down", true);
	matches("!state:down", true);
	matches("name~^search/", true);
	fails("name:web or", "column 12: expected a word, field:value or (");
	matches("p99>300", true);
	matches("p99>300ms", true);
	matches("p99>1s", false);
	matches("p99<=910", true);
	matches("p99>=910.5", false);
	matches("p99=910", true);
	matches("p99:91", true);
	matches("5xx>1%", false);
	matches("5xx<1%", true);
	matches("changed<5m", true);
	matches("changed<100", false);
	matches("changed<1h", true);
	matches("weight<101", true);
	matches("weight=100", true);
	matches("weight<0.1k", false);
	matches("none>0", false);
	matches("none<0", false);
	matches("nosuch:x", false);
}

static void
test_groups(void)
{
	matches("api or web state:down", false);
	matches("(api or web) state:up", true);
	matches("!(api or web)", false);
	matches("!(api or (state:down and web))", true);
	matches("p99>300 5xx<1% (state:up)changed<5m", true);
	ok(filter_match(NULL, field, &web));
}

static void
test_errors(void)
{
	char deep[256];

	fails("", "column 1: expected a word, field:value or (");
	fails("web state:", "column 11: expected a value");
	fails("p99>", "column 5: expected a value");
	fails("p99>fast", "column 5: expected a number, as 300, 1.5s, 5m or 1%");
	fails("p99>3x", "column 5: expected a number, as 300, 1.5s, 5m or 1%");
	fails("(web", "column 1: ( is not closed");
	fails("web)", "column 4: ) without its (");
	fails("web and", "column 8: expected a word, field:value or (");
	fails("!", "column 2: expected a word, field:value or (");
	fails("/api", "column 1: / is not closed; a path is path:/api");
	fails("x /a(/", "column 6: missing closing parenthesis");
	fails("name:\"x", "column 6: \" is not closed");
	fails("@mine", "column 1: no filter is saved as @mine");
	memset(deep, '(', sizeof(deep) - 1);
	deep[sizeof(deep) - 1] = '\0';
	fails(deep, "column 49: too deep");
	memset(deep, '!', sizeof(deep) - 1);
	fails(deep, "column 49: too deep");
}

static void
test_saved(void)
{
	struct filter *f;
	char err[128];

	ok(filter_save("slow", "p99>300 or 5xx>5%"));
	ok(filter_save("loop", "web @loop"));
	ok(!filter_save("a-name-that-is-longer-than-they-may-be", "x"));
	matches("@slow web", true);
	matches("@slow api", false);
	matches("!@slow", false);
	fails("@loop", "column 1: too deep");
	ok(filter_save("slow", "p99>9s"));
	matches("@slow", false);
	f = filter_new("web p99>3 nosuch:1", err, sizeof(err));
	is_str(filter_unknown(f, field, &web), "nosuch");
	filter_free(f);
	/* A regular expression that would run for ages ends, and finds nothing */
	matches("/^(.*.*)*=$/", false);
}

int
main(void)
{
	test_words();
	test_fields();
	test_groups();
	test_errors();
	test_saved();
	return tap_done();
}
