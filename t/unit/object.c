/* SPDX-License-Identifier: BSD-2-Clause */
/* object.c: control sections: names, doubles, digests, `adopt`, what is near. */
#include "ctl/object.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/field.h"
#include "tap.h"

struct thing {
	struct object	 object;	/* first */
	uint64_t	 period_us;
	const char	*of;
};

static int
open_alarm(struct cfg *c, char **args, int nargs)
{
	return object_open(c, OBJECT_ALARM, sizeof(struct thing), args, nargs) != NULL ? 0 : -1;
}

static int
open_group(struct cfg *c, char **args, int nargs)
{
	return object_open(c, OBJECT_GROUP, sizeof(struct thing), args, nargs) != NULL ? 0 : -1;
}

static int
parse_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, c->object, args, nargs);
}

static int
check(struct cfg *c)
{
	OBJECT_EACH(o, c->snap, OBJECT_ALARM) {
		struct thing *t = (struct thing *)(void *)o;

		if (t->of != NULL)
			(void)object_need(c, OBJECT_GROUP, "'of'", t->of);
	}
	return 0;
}

static const struct section_row sections[] = {
	{ "alarm", IN_ALARM, open_alarm, NULL, "" },
	{ "scaling-group", IN_GROUP, open_group, NULL, "" },
	{ NULL, 0, NULL, NULL, NULL },
};

static const struct kw_row rows[] = {
	{ "period", IN_ALARM, KW_OBEYED, 1, 1, 0, parse_field,
	  CFG_FIELD(CFG_DURATION, struct thing, period_us), "<duration>", "" },
	{ "of", IN_ALARM, KW_OBEYED, 1, 1, 0, parse_field,
	  CFG_FIELD(CFG_TEXT, struct thing, of), "<group>", "" },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct post_row posts[] = { { "names", check }, { NULL, NULL } };

static const struct module mod_test = {
	.name = "test", .sections = sections, .cfg = rows, .post = posts
};
extern const struct module mod_object;
const struct module *const modules[] = { &mod_object, &mod_test, NULL };

static struct snapshot *snap;
static struct diag d;

/* The first message of a configuration, or "". */
static const char *
load(const char *text)
{
	static char path[] = "/tmp/weir-object-XXXXXX", first[256];
	char *paths[] = { path };
	struct cfg c = { .diag = &d };
	FILE *f;
	int fd;

	strcpy(path + strlen(path) - 6, "XXXXXX");
	fd = mkstemp(path);
	f = fdopen(fd, "w");
	fputs(text, f);
	fclose(f);
	if (snap != NULL) {
		snapshot_free(snap);
		diag_fini(&d);
	}
	diag_init(&d, false);
	c.snap = snap = snapshot_new(1);
	c.arena = snap->arena;
	(void)cfg_load(&c, paths, 1);
	remove(path);
	snprintf(first, sizeof first, "%s", d.first != NULL ? d.first->text : "");
	return first;
}

static uint64_t
digest(const char *text)
{
	const struct object *o;

	is_str(load(text), "");
	o = object_find(snap, OBJECT_ALARM, "a");
	return o != NULL ? o->digest : 0;
}

int
main(void)
{
	const struct thing *t;
	uint64_t one;

	is_str(load("alarm a\n\tperiod 60s\n\tadopt\nalarm b\nscaling-group a\n"), "");
	t = object_find(snap, OBJECT_ALARM, "a");
	ok(t != NULL && t->period_us == 60000000 && t->object.adopts && t->object.line == 1);
	ok(object_find(snap, OBJECT_GROUP, "b") == NULL);
	is_str(load("alarm\n"), "'alarm' expects one name as argument.");
	is_str(load("alarm a,b\n"), "'alarm': the name 'a,b' may have letters, digits and "
	    "._-:@+=/ only, 255 at most.");
	ok(strstr(load("alarm a\nalarm a\n"), "has the same name as another one") != NULL);
	is_str(load("alarm a\n\tperiod 60\n"), "'period 60': say 60s or 1m.");
	is_str(load("scaling-group web\nalarm a\n\tof wep\n"),
	    "'of': there is no scaling-group 'wep', did you mean 'web'?");
	is_str(load("alarm a\n\tof wep\n"), "'of': there is no scaling-group 'wep'.");

	one = digest("alarm a\n\tperiod 60s\n");
	ok_named(one == digest("# moved\n\nalarm a\n  period   60s # the same\nalarm b\n"),
	    "the layout does not count");
	ok_named(one != digest("alarm a\n\tperiod 61s\n"), "the words do");
	ok_named(one != digest("alarm a\n\tperiod 60s\n\tadopt\n"), "and how many there are");
	snapshot_free(snap);
	diag_fini(&d);
	return tap_done();
}
