/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules of checks become steps: `tcp-check` lines, and the words that `http-check`
 * lines share with them (connect, comment, set-var). A list of rules is compiled
 * when all was read: a comment goes to what follows it, a first connection is put
 * before what does not begin with one.
 *
 * Thread: the one that loads.
 */
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "cfg/kw.h"
#include "ctl/check.h"
#include "ctl/check_cfg.h"
#include "ctl/check_step.h"
#include "net/tls_opts.h"
#include "proxy/logline.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/vars.h"

/* ---- lists ---- */

void
seq_init(struct check_seq *q, enum check_proto proto, const void *owner)
{
	memset(q, 0, sizeof(*q));
	q->proto = (uint8_t)proto;
	q->owner = owner;
	q->tail = &q->first;
}

struct step *
seq_add(struct cfg *c, struct check_seq *q, enum step_act act)
{
	struct step *s = arena_alloc(c->arena, sizeof(*s));

	s->act = (uint8_t)act;
	s->number = ++q->nsteps;
	s->file = c->file;
	s->line = c->line;
	if (act == STEP_EXPECT)
		s->u.expect.min_recv = -1;
	*q->tail = s;
	q->tail = &s->next;
	return s;
}

void
seq_hash(struct check_seq *q, char **args, int nargs)
{
	for (int i = 0; i < nargs; i++)
		q->key = q->key * 31 + str_hash(str_of(args[i]));
	q->key++;
}

static struct step *
step_copy(struct cfg *c, const struct step *s)
{
	struct step *copy = arena_alloc(c->arena, sizeof(*copy));

	*copy = *s;
	copy->next = NULL;
	return copy;
}

static void
seq_link(struct check_seq *q, struct step *s)
{
	*q->tail = s;
	q->tail = &s->next;
	q->nsteps++;
}

static struct step *
implicit_connect(struct cfg *c)
{
	struct step *s = arena_alloc(c->arena, sizeof(*s));

	s->act = STEP_CONNECT;
	s->u.connect.flags = CONNECT_DEFAULT | CONNECT_IMPLICIT;
	return s;
}

/* The first rule that does something to a connection. */
static const struct step *
first_real(const struct step *s)
{
	while (s != NULL && (s->act == STEP_COMMENT || s->act == STEP_SET_VAR ||
	    s->act == STEP_UNSET_VAR))
		s = s->next;
	return s;
}

struct check_seq *
seq_compile(struct cfg *c, const struct check_seq *written)
{
	struct check_seq *q = arena_alloc(c->arena, sizeof(*q));
	const struct step *first = first_real(written->first);
	const char *comment = NULL;

	seq_init(q, (enum check_proto)written->proto, NULL);
	q->key = written->key;
	q->is_exact = written->is_exact;
	if (first == NULL || first->act != STEP_CONNECT)
		seq_link(q, implicit_connect(c));
	for (const struct step *s = written->first; s != NULL; s = s->next) {
		struct step *copy;

		if (s->act == STEP_COMMENT) {
			comment = s->comment;
			continue;
		}
		copy = step_copy(c, s);
		if (copy->comment == NULL)
			copy->comment = comment;
		comment = NULL;
		seq_link(q, copy);
	}
	return q;
}

/* ---- words ---- */

struct logformat *
step_format(struct cfg *c, const char *text, unsigned flags)
{
	return logformat_parse(c, check_cfg_proxy(c), text, USE_AT_CHECK, flags | LF_NO_ALIAS);
}

static int
hex_digit(char ch)
{
	if (ch >= '0' && ch <= '9')
		return ch - '0';
	ch = ascii_lower(ch);
	return ch >= 'a' && ch <= 'f' ? ch - 'a' + 10 : -1;
}

int
step_parse_hex(struct cfg *c, const char *what, const char *text, struct str *ret_bytes)
{
	size_t len = strlen(text);
	char *p = arena_alloc(c->arena, len / 2 + 1);

	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			goto bad;
		p[i] = (char)(high << 4 | low);
	}
	if (len == 0 || len % 2 != 0)
		goto bad;
	*ret_bytes = (struct str){ p, len / 2 };
	return 0;
