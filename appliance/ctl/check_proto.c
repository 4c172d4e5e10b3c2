/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prepared sequences of well-known protocols: `option ssl-hello-chk`, `smtpchk`,
 * `redis-check`, `mysql-check`, `pgsql-check`, `ldap-check`. Each sends what a
 * client says first and looks at the answer's first bytes; nothing is trusted
 * beyond the bytes that are there.
 *
 * Thread: control; parsing where the configuration is loaded.
 */
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "ctl/check.h"
#include "ctl/check_cfg.h"
#include "ctl/check_step.h"

/* ---- making them ---- */

static struct check_seq *
begin(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	struct check_seq *q = arena_alloc(c->arena, sizeof(*q));

	seq_init(q, CHECK_PREPARED, NULL);
	seq_hash(q, args, nargs);
	seq_add(c, q, STEP_CONNECT)->u.connect.flags = CONNECT_DEFAULT | CONNECT_LINGER;
	cp->prepared = q;
	return q;
}

static void
add_send(struct cfg *c, struct check_seq *q, struct str text)
{
	seq_add(c, q, STEP_SEND)->u.send.text = text;
}

static struct step_expect *
add_custom(struct cfg *c, struct check_seq *q, expect_fn *fn)
{
	struct step_expect *e = &seq_add(c, q, STEP_EXPECT)->u.expect;

	e->kind = EXPECT_CUSTOM;
	e->custom = fn;
	return e;
}

static int
no_args(struct cfg *c, const char *name, int nargs)
{
	if (nargs == 0)
		return 0;
	diag_error(c->diag, "'option %s' expects no argument.", name);
	return -1;
}

static enum verdict
end(struct outcome *oc, enum check_status status, unsigned code, struct str text)
{
	oc->status = (uint8_t)status;
	oc->code = code;
	if (text.len > CHECK_TEXT_BYTES - 1)
		text.len = CHECK_TEXT_BYTES - 1;
	out_str(&oc->text, text);
	return status == CHECK_S_L7OK || status == CHECK_S_L6OK ? VERDICT_GOOD : VERDICT_BAD;
}

/* ---- lines ---- */

/* The line at *at, without its end; false: it is not complete. */
static bool
next_line(struct str in, size_t *at, struct str *ret_line)
{
	const char *lf = *at < in.len ? memchr(in.p + *at, '\n', in.len - *at) : NULL;
	struct str line;

	if (lf == NULL)
		return false;
	line = (struct str){ in.p + *at, (size_t)(lf - in.p) - *at };
	*at += line.len + 1;
	if (line.len > 0 && line.p[line.len - 1] == '\r')
		line.len--;
	*ret_line = line;
	return true;
}

/* ---- SMTP (RFC 5321): replies of one or several lines, `250-`, `250 ` ---- */

static bool
smtp_code(struct str line, unsigned *ret_code)
{
	uint64_t code;

	if (line.len < 3 || !str_to_u64((struct str){ line.p, 3 }, &code) ||
	    (line.len > 3 && line.p[3] != ' ' && line.p[3] != '-'))
		return false;
	*ret_code = (unsigned)code;
	return true;
}

static enum verdict
expect_smtp(struct str in, struct outcome *oc)
{
	struct str line, text;
	unsigned code;
	size_t at = 0;

	while (next_line(in, &at, &line)) {
		if (!smtp_code(line, &code))
			return end(oc, CHECK_S_L7RSP, 0, line);
		text = line.len > 4 ? (struct str){ line.p + 4, line.len - 4 } : STR("");
		if (code / 100 != 2)
			return end(oc, CHECK_S_L7STS, code, str_trim(text));
		if (line.len <= 3 || line.p[3] == ' ')
			return end(oc, CHECK_S_L7OK, code, str_trim(text));
	}
	return VERDICT_MORE;
}

static int
parse_smtp(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	struct check_seq *q = begin(c, cp, args, nargs);
	const char *hello = "HELO localhost";

	if (nargs != 0 && nargs != 2) {
		diag_error(c->diag, "'option smtpchk' expects nothing, or a hello (HELO or EHLO) "
		    "and a domain.");
		return -1;
	}
	if (nargs == 2)
		hello = arena_printf(c->arena, "%s %s", strcmp(args[0], "EHLO") == 0 ? "EHLO" :
		    "HELO", args[1]);
	(void)add_custom(c, q, expect_smtp);
	add_send(c, q, str_of(arena_printf(c->arena, "%s\r\n", hello)));
	(void)add_custom(c, q, expect_smtp);
	add_send(c, q, STR("QUIT\r\n"));
	(void)add_custom(c, q, expect_smtp);
	return 0;
}

