/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * show table, set table, clear table. A dump walks the entries as they lie in the
 * shards, some at a time, each copied under its lock; what comes or goes meanwhile
 * may or may not be seen, nothing is seen twice.
 *
 * Thread: control.
 */
#include <stdlib.h>
#include <string.h>

#include "api/cli.h"
#include "base/module.h"
#include "base/xalloc.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/sample.h"
#include "proxy/stick.h"

#define FILTERS_MAX	4
#define STEPS		64u	/* entries looked at in a piece */

enum compare { CMP_EQ, CMP_NE, CMP_LE, CMP_GE, CMP_LT, CMP_GT };

struct filter {
	enum stick_data	 data;
	unsigned	 index;
	enum compare	 compare;
	uint64_t	 value;
};

/* A walk over the entries of a table, or over all tables. */
struct walk {
	const struct stick_conf *conf;
	bool		 is_all;	/* heads of all tables, no entries */
	bool		 is_clear;
	bool		 has_head;	/* it was written */
	unsigned	 shard;
	uint32_t	 index;
	struct filter	 filters[FILTERS_MAX];
	unsigned	 nfilters;
	char		 *copy;		/* owned: one entry */
};

/* ---- text of entries ---- */

static void
put_head(struct cli *c, const struct stick_conf *t)
{
	outbuf_fmt(&c->out, "# table: %s, type: %s, size:%u, used:%u\n", t->name,
	    stick_type_names[t->lay.type], t->lay.size, stick_used(t->live));
}

static void
out_key_text(struct out *o, struct str key)
{
	static const char plain[] = "\t\n\r\033\\ =", letters[] = "tnre\\ =";

	for (size_t i = 0; i < key.len; i++) {
		const char *special = memchr(plain, key.p[i], sizeof(plain) - 1);

		if (special != NULL) {
			out_char(o, '\\');
			out_char(o, letters[special - plain]);
		} else if (key.p[i] > 0x20 && key.p[i] < 0x7f) {
			out_char(o, key.p[i]);
		} else {
			out_fmt(o, "\\x%02X", (unsigned char)key.p[i]);
		}
	}
}

static void
out_key(struct out *o, const struct stick_at *at)
{
	struct str key = stick_key_bytes(at);
	struct sample s;
	uint32_t n;

	switch (at->table->lay.type) {
	case STICK_IP:
		s.type = SMP_IPV4;
		memcpy(&s.u.v4, key.p, 4);
		sample_out(o, &s);
		break;
	case STICK_IPV6:
		s.type = SMP_IPV6;
		memcpy(&s.u.v6, key.p, 16);
		sample_out(o, &s);
		break;
	case STICK_INTEGER:
		memcpy(&n, key.p, 4);
		out_u64(o, n);
		break;
	case STICK_STRING:
		out_key_text(o, key);
		break;
	default:
		for (size_t i = 0; i < key.len; i++)
			out_fmt(o, "%02X", (unsigned char)key.p[i]);
	}
}

/* ` gpc0=3`, ` conn_rate(10000)=3`; of arrays ` gpc1_rate(5000)=0` */
static void
out_data(struct out *o, const struct stick_at *at, enum stick_data d, unsigned i)
{
	const struct stick_data_row *row = &stick_data_rows[d];
	const char *tail = strchr(row->name, '_');
	uint64_t v = 0;

	(void)stick_read(at, d, i, &v);
	if (row->is_array)
		out_fmt(o, " %.*s%u%s", tail != NULL ? (int)(tail - row->name) :
		    (int)strlen(row->name), row->name, i, tail != NULL ? tail : "");
	else
		out_fmt(o, " %s", row->name);
	if (row->form == SF_RATE)
		out_fmt(o, "(%u)", at->table->lay.period_ms[d]);
	out_char(o, '=');
	if (row->form == SF_NAME)
		out_str(o, stick_name_of((uint32_t)v));
	else
		out_u64(o, v);
}

