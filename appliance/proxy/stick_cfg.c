/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of stick tables: `stick-table`, `stick ...`, and what the global
 * section says of counters; peers_cfg.c has the `peers` section. Layouts are made
 * when all is read, because a `stick` rule anywhere adds the server to its table.
 *
 * Thread: the one that loads.
 */
#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/field.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/acl.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/stick.h"
#include "proxy/stick_rules.h"
#include "proxy/stick_track.h"

#define KEY_LEN_MAX	32768u
#define DEFAULT_LEN	32u
#define PERIOD_MAX_MS	(24u * 86400 * 1000)

/* ---- types and data ---- */

static int
type_of(const char *word)
{
	for (int i = 0; i < STICK_TYPES; i++)
		if (strcmp(word, stick_type_names[i]) == 0)
			return i;
	return -1;
}

static int
data_of(struct str word)
{
	for (int d = 0; d < SD_MAX; d++)
		if (str_is(word, stick_data_rows[d].name))
			return d;
	return -1;
}

static const char *
nth_data(size_t i, void *arg)
{
	(void)arg;
	return i < SD_MAX ? stick_data_rows[i].name : NULL;
}

static int
store_period(struct cfg *c, struct stick_layout *l, int d, const char *word)
{
	uint64_t us;

	if (cfg_duration(c, stick_data_rows[d].name, word, 1000, &us) < 0)
		return -1;
	if (us < 1000 || us / 1000 > PERIOD_MAX_MS) {
		diag_error(c->diag, "stick-table: the period of '%s' must be between 1ms and 24d, "
		    "but got '%s'.", stick_data_rows[d].name, word);
		return -1;
	}
	l->period_ms[d] = (uint32_t)(us / 1000);
	return 0;
}

static int
store_args(struct cfg *c, struct stick_layout *l, int d, struct str inside)
{
	const struct stick_data_row *row = &stick_data_rows[d];
	int want = row->is_array + (row->form == SF_RATE), n = 0;
	char **words = NULL;
	uint64_t v;

	if (inside.len > 0 && cfg_split_args(c, inside, &words, &n) < 0)
		return -1;
	if (n != want) {
		diag_error(c->diag, "stick-table: '%s' takes %s.", row->name,
		    want == 0 ? "no argument" : want == 2 ? "a number and a period" :
		    row->is_array ? "a number in parentheses" : "a period in parentheses");
		return -1;
	}
	if (row->is_array) {
		if (cfg_uint(c, row->name, words[0], 1, STICK_ARRAY_MAX, &v) < 0)
			return -1;
		l->n[d] = (uint8_t)v;
	}
	return row->form == SF_RATE ? store_period(c, l, d, words[n - 1]) : 0;
}

