/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scripts in the file of `state save`: their versions, which one is in service, which
 * functions are switched off. A version whose text is there already is no new one.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/module.h"
#include "base/out.h"
#include "base/xalloc.h"
#include "ctl/archive.h"
#include "ctl/row.h"
#include "script/unit.h"

/* Numbers that versions of the unit under work have here; its row `u/` comes last. */
static struct {
	unsigned	 then[SCRIPT_VERSIONS], now[SCRIPT_VERSIONS];
	unsigned	 n;
} numbers;

static bool
save(uint64_t *cursor)
{
	(void)cursor;
	SCRIPT_UNIT_EACH(u) {
		if (!u->is_there)
			continue;
		for (unsigned i = 0; i < u->nversions; i++)
			unit_store_version(u, &u->versions[i]);
		unit_store_unit(u);
		SCRIPT_LIVE_EACH(f, u)
			if (f->is_disabled)
				unit_store_function(f);
	}
	return false;
}

/* The unit of v/NAME/000007 or u/NAME. */
static struct script_unit *
unit_of(const char *key)
{
	const char *name = key + 2, *slash = key[0] == 'v' ? strrchr(name, '/') : NULL;
	char *copy = slash != NULL ? xstrndup(name, (size_t)(slash - name)) : xstrdup(name);
	struct script_unit *u = script_unit_find(copy);

	free(copy);
	return u;
}

static bool
is_kind(const char *key, char kind)
{
	return key[0] == kind && key[1] == '/';
}

/* What is wrong with versions of the unit under work; that of the one in service counts. */
static struct {
	unsigned	 version[SCRIPT_VERSIONS];
	char		*error[SCRIPT_VERSIONS];	/* owned */
	unsigned	 n;
} wrong;

static void
check_version(const struct script_unit *u, const json_t *row)
{
	const char *text = row_text(row, "text");
	char *error = script_unit_check(u, text, strlen(text));

	if (error == NULL || wrong.n == SCRIPT_VERSIONS) {
		free(error);
		return;
	}
	wrong.version[wrong.n] = (unsigned)row_u64(row, "n");
	wrong.error[wrong.n++] = error;
}

static char *
check_service(const char *name, unsigned version)
{
	char *said = NULL;

	while (wrong.n > 0) {
		wrong.n--;
		if (said == NULL && wrong.version[wrong.n] == version)
			said = xasprintf("lua %s: version %u: %s", name, version,
			    wrong.error[wrong.n]);
		free(wrong.error[wrong.n]);
	}
	return said;
}

static char *
check(const struct archive_row *r)
{
	const struct script_unit *u;

	if (!is_kind(r->key, 'v') && !is_kind(r->key, 'u'))
		return NULL;
	u = unit_of(r->key);
	if (u != NULL && is_kind(r->key, 'v'))
		check_version(u, r->row);
	if (is_kind(r->key, 'u'))
		return check_service(r->key + 2, (unsigned)row_u64(r->row, "version"));
	return NULL;
}

static unsigned
number_of(const struct script_unit *u, const char *text)
{
	for (unsigned i = 0; i < u->nversions; i++)
		if (strcmp(u->versions[i].text, text) == 0)
			return u->versions[i].n;
	return 0;
}

static void
restore_version(struct script_unit *u, const json_t *row, struct outbuf *changes)
{
	struct script_text t = { .text = row_text(row, "text"), .origin = row_text(row, "origin"),
	    .comment = row_text(row, "comment"), .len = strlen(row_text(row, "text")) };
	unsigned n = number_of(u, t.text);

	if (n == 0) {
		n = script_unit_keep(u, &t, row_u64(row, "at"));
		outbuf_fmt(changes, "lua %s: version %llu is v%u\n", u->name,
		    (unsigned long long)row_u64(row, "n"), n);
	}
	if (numbers.n == SCRIPT_VERSIONS)
		return;
	numbers.then[numbers.n] = (unsigned)row_u64(row, "n");
	numbers.now[numbers.n++] = n;
}

static void
restore_service(struct script_unit *u, const json_t *row, struct outbuf *changes)
{
	unsigned then = (unsigned)row_u64(row, "version");
	char *error;

	for (unsigned i = 0; i < numbers.n; i++) {
		if (numbers.then[i] != then || numbers.now[i] == u->version)
			continue;
		error = script_unit_rollback(u, numbers.now[i]);
		if (error != NULL)
			outbuf_fmt(changes, "lua %s: %s\n", u->name, error);
		else
			outbuf_fmt(changes, "lua %s v%u active\n", u->name, u->version);
		free(error);
	}
	numbers.n = 0;
}

static void
restore_function(const char *key, struct outbuf *changes)
{
	SCRIPT_UNIT_EACH(u)
		SCRIPT_LIVE_EACH(f, u) {
			char *own = xasprintf("f/%s/%s", script_kind_name(f->kind), f->name);

			if (strcmp(own, key) == 0 && !f->is_disabled) {
				script_live_enable(f, false);
				outbuf_fmt(changes, "lua disable %s\n", f->name);
			}
			free(own);
		}
}

static void
restore(const struct archive_row *r, struct outbuf *changes)
{
	struct script_unit *u;

	if (is_kind(r->key, 'f')) {
		restore_function(r->key, changes);
		return;
	}
	if (!is_kind(r->key, 'v') && !is_kind(r->key, 'u'))
		return;
	u = unit_of(r->key);
	if (u != NULL && is_kind(r->key, 'v'))
		restore_version(u, r->row, changes);
	else if (u != NULL)
		restore_service(u, r->row, changes);
	else if (is_kind(r->key, 'u'))
		outbuf_fmt(changes, "lua %s: left out, no file names it\n", r->key + 2);
}

static struct archive_part part = { .name = "lua", .save = save, .check = check,
	.restore = restore };

static int
module_start(void)
{
	archive_register(&part);
	return 0;
}

const struct module mod_unit_archive = { .name = "unit_archive", .start = module_start };