/* ---- Redis ---- */

static enum verdict
expect_pong(struct str in, struct outcome *oc)
{
	size_t at = 0;
	struct str line;

	if (!next_line(in, &at, &line))
		return VERDICT_MORE;
	if (str_is(line, "+PONG"))
		return end(oc, CHECK_S_L7OK, 0, STR("Redis server is ok"));
	return end(oc, CHECK_S_L7STS, 0, line);
}

static int
parse_redis(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	struct check_seq *q = begin(c, cp, args, nargs);

	add_send(c, q, STR("*1\r\n$4\r\nPING\r\n"));
	(void)add_custom(c, q, expect_pong);
	return no_args(c, "redis-check", nargs);
}

/* ---- MySQL: packets of a 3-byte length, a number, and a body ---- */

#define MYSQL_HEAD	4
#define MYSQL_ERR	0xff
#define MYSQL_VERSION	10

static unsigned
le16(const char *p)
{
	return (unsigned)(uint8_t)p[0] | (unsigned)(uint8_t)p[1] << 8;
}

/* The packet at the start of in, without its head; false: more is needed. */
static bool
mysql_packet(struct str in, struct str *ret_body)
{
	size_t len;

	if (in.len < MYSQL_HEAD + 1)
		return false;
	len = le16(in.p) | (size_t)(uint8_t)in.p[2] << 16;
	if (in.len < MYSQL_HEAD + len && len < 16000)
		return false;
	*ret_body = (struct str){ in.p + MYSQL_HEAD,
	    len < in.len - MYSQL_HEAD ? len : in.len - MYSQL_HEAD };
	return true;
}

static enum verdict
mysql_error(struct str body, struct outcome *oc)
{
	if (body.len < 3)
		return end(oc, CHECK_S_L7RSP, 0, STR("MySQL: a packet of an error is too short"));
	return end(oc, CHECK_S_L7STS, le16(body.p + 1), (struct str){ body.p + 3, body.len - 3 });
}

static enum verdict
expect_mysql_hello(struct str in, struct outcome *oc)
{
	struct str body;

	if (in.len >= MYSQL_HEAD && in.p[3] != 0)
		return end(oc, CHECK_S_L7RSP, 0, STR("MySQL: this is no server's first packet"));
	if (!mysql_packet(in, &body))
		return VERDICT_MORE;
	if (body.len > 0 && (uint8_t)body.p[0] == MYSQL_ERR)
		return mysql_error(body, oc);
	if (body.len < 2 || body.p[0] != MYSQL_VERSION ||
	    memchr(body.p + 1, '\0', body.len - 1) == NULL)
		return end(oc, CHECK_S_L7RSP, 0, STR("MySQL: this is no server's first packet"));
	return end(oc, CHECK_S_L7OK, 0, STR(""));
}

static enum verdict
expect_mysql_ok(struct str in, struct outcome *oc)
{
	struct str body;

	if (!mysql_packet(in, &body))
		return VERDICT_MORE;
	if (body.len > 0 && (uint8_t)body.p[0] == MYSQL_ERR)
		return mysql_error(body, oc);
	return end(oc, CHECK_S_L7OK, 0, STR(""));
}

static void
put_le(struct out *o, unsigned v, unsigned bytes)
{
	for (; bytes > 0; bytes--, v >>= 8)
		out_char(o, (char)(v & 255));
}

#define MYSQL_LONG_PASSWORD	0x0001u
#define MYSQL_LONG_FLAG		0x0004u
#define MYSQL_PROTOCOL_41	0x0200u
#define MYSQL_SECURE		0x8000u
#define MYSQL_UTF8		33u

/* The login without a password, then the command to quit. */
static struct str
mysql_login(struct cfg *c, const char *user, bool is_post41)
{
	char body[512], *all = arena_alloc(c->arena, 600);
	struct out o, a;

	out_init(&o, body, sizeof(body));
	if (is_post41) {
		put_le(&o, MYSQL_LONG_PASSWORD | MYSQL_PROTOCOL_41 | MYSQL_SECURE, 4);
		put_le(&o, 1, 4);	/* the largest packet: we want none */
		put_le(&o, MYSQL_UTF8, 1);
		for (int i = 0; i < 23; i++)
			out_char(&o, '\0');
		out_z(&o, user);
		out_mem(&o, "\0\0", 2);	/* its end; a password of no bytes */
	} else {
		put_le(&o, MYSQL_LONG_FLAG, 2);
		put_le(&o, 1, 3);
		out_z(&o, user);
		out_char(&o, '\0');
	}
	out_init(&a, all, 600);
	put_le(&a, (unsigned)out_len(&o), 3);
	out_char(&a, 1);
	out_mem(&a, body, out_len(&o));
	put_le(&a, 1, 3);
	out_mem(&a, "\0\1", 2);		/* number 0, COM_QUIT */
	return (struct str){ all, out_len(&a) };
}

