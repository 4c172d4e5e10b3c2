/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show, get, add, del, set, clear, prepare, commit of maps and ACLs. A change is
 * in force when it is answered: the lists that use the file are compiled anew and
 * swapped, the old ones are freed after a message to each data thread. Long lists
 * are compiled by a job; until then they are not to be changed by anybody else.
 *
 * A reload reads the files again.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "base/module.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "ctl/broadcast.h"
#include "ctl/control.h"
#include "event/job.h"
#include "proxy/global.h"
#include "proxy/map.h"
#include "proxy/sample.h"

#define LONG	1000u		/* entries: more take a job */

/* ---- which one ---- */

struct what {
	bool		 is_map;
	struct map_ref	*ref;
	int		 at;		/* argument behind its name */
	bool		 has_version;
	uint32_t	 version;
};

static bool
is_of_kind(const struct map_ref *r, bool is_map)
{
	return is_map ? r->has_values : r->by_acl;
}

static struct map_ref *
find_ref(const char *name, bool is_map)
{
	uint64_t id = UINT64_MAX;

	if (name[0] == '#' && !str_to_u64(str_of(name + 1), &id))
		return NULL;
	for (struct map_ref *r = snapshot_current()->global->maps; r != NULL; r = r->next)
		if (is_of_kind(r, is_map) && (name[0] == '#' ? (uint64_t)r->id == id :
		    r->file[0] != '\0' && strcmp(r->file, name) == 0))
			return r;
	return NULL;
}

static const char *
kind(bool is_map)
{
	return is_map ? "map" : "ACL";
}

/* [@version] NAME; false after a message. */
static bool
read_what(struct cli *c, bool is_map, struct what *ret)
{
	uint64_t v;

	*ret = (struct what){ .is_map = is_map };
	if (cli_arg(c, 0)[0] == '@') {
		if (!str_to_u64(str_of(c->args[0] + 1), &v) || v > UINT32_MAX) {
			cli_err(c, "Invalid version number.");
			return false;
		}
		ret->has_version = true;
		ret->version = (uint32_t)v;
		ret->at = 1;
	}
	if (cli_arg(c, ret->at)[0] == '\0') {
		cli_err(c, "Missing %s identifier.", kind(is_map));
		return false;
	}
	ret->ref = find_ref(c->args[ret->at], is_map);
	if (ret->ref == NULL) {
		cli_err(c, "Unknown %s identifier. Please use #<id> or <file>.", kind(is_map));
		return false;
	}
	ret->at++;
	return true;
}

/* The entries that a command works on; NULL after a message. */
static struct map_version *
version_of(struct cli *c, const struct what *w)
{
	struct map_version *v;

	if (!w->has_version)
		return &w->ref->current;
	if (w->version > w->ref->next_version) {
		cli_err(c, "Version number in the future, please use 'prepare %s' before.",
		    w->is_map ? "map" : "acl");
		return NULL;
	}
	v = map_ref_version(w->ref, w->version);
	if (v == NULL)
		cli_err(c, "Version number out of range.");
	return v;
}

/* The same to change it. */
static struct map_version *
version_to_change(struct cli *c, const struct what *w)
{
	if (!w->ref->is_busy)
		return version_of(c, w);
	cli_err(c, "Another change of this %s is under way.", kind(w->is_map));
	return NULL;
}

/* ---- changes ---- */

static void
nothing(void *arg, struct dthread *d)
{
	(void)arg, (void)d;
}

static void
free_old(void *arg)
{
	map_sets_free(arg);
}

static void
clear_work(void *arg)
{
	map_version_clear(arg);
}

/* The entries go; a hundred thousand small pieces take their time elsewhere. */
static void
give_away(struct map_version *v)
{
	struct map_version *gone;

	if (v->n < LONG) {
		map_version_clear(v);
		return;
	}
	gone = xmalloc(sizeof *gone);
	*gone = *v;
	v->entries = NULL;
	v->n = v->cap = 0;
	job_run(control_loop, clear_work, free, gone);
}

/* What was written into the current version, on its way into force. */
struct change {
	struct cli	*c;
	struct map_ref	*ref;
	struct map_version *commits;	/* `commit`: the version that is tried; NULL: none */
	struct map_version before;	/* ... and what was current */
	bool		 undoes;	/* `add`: what is more than nbefore goes when it fails */
	uint32_t	 nbefore;
	struct map_set	*made;
	char		*error;
};

