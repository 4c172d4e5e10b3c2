/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetches from stick tables: of tracked entries (sc_*, sc0_* to sc2_*), of the
 * entry of the client's address (src_*), and of a table as a whole. One function
 * serves them; what a row reads or changes stands in its number. An entry that is
 * not there reads as 0; data that its table does not store are no sample.
 *
 * Thread: data.
 */
#include "base/module.h"
#include "proxy/proxy.h"
#include "proxy/rules_in.h"
#include "proxy/stick_fetch.h"
#include "proxy/stick_track.h"

/* ---- reading and changing ---- */

/* Data of one name, or the element of an array that stands for it. */
static bool
read_either(const struct stick_at *at, enum stick_data one, enum stick_data array, unsigned i,
    uint64_t *ret)
{
	return stick_read(at, one, 0, ret) || stick_read(at, array, i, ret);
}

/* Where gpc0 and gpc1 are: by their names, else the first two of the array. */
static enum stick_data
place_of(const struct stick_at *at, enum stick_data one, enum stick_data array, unsigned *i)
{
	if (at->table->lay.n[one] == 0)
		return array;
	*i = 0;
	return one;
}

static bool
inc_one(const struct stick_at *at, enum stick_data d, unsigned i, uint64_t *ret)
{
	return stick_add(at, d, i, 1) && stick_read(at, d, i, ret);
}

/* The counter is what is told where its rate is stored too. */
static bool
inc_gpc(const struct stick_at *at, enum stick_data d, unsigned i, enum stick_data rate,
    unsigned rate_i, uint64_t *ret)
{
	bool has_rate = inc_one(at, rate, rate_i, ret);
	bool has_count = inc_one(at, d, i, ret);

	return has_rate || has_count;
}

static bool
inc_old(const struct stick_at *at, unsigned i, uint64_t *ret)
{
	unsigned ci = i, ri = i;
	enum stick_data d = place_of(at, i == 0 ? SD_GPC0 : SD_GPC1, SD_GPC, &ci);
	enum stick_data rate = place_of(at, i == 0 ? SD_GPC0_RATE : SD_GPC1_RATE, SD_GPC_RATE, &ri);

	return inc_gpc(at, d, ci, rate, ri, ret);
}

static bool
clear_one(const struct stick_at *at, enum stick_data d, unsigned i, uint64_t *ret)
{
	return stick_read(at, d, i, ret) && stick_write(at, d, i, 0);
}

static bool
clear_old(const struct stick_at *at, unsigned i, uint64_t *ret)
{
	enum stick_data d = place_of(at, i == 0 ? SD_GPC0 : SD_GPC1, SD_GPC, &i);

	return clear_one(at, d, i, ret);
}

bool
stick_fetch_is_change(enum stick_op op)
{
	return op == OP_INC_GPC0 || op == OP_INC_GPC1 || op == OP_INC_GPC || op == OP_CLR_GPC0 ||
	    op == OP_CLR_GPC1 || op == OP_CLR_GPC || op == OP_UPDT_CONN;
}

bool
stick_fetch_read(const struct stick_at *at, enum stick_op op, enum stick_data d, unsigned i,
    uint64_t *ret)
{
	switch (op) {
	case OP_DATA:
		return stick_read(at, d, i, ret);
	case OP_KBYTES:
		if (!stick_read(at, d, 0, ret))
			return false;
		*ret >>= 10;
		return true;
	case OP_GPC0:
		return read_either(at, SD_GPC0, SD_GPC, 0, ret);
	case OP_GPC1:
		return read_either(at, SD_GPC1, SD_GPC, 1, ret);
	case OP_GPC0_RATE:
		return read_either(at, SD_GPC0_RATE, SD_GPC_RATE, 0, ret);
	case OP_GPC1_RATE:
		return read_either(at, SD_GPC1_RATE, SD_GPC_RATE, 1, ret);
	case OP_GPT0:
		return read_either(at, SD_GPT0, SD_GPT, 0, ret);
	case OP_INC_GPC0:
	case OP_INC_GPC1:
		return inc_old(at, op == OP_INC_GPC1, ret);
	case OP_INC_GPC:
		return inc_gpc(at, SD_GPC, i, SD_GPC_RATE, i, ret);
	case OP_CLR_GPC0:
	case OP_CLR_GPC1:
		return clear_old(at, op == OP_CLR_GPC1, ret);
	case OP_CLR_GPC:
		return clear_one(at, SD_GPC, i, ret);
	case OP_UPDT_CONN:
		return stick_add(at, SD_CONN_CNT, 0, 1) && stick_read(at, SD_CONN_CNT, 0, ret);
	case OP_TRACKERS:
		*ret = stick_refs(at);
		return true;
	default:
		return false;
	}
}

bool
stick_op_has_index(enum stick_op op, enum stick_data d)
{
	return op == OP_INC_GPC || op == OP_CLR_GPC ||
	    (op == OP_DATA && (d == SD_GPC || d == SD_GPC_RATE || d == SD_GPT));
}

