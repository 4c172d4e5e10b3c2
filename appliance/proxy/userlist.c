/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * User lists: the section, the fetches that ask it, and `http-request auth`, which
 * asks the client for a name and a password.
 *
 * Passwords are plain or hashes of crypt(3). A hash that is meant to be slow is
 * slow for who asks too, and the data thread is: so user_cache.c remembers which
 * passwords were tried, and asked for again one costs a microsecond.
 *
 * Threads: the one that loads; fetches and actions: data.
 */
#include "proxy/userlist.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "http/msg.h"
#include "proxy/global.h"
#include "proxy/proxy.h"
#include "proxy/reply.h"
#include "proxy/rules.h"
#include "proxy/rules_in.h"
#include "proxy/sample.h"
#include "proxy/txn.h"
#include "proxy/user_cache.h"

#define PAIR_MAX	512u	/* of name:password */

static struct userlist *
list_find(const struct snapshot *s, const char *name)
{
	struct userlist *l = s->global->userlists;

	while (l != NULL && strcmp(l->name, name) != 0)
		l = l->next;
	return l;
}

/* ---- passwords ---- */

static bool
is_hash_of(const char *password, const char *hash)
{
	struct crypt_data *cd = OPENSSL_zalloc(sizeof(*cd));
	const char *got = cd != NULL ? crypt_r(password, hash, cd) : NULL;
	bool is_same = got != NULL && strlen(got) == strlen(hash) && got[0] != '*' &&
	    CRYPTO_memcmp(got, hash, strlen(hash)) == 0;

	if (cd != NULL)
		OPENSSL_clear_free(cd, sizeof(*cd));
	return is_same;
}

static bool
is_password(const struct user *u, const char *password)
{
	uint64_t key;
	enum user_verdict known;
	bool is_right;

	if (u->password == NULL)
		return false;
	if (!u->is_hashed)
		return strlen(password) == strlen(u->password) &&
		    CRYPTO_memcmp(password, u->password, strlen(password)) == 0;
	key = user_cache_key(str_of(u->password), str_of(password));
	known = user_cache_find(key);
	if (known != USER_UNKNOWN)
		return known == USER_RIGHT;
	is_right = is_hash_of(password, u->password);
	user_cache_put(key, is_right);
	return is_right;
}

/* ---- what the client says ---- */

/* The word behind `Basic ` or `Bearer `. */
static struct str
authorization(const struct sample_ctx *x, struct str scheme)
{
	const struct http_msg *m = ctx_request(x);
	const struct http_field *f = m != NULL ? http_find(m, STR("authorization"), NULL) : NULL;
	struct str v = f != NULL ? http_field_value(m, f) : STR_NONE;

	if (!str_istarts(v, scheme))
		return STR_NONE;
	return str_trim((struct str){ v.p + scheme.len, v.len - scheme.len });
}

/* NAME NUL PASSWORD NUL into buf. */
static bool
basic_pair(const struct sample_ctx *x, char buf[PAIR_MAX + 4], const char **ret_password)
{
	struct str v = authorization(x, STR("basic "));
	char *colon;
	int n;

	if (v.len == 0 || v.len % 4 != 0 || v.len / 4 * 3 > PAIR_MAX)
		return false;
	n = EVP_DecodeBlock((unsigned char *)buf, (const unsigned char *)v.p, (int)v.len);
	if (n <= 0)
		return false;
	n -= (v.p[v.len - 1] == '=') + (v.p[v.len - 2] == '=');
	buf[n] = '\0';
	colon = strchr(buf, ':');
	if (colon == NULL || strlen(buf) != (size_t)n)
		return false;
	*colon = '\0';
	*ret_password = colon + 1;
	return true;
}

/* The user of that list that the request comes from; NULL = none. */
static const struct user *
user_of(const struct sample_ctx *x, const char *list)
{
	const struct userlist *l = x->t != NULL ? list_find(x->t->snap, list) : NULL;
	char buf[PAIR_MAX + 4];
	const char *password;

	if (l == NULL || !basic_pair(x, buf, &password))
		return NULL;
	for (const struct user *u = l->users; u != NULL; u = u->next)
		if (strcmp(u->name, buf) == 0)
			return is_password(u, password) ? u : NULL;
	return NULL;
}