bad:
	diag_error(c->diag, "'%s' expects an even number of hexadecimal digits (got '%s').",
	    what, text);
	return -1;
}

int
check_alpn_parse(struct cfg *c, const char *what, char *word, struct str *ret_alpn)
{
	struct tls_opts o = { 0 };

	if (tls_word_set(&o, TLS_IN_SERVER, "alpn", word, c->arena, c->diag) != 0)
		return -1;
	if (o.alpn_len == 0) {
		diag_error(c->diag, "'%s' : no protocol is left that checks could speak.", what);
		return -1;
	}
	*ret_alpn = (struct str){ (const char *)o.alpn, o.alpn_len };
	return 0;
}

static int
connect_addr(struct cfg *c, struct step_connect *k, const char *word)
{
	struct addr *a = arena_alloc(c->arena, sizeof(*a));

	if (check_addr_parse(c, "connect addr", word, a) == -1)
		return -1;
	k->addr = a;
	return 0;
}

/* A number, or an expression that gives one. */
static int
connect_port(struct cfg *c, struct step_connect *k, const char *word)
{
	uint64_t port;

	if (str_to_u64(str_of(word), &port)) {
		if (port == 0 || port > UINT16_MAX) {
			diag_error(c->diag, "'connect' : expects a port from 1 to 65535 (got "
			    "'%s').", word);
			return -1;
		}
		k->port = (uint16_t)port;
		return 0;
	}
	k->port_expr = expr_parse(c, check_cfg_proxy(c), word, USE_AT_CHECK);
	return k->port_expr != NULL ? 0 : -1;
}

static const struct {
	const char	*name;
	uint8_t		 flag;
} connect_flags[] = {
	{ "default", CONNECT_DEFAULT }, { "ssl", CONNECT_TLS },
	{ "send-proxy", CONNECT_PROXY }, { "linger", CONNECT_LINGER },
};

static bool
connect_flag(struct step_connect *k, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(connect_flags); i++)
		if (strcmp(word, connect_flags[i].name) == 0) {
			k->flags |= connect_flags[i].flag;
			return true;
		}
	return false;
}

static int
connect_value(struct cfg *c, struct step *s, const char *what, char **args)
{
	struct step_connect *k = &s->u.connect;

	if (args[1] == NULL) {
		diag_error(c->diag, "'%s connect' : '%s' expects a value.", what, args[0]);
		return -1;
	}
	if (strcmp(args[0], "port") == 0)
		return connect_port(c, k, args[1]);
	if (strcmp(args[0], "addr") == 0)
		return connect_addr(c, k, args[1]);
	if (strcmp(args[0], "alpn") == 0)
		return check_alpn_parse(c, "connect alpn", args[1], &k->alpn);
	if (strcmp(args[0], "comment") == 0)
		s->comment = args[1];
	else if (strcmp(args[0], "sni") == 0)
		k->sni = args[1];
	else if (strcmp(args[0], "proto") == 0 && strcmp(args[1], "h1") != 0) {
		diag_error(c->diag, "'%s connect' : 'proto %s' is refused: checks speak HTTP/1.",
		    what, args[1]);
		return -1;
	}
	return 0;
}

int
step_parse_connect(struct cfg *c, struct step *s, const char *what, char **args, int nargs)
{
	static const char *const values[] = { "port", "addr", "alpn", "comment", "sni", "proto" };
	size_t k;

	for (int i = 0; i < nargs; i++) {
		if (connect_flag(&s->u.connect, args[i]))
			continue;
		for (k = 0; k < ARRAY_LEN(values) && strcmp(args[i], values[k]) != 0; k++)
			;
		if (k == ARRAY_LEN(values)) {
			diag_error(c->diag, strcmp(args[i], "via-socks4") == 0 ?
			    "'%s connect' : '%s' is refused: SOCKS4 proxies are not supported." :
			    "'%s connect' : expects 'default', 'port', 'addr', 'send-proxy', "
			    "'ssl', 'sni', 'alpn', 'linger' or 'comment' (got '%s').",
			    what, args[i]);
			return -1;
		}
		if (connect_value(c, s, what, args + i++) == -1)
			return -1;
	}
	return 0;
}

