/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of programs, and both sides of what the helper is asked about them; see
 * program.h. The list is the same in weir and in the helper, which is forked with it.
 *
 * Placeholders are put in by the helper: `{name}` in a word or in a value of the
 * environment. No shell is near, and a value cannot hold more than
 * [A-Za-z0-9._:/-], so it stays one word and no option of a program by accident
 * unless the row puts it first.
 */
#include "event/program.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/out.h"
#include "base/xalloc.h"
#include "event/cgroup.h"
#include "event/child.h"
#include "event/helper.h"
#include "event/keeper.h"
#include "event/netns.h"
#include "event/program_files.h"
#include "event/program_folder.h"

#define ROWS_MAX	256u
#define VALUE_MAX	255u
#define TEXT_BYTES	32768u

static struct program *rows;		/* owned, with their texts */
static unsigned nrows;

/* ---- rows: before the helper starts ---- */

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
same_list(const char *const *a, unsigned na, const char *const *b, unsigned nb)
{
	if (na != nb)
		return false;
	for (unsigned i = 0; i < na; i++)
		if (strcmp(a[i], b[i]) != 0)
			return false;
	return true;
}

static bool
is_same(const struct program *a, const struct program *b)
{
	return same_list(a->args, a->nargs, b->args, b->nargs) &&
	    same_list(a->env, a->nenv, b->env, b->nenv) &&
	    same_text(a->directory, b->directory) && same_text(a->cgroup, b->cgroup) &&
	    same_text(a->bridge, b->bridge) && same_text(a->gateway, b->gateway) &&
	    same_text(a->devices[0], b->devices[0]) && same_text(a->devices[1], b->devices[1]) &&
	    a->is_in_folder == b->is_in_folder && a->is_tap == b->is_tap &&
	    a->has_user == b->has_user && a->uid == b->uid && a->gid == b->gid &&
	    a->stop_signal == b->stop_signal && a->reload_signal == b->reload_signal &&
	    a->kill_after_ms == b->kill_after_ms &&
	    a->cpu_pct == b->cpu_pct && a->memory_bytes == b->memory_bytes;
}

static const char *
copy(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static const char *const *
copy_list(const char *const *list, unsigned n)
{
	const char **all = xcalloc(n + 1, sizeof(*all));

	for (unsigned i = 0; i < n; i++)
		all[i] = xstrdup(list[i]);
	return all;
}

int
program_row(const struct program *p)
{
	struct program *row;

	for (unsigned i = 0; i < nrows; i++)
		if (is_same(&rows[i], p))
			return (int)i;
	if (helper_is_running() || nrows == ROWS_MAX)
		return -1;
	rows = xrealloc(rows, (nrows + 1) * sizeof(*rows));
	row = &rows[nrows];
	*row = *p;
	row->args = copy_list(p->args, p->nargs);
	row->env = copy_list(p->env, p->nenv);
	row->directory = copy(p->directory);
	row->cgroup = copy(p->cgroup);
	row->bridge = copy(p->bridge);
	row->gateway = copy(p->gateway);
	for (int i = 0; i < 2; i++)
		row->devices[i] = copy(p->devices[i]);
	return (int)nrows++;
}

static void
free_list(const char *const *list, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		free((void *)(uintptr_t)list[i]);
	free((void *)(uintptr_t)list);
}

void
program_list_fini(void)
{
	while (nrows > 0) {
		struct program *p = &rows[--nrows];

		free_list(p->args, p->nargs);
		free_list(p->env, p->nenv);
		free((void *)(uintptr_t)p->directory);
		free((void *)(uintptr_t)p->cgroup);
		free((void *)(uintptr_t)p->bridge);
		free((void *)(uintptr_t)p->gateway);
		for (int i = 0; i < 2; i++)
			free((void *)(uintptr_t)p->devices[i]);
	}
	free(rows);
	rows = NULL;
	program_folder_fini();
}

/* ---- weir's side ---- */

bool
program_is_value(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > VALUE_MAX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) && strchr("._:/-", text[i]) == NULL)
			return false;
	return true;
}

/* Ids end in what is at random. */
void
program_tap_name(const char *id, char ret[PROGRAM_TAP_BYTES])
{
	size_t n = strlen(id), max = PROGRAM_TAP_BYTES - 2;

	snprintf(ret, PROGRAM_TAP_BYTES, "w%s", n > max ? id + n - max : id);
}

