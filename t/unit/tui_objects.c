/* SPDX-License-Identifier: BSD-2-Clause */
/* Objects out of sheets: lists, cells, keys, filters; names in commands, times, ages. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tap.h"
#include "tui/objects.h"
#include "tui/rows.h"

static struct model *m;
static struct host *one, *two;
static struct objects list;

static void
put_sheet(struct sheet *s, const char *text)
{
	ok(sheet_parse(s, text, strlen(text)));
}

static void
begin_model(void)
{
	m = model_new();
	m->ui = ui_new();
	m->now_ms = 1360945800000;		/* 2013-02-15T16:30:00Z */
	one = model_host(m, "lb1");
	two = model_host(m, "lb2");
	put_sheet(&one->kinds[KIND_ALARM], "#name,state,value,since\n"
	    "hot,ALARM,91.5,2013-02-15T16:29:00.000Z\n\"a, b\",OK,,\n");
	put_sheet(&two->kinds[KIND_ALARM], "#name,state,value,since\n"
	    "hot,OK,7,2013-02-15T16:31:00Z\n");
	put_sheet(&one->kinds[KIND_POLICY], "#group,name,type\nweb,more,simple\nweb,less,simple\n");
}

static bool
is_ok_row(const struct model *mm, const struct object *o, const void *arg)
{
	(void)mm;
	return strcmp(object_get(o, "state"), arg) == 0;
}

static const struct sheet *
policies_of_one(const struct host *h)
{
	return h == one ? &h->kinds[KIND_POLICY] : NULL;
}

static void
test_lists(void)
{
	char key[ROW_KEY_MAX];

	objects_of(m, KIND_ALARM, NULL, NULL, &list);
	is_int(list.n, 3);
	is_str(object_get(list.rows[1], "name"), "a, b");
	object_key(list.rows[0], key);
	is_str(key, "lb1 hot ");
	object_key(list.rows[2], key);
	is_str(key, "lb2 hot ");
	objects_of(m, KIND_ALARM, is_ok_row, "OK", &list);
	is_int(list.n, 2);
	m->ui->only = two;
	objects_of(m, KIND_ALARM, NULL, NULL, &list);
	is_int(list.n, 1);
	m->ui->only = NULL;
	objects_of(m, KIND_INSTANCE, NULL, NULL, &list);	/* nothing was sent */
	is_int(list.n, 0);
	objects_in(m, policies_of_one, NULL, NULL, &list);
	is_int(list.n, 2);
	object_key(list.rows[1], key);
	is_str(key, "lb1 web less");		/* policies of a group have its name first */
}

static void
test_none(void)
{
	one->kind = HOST_HAPROXY;
	two->kind = HOST_WEIR;
	is_str(objects_none(m, "theirs", "how"), "how");
	m->ui->only = one;
	is_str(objects_none(m, "theirs", "how"), "theirs");
	ui_filter(m, "x");
	is_str(objects_none(m, "theirs", "how"), "the filter finds none");
	ui_filter(m, "");
	m->ui->only = NULL;
}

static void
test_cells(void)
{
	char buf[64];

	objects_of(m, KIND_ALARM, NULL, NULL, &list);
	ok(object_num(list.rows[0], "value") == 91.5);
	ok(isnan(object_num(list.rows[1], "value")));
	is_str(object_get(list.rows[0], "colour"), "");
	is_int(object_text(list.rows[1], "value", buf, sizeof(buf)), R_FG);
	is_str(buf, "-");
	is_int(object_host(m, list.rows[2], buf, sizeof(buf)), R_HOST + 1);
	is_str(buf, "lb2");
	is_int(object_age_s(m, list.rows[0], "since"), 60);
	is_int(object_age_s(m, list.rows[1], "since"), -1);
	is_int(object_age_s(m, list.rows[2], "since"), 0);	/* not before it began */
	two->skew_ms = 90000;			/* its clock is ahead */
	is_int(object_age_s(m, list.rows[2], "since"), 30);
}

static void
finds(const char *filter, unsigned n)
{
	unsigned i, found = 0;

	ui_filter(m, filter);
	objects_of(m, KIND_ALARM, NULL, NULL, &list);
	for (i = 0; i < list.n; i++)
		found += object_is_found(m, list.rows[i]);
	if (!ok_named(found == n, "%s", filter))
		tap_diag("%u", found);
	ui_filter(m, "");
}

static void
test_filter(void)
{
	finds("", 3);
	finds("hot", 2);
	finds("ALARM", 1);
	finds("name=hot host:lb2", 1);
	finds("value>50", 1);
	finds("value<50", 1);
	finds("state:ok", 2);
	finds("colour:red", 0);
	finds("!hot", 1);
}

static const char *
quoted(const char *name)
{
	static char buf[16];

	word_quote(name, buf, sizeof(buf));
	return buf;
}

static void
test_words(void)
{
	struct answer a = { .text = xstrdup("name: hot\nreason: it is: hot\nempty:\nstate:x") };
	char buf[32];

	is_str(quoted("web-1"), "web-1");
	is_str(quoted("a b;c"), "a\\ b\\;c");
	is_str(quoted("\\\"'#"), "\\\\\\\"\\'\\#");
	is_str(quoted(""), "");
	is_str(quoted("0123456789012345678"), "01234567890123");	/* cut, never beyond */
	answer_field(&a, "reason", buf, sizeof(buf));
	is_str(buf, "it is: hot");
	answer_field(&a, "empty", buf, sizeof(buf));
	is_str(buf, "");
	answer_field(&a, "state", buf, sizeof(buf));
	is_str(buf, "x");
	answer_field(&a, "stat", buf, sizeof(buf));
	is_str(buf, "");
	answer_field(NULL, "state", buf, sizeof(buf));
	is_str(buf, "");
	free(a.text);
}

static void
test_times(void)
{
	ok(time_of("2013-02-15T16:30:00.250Z") == 1360945800.25);
	ok(time_of("2013-02-15T16:30:00Z") == 1360945800);
	ok(time_of("1360945800.5") == 1360945800.5);
	ok(isnan(time_of("")));
	ok(isnan(time_of("-")));
	ok(isnan(time_of("Today")));
	ok(isnan(time_of("12x")));
}

int
main(void)
{
	begin_model();
	test_lists();
	test_none();
	test_cells();
	test_filter();
	test_words();
	test_times();
	objects_fini(&list);
	ui_free(m->ui);
	model_free(m);
	return tap_done();
}
