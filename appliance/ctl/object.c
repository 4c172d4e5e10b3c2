/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Control sections; see object.h.
 *
 * Thread: the one that loads.
 */
#include "ctl/object.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "proxy/global.h"

static const char *const kinds[OBJECT_KINDS] = {
	"provider", "launch-config", "scaling-group", "alarm", "notifier"
};

const char *
object_kind_name(enum object_kind kind)
{
	return kinds[kind];
}

void *
object_find(const struct snapshot *s, enum object_kind kind, const char *name)
{
	OBJECT_EACH(o, s, kind)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

/* Names stand in paths, ARNs, lines of CSV and commands. */
static bool
is_good_name(const char *name)
{
	static const char others[] = "._-:@+=/";
	size_t n = 0;

	for (; name[n] != '\0'; n++)
		if (!isalnum((unsigned char)name[n]) && strchr(others, name[n]) == NULL)
			return false;
	return n > 0 && n <= OBJECT_NAME_MAX && name[0] != '-';
}

void *
object_open(struct cfg *c, enum object_kind kind, size_t size, char **args, int nargs)
{
	const struct object *other;
	struct object *o, **at;

	if (nargs != 1) {
		diag_error(c->diag, "'%s' expects one name as argument.", kinds[kind]);
		return NULL;
	}
	if (!is_good_name(args[0])) {
		diag_error(c->diag, "'%s': the name '%s' may have letters, digits and ._-:@+=/ "
		    "only, %u at most.", kinds[kind], args[0], OBJECT_NAME_MAX);
		return NULL;
	}
	if ((other = object_find(c->snap, kind, args[0])) != NULL) {
		diag_error(c->diag, "%s '%s' has the same name as another one (declared at "
		    "%s:%d).", kinds[kind], args[0], other->file, other->line);
		return NULL;
	}
	if (c->snap->objects == NULL)
		c->snap->objects = arena_alloc(c->arena, sizeof *c->snap->objects);
	for (at = &c->snap->objects->first[kind]; *at != NULL; at = &(*at)->next)
		;
	*at = o = arena_alloc(c->arena, size);
	o->name = args[0];
	o->file = c->file;
	o->line = c->line;
	c->object = o;
	c->digest = &o->digest;
	return o;
}

struct nth {
	const struct snapshot *snap;
	enum object_kind kind;
};

static const char *
nth_name(size_t i, void *arg)
{
	const struct nth *n = arg;

	OBJECT_EACH(o, n->snap, n->kind)
		if (i-- == 0)
			return o->name;
	return NULL;
}

void
object_unknown(struct cfg *c, const char *near, const char *fmt, ...)
{
	va_list ap;
	char *text;

	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	if (near != NULL)
		diag_error(c->diag, "%s, did you mean '%s'?", text, near);
	else
		diag_error(c->diag, "%s.", text);
	free(text);
}

void *
object_need(struct cfg *c, enum object_kind kind, const char *what, const char *name)
{
	struct nth n = { c->snap, kind };
	void *o = object_find(c->snap, kind, name);
	const char *near;

	if (o != NULL)
		return o;
	near = str_nearest(name, nth_name, &n);
	object_unknown(c, near, "%s: there is no %s '%s'", what, kinds[kind], name);
	return NULL;
}

static int
parse_adopt(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct object *o = c->object;

	(void)row, (void)args, (void)nargs;
	o->adopts = true;
	return 0;
}

static int
parse_may_override(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	bool is_on = strcmp(args[0], "on") == 0;

	(void)nargs;
	if (!is_on && strcmp(args[0], "off") != 0) {
		diag_error(c->diag, "'%s' expects 'on' or 'off', not '%s'.", row->name, args[0]);
		return -1;
	}
	global_of(c)->api_may_override = is_on;
	return 0;
}

static const struct kw_row rows[] = {
	{ "api-may-override", IN_GLOBAL, KW_OBEYED, 1, 1, 0, parse_may_override, 0, "on|off",
	    "Commands may change what files say of objects; off by default." },
	{ "adopt", IN_CONTROL, KW_OBEYED, 0, 0, 0, parse_adopt, 0, "",
	    "takes over an object of this name that was made through the API" },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

const struct module mod_object = { .name = "object", .cfg = rows };
