/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Evaluating expressions and casting samples. A cast that needs room for text
 * takes evaluation scratch. What cannot be cast is no sample, never a guess.
 *
 * Thread: the data thread of the transaction; any thread with its own context.
 */
#include <arpa/inet.h>

#include "base/magic.h"
#include "base/out.h"
#include "http/msg.h"
#include "net/addr.h"
#include "net/buf.h"
#include "proxy/proxy.h"
#include "proxy/sample.h"
#include "proxy/session.h"
#include "proxy/txn.h"

static const char *const type_names[SMP_TYPES] = {
	"any", "boolean", "integer", "string", "binary", "IPv4", "IPv6", "method"
};

const char *
sample_type_name(enum sample_type t)
{
	return (unsigned)t < SMP_TYPES ? type_names[t] : "?";
}

void
sample_ctx_init(struct sample_ctx *x, struct txn *t, struct proxy *px, enum sample_dir dir)
{
	*x = (struct sample_ctx){ .t = t, .sess = t != NULL ? t->sess : NULL, .px = px,
		.dir = (uint8_t)dir, .is_final = true };
	/* TCP: what the client sent so far, for use_backend and what follows too */
	if (dir == DIR_REQ && px->set.mode == MODE_TCP && t != NULL && t->sess->in != NULL)
		x->data = (struct str){ t->sess->in->data + t->sess->in->start,
		    buf_len(t->sess->in) };
}

void
sample_ctx_session(struct sample_ctx *x, struct session *s, struct proxy *px)
{
	*x = (struct sample_ctx){ .sess = s, .px = px, .dir = DIR_REQ, .is_final = true };
}

/* ---- casts ---- */

#define B(t)	(1u << (t))
#define ALL	(B(SMP_TYPES) - 2)

static const uint16_t castable[SMP_TYPES] = {
	[SMP_ANY] = ALL,
	[SMP_BOOL] = B(SMP_BOOL) | B(SMP_INT) | B(SMP_STR) | B(SMP_BIN),
	[SMP_INT] = B(SMP_INT) | B(SMP_BOOL) | B(SMP_STR) | B(SMP_BIN) | B(SMP_IPV4),
	[SMP_STR] = ALL,
	[SMP_BIN] = B(SMP_BIN) | B(SMP_STR),
	[SMP_IPV4] = B(SMP_IPV4) | B(SMP_IPV6) | B(SMP_INT) | B(SMP_STR) | B(SMP_BIN),
	[SMP_IPV6] = B(SMP_IPV6) | B(SMP_IPV4) | B(SMP_STR) | B(SMP_BIN),
	[SMP_METHOD] = B(SMP_METHOD) | B(SMP_STR) | B(SMP_BIN),
};

bool
sample_can_cast(enum sample_type from, enum sample_type to)
{
	return to == SMP_ANY || (castable[from] & B(to)) != 0;
}

static bool
cast_text_to_int(struct sample *s)
{
	struct str v = str_trim(s->u.s);
	size_t n = 0;
	int64_t i;

	if (v.len > 0 && (v.p[0] == '-' || v.p[0] == '+'))
		n = 1;
	while (n < v.len && v.p[n] >= '0' && v.p[n] <= '9')
		n++;
	if (!str_to_i64((struct str){ v.p, n }, &i))
		return false;
	sample_int(s, i);
	return true;
}

static bool
cast_text_to_ip(struct sample *s, enum sample_type to)
{
	char z[INET6_ADDRSTRLEN + 1];
	struct str v = s->u.s;
	struct in_addr v4;
	struct in6_addr v6;

	if (v.len == 0 || v.len >= sizeof(z))
		return false;
	memcpy(z, v.p, v.len);
	z[v.len] = '\0';
	if (inet_pton(AF_INET, z, &v4) == 1) {
		s->type = SMP_IPV4;
		s->u.v4 = v4;
	} else if (inet_pton(AF_INET6, z, &v6) == 1) {
		s->type = SMP_IPV6;
		s->u.v6 = v6;
	} else {
		return false;
	}
	return sample_cast(s, to);
}

static bool
cast_text(struct sample *s, enum sample_type to)
{
	bool is_true;

	switch (to) {
	case SMP_STR:
	case SMP_BIN:
		s->type = (uint8_t)to;
		return true;
	case SMP_METHOD:
		s->method = (uint8_t)http_method_of(s->u.s);
		s->type = SMP_METHOD;
		return true;
	case SMP_BOOL:
		if (!cast_text_to_int(s))
			return false;
		is_true = s->u.i != 0;
		sample_bool(s, is_true);
		return true;
	case SMP_INT:
		return cast_text_to_int(s);
	default:
		return cast_text_to_ip(s, to);
	}
}