/* ---- fetches ---- */

static bool
f_auth(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	(void)priv;
	sample_bool(ret, user_of(x, a[0].s.p) != NULL);
	return true;
}

/* The groups of the user, one after the other for ACLs. */
static bool
f_group(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *ret)
{
	const struct user *u = user_of(x, a[0].s.p);
	const struct user_group *g = u != NULL ? u->groups : NULL;

	(void)priv;
	for (uint32_t i = 0; x->iter != NULL && g != NULL && i < x->iter->off; i++)
		g = g->next;
	if (g == NULL)
		return false;
	if (x->iter != NULL) {
		x->iter->off++;
		x->iter->more = g->next != NULL;
	}
	sample_str(ret, str_of(g->name));
	return true;
}

enum { PART_USER, PART_PASS, PART_TYPE, PART_BEARER };

static bool
f_part(struct sample_ctx *x, const struct arg *a, intptr_t part, struct sample *ret)
{
	struct str bearer = authorization(x, STR("bearer "));
	char buf[PAIR_MAX + 4];
	const char *password;
	struct str s;

	(void)a;
	if (part == PART_BEARER || (part == PART_TYPE && bearer.len > 0)) {
		if (bearer.len == 0)
			return false;
		sample_str(ret, part == PART_TYPE ? STR("Bearer") : bearer);
		return true;
	}
	if (!basic_pair(x, buf, &password))
		return false;
	s = eval_copy(part == PART_TYPE ? STR("Basic") :
	    str_of(part == PART_USER ? buf : password));
	if (s.p == NULL)
		return false;
	sample_str(ret, s);
	return true;
}

static int
check_list(struct cfg *c, struct arg *a, int n)
{
	struct userlist_ref *r = arena_alloc(c->arena, sizeof(*r));

	(void)n;
	r->name = a[0].s.p;
	r->file = c->file;
	r->line = c->line;
	r->next = global_of(c)->userlist_refs;
	global_of(c)->userlist_refs = r;
	return 0;
}

static const struct fetch_row fetches[] = {
	{ "http_auth", "s", SMP_BOOL, USE_REQ, f_auth, 0,
	    "the client is a user of that list", check_list },
	{ "http_auth_group", "s", SMP_STR, USE_REQ, f_group, 0,
	    "groups of the user of that list that the client is", check_list },
	{ "http_auth_user", "", SMP_STR, USE_REQ, f_part, PART_USER,
	    "name that the client gives", NULL },
	{ "http_auth_pass", "", SMP_STR, USE_REQ, f_part, PART_PASS,
	    "password that the client gives", NULL },
	{ "http_auth_type", "", SMP_STR, USE_REQ, f_part, PART_TYPE, "Basic or Bearer", NULL },
	{ "http_auth_bearer", "", SMP_STR, USE_REQ, f_part, PART_BEARER,
	    "token that the client gives", NULL },
	{ .name = NULL }
};

/* ---- http-request auth ---- */

struct reply_conf *
reply_unauthorized(struct cfg *c, const char *realm)
{
	struct reply_field *f = arena_alloc(c->arena, 2 * sizeof(*f));
	struct reply_conf *rc = arena_alloc(c->arena, sizeof(*rc));
	struct outbuf b;

	outbuf_init(&b, 0);
	outbuf_z(&b, "Basic realm=\"");
	for (const char *p = realm; *p != '\0'; p++)
		if ((unsigned char)*p >= 32 && *p != 127)
			outbuf_fmt(&b, "%s%c", *p == '"' || *p == '\\' ? "\\" : "", *p);
	outbuf_z(&b, "\"");
	f[0] = (struct reply_field){ &f[1], STR("cache-control"), STR("no-cache"), NULL };
	f[1] = (struct reply_field){ NULL, STR("www-authenticate"),
	    str_of(arena_strdup(c->arena, b.data)), NULL };
	outbuf_fini(&b);
	rc->status = 401;
	rc->body = REPLY_BODY_BYTES;
	rc->content_type = "text/html";
	rc->text = STR("<html><body><h1>401 Unauthorized</h1>\nYou need a valid user and password "
	    "to access this content.\n</body></html>\n");
	rc->fields = f;
	return rc;
}