struct program_run *
program_run_new(int row)
{
	struct program_run *r = xcalloc(1, sizeof(*r));

	r->row = (uint32_t)row;
	return r;
}

static bool
put(struct program_run *r, const char *text)
{
	size_t len = strlen(text) + 1;

	if (len > PROGRAM_VALUES_BYTES - r->len)
		return false;
	memcpy(r->text + r->len, text, len);
	r->len += (uint32_t)len;
	return true;
}

bool
program_run_value(struct program_run *r, const char *name, const char *value)
{
	if (!program_is_value(value) || !put(r, name) || !put(r, value))
		return false;
	r->nvalues++;
	return true;
}

static int
run(const struct program_run *r, const int *fds, unsigned n)
{
	struct helper_reply rp;

	return helper_ask(r, sizeof(*r), fds, n, true, &rp);
}

int
program_call(const struct program_run *r, uint32_t timeout_ms, uint32_t grace_ms, int in, int out)
{
	struct program_run *rq = xmalloc(sizeof(*rq));
	int fds[HELPER_FDS], fd, saved;
	unsigned n = 0;

	*rq = *r;
	rq->op = HELPER_CALL;
	rq->timeout_ms = timeout_ms;
	rq->grace_ms = grace_ms;
	rq->has_in = in != -1;
	rq->has_out = out != -1;
	if (in != -1)
		fds[n++] = in;
	if (out != -1)
		fds[n++] = out;
	fd = run(rq, fds, n);
	saved = errno;
	free(rq);
	return errno = saved, fd;
}

int
program_spawn(const struct program_run *r, const struct child_start *c)
{
	struct program_run *rq = xmalloc(sizeof(*rq));
	int fds[CHILD_DATA_MAX], fd = -1, saved;
	unsigned n = 0;

	*rq = *r;
	rq->op = HELPER_SPAWN;
	for (int i = 0; i < CHILD_DATA_MAX; i++)
		if (c->data[i] != -1)
			fds[n++] = c->data[i];
	rq->has_in = n > 0;
	rq->has_out = n > 1;
	rq->has_address = c->address != NULL;
	if (strlen(c->id) > CHILD_ID_MAX || c->meta_len > CHILD_META_MAX)
		errno = E2BIG;
	else {
		memcpy(rq->id, c->id, strlen(c->id) + 1);
		memcpy(rq->meta, c->meta, c->meta_len);
		rq->meta_len = (uint16_t)c->meta_len;
		fd = run(rq, fds, n);
	}
	saved = errno;
	free(rq);
	return errno = saved, fd;
}

static int
ask(enum helper_op op, unsigned row, const char *name, struct helper_reply *ret)
{
	struct program_ask rq = { .op = op, .row = row };

	if (strlen(name) >= sizeof(rq.name))
		return errno = ENAMETOOLONG, -1;
	memcpy(rq.name, name, strlen(name));
	return helper_ask(&rq, sizeof(rq), NULL, 0, op == HELPER_ADOPT || op == HELPER_CONNECT,
	    ret);
}

int
program_adopt(const char *after, char ret_id[CHILD_ID_MAX + 1])
{
	struct helper_reply rp;
	int fd = ask(HELPER_ADOPT, 0, after, &rp);

	if (fd != -1)
		snprintf(ret_id, CHILD_ID_MAX + 1, "%.*s", (int)CHILD_ID_MAX, rp.text);
	return fd;
}

int
program_connect(const char *id, const char *suffix)
{
	struct helper_reply rp;
	char name[128];

	if ((size_t)snprintf(name, sizeof(name), "%s%s", id, suffix) >= sizeof(name))
		return errno = ENAMETOOLONG, -1;
	return ask(HELPER_CONNECT, 0, name, &rp);
}

int
program_forget(const char *id)
{
	struct helper_reply rp;

	return ask(HELPER_FORGET, 0, id, &rp);
}

void
program_probe(int row, char *ret, size_t size)
{
	struct helper_reply rp;

	if (ask(HELPER_PROBE, (unsigned)row, "", &rp) == -1)
		snprintf(ret, size, "the helper process does not answer");
	else
		snprintf(ret, size, "%.*s", (int)sizeof(rp.text), rp.text);
}

bool
program_files_path(const char *id, char ret[PROGRAM_FILES_PATH])
{
	const char *folder = program_folder();

	return folder != NULL && (size_t)snprintf(ret, PROGRAM_FILES_PATH, "%s/%s.files", folder,
	    id) < PROGRAM_FILES_PATH && program_is_value(ret);
}

