/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lists of patterns and their versions; see map.h.
 *
 * Threads: the one that loads, later control; map_use_find: data.
 */
#include "proxy/map.h"

#include <errno.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/sample.h"

#define FILE_MAX	(64u << 20)

static _Atomic uint64_t entry_ids = 1;

const char *
map_match_name(enum pat_match m)
{
	static const char *const names[PAT_MATCHES] = {
		[PAT_FOUND] = "found", [PAT_BOOL] = "bool", [PAT_INT] = "int", [PAT_STR] = "str",
		[PAT_BEG] = "beg", [PAT_END] = "end", [PAT_SUB] = "sub", [PAT_DIR] = "dir",
		[PAT_DOM] = "dom", [PAT_REG] = "reg", [PAT_LEN] = "len", [PAT_IP] = "ip",
		[PAT_BIN] = "bin",
	};

	return names[m];
}

/* ---- entries ---- */

void
map_ref_add(struct map_ref *r, struct map_version *v, const char *key, const char *value)
{
	if (v->n == v->cap) {
		v->cap = v->cap == 0 ? 8 : v->cap * 2;
		v->entries = xrealloc(v->entries, v->cap * sizeof *v->entries);
	}
	v->entries[v->n++] = (struct map_entry){
		.id = atomic_fetch_add(&entry_ids, 1) << 4, .key = xstrdup(key),
		.value = r->has_values ? xstrdup(value) : NULL };
}

void
map_version_drop(struct map_version *v, uint32_t at)
{
	free(v->entries[at].key);
	free(v->entries[at].value);
	v->n--;
	memmove(&v->entries[at], &v->entries[at + 1], (v->n - at) * sizeof *v->entries);
}

void
map_version_clear(struct map_version *v)
{
	while (v->n > 0)
		map_version_drop(v, v->n - 1);
	free(v->entries);
	v->entries = NULL;
	v->cap = 0;
}

struct map_version *
map_ref_version(struct map_ref *r, uint32_t version)
{
	if (version == r->current.version)
		return &r->current;
	for (struct map_version *v = r->prepared; v != NULL; v = v->next)
		if (v->version == version)
			return v;
	return NULL;
}

/* What was prepared before it is given up. */
struct map_version
map_ref_commit(struct map_ref *r, struct map_version *v)
{
	struct map_version **at = &r->prepared, *old, before = r->current;

	while ((old = *at) != NULL) {
		if (old->version > v->version) {
			at = &old->next;
			continue;
		}
		*at = old->next;
		if (old == v) {
			r->current = *v;
			r->current.next = NULL;
		} else
			map_version_clear(old);
		free(old);
	}
	return before;
}

/* ---- compiled sets ---- */

static void
set_free(struct map_set *s)
{
	if (s == NULL)
		return;
	snapshot_free(s->shell);
	free(s);
}

void
map_sets_free(struct map_set *old)
{
	while (old != NULL) {
		struct map_set *next = old->next;

		set_free(old);
		old = next;
	}
}

static struct map_set *
compile(struct cfg *c, const struct map_use *u, struct snapshot *shell)
{
	const struct map_version *v = &u->ref->current;
	struct map_set *s = xcalloc(1, sizeof *s);

	s->shell = shell;
	s->pats = pat_set_new(c, (enum pat_match)u->match, u->icase);
	for (uint32_t i = 0; i < v->n; i++)
		if (pat_set_add(c, s->pats, arena_strdup(c->arena, v->entries[i].key)) != 0)
			goto failed;
	pat_set_compile(c, s->pats);
	if (u->wants_value && (s->index = map_index_new(c, v, (enum pat_match)u->match,
	    u->icase)) == NULL)
		goto failed;
	return s;
failed:
	free(s);
	return NULL;
}

