/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Actions on stick tables: track-scN, and what changes the general purpose
 * counters and tags of a tracked entry. What cannot be done (nothing tracked, data
 * not stored, a table full of entries in use) is passed over silently, as the
 * language says.
 *
 * Thread: data; parsing in the one that loads.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/rules.h"
#include "proxy/stick_track.h"

/* ---- track-scN ---- */

struct track_action {
	struct expr	*expr;
	struct stick_conf *table;	/* NULL: that of the proxy under work */
	const char	*table_name, *file;
	struct proxy	*px;
	int		 line;
	struct track_action *next;	/* of the load */
};

/* A transaction's first look at the entry counts its request, which came before. */
static void
count_request(const struct rule *r, const struct sample_ctx *x, struct stick_at *at)
{
	const struct txn *t = x->t;
	unsigned status;

	if (t == NULL || !(t->flags & TXN_F_HTTP))
		return;
	(void)stick_add(at, SD_HTTP_REQ_CNT, 0, 1);
	(void)stick_add(at, SD_HTTP_REQ_RATE, 0, 1);
	if (r->kind != RS_HTTP_RESPONSE)
		return;
	status = t->res.status;
	if (stick_codes_has(t->snap->global->http_err_codes, status)) {
		(void)stick_add(at, SD_HTTP_ERR_CNT, 0, 1);
		(void)stick_add(at, SD_HTTP_ERR_RATE, 0, 1);
	}
	if (stick_codes_has(t->snap->global->http_fail_codes, status)) {
		(void)stick_add(at, SD_HTTP_FAIL_CNT, 0, 1);
		(void)stick_add(at, SD_HTTP_FAIL_RATE, 0, 1);
	}
}

static struct stick_track **
list_of(const struct rule *r, const struct sample_ctx *x)
{
	return r->kind == RS_TCP_CONNECTION || r->kind == RS_TCP_SESSION ? &x->sess->tracked :
	    &x->t->tracked;
}

static enum rule_verdict
run_track(const struct rule *r, struct sample_ctx *x)
{
	const struct track_action *a = r->arg;
	const struct stick_conf *table = a->table != NULL ? a->table : x->px->stick;
	struct stick_track **list = list_of(r, x);
	unsigned i = (unsigned)r->row->priv;
	struct stick_key k;
	struct stick_at at;
	struct sample s;

	if (table == NULL || (*list != NULL && (*list)->ref[i].table != NULL))
		return RULE_NEXT;
	x->needs_more = false;
	if (!expr_eval(a->expr, x, &s))
		return x->needs_more && !x->is_final && r->kind == RS_TCP_CONTENT ? RULE_WAIT :
		    RULE_NEXT;
	if (!stick_key_make(&table->lay, &s, &k) || !stick_get(table->live, &k, &at))
		return RULE_NEXT;
	count_request(r, x, &at);
	stick_track(list, i, &at);
	return RULE_NEXT;
}

static bool
counter_is_there(struct cfg *c, const char *name, uint64_t i)
{
	if (i < global_of(c)->stick_counters)
		return true;
	diag_error(c->diag, "'%s': there are %u counters (0 to %u), see 'tune.stick-counters'.",
	    name, global_of(c)->stick_counters, global_of(c)->stick_counters - 1);
	return false;
}

static int
parse_track(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	struct track_action *a = arena_alloc(c->arena, sizeof(*a));

	if (!counter_is_there(c, r->row->name, (uint64_t)r->row->priv))
		return -1;
	if (nargs < 1) {
		diag_error(c->diag, "'%s' expects a key as argument.", r->row->name);
		return -1;
	}
	if ((a->expr = expr_parse(c, r->px, args[0], r->use)) == NULL)
		return -1;
	*ret_used = 1;
	if (nargs > 1 && strcmp(args[1], "table") == 0) {
		if (nargs < 3) {
			diag_error(c->diag, "'%s': missing name after 'table'.", r->row->name);
			return -1;
		}
		a->table_name = args[2];
		*ret_used = 3;
	}
	a->px = r->px;
	a->file = c->file;
	a->line = c->line;
	a->next = global_of(c)->track_todo;
	global_of(c)->track_todo = a;
	r->arg = a;
	return 0;
}