static int
parse_auth(struct cfg *c, struct rule *r, char **args, int nargs, int *ret_used)
{
	const char *realm = r->px->name != NULL ? r->px->name : "defaults";

	*ret_used = 0;
	if (nargs > 0 && strcmp(args[0], "realm") == 0) {
		if (nargs == 1) {
			diag_error(c->diag, "'http-request auth realm' expects a realm.");
			return -1;
		}
		realm = args[1];
		*ret_used = 2;
	}
	r->arg = reply_unauthorized(c, realm);
	return 0;
}

static enum rule_verdict
run_auth(const struct rule *r, struct sample_ctx *x)
{
	x->t->reply = r->arg;
	return RULE_DENY;
}

static const struct action_row actions[] = {
	{ "auth", 1u << RS_HTTP_REQUEST, parse_auth, run_auth, 0, "[realm <realm>]",
	    "Asks for a name and a password: 401." },
	{ .name = NULL }
};

/* ---- the section ---- */

static int
open_userlist(struct cfg *c, char **args, int nargs)
{
	struct userlist *l = arena_alloc(c->arena, sizeof(*l)), *other;

	l->name = nargs > 0 ? args[0] : "";
	l->file = c->file;
	l->line = c->line;
	c->object = l;
	if (nargs != 1) {
		diag_error(c->diag, "'userlist' expects one name as argument.");
		return 0;
	}
	if ((other = list_find(c->snap, l->name)) != NULL)
		diag_error(c->diag, "userlist '%s' already exists (declared at %s:%d).", l->name,
		    other->file, other->line);
	l->next = global_of(c)->userlists;
	global_of(c)->userlists = l;
	return 0;
}

static void
add_group(struct cfg *c, struct user_group **list, struct str name)
{
	struct user_group *g = arena_alloc(c->arena, sizeof(*g));

	while (*list != NULL)
		list = &(*list)->next;
	g->name = arena_strndup(c->arena, name.p, name.len);
	*list = g;
}

static struct user *
user_find(const struct userlist *l, struct str name)
{
	struct user *u = l->users;

	while (u != NULL && !str_is(name, u->name))
		u = u->next;
	return u;
}

static bool
has_group(const struct user_group *g, const char *name)
{
	while (g != NULL && strcmp(g->name, name) != 0)
		g = g->next;
	return g != NULL;
}

/* `group NAME [users a,b]`: users stand above or below. */
static int
parse_group(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct userlist *l = c->object;
	struct str rest, name;

	(void)row;
	if (has_group(l->groups, args[0])) {
		diag_error(c->diag, "'group' : group '%s' is already defined.", args[0]);
		return -1;
	}
	add_group(c, &l->groups, str_of(args[0]));
	if (nargs == 1)
		return 0;
	if (nargs != 3 || strcmp(args[1], "users") != 0) {
		diag_error(c->diag, "'group' expects 'users' and a list of names behind its name.");
		return -1;
	}
	rest = str_of(args[2]);
	while (str_next_elem(&rest, ',', &name)) {
		struct user *u = user_find(l, name);

		if (u == NULL) {	/* its own line comes yet */
			u = arena_alloc(c->arena, sizeof(*u));
			u->name = arena_strndup(c->arena, name.p, name.len);
			u->next = l->users;
			l->users = u;
		}
		add_group(c, &u->groups, str_of(args[0]));
	}
	return 0;
}