static int
parse_mysql(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	struct check_seq *q = begin(c, cp, args, nargs);
	bool is_post41 = true;

	(void)add_custom(c, q, expect_mysql_hello);
	if (nargs == 0)
		return 0;
	if (nargs == 3 && (strcmp(args[2], "pre-41") == 0 || strcmp(args[2], "post-41") == 0))
		is_post41 = args[2][1] == 'o';
	else if (nargs != 2) {
		diag_error(c->diag, "'option mysql-check' expects nothing, or 'user' and a name, "
		    "and perhaps 'post-41' or 'pre-41'.");
		return -1;
	}
	if (strcmp(args[0], "user") != 0 || strlen(args[1]) > 255) {
		diag_error(c->diag, "'option mysql-check' : expects 'user' and a name of at most "
		    "255 bytes (got '%s').", args[0]);
		return -1;
	}
	add_send(c, q, mysql_login(c, args[1], is_post41));
	(void)add_custom(c, q, expect_mysql_ok);
	return 0;
}

/* ---- PostgreSQL: a type, a 4-byte length, and a body ---- */

static unsigned
be32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (unsigned)b[0] << 24 | (unsigned)b[1] << 16 | (unsigned)b[2] << 8 | b[3];
}

/* Fields of an error: a letter and a text each; the first is the severity. */
static enum verdict
pgsql_error(struct str in, struct outcome *oc)
{
	struct str text = { in.p + 6, 0 };

	if (in.len > 6)
		text.len = strnlen(text.p, in.len - 6);
	return end(oc, CHECK_S_L7RSP, 0, text);
}

static enum verdict
expect_pgsql(struct str in, struct outcome *oc)
{
	unsigned kind;

	if (in.len < 5)
		return VERDICT_MORE;
	if (in.p[0] == 'E') {
		if (in.len < be32(in.p + 1) + (size_t)1 && be32(in.p + 1) < 16000)
			return VERDICT_MORE;
		return pgsql_error(in, oc);
	}
	if (in.p[0] != 'R')
		return end(oc, CHECK_S_L7STS, 0, STR("PostgreSQL unknown error"));
	if (in.len < 9)
		return VERDICT_MORE;
	kind = be32(in.p + 5);		/* which authentication it wants */
	if (kind == 1 || kind > 12)
		return end(oc, CHECK_S_L7STS, 0, STR("PostgreSQL unknown error"));
	return end(oc, CHECK_S_L7OK, 0, STR("PostgreSQL server is ok"));
}

static int
parse_pgsql(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	struct check_seq *q = begin(c, cp, args, nargs);
	char *text = arena_alloc(c->arena, 320);
	unsigned len;
	struct out o;

	if (nargs != 2 || strcmp(args[0], "user") != 0 || strlen(args[1]) > 255) {
		diag_error(c->diag, "'option pgsql-check' expects 'user' and a name of at most 255 "
		    "bytes.");
		return -1;
	}
	len = (unsigned)(4 + 4 + 5 + strlen(args[1]) + 2);
	out_init(&o, text, 320);
	for (int i = 24; i >= 0; i -= 8)
		out_char(&o, (char)(len >> i & 255));
	out_mem(&o, "\0\3\0\0user", 9);	/* protocol 3.0; the name's own 0 is in the 9 */
	out_z(&o, args[1]);
	out_mem(&o, "\0\0", 2);
	add_send(c, q, (struct str){ text, out_len(&o) });
	(void)add_custom(c, q, expect_pgsql);
	return 0;
}

/* ---- LDAP (RFC 4511): an anonymous bind ---- */

#define LDAP_RFC	"See RFC: http://tools.ietf.org/html/rfc4511#section-4.1.9"