int
program_files_make(int row, const char *id)
{
	struct helper_reply rp;

	return ask(HELPER_FILES, (unsigned)row, id, &rp);
}

/* ---- the helper's side: words ---- */

/* The value of a placeholder, or NULL. */
static const char *
value_of(const struct program_run *rq, const char *name, size_t len)
{
	const char *p = rq->text;

	for (unsigned i = 0; i < rq->nvalues; i++) {
		const char *value = p + strlen(p) + 1;

		if (strlen(p) == len && memcmp(p, name, len) == 0)
			return value;
		p = value + strlen(value) + 1;
	}
	return NULL;
}

/* One word with its 0; braces that name no value stay. */
static void
expand(struct out *o, const struct program_run *rq, const char *word)
{
	const char *end, *value;

	while (*word != '\0') {
		if (*word == '{' && (end = strchr(word, '}')) != NULL &&
		    (value = value_of(rq, word + 1, (size_t)(end - word - 1))) != NULL) {
			out_z(o, value);
			word = end + 1;
		} else
			out_char(o, *word++);
	}
	out_char(o, '\0');
}

/* As weir's side made it: whole words, good values. */
static bool
is_good(const struct program_run *rq)
{
	const char *p = rq->text, *end = p + rq->len;

	if (rq->row >= nrows || rq->len > PROGRAM_VALUES_BYTES || rq->meta_len > CHILD_META_MAX ||
	    (rq->len > 0 && end[-1] != '\0') || memchr(rq->id, '\0', sizeof(rq->id)) == NULL)
		return false;
	for (unsigned i = 0; i < rq->nvalues; i++) {
		if (p >= end || (p += strlen(p) + 1) >= end || !program_is_value(p))
			return false;
		p += strlen(p) + 1;
	}
	return p == end;
}

static bool
is_good_name(const char *name)
{
	size_t n = strnlen(name, 128);

	if (n == 0 || n > 100 || name[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)name[i]) && strchr("._-", name[i]) == NULL)
			return false;
	return true;
}

/* In the folder of instances {id} is part of file names, so it leads nowhere else; of a
 * child it is the child's own. */
static bool
is_good_id(const struct program_run *rq)
{
	const char *id = value_of(rq, "id", strlen("id"));

	if (id != NULL && rows[rq->row].is_in_folder && !is_good_name(id))
		return false;
	return rq->op != HELPER_SPAWN || (is_good_name(rq->id) &&
	    (id == NULL || strcmp(id, rq->id) == 0));
}

static int
make_job(struct keeper_job *job, const struct program_run *rq, char *text,
    const struct helper_identity *who)
{
	static const char *const always[] = { "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
		"LANG=C" };
	const struct program *p = &rows[rq->row];
	struct out o;

	out_init(&o, text, TEXT_BYTES);
	for (unsigned i = 0; i < p->nargs; i++)
		expand(&o, rq, p->args[i]);
	for (unsigned i = 0; i < 2; i++)
		expand(&o, rq, always[i]);
	for (unsigned i = 0; i < p->nenv; i++)
		expand(&o, rq, p->env[i]);
	if (o.overflow || p->nargs > PROGRAM_WORDS_MAX || p->nenv + 2 > PROGRAM_WORDS_MAX)
		return E2BIG;
	*job = KEEPER_JOB_NONE;
	job->text = text;
	job->nargs = p->nargs;
	job->nenv = p->nenv + 2;
	job->who = p->has_user ? (struct helper_identity){ true, true, p->uid, p->gid } : *who;
	job->directory = p->is_in_folder ? program_folder() : p->directory;
	job->is_private = p->is_in_folder;
	job->timeout_ms = rq->timeout_ms;
	job->grace_ms = rq->grace_ms;
	return 0;
}

/* ---- the helper's side: requests ---- */