static struct map_set *
compile_alone(const struct map_use *u, char **ret_error)
{
	struct snapshot *shell = snapshot_new(1);
	struct diag d;
	struct cfg c = { .snap = shell, .arena = shell->arena, .diag = &d };
	struct map_set *s;

	diag_init(&d, false);
	diag_at(&d, "command", 0);
	s = compile(&c, u, shell);
	if (s == NULL) {
		*ret_error = xstrdup(d.first != NULL ? d.first->text : "invalid pattern");
		snapshot_free(shell);
	}
	diag_fini(&d);
	return s;
}

struct map_set *
map_ref_compile(const struct map_ref *r, char **ret_error)
{
	struct map_set *made = NULL, **at = &made;

	*ret_error = NULL;
	for (const struct map_use *u = r->uses; u != NULL; u = u->next) {
		if ((*at = compile_alone(u, ret_error)) == NULL) {
			map_sets_free(made);
			return NULL;
		}
		at = &(*at)->next;
	}
	return made;
}

struct map_set *
map_ref_swap(struct map_ref *r, struct map_set *made)
{
	struct map_set *old, *gone = NULL, *next;

	if (r->in_guard)
		atomic_store_explicit(r->guards_stale, true, memory_order_release);
	for (struct map_use *u = r->uses; u != NULL; u = u->next, made = next) {
		next = made->next;
		made->next = NULL;
		old = atomic_exchange(&u->set, made);
		old->next = gone;
		gone = old;
	}
	r->is_changed = true;
	return gone;
}

static void
swap_current(struct map_ref *a, struct map_ref *b)
{
	struct map_version v = a->current;

	a->current = b->current;
	b->current = v;
}

static void
carry(struct map_ref *old, struct map_ref *new)
{
	struct map_set *made;
	char *error;

	new->next_version = old->next_version;
	new->prepared = old->prepared;
	old->prepared = NULL;
	if (!old->is_changed)
		return;
	swap_current(old, new);
	made = map_ref_compile(new, &error);
	if (error == NULL)
		map_sets_free(map_ref_swap(new, made));
	else
		swap_current(old, new);
	free(error);
}

void
map_refs_carry(struct map_ref *old, struct map_ref *new)
{
	for (; old != NULL && new != NULL; old = old->next, new = new->next)
		if (strcmp(old->file, new->file) == 0 && old->has_values == new->has_values)
			carry(old, new);
}

bool
map_refs_are_busy(const struct map_ref *r)
{
	while (r != NULL && !r->is_busy)
		r = r->next;
	return r != NULL;
}

const char *
map_use_find(const struct map_use *u, const struct sample *s, const char **ret_key)
{
	return map_index_find(atomic_load_explicit(&u->set, memory_order_acquire)->index, s,
	    ret_key);
}

/* ---- parsing ---- */

static void
ref_gone(void *arg)
{
	struct map_ref *r = arg;

	for (struct map_use *u = r->uses; u != NULL; u = u->next)
		set_free(atomic_load(&u->set));
	map_version_clear(&r->current);
	while (r->prepared != NULL) {
		struct map_version *v = r->prepared;

		r->prepared = v->next;
		map_version_clear(v);
		free(v);
	}
}

static struct map_ref *
ref_new(struct cfg *c, const char *file, bool has_values)
{
	struct global *g = global_of(c);
	struct map_ref *r = arena_alloc(c->arena, sizeof *r), **at = &g->maps;

	r->file = file;
	r->has_values = has_values;
	r->guards_stale = &g->guards_stale;
	r->id = -1;
	while (*at != NULL)
		at = &(*at)->next;
	*at = r;
	arena_on_free(c->arena, ref_gone, r);
	return r;
}

static bool
id_is_taken(const struct map_ref *list, int id)
{
	while (list != NULL && list->id != id)
		list = list->next;
	return list != NULL;
}

bool
map_ref_set_id(struct cfg *c, struct map_ref *r, int id)
{
	if (id_is_taken(global_of(c)->maps, id))
		return false;
	r->id = id;
	return true;
}