static void
put_entry(struct cli *c, const struct stick_at *at)
{
	const struct stick_layout *l = &at->table->lay;
	struct out o = outbuf_reserve(&c->out, (size_t)l->key_len * 4 + 512 +
	    (l->n[SD_GPC] + l->n[SD_GPC_RATE] + l->n[SD_GPT]) * 48u + SD_MAX * 48u +
	    stick_name_of(l->n[SD_SERVER_KEY] != 0 ? *stick_server_name(at) : 0).len);

	out_fmt(&o, "0x%llx: key=", (unsigned long long)(uintptr_t)stick_address(at));
	out_key(&o, at);
	out_fmt(&o, " use=%u exp=%llu shard=0", stick_refs(at),
	    (unsigned long long)(stick_left_us(at) / 1000));
	for (unsigned d = 0; d < SD_MAX; d++)
		for (unsigned i = 0; i < l->n[d]; i++)
			out_data(&o, at, d, i);
	out_char(&o, '\n');
	outbuf_commit(&c->out, &o);
}

/* ---- walks ---- */

static bool
passes(const struct filter *f, const struct stick_at *at)
{
	uint64_t v = 0;

	(void)stick_read(at, f->data, f->index, &v);
	switch (f->compare) {
	case CMP_EQ:
		return v == f->value;
	case CMP_NE:
		return v != f->value;
	case CMP_LE:
		return v <= f->value;
	case CMP_GE:
		return v >= f->value;
	case CMP_LT:
		return v < f->value;
	default:
		return v > f->value;
	}
}

static bool
is_wanted(const struct walk *w, const struct stick_at *at)
{
	for (unsigned i = 0; i < w->nfilters; i++)
		if (!passes(&w->filters[i], at))
			return false;
	return true;
}

/* What is over goes first, so that it is not counted. True when all is gone. */
static bool
expire_piece(struct walk *w)
{
	if (w->shard == w->conf->live->nshards) {
		w->shard = 0;
		return true;
	}
	if (stick_expire(w->conf->live, w->shard, STEPS) < STEPS)
		w->shard++;
	return false;
}

static void
entry_piece(struct cli *c, struct walk *w)
{
	struct stick_at at;

	if (!stick_walk(w->conf->live, w->shard, &w->index, STEPS, &at)) {
		if (w->index == 0) {
			w->index = 1;
			w->shard++;
		}
		return;
	}
	w->index++;
	if (w->is_clear) {
		if (is_wanted(w, &at))
			(void)stick_remove(&at);
		else
			stick_unlock(&at);
		return;
	}
	stick_copy(&at, w->copy);
	if (is_wanted(w, &at))
		put_entry(c, &at);
}

static bool
walk_piece(struct cli *c)
{
	struct walk *w = c->state;

	if (w->conf == NULL)
		return true;
	if (!w->has_head) {
		if (!expire_piece(w))
			return false;
		if (!w->is_clear)
			put_head(c, w->conf);
		if (w->is_all)
			w->conf = w->conf->next;
		else
			w->has_head = true;
		return w->conf == NULL;
	}
	if (w->shard < w->conf->live->nshards)
		entry_piece(c, w);
	return w->shard == w->conf->live->nshards;
}

static void
walk_free(void *arg)
{
	struct walk *w = arg;

	free(w->copy);
	free(w);
}

static struct walk *
walk_new(const struct stick_conf *conf)
{
	struct walk *w = xcalloc(1, sizeof *w);

	w->conf = conf;
	w->index = 1;
	if (conf != NULL)
		w->copy = xmalloc(conf->lay.entry_bytes);
	return w;
}

/* ---- arguments ---- */

static const struct stick_conf *
table_arg(struct cli *c)
{
	const struct stick_conf *t = stick_conf_find(cli_hold(c), c->args[0]);

	if (t == NULL)
		cli_err(c, "No such table");
	return t;
}

/* `data.gpc0`, `data.gpc[1]`; -1 = no such type */
static int
data_arg(const char *word, unsigned *ret_index)
{
	const char *name = word + 5, *open = strchr(name, '[');
	struct str text = { name, open != NULL ? (size_t)(open - name) : strlen(name) };
	uint64_t index = 0;

	if (open != NULL && (open[strlen(open) - 1] != ']' ||
	    !str_to_u64((struct str){ open + 1, strlen(open) - 2 }, &index)))
		return -1;
	*ret_index = index > STICK_ARRAY_MAX ? STICK_ARRAY_MAX : (unsigned)index;
	for (int d = 0; d < SD_MAX; d++)
		if (str_is(text, stick_data_rows[d].name))
			return d;
	return -1;
}