static int
resolve(struct cfg *c, struct track_action *a)
{
	if (a->table_name != NULL)
		a->table = stick_conf_find(c->snap, a->table_name);
	else if (a->px->cap & CAP_DEFAULTS)
		return 0;		/* of whoever has this section */
	else
		a->table = a->px->stick;
	diag_at(c->diag, a->file, a->line);
	if (a->table == NULL) {
		diag_error(c->diag, "Proxy '%s': unable to find table '%s' referenced by track-sc.",
		    a->px->name, a->table_name != NULL ? a->table_name : a->px->name);
		return -1;
	}
	if (!sample_can_cast(a->expr->out, (enum sample_type)
	    stick_sample_type(a->table->lay.type))) {
		diag_error(c->diag, "Proxy '%s': stick-table '%s' used with a key whose type does "
		    "not fit (%s).", a->px->name, a->table->name,
		    sample_type_name(a->expr->out));
		return -1;
	}
	return 0;
}

static int
post_track(struct cfg *c)
{
	int rc = 0;

	for (struct track_action *a = global_of(c)->track_todo; a != NULL; a = a->next)
		rc |= resolve(c, a);
	global_of(c)->track_todo = NULL;
	return rc;
}

/* ---- sc-inc-gpc and its like ---- */

enum change { INC_GPC0, INC_GPC1, INC_GPC, ADD_GPC, SET_GPT0, SET_GPT };

struct change_action {
	unsigned	 index, counter;
	struct expr	*expr;
	uint64_t	 value;
};

static void
inc(const struct stick_at *at, enum stick_data one, enum stick_data one_rate, unsigned i)
{
	if (!stick_add(at, one, 0, 1))
		(void)stick_add(at, SD_GPC, i, 1);
	if (!stick_add(at, one_rate, 0, 1))
		(void)stick_add(at, SD_GPC_RATE, i, 1);
}

static void
change(const struct stick_at *at, enum change what, unsigned i, uint64_t v)
{
	switch (what) {
	case INC_GPC0:
		inc(at, SD_GPC0, SD_GPC0_RATE, 0);
		break;
	case INC_GPC1:
		inc(at, SD_GPC1, SD_GPC1_RATE, 1);
		break;
	case INC_GPC:
	case ADD_GPC:
		(void)stick_add(at, SD_GPC, i, (int64_t)v);
		(void)stick_add(at, SD_GPC_RATE, i, (int64_t)v);
		break;
	case SET_GPT0:
		if (!stick_write(at, SD_GPT0, 0, v))
			(void)stick_write(at, SD_GPT, 0, v);
		break;
	case SET_GPT:
		(void)stick_write(at, SD_GPT, i, v);
		break;
	}
}

static enum rule_verdict
run_change(const struct rule *r, struct sample_ctx *x)
{
	const struct change_action *a = r->arg;
	const struct stick_ref *ref = stick_tracked(x->t, x->sess, a->counter);
	uint64_t v = a->value;
	struct stick_at at;
	struct sample s;

	if (ref == NULL)
		return RULE_NEXT;
	if (a->expr != NULL) {
		if (!expr_eval_as(a->expr, x, SMP_INT, &s))
			return RULE_NEXT;
		v = s.u.i < 0 ? 0 : s.u.i > UINT32_MAX ? UINT32_MAX : (uint64_t)s.u.i;
	}
	at = stick_lock(ref);
	change(&at, (enum change)r->row->priv, a->index, v);
	stick_touch(&at);
	stick_unlock(&at);
	return RULE_NEXT;
}