static void
compile_work(void *arg)
{
	struct change *ch = arg;

	ch->made = map_ref_compile(ch->ref, &ch->error);
}

static void
undo(struct change *ch)
{
	struct map_version *v = &ch->ref->current;

	if (ch->commits != NULL)
		*v = ch->before;
	while (ch->undoes && v->n > ch->nbefore)
		map_version_drop(v, v->n - 1);
}

static void
end(struct change *ch)
{
	struct map_version gone;

	if (ch->error != NULL) {
		cli_err(ch->c, "%s.", ch->error);
		free(ch->error);
		undo(ch);
		return;
	}
	broadcast(nothing, free_old, map_ref_swap(ch->ref, ch->made));
	if (ch->commits == NULL)
		return;
	ch->ref->current = ch->before;
	gone = map_ref_commit(ch->ref, ch->commits);
	give_away(&gone);
}

static void
on_compiled(void *arg)
{
	struct change *ch = arg;

	ch->ref->is_busy = false;
	end(ch);
	cli_done(ch->c);
	free(ch);
}

/* A short list at once, a long one in a job: the answer comes when it is in force. */
static void
apply(struct change ch)
{
	struct change *later;

	if (ch.ref->current.n < LONG) {
		compile_work(&ch);
		end(&ch);
		return;
	}
	later = xmalloc(sizeof *later);
	*later = ch;
	ch.ref->is_busy = true;
	(void)cli_hold(ch.c);
	cli_wait(ch.c);
	job_run(control_loop, compile_work, on_compiled, later);
}

/* Lines `key [value]` */
static void
add_payload(struct cli *c, const struct what *w, struct map_version *v)
{
	char *text = xstrndup(c->payload.p, c->payload.len), *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		char *key = line + strspn(line, " \t\r"), *value;

		key[strcspn(key, "\r")] = '\0';
		if (*key == '\0')
			continue;
		value = w->is_map ? key + strcspn(key, " \t") : key + strlen(key);
		if (*value != '\0')
			*value++ = '\0';
		value += strspn(value, " \t");
		if (w->is_map && *value == '\0') {
			cli_err(c, "Missing value for the key '%s'.", key);
			break;
		}
		map_ref_add(w->ref, v, key, value);
	}
	free(text);
}

static void
add(struct cli *c, bool is_map)
{
	bool has_payload = c->payload.p != NULL;
	struct map_version *v;
	struct what w;
	uint32_t before;
	int words;

	words = c->nargs - (cli_arg(c, 0)[0] == '@');
	if (is_map && words != 3 && !(has_payload && words == 1)) {
		cli_err(c, "'add map' expects three parameters (map identifier, key and value) or "
		    "one parameter (map identifier) and a payload");
		return;
	}
	if (!is_map && words != 2 && !(has_payload && words == 1)) {
		cli_err(c, "'add acl' expects two parameters: ACL identifier and pattern.");
		return;
	}
	if (!read_what(c, is_map, &w) || (v = version_to_change(c, &w)) == NULL)
		return;
	before = v->n;
	if (words == 1)
		add_payload(c, &w, v);
	else
		map_ref_add(w.ref, v, cli_arg(c, w.at), cli_arg(c, w.at + 1));
	if (v == &w.ref->current)
		apply((struct change){ .c = c, .ref = w.ref, .undoes = true, .nbefore = before });
}

static bool
is_meant(const struct map_entry *e, const char *key, uint64_t id)
{
	return id != 0 ? e->id == id : strcmp(e->key, key) == 0;
}

/* `#0x…` is an entry, as show prints it; 0: a key. */
static uint64_t
entry_id(const char *word)
{
	uint64_t id;

	if (strncmp(word, "#0x", 3) == 0 && str_to_hex(str_of(word + 3), &id))
		return id;
	return 0;
}

static void
del(struct cli *c, bool is_map)
{
	struct map_version *v;
	struct what w;
	uint64_t id;
	bool found = false;

	if (!read_what(c, is_map, &w) || (v = version_to_change(c, &w)) == NULL)
		return;
	if (cli_arg(c, w.at)[0] == '\0') {
		cli_err(c, is_map ?
		    "This command expects two parameters: map identifier and key." :
		    "This command expects two parameters: ACL identifier and key.");
		return;
	}
	id = entry_id(c->args[w.at]);
	for (uint32_t i = 0; i < v->n; )
		if (is_meant(&v->entries[i], c->args[w.at], id)) {
			map_version_drop(v, i);
			found = true;
		} else
			i++;
	if (!found)
		cli_err(c, "Key not found.");
	else if (v == &w.ref->current)
		apply((struct change){ .c = c, .ref = w.ref });
}