/* gpc(2) takes the place of gpc0 and gpc1: both in one table are a mistake. */
static int
check_arrays(struct cfg *c, const struct stick_layout *l)
{
	static const struct { uint8_t array, one; } pairs[] = {
		{ SD_GPC, SD_GPC0 }, { SD_GPC, SD_GPC1 }, { SD_GPC_RATE, SD_GPC0_RATE },
		{ SD_GPC_RATE, SD_GPC1_RATE }, { SD_GPT, SD_GPT0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		if (l->n[pairs[i].array] != 0 && l->n[pairs[i].one] != 0) {
			diag_error(c->diag, "stick-table: data types '%s' and '%s' cannot be "
			    "stored in the same table.", stick_data_rows[pairs[i].array].name,
			    stick_data_rows[pairs[i].one].name);
			return -1;
		}
	return 0;
}

static int
store_one(struct cfg *c, struct stick_layout *l, struct str word)
{
	const char *open = memchr(word.p, '(', word.len);
	struct str name = word, inside = STR_NONE;
	const char *z;
	int d;

	if (open != NULL && word.p[word.len - 1] == ')') {
		name.len = (size_t)(open - word.p);
		inside = (struct str){ open + 1, word.len - name.len - 2 };
	}
	z = arena_strndup(c->arena, name.p, name.len);
	if ((d = data_of(name)) < 0) {
		const char *near = str_nearest(z, nth_data, NULL);

		diag_error(c->diag, "stick-table: unknown store option '%s'.%s%s%s", z,
		    near != NULL ? " Did you mean '" : "", near != NULL ? near : "",
		    near != NULL ? "' maybe ?" : "");
		return -1;
	}
	if (l->n[d] != 0) {
		diag_error(c->diag, "stick-table: '%s' is stored already.", z);
		return -1;
	}
	l->n[d] = 1;
	return store_args(c, l, d, inside);
}

/* `gpc0,conn_rate(10s),gpc_rate(2,5s)`: commas outside of parentheses */
static int
parse_store(struct cfg *c, struct stick_layout *l, const char *list)
{
	int depth = 0;

	for (const char *from = list, *p = list;; p++) {
		depth += (*p == '(') - (*p == ')');
		if (*p != '\0' && (*p != ',' || depth > 0))
			continue;
		if (store_one(c, l, (struct str){ from, (size_t)(p - from) }) < 0)
			return -1;
		if (*p == '\0')
			return check_arrays(c, l);
		from = p + 1;
	}
}

/* ---- stick-table ---- */

struct parse {
	struct cfg	*c;
	struct stick_conf *conf;
	char		**args;
	int		 n, i;		/* the word under work */
	const char	*peers;
};

static const char *
next_word(struct parse *p)
{
	const char *word = p->args[p->i];

	if (p->i + 1 < p->n)
		return p->args[++p->i];
	diag_error(p->c->diag, "stick-table: missing argument after '%s'.", word);
	return NULL;
}

static int
parse_type(struct parse *p)
{
	static const uint8_t fixed[STICK_TYPES] = {
		[STICK_IP] = 4, [STICK_IPV6] = 16, [STICK_INTEGER] = 4,
	};
	struct stick_layout *l = &p->conf->lay;
	const char *word = next_word(p);
	uint64_t len = DEFAULT_LEN;
	int type;

	if (word == NULL)
		return -1;
	if ((type = type_of(word)) < 0) {
		diag_error(p->c->diag, "stick-table: unknown type '%s', expected ip, ipv6, "
		    "integer, string or binary.", word);
		return -1;
	}
	l->type = (uint8_t)type;
	l->key_len = fixed[type];
	if (type != STICK_STRING && type != STICK_BINARY)
		return 0;
	if (p->i + 1 < p->n && strcmp(p->args[p->i + 1], "len") == 0) {
		p->i++;
		if ((word = next_word(p)) == NULL ||
		    cfg_uint(p->c, "stick-table: len", word, 1, KEY_LEN_MAX, &len) < 0)
			return -1;
	}
	l->key_len = (uint32_t)len + (type == STICK_STRING);
	return 0;
}

static int
parse_size(struct parse *p)
{
	const char *word = next_word(p);
	uint64_t v;

	if (word == NULL || cfg_size(p->c, "stick-table: size", word, &v) < 0)
		return -1;
	if (v < 1 || v > INT32_MAX) {
		diag_error(p->c->diag, "stick-table: size must be between 1 and %d, but got '%s'.",
		    INT32_MAX, word);
		return -1;
	}
	p->conf->lay.size = (uint32_t)v;
	return 0;
}

static int
parse_srvkey(struct parse *p)
{
	const char *word = next_word(p);

	if (word == NULL)
		return -1;
	if (strcmp(word, "name") != 0 && strcmp(word, "addr") != 0) {
		diag_error(p->c->diag, "stick-table: srvkey expects either 'name' or 'addr', but "
		    "got '%s'.", word);
		return -1;
	}
	p->conf->by_addr = word[0] == 'a';
	return 0;
}

static int
parse_word(struct parse *p)
{
	const char *word = p->args[p->i], *v;

	if (strcmp(word, "type") == 0)
		return parse_type(p);
	if (strcmp(word, "size") == 0)
		return parse_size(p);
	if (strcmp(word, "srvkey") == 0)
		return parse_srvkey(p);
	if (strcmp(word, "nopurge") == 0) {
		p->conf->is_nopurge = true;
		return 0;
	}
	if (strcmp(word, "expire") == 0)
		return (v = next_word(p)) == NULL ? -1 :
		    cfg_duration(p->c, "stick-table: expire", v, 1000, &p->conf->expire_us);
	if (strcmp(word, "store") == 0)
		return (v = next_word(p)) == NULL ? -1 : parse_store(p->c, &p->conf->lay, v);
	if (strcmp(word, "peers") == 0)
		return (p->peers = next_word(p)) == NULL ? -1 : 0;
	if (strcmp(word, "write-to") == 0)
		return (p->conf->write_to_name = next_word(p)) == NULL ? -1 : 0;
	diag_error(p->c->diag, "stick-table: unknown argument '%s'.", word);
	return -1;
}

static int
check_complete(struct parse *p)
{
	struct cfg *c = p->c;

	if (p->conf->lay.key_len == 0) {
		diag_error(c->diag, "stick-table: missing type.");
		return -1;
	}
	if (p->conf->lay.size == 0) {
		diag_error(c->diag, "stick-table: missing size.");
		return -1;
	}
	return 0;
}

/* Links the table even when it is not complete, so that rules which name it are
 * checked; type ip of one entry then. */
int
stick_table_parse(struct cfg *c, struct proxy *px, const char *name, char **args, int nargs)
{
	struct stick_conf *conf = arena_alloc(c->arena, sizeof(*conf)), *other;
	struct parse p = { .c = c, .conf = conf, .args = args, .n = nargs };
	int rc = 0;

	conf->name = name;
	conf->px = px;
	conf->file = c->file;
	conf->line = c->line;
	for (p.i = 0; rc == 0 && p.i < nargs; p.i++)
		rc = parse_word(&p);
	if (rc == 0)
		rc = check_complete(&p);
	if ((other = stick_conf_find(c->snap, name)) != NULL) {
		diag_error(c->diag, "stick-table name '%s' conflicts with the table declared at "
		    "%s:%d.", name, other->file, other->line);
		return -1;
	}
	conf->peers = p.peers;
	conf->next = global_of(c)->stick_tables;
	global_of(c)->stick_tables = conf;
	if (px != NULL)
		px->stick = conf;
	return rc;
}

static int
parse_stick_table(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct proxy *px = proxy_of(c);

	(void)row;
	return stick_table_parse(c, px, px->name, args, nargs);
}

/* ---- stick rules ---- */

/* Behind the expression: `[table NAME] [if|unless COND]` */
static int
parse_rule_rest(struct cfg *c, const struct kw_row *row, struct stick_rule *r, char **args,
    int nargs)
{
	uint32_t use = row->arg & STICK_STORE_RES ? USE_AT_RES : USE_AT_REQ;
	int i = 0;

	if (nargs > 0 && strcmp(args[0], "table") == 0) {
		if (nargs < 2) {
			diag_error(c->diag, "'%s': missing name after 'table'.", row->name);
			return -1;
		}
		r->table_name = args[1];
		i = 2;
	}
	if (i == nargs)
		return 0;
	if (strcmp(args[i], "if") != 0 && strcmp(args[i], "unless") != 0) {
		diag_error(c->diag, "'%s': unexpected argument '%s', expected 'table', 'if' or "
		    "'unless'.", row->name, args[i]);
		return -1;
	}
	r->cond = acl_cond_parse(c, proxy_of(c), args + i, nargs - i, use);
	return r->cond != NULL ? 0 : -1;
}

static int
parse_stick(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint32_t use = row->arg & STICK_STORE_RES ? USE_AT_RES : USE_AT_REQ;
	struct stick_rule *r = arena_alloc(c->arena, sizeof(*r)), **at;
	struct proxy *px = proxy_of(c);

	if (!proxy_takes(c, CAP_BACKEND, row->name, NULL))
		return 0;
	r->what = (uint8_t)row->arg;
	r->file = c->file;
	r->line = c->line;
	if ((r->expr = expr_parse(c, px, args[0], use)) == NULL ||
	    parse_rule_rest(c, row, r, args + 1, nargs - 1) < 0)
		return -1;
	for (at = &px->stick_rules; *at != NULL; at = &(*at)->next)
		;
	*at = r;
	return 0;
}

/* ---- global ---- */

/* `400-499,-404 +500`: a plain list replaces, + adds, - takes away; an element
 * without a sign goes by the one before it in its list. */
static int
parse_codes(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	uint64_t *bits = row->arg ? global_of(c)->http_fail_codes : global_of(c)->http_err_codes;

	if (args[0][0] != '+' && args[0][0] != '-')
		memset(bits, 0, STICK_CODES_BYTES);
	for (int i = 0; i < nargs; i++) {
		struct str rest = str_of(args[i]), elem;
		bool on = true;

		while (str_next_elem(&rest, ',', &elem)) {
			if (elem.p[0] == '+' || elem.p[0] == '-') {
				on = elem.p[0] == '+';
				elem = (struct str){ elem.p + 1, elem.len - 1 };
			}
			if (stick_codes_set(bits, elem, on))
				continue;
			diag_error(c->diag, "'%s': '" STR_FMT "' is no status code (100 to 599) "
			    "nor a range of them.", row->name, STR_ARG(elem));
			return -1;
		}
	}
	return 0;
}

static int
parse_counters(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, global_of(c), args, nargs);
}

/* ---- after parsing ---- */

static int
resolve_rule(struct cfg *c, struct proxy *px, struct stick_rule *r)
{
	struct stick_layout *l;

	r->table = r->table_name == NULL ? px->stick : stick_conf_find(c->snap, r->table_name);
	diag_at(c->diag, r->file, r->line);
	if (r->table == NULL) {
		diag_error(c->diag, "Proxy '%s': unable to find stick-table '%s'.", px->name,
		    r->table_name != NULL ? r->table_name : px->name);
		return -1;
	}
	l = &r->table->lay;
	if (!sample_can_cast(r->expr->out, stick_sample_type(l->type))) {
		diag_error(c->diag, "Proxy '%s': type of fetch not usable with type of stick-table "
		    "'%s'.", px->name, r->table->name);
		return -1;
	}
	l->n[SD_SERVER_ID] = l->n[SD_SERVER_KEY] = 1;
	px->stick_by_addr = r->table->by_addr;
	return 0;
}

static int
resolve_write_to(struct cfg *c, struct stick_conf *t)
{
	struct stick_conf *to = stick_conf_find(c->snap, t->write_to_name);

	diag_at(c->diag, t->file, t->line);
	if (to == NULL || to == t) {
		diag_error(c->diag, "stick-table '%s': unable to find the table '%s' of "
		    "'write-to'.", t->name, t->write_to_name);
		return -1;
	}
	if (to->lay.type != t->lay.type || to->lay.key_len != t->lay.key_len) {
		diag_error(c->diag, "stick-table '%s': 'write-to %s' needs a table of the same "
		    "type and length.", t->name, to->name);
		return -1;
	}
	diag_hint(c->diag, "stick-table '%s': 'write-to' passes on what other peers tell, and "
	    "there are none.", t->name);
	return 0;
}

static int
resolve_peers(struct cfg *c, const struct stick_conf *t)
{
	const struct peers *p = global_of(c)->peers;

	while (p != NULL && strcmp(p->name, t->peers) != 0)
		p = p->next;
	if (p != NULL)
		return 0;
	diag_at(c->diag, t->file, t->line);
	diag_error(c->diag, "stick-table '%s': unable to find peers section '%s'.", t->name,
	    t->peers);
	return -1;
}

static int
post_stick(struct cfg *c)
{
	int rc = 0;

	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next)
		for (struct stick_rule *r = px->stick_rules; r != NULL; r = r->next)
			rc |= resolve_rule(c, px, r);
	for (struct stick_conf *t = global_of(c)->stick_tables; t != NULL; t = t->next) {
		stick_layout_fill(&t->lay);
		if (t->write_to_name != NULL)
			rc |= resolve_write_to(c, t);
		if (t->peers != NULL)
			rc |= resolve_peers(c, t);
	}
	return rc;
}