/* The numbers in `name(1,0)`: index and counter, or the counter alone. */
static int
parse_numbers(struct cfg *c, struct rule *r, struct change_action *a)
{
	size_t open = strlen(r->row->name), len = strlen(r->word);
	bool has_index = r->row->priv == INC_GPC || r->row->priv == ADD_GPC ||
	    r->row->priv == SET_GPT;
	char **words = NULL;
	uint64_t v;
	int n = 0;

	if (r->word[len - 1] != ')') {
		diag_error(c->diag, "'%s': missing closing ')'.", r->word);
		return -1;
	}
	if (cfg_split_args(c, (struct str){ r->word + open, len - open - 1 }, &words, &n) < 0)
		return -1;
	if (n != 1 + has_index) {
		diag_error(c->diag, "'%s...)' expects %s.", r->row->name, has_index ?
		    "an index and a counter's number" : "a counter's number");
		return -1;
	}
	if (has_index) {
		if (cfg_uint(c, r->word, words[0], 0, STICK_ARRAY_MAX - 1, &v) < 0)
			return -1;
		a->index = (unsigned)v;
	}
	if (cfg_uint(c, r->word, words[n - 1], 0, UINT32_MAX, &v) < 0 ||
	    !counter_is_there(c, r->word, v))
		return -1;
	a->counter = (unsigned)v;
	return 0;
}

static int
parse_change(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	struct change_action *a = arena_alloc(c->arena, sizeof(*a));

	if (parse_numbers(c, r, a) < 0)
		return -1;
	r->arg = a;
	a->value = 1;
	if (r->row->priv == INC_GPC0 || r->row->priv == INC_GPC1 || r->row->priv == INC_GPC)
		return 0;
	if (nargs < 1) {
		diag_error(c->diag, "'%s' expects an integer or an expression.", r->word);
		return -1;
	}
	*ret_used = 1;
	if (str_to_u64(str_of(args[0]), &a->value)) {
		if (a->value <= UINT32_MAX)
			return 0;
		diag_error(c->diag, "'%s': '%s' has more than 32 bits.", r->word, args[0]);
		return -1;
	}
	return (a->expr = expr_parse(c, r->px, args[0], r->use)) != NULL ? 0 : -1;
}

#define TRACK	(1u << RS_TCP_CONNECTION | 1u << RS_TCP_SESSION | 1u << RS_TCP_CONTENT | \
		    1u << RS_HTTP_REQUEST | 1u << RS_HTTP_RESPONSE)
#define ANY	(TRACK | 1u << RS_TCP_RESPONSE | 1u << RS_HTTP_AFTER)
#define SC(n) \
	{ "track-sc" #n, TRACK, parse_track, run_track, n, "<key> [table <table>]", \
	    "Counter " #n " tracks the entry of this key." }

static const struct action_row actions[] = {
	SC(0), SC(1), SC(2), SC(3), SC(4), SC(5), SC(6), SC(7), SC(8), SC(9),
	{ "sc-inc-gpc0(", ANY, parse_change, run_change, INC_GPC0, "<counter>)",
	    "Adds 1 to gpc0 of a tracked entry." },
	{ "sc-inc-gpc1(", ANY, parse_change, run_change, INC_GPC1, "<counter>)",
	    "Adds 1 to gpc1 of a tracked entry." },
	{ "sc-inc-gpc(", ANY, parse_change, run_change, INC_GPC, "<index>,<counter>)",
	    "Adds 1 to an element of gpc of a tracked entry." },
	{ "sc-add-gpc(", ANY, parse_change, run_change, ADD_GPC,
	    "<index>,<counter>) {<int>|<expr>}",
	    "Adds a number to an element of gpc of a tracked entry." },
	{ "sc-set-gpt0(", ANY, parse_change, run_change, SET_GPT0, "<counter>) {<int>|<expr>}",
	    "Sets the tag gpt0 of a tracked entry." },
	{ "sc-set-gpt(", ANY, parse_change, run_change, SET_GPT,
	    "<index>,<counter>) {<int>|<expr>}",
	    "Sets an element of gpt of a tracked entry." },
	{ .name = NULL }
};

static const struct post_row post[] = {
	{ "track-sc", post_track },
	{ NULL, NULL }
};

const struct module mod_action_stick = {
	.name = "action_stick",
	.actions = actions,
	.post = post,
};