static void
set_map(struct cli *c)
{
	struct map_version *v;
	struct what w;
	uint64_t id;
	bool found = false;

	if (!read_what(c, true, &w))
		return;
	if (c->nargs - w.at != 2) {
		cli_err(c, "'set map' expects three parameters: map identifier, key and value.");
		return;
	}
	w.has_version = false;
	if ((v = version_to_change(c, &w)) == NULL)
		return;
	id = entry_id(c->args[w.at]);
	for (uint32_t i = 0; i < v->n; i++) {
		if (!is_meant(&v->entries[i], c->args[w.at], id))
			continue;
		free(v->entries[i].value);
		v->entries[i].value = xstrdup(c->args[w.at + 1]);
		found = true;
	}
	if (!found)
		cli_err(c, "entry not found.");
	else
		apply((struct change){ .c = c, .ref = w.ref });
}

static void
clear(struct cli *c, bool is_map)
{
	struct map_version *v;
	struct what w;

	if (!read_what(c, is_map, &w) || (v = version_to_change(c, &w)) == NULL)
		return;
	give_away(v);
	if (v == &w.ref->current)
		apply((struct change){ .c = c, .ref = w.ref });
}

static void
prepare(struct cli *c, bool is_map)
{
	struct map_version *v;
	struct what w;

	if (!read_what(c, is_map, &w))
		return;
	v = xcalloc(1, sizeof *v);
	v->version = ++w.ref->next_version;
	v->next = w.ref->prepared;
	w.ref->prepared = v;
	outbuf_fmt(&c->out, "New version created: %u\n", v->version);
}

static void
commit(struct cli *c, bool is_map)
{
	struct map_version *v, before;
	struct what w;

	if (cli_arg(c, 0)[0] != '@') {
		cli_err(c, "Missing version number.");
		return;
	}
	if (!read_what(c, is_map, &w) || (v = version_to_change(c, &w)) == NULL)
		return;
	if (v == &w.ref->current)
		return;
	/* tried before the old entries go */
	before = w.ref->current;
	w.ref->current = *v;
	apply((struct change){ .c = c, .ref = w.ref, .commits = v, .before = before });
}

/* ---- show ---- */

struct dump {
	bool		 is_map;
	int		 id;
	bool		 has_version;
	uint32_t	 version, at;
};

static void
list(struct cli *c, bool is_map)
{
	outbuf_z(&c->out, "# id (file) description\n");
	for (const struct map_ref *r = snapshot_current()->global->maps; r != NULL; r = r->next)
		if (is_of_kind(r, is_map))
			outbuf_fmt(&c->out, "%d (%s) %s. curr_ver=%u next_ver=%u entry_cnt=%u\n",
			    r->id, r->file, r->description, r->current.version, r->next_version,
			    r->current.n);
}

static struct map_ref *
ref_of_id(const struct snapshot *s, int id)
{
	struct map_ref *r = s->global->maps;

	while (r != NULL && r->id != id)
		r = r->next;
	return r;
}

/* Looked up again each time: a change may come in between. */
static bool
dump_more(struct cli *c)
{
	struct dump *d = c->state;
	struct map_ref *r = ref_of_id(c->held, d->id);
	struct map_version *v = r == NULL ? NULL : d->has_version ?
	    map_ref_version(r, d->version) : &r->current;

	for (int i = 0; i < 16; i++) {
		const struct map_entry *e;

		if (v == NULL || d->at >= v->n)
			return true;
		e = &v->entries[d->at++];
		outbuf_fmt(&c->out, "0x%llx %s%s%s\n", (unsigned long long)e->id, e->key,
		    e->value != NULL ? " " : "", e->value != NULL ? e->value : "");
	}
	return false;
}

static void
show(struct cli *c, bool is_map)
{
	struct dump *d;
	struct what w;

	if (c->nargs == 0) {
		list(c, is_map);
		return;
	}
	if (!read_what(c, is_map, &w) || version_of(c, &w) == NULL)
		return;
	d = xcalloc(1, sizeof *d);
	d->is_map = is_map;
	d->id = w.ref->id;
	d->has_version = w.has_version;
	d->version = w.version;
	(void)cli_hold(c);
	cli_more(c, dump_more, d, free);
}