int
program_serve_run(struct program_run *rq, const int *fds, const struct helper_identity *who,
    int *ret_fd)
{
	static char text[TEXT_BYTES];
	struct warden_job w = { .folder = -1 };
	int error;

	if (!is_good(rq) || !is_good_id(rq))
		return EINVAL;
	if ((error = make_job(&w.job, rq, text, who)) != 0)
		return error;
	if (rq->op == HELPER_CALL) {
		w.job.in = rq->has_in ? fds[0] : -1;
		w.job.out = rq->has_out ? fds[rq->has_in ? 1 : 0] : -1;
		return (*ret_fd = keeper_start(&w.job)) == -1 ? errno : 0;
	}
	w.job.data[0] = rq->has_in ? fds[0] : -1;
	w.job.data[1] = rq->has_out ? fds[1] : -1;
	w.row = &rows[rq->row];
	w.id = rq->id;
	w.address = rq->has_address ? value_of(rq, "address", strlen("address")) : NULL;
	w.meta = rq->meta;
	w.meta_len = rq->meta_len;
	w.folder = program_folder_open();
	if (w.folder == -1 && (program_has_folder() || w.row->is_in_folder))
		return errno;
	error = (*ret_fd = warden_start(&w)) == -1 ? errno : 0;
	if (error != 0 && w.folder != -1)
		program_folder_remove(w.folder, rq->id);
	if (w.folder != -1)
		close(w.folder);
	return error;
}

/* Programs that work in the folder must be able to write there. */
static void
give(int dir, const struct helper_identity *who)
{
	for (unsigned i = 0; i < nrows; i++)
		if (rows[i].is_in_folder && who->has_uid) {
			(void)!fchown(dir, who->uid, who->has_gid ? who->gid : (gid_t)-1);
			return;
		}
}

/* HELPER_ADOPT, HELPER_CONNECT */
static int
serve_folder(const struct program_ask *rq, const struct helper_identity *who, char *ret_id,
    int *ret_fd)
{
	int dir = program_folder_open(), error;

	if (dir == -1)
		return errno;
	if (rq->op == HELPER_ADOPT && rq->name[0] == '\0') {	/* a process asks this first */
		give(dir, who);
		program_folder_sweep(dir);
	}
	if (rq->op == HELPER_ADOPT)
		*ret_fd = program_folder_adopt(dir, rq->name, ret_id);
	else
		*ret_fd = program_folder_connect(dir, rq->name, SOCK_STREAM);
	error = *ret_fd == -1 ? errno : 0;
	close(dir);
	return error;
}

static int
serve_files(const struct program_ask *rq, const struct helper_identity *who)
{
	int dir, error;
	gid_t gid;

	if (rq->row >= nrows || !is_good_name(rq->name) || strlen(rq->name) > CHILD_ID_MAX)
		return EINVAL;
	gid = rows[rq->row].has_user ? rows[rq->row].gid : who->has_gid ? who->gid : (gid_t)-1;
	if ((dir = program_folder_open()) == -1)
		return errno;
	error = program_files_serve(dir, rq->name, gid);
	close(dir);
	return error;
}

static int
serve_forget(const struct program_ask *rq)
{
	int dir, error;

	if (!is_good_name(rq->name) || strlen(rq->name) > CHILD_ID_MAX)
		return EINVAL;
	if ((dir = program_folder_open()) == -1)
		return errno;
	error = program_folder_forget(dir, rq->name) ? 0 : EBUSY;
	close(dir);
	return error;
}

/* A file that a row cannot do without. */
static void
probe_file(const char *path, int how, char *text, size_t size)
{
	size_t len = strlen(text);

	if (path != NULL && access(path, how) == -1)
		snprintf(text + len, size - len, "%s%s: %s", len > 0 ? "; " : "", path,
		    strerror(errno));
}

static void
probe(const struct program *row, char *text, size_t size)
{
	cgroup_probe(row, text, size);
	probe_file(row->args[0], X_OK, text, size);
	for (int i = 0; i < 2; i++)
		probe_file(row->devices[i], R_OK | W_OK, text, size);
	if (row->bridge != NULL && !row->is_tap)
		netns_probe(text, size);
}

int
program_serve_ask(struct program_ask *rq, struct helper_reply *reply,
    const struct helper_identity *who, int *ret_fd)
{
	rq->name[sizeof(rq->name) - 1] = '\0';
	switch (rq->op) {
	case HELPER_PROBE:
		if (rq->row >= nrows)
			return EINVAL;
		probe(&rows[rq->row], reply->text, sizeof(reply->text));
		return 0;
	case HELPER_CONNECT:
		return is_good_name(rq->name) ? serve_folder(rq, who, reply->text, ret_fd) : EINVAL;
	case HELPER_ADOPT:
		if (rq->name[0] == '\0' || is_good_name(rq->name))
			return serve_folder(rq, who, reply->text, ret_fd);
		return EINVAL;
	case HELPER_FORGET:
		return serve_forget(rq);
	}
	return rq->op == HELPER_FILES ? serve_files(rq, who) : EINVAL;
}