/* Those with an id of their own, taken out of the list and sorted. */
static struct map_ref *
take_numbered(struct map_ref **list)
{
	struct map_ref *numbered = NULL, *r, **at;

	while ((r = *list) != NULL) {
		if (r->id < 0) {
			list = &r->next;
			continue;
		}
		*list = r->next;
		for (at = &numbered; *at != NULL && (*at)->id < r->id; at = &(*at)->next)
			;
		r->next = *at;
		*at = r;
	}
	return numbered;
}

void
map_refs_number(struct cfg *c)
{
	struct map_ref **at = &global_of(c)->maps, *numbered = take_numbered(at), *r;

	for (int id = 0; *at != NULL; id++, at = &(*at)->next) {
		if (numbered != NULL && numbered->id == id) {
			r = numbered;
			numbered = r->next;
			r->next = *at;
			*at = r;
		} else
			(*at)->id = id;
	}
	*at = numbered;
}

/* A line without comment and blanks; in a map `key value`. */
static void
take_line(struct map_ref *r, char *line, size_t len)
{
	char *key, *value;
	struct str s;

	while (len > 0 && line[len - 1] == '\r')
		len--;
	s = str_trim((struct str){ line, len });
	key = line + (s.p - line);
	if (s.len == 0 || s.p[0] == '#')
		return;
	key[s.len] = '\0';
	value = key + s.len;
	if (r->has_values) {
		value = key + strcspn(key, " \t");
		if (*value != '\0')
			*value++ = '\0';
		value += strspn(value, " \t");
	}
	map_ref_add(r, &r->current, key, value);
}

static int
read_file(struct cfg *c, struct map_ref *r, const char *path, bool may_miss)
{
	char *text, *end, *copy;
	size_t len;

	if ((text = file_read(path, FILE_MAX, &len)) == NULL) {
		if (may_miss && errno == ENOENT)
			return 0;
		diag_error(c->diag, "failed to open pattern file <%s>: %s", path, strerror(errno));
		return -1;
	}
	copy = xmalloc(len + 1);	/* room for the last NUL */
	memcpy(copy, text, len);
	copy[len] = '\0';
	free(text);
	for (char *p = copy; p < copy + len; p = end + 1) {
		if ((end = memchr(p, '\n', (size_t)(copy + len - p))) == NULL)
			end = copy + len;
		take_line(r, p, (size_t)(end - p));
	}
	free(copy);
	return 0;
}

struct map_ref *
map_ref_file(struct cfg *c, const char *path, bool has_values)
{
	bool may_miss = strncmp(path, "opt@", 4) == 0, is_virtual;
	struct map_ref *r = global_of(c)->maps;

	if (may_miss || strncmp(path, "file@", 5) == 0)
		path += may_miss ? 4 : 5;
	is_virtual = strncmp(path, "virt@", 5) == 0;
	for (; r != NULL; r = r->next)
		if (strcmp(r->file, path) == 0 && r->has_values == has_values)
			return r;
	r = ref_new(c, arena_strdup(c->arena, path), has_values);
	if (!is_virtual && read_file(c, r, path, may_miss) != 0)
		return NULL;
	r->description = arena_printf(c->arena, "pattern loaded from file '%s' used by %s at file "
	    "'%s' line %d", path, has_values ? "map" : "acl", c->file, c->line);
	return r;
}

struct map_ref *
map_ref_inline(struct cfg *c, const char *what)
{
	struct map_ref *r = ref_new(c, "", false);

	r->by_acl = true;
	r->description = arena_printf(c->arena, "acl '%s' file '%s' line %d", what,
	    c->file != NULL ? c->file : "", c->line);
	return r;
}

struct map_use *
map_use_new(struct cfg *c, struct map_ref *r, enum pat_match match, bool icase, bool wants_value)
{
	struct map_use *u = arena_alloc(c->arena, sizeof *u);
	struct map_set *s;

	u->ref = r;
	u->match = (uint8_t)match;
	u->icase = icase;
	u->wants_value = wants_value;
	if ((s = compile(c, u, NULL)) == NULL)
		return NULL;
	atomic_store(&u->set, s);
	*(wants_value ? &r->by_map : &r->by_acl) = true;
	u->next = r->uses;
	r->uses = u;
	return u;
}