static void
put_match(struct cli *c, const struct map_use *u, const char *word, bool is_map)
{
	struct sample s = { .type = SMP_STR, .u.s = str_of(word) };
	const char *key = NULL, *value = NULL;
	bool hit;

	if (u->wants_value)
		hit = (value = map_use_find(u, &s, &key)) != NULL;
	else
		hit = map_use_match(u, &s);
	outbuf_fmt(&c->out, "type=%s, case=%s, %s=%s", map_match_name((enum pat_match)u->match),
	    u->icase ? "insensitive" : "sensitive", is_map ? "found" : "match",
	    hit ? "yes" : "no");
	if (hit && is_map)
		outbuf_fmt(&c->out, ", idx=tree, key=\"%s\", value=\"%s\", type=\"str\"", key,
		    value);
	else if (hit)
		outbuf_fmt(&c->out, ", idx=tree, pattern=\"%s\"", word);
	outbuf_z(&c->out, "\n");
}

static void
get(struct cli *c, bool is_map)
{
	size_t mark = eval_mark();
	struct what w;

	if (c->nargs < 2) {
		cli_err(c, "Missing %s identifier and/or key.", kind(is_map));
		return;
	}
	if (!read_what(c, is_map, &w))
		return;
	for (const struct map_use *u = w.ref->uses; u != NULL; u = u->next)
		if (u->wants_value == is_map)
			put_match(c, u, cli_arg(c, w.at), is_map);
	eval_release(mark);
}

/* ---- rows ---- */

#define PAIR(verb) \
	static void \
	verb##_map_row(struct cli *c) \
	{ \
		verb(c, true); \
	} \
	static void \
	verb##_acl_row(struct cli *c) \
	{ \
		verb(c, false); \
	}
PAIR(show)
PAIR(get)
PAIR(add)
PAIR(del)
PAIR(clear)
PAIR(prepare)
PAIR(commit)

#define CHANGE(name, fn, syntax, help) \
	{ name, CLI_ADMIN, CLI_F_CHANGE, fn, syntax, help }
#define CHANGE_PAYLOAD(name, fn, syntax, help) \
	{ name, CLI_ADMIN, CLI_F_CHANGE | CLI_F_PAYLOAD, fn, syntax, help }

static const struct cli_row rows[] = {
	{ "show map", CLI_USER, 0, show_map_row, "[@<ver>] [<map>]",
	  "report maps, or the entries of one" },
	{ "show acl", CLI_USER, 0, show_acl_row, "[@<ver>] [<acl>]",
	  "report lists of ACLs, or the entries of one" },
	{ "get map", CLI_USER, 0, get_map_row, "<map> <value>",
	  "report the key and value that a sample finds" },
	{ "get acl", CLI_USER, 0, get_acl_row, "<acl> <value>",
	  "report whether a sample matches" },
	CHANGE_PAYLOAD("add map", add_map_row, "[@<ver>] <map> <key> <val>",
	    "add a map entry (payload supported instead of key/val)"),
	CHANGE_PAYLOAD("add acl", add_acl_row, "[@<ver>] <acl> <pattern>", "add a pattern"),
	CHANGE("del map", del_map_row, "<map> [<key>|#<ref>]", "delete map entries of a key"),
	CHANGE("del acl", del_acl_row, "<acl> [<key>|#<ref>]", "delete patterns"),
	CHANGE("set map", set_map, "<map> [<key>|#<ref>] <value>", "change a map entry"),
	CHANGE("clear map", clear_map_row, "[@<ver>] <map>", "delete all entries of a map"),
	CHANGE("clear acl", clear_acl_row, "[@<ver>] <acl>", "delete all patterns"),
	CHANGE("prepare map", prepare_map_row, "<map>", "begin a new version of a map"),
	CHANGE("prepare acl", prepare_acl_row, "<acl>", "begin a new version of an ACL"),
	CHANGE("commit map", commit_map_row, "@<ver> <map>", "put a version into force"),
	CHANGE("commit acl", commit_acl_row, "@<ver> <acl>", "put a version into force"),
	{ 0 }
};

const struct module mod_cli_map = { .name = "cli_map", .cli = rows };