static bool
is_stored(const struct stick_conf *t, int d, unsigned index)
{
	return index < t->lay.n[d];
}

static int
compare_arg(const char *word)
{
	static const char *const names[] = { "eq", "ne", "le", "ge", "lt", "gt" };

	for (int i = 0; i < (int)ARRAY_LEN(names); i++)
		if (strcmp(word, names[i]) == 0)
			return i;
	return -1;
}

/* Words from 1 on, three for each filter. */
static bool
filters_parse(struct cli *c, struct walk *w)
{
	for (int i = 1; i < c->nargs; i += 3) {
		struct filter *f = &w->filters[w->nfilters];
		int n = (i + 2) / 3, d = data_arg(c->args[i], &f->index), compare;

		if (w->nfilters++ == FILTERS_MAX)
			cli_err(c, "At most %d filters are possible", FILTERS_MAX);
		else if (d < 0)
			cli_err(c, "Filter entry #%d: Unknown data type", n);
		else if (!is_stored(w->conf, d, f->index))
			cli_err(c, "Filter entry #%d: Data type not stored in this table", n);
		else if ((compare = compare_arg(cli_arg(c, i + 1))) < 0)
			cli_err(c, "Filter entry #%d: Require and operator among \"eq\", \"ne\", "
			    "\"le\", \"ge\", \"lt\", \"gt\"", n);
		else if (!str_to_u64(str_of(cli_arg(c, i + 2)), &f->value))
			cli_err(c, "Filter entry #%d: Require a valid integer value to compare "
			    "against", n);
		else {
			f->data = (enum stick_data)d;
			f->compare = (enum compare)compare;
			continue;
		}
		return false;
	}
	return true;
}

/* The key in argument 2; false: told. The caller releases scratch. */
static bool
key_arg(struct cli *c, const struct stick_conf *t, const char *doing, struct stick_key *k)
{
	const char *word = cli_arg(c, 2);
	struct sample s;
	int64_t n;

	sample_str(&s, str_of(word));
	if (*word == '\0')
		cli_err(c, "Key value expected");
	else if (t->lay.type == STICK_BINARY)
		cli_err(c, "%s keys %s tables of type other than ip, ipv6, string and integer is "
		    "not supported", doing, doing[0] == 'I' ? "into" : "from");
	else if ((t->lay.type == STICK_INTEGER && !str_to_i64(s.u.s, &n)) ||
	    !stick_key_make(&t->lay, &s, k))
		cli_err(c, "Invalid key");
	else
		return true;
	return false;
}

/* ---- commands ---- */

static void
show_key(struct cli *c, const struct stick_conf *t)
{
	size_t mark = eval_mark();
	struct stick_key k;
	struct stick_at at;
	char *copy;

	if (key_arg(c, t, "Showing", &k) && stick_find(t->live, &k, &at)) {
		copy = xmalloc(t->lay.entry_bytes);
		stick_copy(&at, copy);
		put_head(c, t);
		put_entry(c, &at);
		free(copy);
	}
	eval_release(mark);
}

/* Show or clear the entries that the words `data.X op V` let through. */
static void
walk_filtered(struct cli *c, const struct stick_conf *t, bool is_clear)
{
	struct walk *w;

	if (c->nargs > 1 && strncmp(c->args[1], "data.", 5) != 0) {
		cli_err(c, "Optional argument only supports \"data.<store_data_type>\" "
		    "<operator> <value> and key <key>");
		return;
	}
	w = walk_new(t);
	w->is_clear = is_clear;
	if (filters_parse(c, w))
		cli_more(c, walk_piece, w, walk_free);
	else
		walk_free(w);
}

static void
show_table(struct cli *c)
{
	const struct stick_conf *t;
	struct walk *w;

	if (c->nargs == 0) {
		w = walk_new(cli_hold(c)->global->stick_tables);
		w->is_all = true;
		cli_more(c, walk_piece, w, walk_free);
		return;
	}
	if ((t = table_arg(c)) == NULL)
		return;
	if (strcmp(cli_arg(c, 1), "key") == 0) {
		show_key(c, t);
		return;
	}
	walk_filtered(c, t, false);
}