/* ---- whose entry ---- */

enum { FROM_SC0, FROM_SC1, FROM_SC2, FROM_SC, FROM_SRC };

/* The key of a tracked entry in another table of the same kind. */
static bool
find_alike(const struct stick_ref *r, const struct stick_conf *table, bool make,
    struct stick_at *ret)
{
	const struct stick_layout *l = &r->table->lay;
	struct stick_key k = { .p = NULL };
	struct stick_at at;
	struct str key;

	if (table->lay.type != l->type || table->lay.key_len != l->key_len)
		return false;
	at = stick_lock(r);
	key = eval_copy(stick_key_bytes(&at));
	stick_unlock(&at);
	if (key.p == NULL)
		return false;
	k.p = key.p;
	k.len = (uint32_t)key.len;
	return make ? stick_get(table->live, &k, ret) : stick_find(table->live, &k, ret);
}

static const struct stick_ref *
tracked(const struct sample_ctx *x, int64_t counter)
{
	if (counter < 0 || counter >= STICK_COUNTERS_MAX)
		return NULL;
	return stick_tracked(x->t, x->sess, (unsigned)counter);
}

/* 1: locked, 0: there is none, -1: nothing is tracked. */
static int
find_tracked(const struct stick_ref *r, const struct arg *table, bool make, struct stick_at *ret)
{
	if (r == NULL)
		return -1;
	if (table->type == ARG_TABLE && table->u.table->live != r->table)
		return find_alike(r, table->u.table, make, ret);
	*ret = stick_lock(r);
	return 1;
}

static int
find_src(struct sample_ctx *x, const struct arg *table, bool make, struct stick_at *ret)
{
	const struct stick_conf *conf = table->type == ARG_TABLE && table->u.table != NULL ?
	    table->u.table : x->px != NULL ? x->px->stick : NULL;
	struct stick_key k;
	struct sample s;

	if (conf == NULL || x->sess == NULL || !sample_ip(&s, &x->sess->src) ||
	    !stick_key_make(&conf->lay, &s, &k))
		return -1;
	return make ? stick_get(conf->live, &k, ret) : stick_find(conf->live, &k, ret);
}

static bool
f_entry(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	enum stick_op op = STICK_PRIV_OP(priv);
	enum stick_data d = STICK_PRIV_DATA(priv);
	unsigned from = STICK_PRIV_FROM(priv), index = 0;
	bool make = stick_fetch_is_change(op), has;
	uint64_t v = 0;
	struct stick_at at;
	int found;

	if (stick_op_has_index(op, d))
		index = (unsigned)(a++)->i;
	if (from == FROM_SRC)
		found = find_src(x, a, make, &at);
	else if (from == FROM_SC)
		found = find_tracked(tracked(x, a[0].i), &a[1], make, &at);
	else
		found = find_tracked(tracked(x, from), a, make, &at);
	if (found < 0)
		return false;
	if (found > 0) {
		has = stick_fetch_read(&at, op, d, index, &v);
		if (stick_fetch_is_change(op))
			stick_touch(&at);
		stick_unlock(&at);
		if (!has)
			return false;
	}
	sample_int(ret, (int64_t)v);
	return true;
}

static bool
f_tracked(struct sample_ctx *x, const struct arg *a, intptr_t from, struct sample *ret)
{
	const struct stick_ref *r = tracked(x, from == FROM_SC ? a[0].i : from);
	const struct arg *table = from == FROM_SC ? &a[1] : &a[0];
	struct stick_at at;
	bool is_tracked = r != NULL;

	if (is_tracked && table->type == ARG_TABLE && table->u.table->live != r->table) {
		is_tracked = find_alike(r, table->u.table, false, &at);
		if (is_tracked)
			stick_unlock(&at);
	}
	sample_bool(ret, is_tracked);
	return true;
}

/* ---- tables as a whole ---- */

static bool
f_table(struct sample_ctx *x, const struct arg *a, intptr_t is_avl, struct sample *ret)
{
	const struct stick_conf *conf = a[0].type == ARG_TABLE && a[0].u.table != NULL ?
	    a[0].u.table : x->px != NULL ? x->px->stick : NULL;

	if (conf == NULL || conf->live == NULL)
		return false;
	sample_int(ret, is_avl ? conf->lay.size - stick_used(conf->live) :
	    stick_used(conf->live));
	return true;
}

/* ---- rows ---- */

#define CL	USE_CLIENT

#define ALL_OF(X, name, op, d, what) \
	X(sc0, FROM_SC0, name, op, d, what), X(sc1, FROM_SC1, name, op, d, what), \
	X(sc2, FROM_SC2, name, op, d, what)