static int
set_password(struct cfg *c, struct user *u, const char *word, bool is_hashed)
{
	/* without a $ it is of the oldest kind, which has one length */
	if (is_hashed && (crypt_checksalt(word) == CRYPT_SALT_INVALID ||
	    (word[0] != '$' && strlen(word) != 13))) {
		diag_error(c->diag, "'user' : '%s' is no hash of crypt(3); plain text stands "
		    "behind 'insecure-password'.", word);
		return -1;
	}
	u->password = word;
	u->is_hashed = is_hashed;
	return 0;
}

/* `user NAME [password|insecure-password P] [groups a,b]` */
static int
parse_user(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct userlist *l = c->object;
	struct user *u = user_find(l, str_of(args[0]));
	struct str rest, name;

	(void)row;
	if (u != NULL && u->is_declared) {
		diag_error(c->diag, "'user' : user '%s' is already defined.", args[0]);
		return -1;
	}
	if (u == NULL) {
		u = arena_alloc(c->arena, sizeof(*u));
		u->name = args[0];
		u->next = l->users;
		l->users = u;
	}
	u->is_declared = true;
	for (int i = 1; i < nargs; i += 2) {
		bool is_hashed = strcmp(args[i], "password") == 0;

		if (i + 1 < nargs && (is_hashed || strcmp(args[i], "insecure-password") == 0)) {
			if (set_password(c, u, args[i + 1], is_hashed) < 0)
				return -1;
		} else if (i + 1 < nargs && strcmp(args[i], "groups") == 0) {
			rest = str_of(args[i + 1]);
			while (str_next_elem(&rest, ',', &name))
				add_group(c, &u->groups, name);
		} else {
			diag_error(c->diag, "'user' expects 'password', 'insecure-password' or "
			    "'groups' and a value, but got '%s'.", args[i]);
			return -1;
		}
	}
	return 0;
}

static const struct section_row sections[] = {
	{ "userlist", IN_USERLIST, open_userlist, NULL, "Users with passwords and groups." },
	{ .name = NULL }
};

static const struct kw_row rows[] = {
	{ "user", IN_USERLIST, KW_OBEYED, 1, 7, 0, parse_user, 0,
	    "<name> [password|insecure-password <password>] [groups <group>,...]", "A user." },
	{ "group", IN_USERLIST, KW_OBEYED, 1, 3, 0, parse_group, 0, "<name> [users <user>,...]",
	    "A group of users." },
	{ .name = NULL }
};

/* ---- after parsing ---- */

static int
check_groups(struct cfg *c, const struct userlist *l)
{
	int rc = 0;

	for (const struct user *u = l->users; u != NULL; u = u->next) {
		if (!u->is_declared) {
			diag_plain(c->diag, LOG_L_ALERT, "config : userlist '%s': no such user "
			    "'%s' specified in group '%s'", l->name, u->name, u->groups->name);
			rc = -1;
		}
		for (const struct user_group *g = u->groups; g != NULL; g = g->next)
			if (!has_group(l->groups, g->name)) {
				diag_plain(c->diag, LOG_L_ALERT, "config : userlist '%s': no such "
				    "group '%s' specified in user '%s'", l->name, g->name, u->name);
				rc = -1;
			}
	}
	return rc;
}

static int
post_userlists(struct cfg *c)
{
	struct global *g = global_of(c);
	int rc = 0;

	for (const struct userlist *l = g->userlists; l != NULL; l = l->next)
		if (check_groups(c, l) < 0)
			rc = -1;
	for (const struct userlist_ref *r = g->userlist_refs; r != NULL; r = r->next)
		if (list_find(c->snap, r->name) == NULL) {
			diag_at(c->diag, r->file, r->line);
			diag_error(c->diag, "unable to find userlist '%s'.", r->name);
			rc = -1;
		}
	return rc;
}

static const struct post_row post[] = {
	{ "user lists", post_userlists },
	{ NULL, NULL }
};

const struct module mod_userlist = {
	.name = "userlist", .sections = sections, .cfg = rows, .post = post, .fetches = fetches,
	.actions = actions,
};