/* `set-var(check.x) EXPR`, `set-var-fmt(check.x) FORMAT`, `unset-var(check.x)` */
int
step_parse_var(struct cfg *c, struct step *s, const char *word, char **args, int nargs)
{
	const char *open = strchr(word, '('), *end = strrchr(word, ')');
	struct step_var *v = &s->u.var;
	char *name;

	if (open == NULL || end == NULL || end < open || end[1] != '\0') {
		diag_error(c->diag, "'%s' : expects the name of a variable in parentheses.", word);
		return -1;
	}
	name = arena_strndup(c->arena, open + 1, (size_t)(end - open - 1));
	if ((v->name = var_name_parse(c, name)) == NULL)
		return -1;
	if (v->name->scope != VAR_CHECK && v->name->scope != VAR_PROC) {
		diag_error(c->diag, "variable '%s': rules of checks know the scopes 'check' and "
		    "'proc' only.", name);
		return -1;
	}
	if (nargs != (s->act == STEP_SET_VAR)) {
		diag_error(c->diag, s->act == STEP_SET_VAR ? "'%s' : expects one expression." :
		    "'%s' : expects nothing behind it.", word);
		return -1;
	}
	if (s->act == STEP_UNSET_VAR)
		return 0;
	if (strncmp(word, "set-var-fmt(", 12) == 0)
		return (v->format = step_format(c, args[0], 0)) != NULL ? 0 : -1;
	v->expr = expr_parse(c, check_cfg_proxy(c), args[0], USE_AT_CHECK);
	return v->expr != NULL ? 0 : -1;
}

/* ---- tcp-check ---- */

static int
parse_send(struct cfg *c, struct step *s, const char *word, char **args, int nargs)
{
	struct step_send *d = &s->u.send;

	if (nargs == 3 && strcmp(args[1], "comment") == 0)
		s->comment = args[2];
	else if (nargs != 1) {
		diag_error(c->diag, "'tcp-check %s' : expects what to send, and perhaps 'comment' "
		    "and a text.", word);
		return -1;
	}
	if (strcmp(word, "send-binary") == 0)
		return step_parse_hex(c, "tcp-check send-binary", args[0], &d->text);
	if (strcmp(word, "send") == 0) {
		d->text = str_of(args[0]);
		return 0;
	}
	d->is_hex = strcmp(word, "send-binary-lf") == 0;
	return (d->format = step_format(c, args[0], 0)) != NULL ? 0 : -1;
}

int
check_comment_parse(struct cfg *c, struct step *s, const char *what, char **args, int nargs)
{
	if (nargs != 1) {
		diag_error(c->diag, "'%s comment' : expects one text.", what);
		return -1;
	}
	s->comment = args[0];
	return 0;
}

int
check_tcp_rule(struct cfg *c, struct check_seq *q, const char *word, char **args, int nargs)
{
	seq_hash(q, args - 1, nargs + 1);
	if (strcmp(word, "connect") == 0)
		return step_parse_connect(c, seq_add(c, q, STEP_CONNECT), "tcp-check", args, nargs);
	if (strcmp(word, "expect") == 0)
		return step_parse_expect(c, seq_add(c, q, STEP_EXPECT), "tcp-check", args, nargs);
	if (strcmp(word, "comment") == 0)
		return check_comment_parse(c, seq_add(c, q, STEP_COMMENT), "tcp-check", args,
		    nargs);
	if (strncmp(word, "set-var", 7) == 0)
		return step_parse_var(c, seq_add(c, q, STEP_SET_VAR), word, args, nargs);
	if (strncmp(word, "unset-var", 9) == 0)
		return step_parse_var(c, seq_add(c, q, STEP_UNSET_VAR), word, args, nargs);
	return parse_send(c, seq_add(c, q, STEP_SEND), word, args, nargs);
}
