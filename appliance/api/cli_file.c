/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files that instances are to have: file put, file delete, show files.
 *
 * Thread: control.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "api/fields.h"
#include "api/scaling.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/file_sync.h"
#include "ctl/file_watch.h"
#include "ctl/group.h"

/* ---- show files ---- */

static void
put_row(struct fields *f, const char *name, uint32_t version, const char *id, const char *state)
{
	fields_row(f);
	fields_text(f, name);
	fields_u64(f, version);
	fields_text(f, id);
	fields_text(f, state);
	fields_row_end(f);
}

/* The file itself. */
static void
put_file(struct fields *f, const struct kept_file *k)
{
	const char *error = "", *path = file_watched(k->name, &error);
	char *text;

	if (path == NULL) {
		put_row(f, k->name, k->version, "", "kept");
		return;
	}
	text = xasprintf("watched: %s%s%s", path, error[0] != '\0' ? ": " : "", error);
	put_row(f, k->name, k->version, "", text);
	free(text);
}

/* What an instance has of it. */
static void
put_holder(struct fields *f, const struct kept_file *k, const struct instance *i)
{
	const struct provider_conf *p = i->group->provider != NULL ?
	    object_find(snapshot_current(), OBJECT_PROVIDER, i->group->provider) : NULL;
	const char *why = p != NULL ? file_sync_refused(p) : "its provider is gone";
	struct file_told t;
	char *text = NULL;

	if (file_sync_tell(i->id, k, &t)) {
		if (t.error[0] != '\0')
			text = xasprintf("failed: %s", t.error);
		put_row(f, k->name, t.version, i->id, t.is_current ? "current" : text != NULL ?
		    text : "pending");
	} else if (k->text != NULL) {
		if (why != NULL)
			text = xasprintf("refused: %s", why);
		put_row(f, k->name, 0, i->id, text != NULL ? text : "pending");
	}
	free(text);
}

static void
put_all(struct fields *f, const struct kept_file *k)
{
	if (k->text != NULL)
		put_file(f, k);
	GROUP_EACH(g)
		LIST_EACH(n, &g->instances)
			put_holder(f, k, LIST_ITEM(n, struct instance, node));
}

static const char *
nth_file(size_t i, void *arg)
{
	(void)arg;
	LIST_EACH(n, &kept_files)
		if (KEPT_FILE_OF(n)->text != NULL && i-- == 0)
			return KEPT_FILE_OF(n)->name;
	return NULL;
}

static void
no_file(struct cli *c, const char *name)
{
	cli_err_near(c, str_nearest(name, nth_file, NULL), ".", "No such file: '%s'", name);
}

/* A file at a time, with all instances; the list may change meanwhile. */
struct listing {
	struct fields	 fields;
	char		 one[FILE_NAME_MAX + 1];	/* "" = all */
	char		 last[FILE_NAME_MAX + 1];	/* that was put */
};

static bool
list_more(struct cli *c)
{
	struct listing *l = c->state;

	LIST_EACH(n, &kept_files) {
		const struct kept_file *k = KEPT_FILE_OF(n);

		if (strcmp(k->name, l->last) <= 0 ||
		    (l->one[0] != '\0' && strcmp(k->name, l->one) != 0))
			continue;
		memcpy(l->last, k->name, sizeof l->last);
		put_all(&l->fields, k);
		return false;
	}
	fields_end(&l->fields);
	return true;
}

static void
show_files(struct cli *c)
{
	bool is_json = cli_wants_json(c);
	const char *name = cli_arg(c, 0);
	struct listing *l;

	if (name[0] != '\0' && files_find(name) == NULL) {
		no_file(c, name);
		return;
	}
	l = xcalloc(1, sizeof *l);
	snprintf(l->one, sizeof l->one, "%s", name);
	fields_begin(&l->fields, &c->out, "name,version,instance,state", is_json);
	cli_more(c, list_more, l, free);
}

/* ---- changes ---- */

static bool
may_change(struct cli *c, const char *name)
{
	const char *error, *path = file_watched(name, &error);

	if (!file_is_name(name))
		cli_err(c, "'%s' is no name of a file: %u of A-Za-z0-9._- at most, no dot or minus "
		    "first.", name, FILE_NAME_MAX);
	else if (path != NULL)
		cli_err(c, "'%s' is what sync-file finds at %s: change it there.", name, path);
	else
		return true;
	return false;
}

static void
do_put(struct cli *c)
{
	const char *name = cli_arg(c, 0);
	char *problem;

	if (!may_change(c, name))
		return;
	if (c->payload.p == NULL) {
		cli_err(c, "'file put' expects the file's text behind <<.");
		return;
	}
	problem = files_put(name, c->payload.p, c->payload.len);
	if (problem != NULL)
		cli_err(c, "%s.", problem);
	else
		outbuf_fmt(&c->out, "%u\n", files_find(name)->version);
	free(problem);
}

static void
do_delete(struct cli *c)
{
	const char *name = cli_arg(c, 0);

	if (may_change(c, name) && !files_drop(name))
		no_file(c, name);
}

static const struct cli_row rows[] = {
	{ "show files", CLI_OPERATOR, 0, show_files, "[<name>] [json]",
	    "files for instances, and who has which version" },
	{ "file put", CLI_ADMIN, CLI_F_PAYLOAD | CLI_F_CHANGE, do_put, "<name> <<",
	    "bring a file to all instances, answer its version" },
	{ "file delete", CLI_ADMIN, CLI_F_CHANGE, do_delete, "<name>",
	    "take a file from all instances" },
	{ NULL, 0, 0, NULL, NULL, NULL },
};

const struct module mod_cli_file = { .name = "cli_file", .cli = rows };