#define SCN(sc, from, name, op, d, what) \
	{ #sc "_" #name, "|t", SMP_INT, CL, f_entry, STICK_PRIV(from, op, d), \
	    what " of what " #sc " tracks", NULL }
#define ENTRY(name, op, d, what) \
	{ "sc_" #name, "i|t", SMP_INT, CL, f_entry, STICK_PRIV(FROM_SC, op, d), \
	    what " of what a counter tracks", NULL }, \
	ALL_OF(SCN, name, op, d, what)
#define SRC(name, op, d, what) \
	{ "src_" #name, "|T", SMP_INT, CL, f_entry, STICK_PRIV(FROM_SRC, op, d), \
	    what " of the client's address", NULL }
#define BOTH(name, op, d, what)	ENTRY(name, op, d, what), SRC(name, op, d, what)
#define DATA(name, d, what)	BOTH(name, OP_DATA, d, what)
#define INDEXED(name, op, d, what) \
	{ "sc_" #name, "ii|t", SMP_INT, CL, f_entry, STICK_PRIV(FROM_SC, op, d), \
	    what " of what a counter tracks, by index", NULL }, \
	{ "src_" #name, "i|T", SMP_INT, CL, f_entry, STICK_PRIV(FROM_SRC, op, d), \
	    what " of the client's address, by index", NULL }
#define TRACKED(sc, from, args) \
	{ #sc "_tracked", args, SMP_BOOL, CL, f_tracked, from, \
	    "whether the counter tracks an entry", NULL }

static const struct fetch_row fetches[] = {
	DATA(conn_cnt, SD_CONN_CNT, "connections"),
	DATA(conn_cur, SD_CONN_CUR, "connections now"),
	DATA(conn_rate, SD_CONN_RATE, "rate of connections"),
	DATA(sess_cnt, SD_SESS_CNT, "sessions"),
	DATA(sess_rate, SD_SESS_RATE, "rate of sessions"),
	DATA(http_req_cnt, SD_HTTP_REQ_CNT, "requests"),
	DATA(http_req_rate, SD_HTTP_REQ_RATE, "rate of requests"),
	DATA(http_err_cnt, SD_HTTP_ERR_CNT, "errors"),
	DATA(http_err_rate, SD_HTTP_ERR_RATE, "rate of errors"),
	DATA(http_fail_cnt, SD_HTTP_FAIL_CNT, "failures"),
	DATA(http_fail_rate, SD_HTTP_FAIL_RATE, "rate of failures"),
	DATA(bytes_in_rate, SD_BYTES_IN_RATE, "rate of bytes received"),
	DATA(bytes_out_rate, SD_BYTES_OUT_RATE, "rate of bytes sent"),
	BOTH(kbytes_in, OP_KBYTES, SD_BYTES_IN_CNT, "kilobytes received"),
	BOTH(kbytes_out, OP_KBYTES, SD_BYTES_OUT_CNT, "kilobytes sent"),
	DATA(glitch_cnt, SD_GLITCH_CNT, "glitches"),
	DATA(glitch_rate, SD_GLITCH_RATE, "rate of glitches"),
	BOTH(get_gpc0, OP_GPC0, 0, "gpc0"),
	BOTH(get_gpc1, OP_GPC1, 0, "gpc1"),
	BOTH(get_gpt0, OP_GPT0, 0, "gpt0"),
	BOTH(gpc0_rate, OP_GPC0_RATE, 0, "rate of gpc0"),
	BOTH(gpc1_rate, OP_GPC1_RATE, 0, "rate of gpc1"),
	BOTH(inc_gpc0, OP_INC_GPC0, 0, "adds 1 to gpc0"),
	BOTH(inc_gpc1, OP_INC_GPC1, 0, "adds 1 to gpc1"),
	BOTH(clr_gpc0, OP_CLR_GPC0, 0, "clears gpc0"),
	BOTH(clr_gpc1, OP_CLR_GPC1, 0, "clears gpc1"),
	INDEXED(get_gpc, OP_DATA, SD_GPC, "gpc"),
	INDEXED(gpc_rate, OP_DATA, SD_GPC_RATE, "rate of gpc"),
	INDEXED(get_gpt, OP_DATA, SD_GPT, "gpt"),
	INDEXED(inc_gpc, OP_INC_GPC, 0, "adds 1 to gpc"),
	INDEXED(clr_gpc, OP_CLR_GPC, 0, "clears gpc"),
	ENTRY(trackers, OP_TRACKERS, 0, "holders"),
	SRC(updt_conn_cnt, OP_UPDT_CONN, 0, "adds 1 to conn_cnt"),
	TRACKED(sc, FROM_SC, "i|t"),
	TRACKED(sc0, FROM_SC0, "|t"),
	TRACKED(sc1, FROM_SC1, "|t"),
	TRACKED(sc2, FROM_SC2, "|t"),
	{ "table_avl", "|T", SMP_INT, USE_CONST, f_table, 1, "entries a table has room for", NULL },
	{ "table_cnt", "|T", SMP_INT, USE_CONST, f_table, 0, "entries of a table", NULL },
	{ NULL, NULL, 0, 0, NULL, 0, NULL, NULL }
};

const struct module mod_fetch_stick = {
	.name = "fetch_stick",
	.fetches = fetches,
};