/* The length of a BER element at *at; false: bad, or more is needed. */
static bool
ber_length(struct str in, size_t *at, size_t *ret_len)
{
	uint8_t first;
	size_t len = 0;

	if (*at >= in.len)
		return false;
	first = (uint8_t)in.p[(*at)++];
	if (first < 0x80) {
		*ret_len = first;
		return true;
	}
	first &= 0x7f;
	if (first == 0 || first > 4 || in.len - *at < first)
		return false;
	for (; first > 0; first--)
		len = len << 8 | (uint8_t)in.p[(*at)++];
	*ret_len = len;
	return true;
}

/* SEQUENCE { messageID INTEGER, [APPLICATION 1] { resultCode ENUMERATED ... } } */
static enum verdict
expect_ldap(struct str in, struct outcome *oc)
{
	size_t at = 1, len;
	unsigned code;

	if (in.len < 14 && (in.len == 0 || in.p[0] == 0x30))
		return VERDICT_MORE;
	if (in.p[0] != 0x30 || !ber_length(in, &at, &len) || at + 2 > in.len || in.p[at] != 2)
		goto no_ldap;
	at++;
	if (!ber_length(in, &at, &len) || len > 4 || in.len - at < len + 1)
		goto no_ldap;
	at += len;
	if (in.p[at++] != 0x61 || !ber_length(in, &at, &len) || in.len - at < 3 ||
	    in.p[at] != 10 || in.p[at + 1] != 1)
		goto no_ldap;
	code = (uint8_t)in.p[at + 2];
	if (code != 0)
		return end(oc, CHECK_S_L7STS, code, STR(LDAP_RFC));
	return end(oc, CHECK_S_L7OK, 0, STR(""));
no_ldap:
	return end(oc, CHECK_S_L7RSP, 0, STR("Not LDAPv3 protocol"));
}

static int
parse_ldap(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	struct check_seq *q = begin(c, cp, args, nargs);

	/* message 1, bind: version 3, no name, no password */
	add_send(c, q, STR("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"));
	(void)add_custom(c, q, expect_ldap);
	return no_args(c, "ldap-check", nargs);
}

/* ---- a TLS hello, without TLS of our own ---- */

/* A handshake record or an alert: it speaks TLS. */
static enum verdict
expect_tls(struct str in, struct outcome *oc)
{
	if (in.p[0] != 0x15 && in.p[0] != 0x16)
		return end(oc, CHECK_S_L6RSP, 0, STR(""));
	return in.len < 5 ? VERDICT_MORE : end(oc, CHECK_S_L6OK, 0, STR(""));
}

/* A ClientHello of TLS 1.2: 32 bytes that are no secret, six suites that each
 * server has had for long, and what it takes to choose among them. */
static struct str
tls_hello(void)
{
	static const char hello[] =
	    "\x16\x03\x01\x00\x57" "\x01\x00\x00\x53" "\x03\x03"
	    "weir health check: a TLS hello.." "\x00"
	    "\x00\x0c\xc0\x2b\xc0\x2f\xc0\x13\x00\x9c\x00\x2f\x00\x35" "\x01\x00"
	    "\x00\x1e"
	    "\x00\x0a\x00\x06\x00\x04\x00\x17\x00\x18"
	    "\x00\x0b\x00\x02\x01\x00"
	    "\x00\x0d\x00\x0a\x00\x08\x04\x03\x04\x01\x05\x01\x02\x01";

	return STR(hello);
}

static int
parse_tls_hello(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	struct check_seq *q = begin(c, cp, args, nargs);
	struct step_expect *e;

	add_send(c, q, tls_hello());
	e = add_custom(c, q, expect_tls);
	e->tout_status = CHECK_S_L6TOUT;
	e->error_status = CHECK_S_L6RSP;
	return no_args(c, "ssl-hello-chk", nargs);
}

const struct check_option check_prepared[] = {
	{ "ssl-hello-chk", parse_tls_hello, "",
	    "Checks send a TLS hello and want an answer of TLS." },
	{ "smtpchk", parse_smtp, "[<hello> <domain>]",
	    "Checks talk to a mail server: greeting, HELO, QUIT." },
	{ "redis-check", parse_redis, "", "Checks send PING to Redis and want PONG." },
	{ "mysql-check", parse_mysql, "[user <name> [post-41|pre-41]]",
	    "Checks read the greeting of MySQL, and log in with the user." },
	{ "pgsql-check", parse_pgsql, "user <name>",
	    "Checks begin a login at PostgreSQL." },
	{ "ldap-check", parse_ldap, "", "Checks bind to an LDAP server without a name." },
	{ 0 }
};