static bool
cast_to_text(struct sample *s)
{
	char *p = eval_alloc(INET6_ADDRSTRLEN + 1);
	struct out o;

	if (p == NULL)
		return false;
	out_init(&o, p, INET6_ADDRSTRLEN + 1);
	sample_out(&o, s);
	sample_str(s, (struct str){ p, out_len(&o) });
	return !o.overflow;
}

/* Numbers and addresses as bytes, network order. */
static bool
cast_to_bin(struct sample *s)
{
	char *p = eval_alloc(16);
	uint64_t v;
	size_t len;

	if (p == NULL)
		return false;
	if (s->type == SMP_IPV4) {
		memcpy(p, &s->u.v4, len = sizeof(s->u.v4));
	} else if (s->type == SMP_IPV6) {
		memcpy(p, &s->u.v6, len = sizeof(s->u.v6));
	} else {
		v = __builtin_bswap64(s->type == SMP_BOOL ? s->u.b : (uint64_t)s->u.i);
		memcpy(p, &v, len = sizeof(v));
	}
	s->type = SMP_BIN;
	s->u.s = (struct str){ p, len };
	return true;
}

static bool
cast_ipv4(struct sample *s, enum sample_type to)
{
	struct in_addr v4 = s->u.v4;

	if (to == SMP_INT) {
		sample_int(s, ntohl(v4.s_addr));
		return true;
	}
	memset(&s->u.v6, 0, sizeof(s->u.v6));
	s->u.v6.s6_addr[10] = s->u.v6.s6_addr[11] = 0xff;
	memcpy(&s->u.v6.s6_addr[12], &v4, sizeof(v4));
	s->type = SMP_IPV6;
	return true;
}

static bool
cast_ipv6(struct sample *s)
{
	struct in_addr v4;

	if (!IN6_IS_ADDR_V4MAPPED(&s->u.v6))
		return false;
	memcpy(&v4, &s->u.v6.s6_addr[12], sizeof(v4));
	s->type = SMP_IPV4;
	s->u.v4 = v4;
	return true;
}

static bool
cast_number(struct sample *s, enum sample_type to)
{
	int64_t i = s->type == SMP_BOOL ? s->u.b : s->u.i;

	if (to == SMP_BOOL) {
		sample_bool(s, i != 0);
	} else if (to == SMP_INT) {
		sample_int(s, i);
	} else {
		s->type = SMP_IPV4;
		s->u.v4.s_addr = htonl((uint32_t)i);
	}
	return true;
}

bool
sample_cast(struct sample *s, enum sample_type to)
{
	enum sample_type from = s->type;

	if (from == to || to == SMP_ANY)
		return true;
	if (!sample_can_cast(from, to))
		return false;
	if (from == SMP_STR || from == SMP_METHOD)
		return cast_text(s, to);
	if (from == SMP_BIN) {
		s->type = SMP_STR;
		return true;
	}
	if (to == SMP_STR)
		return cast_to_text(s);
	if (to == SMP_BIN)
		return cast_to_bin(s);
	if (from == SMP_IPV4)
		return cast_ipv4(s, to);
	if (from == SMP_IPV6)
		return cast_ipv6(s);
	return cast_number(s, to);
}

static void
out_ip(struct out *o, int family, const void *ip)
{
	char z[INET6_ADDRSTRLEN];

	if (inet_ntop(family, ip, z, sizeof(z)) != NULL)
		out_z(o, z);
}

void
sample_out(struct out *o, const struct sample *s)
{
	switch (s->type) {
	case SMP_BOOL:
		out_char(o, s->u.b ? '1' : '0');
		break;
	case SMP_INT:
		out_i64(o, s->u.i);
		break;
	case SMP_IPV4:
		out_ip(o, AF_INET, &s->u.v4);
		break;
	case SMP_IPV6:
		out_ip(o, AF_INET6, &s->u.v6);
		break;
	default:
		out_str(o, s->u.s);
	}
}

/* ---- evaluation ---- */

bool
expr_eval(const struct expr *e, struct sample_ctx *x, struct sample *ret)
{
	const struct fetch_row *f = e->fetch;

	if (!f->fn(x, e->args, f->priv, ret))
		return false;
	for (const struct conv *c = e->convs; c != NULL; c = c->next)
		if (!sample_cast(ret, c->row->in) ||
		    !c->row->fn(x, c->args, c->row->priv, ret))
			return false;
	return true;
}

bool
expr_eval_as(const struct expr *e, struct sample_ctx *x, enum sample_type as,
    struct sample *ret)
{
	return expr_eval(e, x, ret) && sample_cast(ret, as);
}
