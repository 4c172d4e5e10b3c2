/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `balance`, `hash-type` and what belongs to them. Algorithms are module rows
 * (proxy/lb.h), so a new one needs no change here: `balance NAME(ARG) words`
 * finds NAME and gives ARG, then the words, to its parse function. Runs in the
 * thread that loads.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "proxy/lb.h"
#include "proxy/proxy.h"

static const struct lb_algo *
algo_find(const char *name)
{
	MODULE_EACH(m) {
		const struct lb_algo *a = m->lb;

		for (; a != NULL && a->name != NULL; a++)
			if (strcmp(a->name, name) == 0)
				return a;
	}
	return NULL;
}

static void
balance_unknown(struct cfg *c, const char *name)
{
	const char *list = "", *sep = "";

	MODULE_EACH(m) {
		const struct lb_algo *a = m->lb;

		for (; a != NULL && a->name != NULL; a++) {
			list = arena_printf(c->arena, "%s%s'%s'", list, sep, a->name);
			sep = ", ";
		}
	}
	diag_error(c->diag, "balance only supports %s options (got '%s').", list, name);
}

/* NAME(ARG): cuts the name; *ret_arg is NULL without parentheses. 0 or -1. */
static int
split_name(struct cfg *c, const char *word, const char **ret_name, char **ret_arg)
{
	const char *open = strchr(word, '(');
	size_t len = strlen(word);

	*ret_name = word;
	*ret_arg = NULL;
	if (open == NULL)
		return 0;
	if (word[len - 1] != ')') {
		diag_error(c->diag, "'balance' : missing ')' in '%s'", word);
		return -1;
	}
	*ret_name = arena_strndup(c->arena, word, (size_t)(open - word));
	*ret_arg = arena_strndup(c->arena, open + 1, len - (size_t)(open - word) - 2);
	return 0;
}

static void
balance_reset(struct lb_conf *lb, const struct lb_algo *algo)
{
	struct hash_conf hash = lb->hash;

	memset(lb, 0, sizeof(*lb));
	lb->hash = hash;
	lb->algo = algo;
	lb->draws = 2;
}

static int
parse_balance(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);
	const struct lb_algo *algo;
	char **words = args + 1, *arg;
	const char *name;
	int n = nargs - 1;

	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	if (split_name(c, args[0], &name, &arg) == -1)
		return -1;
	algo = algo_find(name);
	if (algo == NULL) {
		balance_unknown(c, name);
		return -1;
	}
	if (arg != NULL) {
		words = arena_calloc(c->arena, (size_t)nargs, sizeof(*words));
		words[0] = arg;
		memcpy(words + 1, args + 1, (size_t)(nargs - 1) * sizeof(*words));
		n = nargs;
	}
	balance_reset(&px->set.lb, algo);
	if (algo->parse != NULL)
		return algo->parse(c, px, words, n);
	if (n == 0)
		return 0;
	diag_error(c->diag, "'balance %s' cannot handle unexpected argument '%s'.", name, words[0]);
	return -1;
}

static int
parse_no_balance(struct cfg *c)
{
	if (proxy_takes(c, CAP_BACKEND, "balance", NULL))
		balance_reset(&proxy_of(c)->set.lb, NULL);
	return 0;
}

static int
parse_balance_row(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	if (c->is_no || c->is_default)
		return parse_no_balance(c);
	if (nargs == 0) {
		diag_error(c->diag, "'balance' expects the name of an algorithm.");
		return -1;
	}
	return parse_balance(c, row, args, nargs);
}

/* ---- hash-type ---- */

static int
hash_function(struct cfg *c, const char *word, uint8_t *ret_fn)
{
	static const struct { const char *name; enum lb_hash_fn fn; } names[] = {
		{ "sdbm", LB_HASH_SDBM }, { "djb2", LB_HASH_DJB2 }, { "wt6", LB_HASH_WT6 },
		{ "crc32", LB_HASH_CRC32 }, { "none", LB_HASH_NONE },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(word, names[i].name) == 0) {
			*ret_fn = (uint8_t)names[i].fn;
			return 0;
		}
	diag_error(c->diag, "'hash-type' only supports 'sdbm', 'djb2', 'crc32', 'wt6' or 'none' "
	    "hash functions (got '%s').", word);
	return -1;
}

static int
parse_hash_type(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct hash_conf h = { .function = LB_HASH_SDBM };
	struct proxy *px = proxy_of(c);

	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	h.consistent = strcmp(args[0], "consistent") == 0;
	if (!h.consistent && strcmp(args[0], "map-based") != 0) {
		diag_error(c->diag, "'hash-type' only supports 'consistent' and 'map-based'.");
		return -1;
	}
	h.avalanche = h.consistent && nargs == 1;
	if (nargs > 1 && hash_function(c, args[1], &h.function) == -1)
		return -1;
	if (nargs > 2) {
		if (strcmp(args[2], "avalanche") != 0) {
			diag_error(c->diag, "'hash-type' only supports 'avalanche' as a modifier "
			    "for hash functions (got '%s').", args[2]);
			return -1;
		}
		h.avalanche = true;
	}
	h.preserve = px->set.lb.hash.preserve;
	h.balance_factor = px->set.lb.hash.balance_factor;
	px->set.lb.hash = h;
	return 0;
}

static int
parse_balance_factor(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t v;

	(void)nargs;
	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	if (cfg_uint(c, row->name, args[0], 0, UINT16_MAX, &v) == -1)
		return -1;
	if (v != 0 && v <= 100) {
		diag_error(c->diag, "'hash-balance-factor' must be 0 or greater than 100.");
		return -1;
	}
	proxy_of(c)->set.lb.hash.balance_factor = (uint16_t)v;
	return 0;
}

static int
parse_preserve(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const words[] = { "always", "maxconn", "maxqueue" };
	unsigned i;

	(void)nargs;
	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	for (i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(args[0], words[i]) == 0) {
			proxy_of(c)->set.lb.hash.preserve = (uint8_t)i;
			return 0;
		}
	diag_error(c->diag, "'%s' only supports 'always', 'maxconn' and 'maxqueue' (got '%s').",
	    row->name, args[0]);
	return -1;
}

static const struct kw_row rows[] = {
	{ "balance", IN_PROXY, KW_OBEYED, 0, 0, KW_F_ANY_ARGS | KW_F_NO, parse_balance_row, 0,
	    "<algorithm> [<argument>...]", "How a server is chosen; random(2) by default." },
	{ "hash-type", IN_PROXY, KW_OBEYED, 1, 3, 0, parse_hash_type, 0,
	    "map-based|consistent [<function>] [avalanche]", "How keys are spread over servers." },
	{ "hash-balance-factor", IN_PROXY, KW_OBEYED, 1, 1, 0, parse_balance_factor, 0,
	    "<percent>", "A hashed server takes at most this share of the mean load." },
	{ "hash-preserve-affinity", IN_PROXY, KW_OBEYED, 1, 1, 0, parse_preserve, 0,
	    "always|maxconn|maxqueue", "When a hashed key leaves its saturated server." },
	{ 0 }
};

const struct module mod_balance_cfg = { .name = "balance_cfg", .cfg = rows };