/* ---- rows ---- */

#define STICK(name, what, help) \
	{ name, IN_PROXY, KW_OBEYED, 1, 255, KW_F_ANY_ARGS, parse_stick, what, \
	    "<expression> [table <table>] [{if | unless} <condition>]", help }

static const struct kw_row rows[] = {
	{ "stick-table", IN_FRONTEND | IN_BACKEND, KW_OBEYED, 1, 255, KW_F_ANY_ARGS,
	    parse_stick_table, 0, "type <type> [len <n>] size <n> [expire <time>] [nopurge] "
	    "[srvkey name|addr] [write-to <table>] [peers <section>] [store <data>[,...]]...",
	    "A table of keys with data: of servers that users stick to, and of counters." },
	STICK("stick on", STICK_MATCH | STICK_STORE_REQ,
	    "Users with a key in the table go to their server; others are remembered."),
	STICK("stick match", STICK_MATCH, "Users with a key in the table go to their server."),
	STICK("stick store-request", STICK_STORE_REQ,
	    "Remembers the server of a key of the request."),
	STICK("stick store-response", STICK_STORE_RES,
	    "Remembers the server of a key of the response."),
	{ "http-err-codes", IN_GLOBAL, KW_OBEYED, 1, 255, KW_F_ANY_ARGS, parse_codes, 0,
	    "[+|-]<code>[-<code>][,...] ...",
	    "Statuses that http_err_cnt counts; 400-499 by default." },
	{ "http-fail-codes", IN_GLOBAL, KW_OBEYED, 1, 255, KW_F_ANY_ARGS, parse_codes, 1,
	    "[+|-]<code>[-<code>][,...] ...",
	    "Statuses that http_fail_cnt counts; 500-599 but 501 and 505 by default." },
	{ "tune.stick-counters", IN_GLOBAL, KW_OBEYED, 1, 1, 0, parse_counters,
	    CFG_FIELD(CFG_UINT, struct global, stick_counters, .max = STICK_COUNTERS_MAX),
	    "<0..10>", "Counters that a connection or request may track; 3 by default." },
	{ 0 }
};

static const struct post_row post[] = {
	{ "stick tables", post_stick },
	{ NULL, NULL }
};

const struct module mod_stick_cfg = {
	.name = "stick_cfg",
	.cfg = rows,
	.post = post,
};