static void
clear_key(struct cli *c, const struct stick_conf *t)
{
	size_t mark = eval_mark();
	struct stick_key k;
	struct stick_at at;

	if (key_arg(c, t, "Removing", &k) && stick_find(t->live, &k, &at) && !stick_remove(&at))
		cli_err(c, "Entry currently in use, cannot remove");
	eval_release(mark);
}

static void
clear_table(struct cli *c)
{
	const struct stick_conf *t;

	if (c->nargs == 0) {
		cli_err(c, "Required arguments: <table> \"data.<store_data_type>\" <operator> "
		    "<value> or <table> key <key>");
		return;
	}
	if ((t = table_arg(c)) == NULL)
		return;
	if (strcmp(cli_arg(c, 1), "key") == 0) {
		clear_key(c, t);
		return;
	}
	walk_filtered(c, t, true);
}

struct setting {
	enum stick_data	 data;
	unsigned	 index;
	uint64_t	 value;
};

/* `data.X V` from argument 3 on; -1: told */
static int
settings_parse(struct cli *c, const struct stick_conf *t, struct setting *set)
{
	int n = 0;

	for (int i = 3; i < c->nargs; i += 2, n++) {
		struct setting *s = &set[n];
		int d;

		if (strncmp(c->args[i], "data.", 5) != 0)
			cli_err(c, "\"data.<type>\" followed by a value expected");
		else if ((d = data_arg(c->args[i], &s->index)) < 0)
			cli_err(c, "Unknown data type");
		else if (!is_stored(t, d, s->index))
			cli_err(c, "Data type not stored in this table");
		else if (stick_data_rows[d].form == SF_NAME && *cli_arg(c, i + 1) != '\0') {
			s->data = (enum stick_data)d;
			s->value = stick_name_id(str_of(cli_arg(c, i + 1)));
			continue;
		} else if (!str_to_u64(str_of(cli_arg(c, i + 1)), &s->value))
			cli_err(c, "Require a valid integer value to store");
		else {
			s->data = (enum stick_data)d;
			continue;
		}
		return -1;
	}
	return n;
}

static void
set_key(struct cli *c, const struct stick_conf *t, const struct setting *set, int n)
{
	size_t mark = eval_mark();
	struct stick_key k;
	struct stick_at at;

	if (!key_arg(c, t, "Inserting", &k)) {
		eval_release(mark);
		return;
	}
	if (stick_get(t->live, &k, &at)) {
		for (int i = 0; i < n; i++)
			(void)stick_write(&at, set[i].data, set[i].index, set[i].value);
		stick_touch(&at);
		stick_unlock(&at);
	} else
		cli_err(c, "Unable to allocate a new entry");
	eval_release(mark);
}

static void
set_table(struct cli *c)
{
	const struct stick_conf *t;
	struct setting *set;
	int n;

	if (c->nargs == 0 || (c->nargs > 1 && strcmp(c->args[1], "key") != 0) || c->nargs == 1) {
		cli_err(c, "Required arguments: <table> key <key> [data.<store_data_type> "
		    "<value>]*");
		return;
	}
	if ((t = table_arg(c)) == NULL)
		return;
	set = xcalloc((size_t)c->nargs, sizeof *set);
	if ((n = settings_parse(c, t, set)) >= 0)
		set_key(c, t, set, n);
	free(set);
}

static const struct cli_row rows[] = {
	{ "show table", CLI_USER, 0, show_table,
	  "[<table> [data.<type> <op> <value>]... | [key <key>]]",
	  "report stick tables, or entries of one" },
	{ "set table", CLI_ADMIN, CLI_F_CHANGE, set_table,
	  "<table> key <key> [data.<type> <value>]...",
	  "update or create an entry of a stick table" },
	{ "clear table", CLI_ADMIN, CLI_F_CHANGE, clear_table,
	  "<table> [data.<type> <op> <value>]... | [key <key>]",
	  "remove entries of a stick table" },
	{ 0 }
};

const struct module mod_cli_table = { .name = "cli_table", .cli = rows };
