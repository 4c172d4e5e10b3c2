/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses: from the configuration's words to sockaddr and back.
 *
 * A word is `[prefix@]rest[:port[-port]]`. The prefixes are a table; what has
 * none is told apart by its first byte: `/` is a Unix path, `[` or two colons
 * IPv6, `*` or nothing any address, else IPv4 or (where allowed) a host name.
 *
 * Thread: parsing in the control or a job thread (names block), the rest any.
 */
#include "net/addr.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/magic.h"
#include "base/out.h"
#include "net/host.h"

#define BIND_SUFFIX_MAX	12	/* `.1234567.tmp` while a path is being bound */

struct parse {
	const char	*whole;
	unsigned	 flags;
	char		*err;
	size_t		 err_size;
};

static int __attribute__((format(printf, 2, 3)))
fail(struct parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->err, p->err_size, fmt, ap);
	va_end(ap);
	return -1;
}

/* ---- prefixes ---- */

enum family { FAM_ANY, FAM_V4, FAM_V6, FAM_UNIX, FAM_ABNS, FAM_ABNSZ, FAM_FD };

static const struct {
	const char	*text;
	uint8_t		 family;
	bool		 is_dgram;
} prefixes[] = {
	{ "ipv4@", FAM_V4, false }, { "ipv6@", FAM_V6, false }, { "ip@", FAM_ANY, false },
	{ "tcp4@", FAM_V4, false }, { "tcp6@", FAM_V6, false }, { "tcp@", FAM_ANY, false },
	{ "udp4@", FAM_V4, true }, { "udp6@", FAM_V6, true }, { "udp@", FAM_ANY, true },
	{ "unix@", FAM_UNIX, false }, { "uxst@", FAM_UNIX, false }, { "uxdg@", FAM_UNIX, true },
	{ "abns@", FAM_ABNS, false }, { "abnsz@", FAM_ABNSZ, false }, { "fd@", FAM_FD, false },
};

static bool
take(const char **s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (strncmp(*s, prefix, n) != 0)
		return false;
	*s += n;
	return true;
}

static enum family
take_prefixes(const char **s, bool *ret_dgram)
{
	bool forced = false;

	*ret_dgram = false;
	if (take(s, "stream+"))
		forced = true;
	else if (take(s, "dgram+"))
		forced = *ret_dgram = true;
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
		if (take(s, prefixes[i].text)) {
			if (!forced)
				*ret_dgram = prefixes[i].is_dgram;
			return prefixes[i].family;
		}
	return **s == '/' ? FAM_UNIX : FAM_ANY;
}

/* ---- ports ---- */

static int
parse_port(struct parse *p, const char *text, size_t len, uint16_t *ret_port)
{
	size_t digits = 0;
	uint64_t v;

	while (digits < len && text[digits] >= '0' && text[digits] <= '9')
		digits++;
	if (len == 0)
		return fail(p, "missing port number in '%s'", p->whole);
	if (digits < len)
		return fail(p, "invalid character '%c' in port number '%.*s' in '%s'",
		    text[digits], (int)len, text, p->whole);
	if (!str_to_u64((struct str){ text, len }, &v) || v < 1 || v > 65535)
		return fail(p, "invalid port '%.*s'", (int)len, text);
	*ret_port = (uint16_t)v;
	return 0;
}

static int
parse_ports(struct parse *p, const char *text, struct addr *a)
{
	const char *dash;

	if (*text == '+' || *text == '-') {
		if (!(p->flags & ADDR_PORT_OFFSET))
			return fail(p, "port offset not permitted here in '%s'", p->whole);
		a->port_sign = *text == '+' ? 1 : -1;
		if (text[1] == '0' && text[2] == '\0')
			return 0;
		text++;
	}
	dash = strchr(text, '-');
	if (dash == NULL) {
		if (parse_port(p, text, strlen(text), &a->port_lo) != 0)
			return -1;
		a->port_hi = a->port_lo;
		return 0;
	}
	if (!(p->flags & ADDR_PORT_RANGE))
		return fail(p, "port range not permitted here in '%s'", p->whole);
	if (parse_port(p, text, (size_t)(dash - text), &a->port_lo) != 0 ||
	    parse_port(p, dash + 1, strlen(dash + 1), &a->port_hi) != 0)
		return -1;
	if (a->port_hi < a->port_lo)
		return fail(p, "invalid port range '%s'", text);
	return 0;
}

/* ---- hosts ---- */

static void
set_any(struct addr *a, enum family fam)
{
	if (fam == FAM_V6) {
		a->kind = ADDR_INET6;
		a->u.in6.sin6_family = AF_INET6;
		a->len = sizeof a->u.in6;
	} else {
		a->kind = ADDR_INET;
		a->u.in.sin_family = AF_INET;
		a->len = sizeof a->u.in;
	}
}

/* Worth a question to the resolver: no brackets or colons, not only numbers. */
static bool
is_host_name(const char *host)
{
	static const char digits[] = "0123456789.";
	size_t len = 0;

	for (; host[len] != '\0'; len++) {
		unsigned char c = (unsigned char)host[len];

		if (!isalnum(c) && c != '-' && c != '.' && c != '_' && c < 0x80)
			return false;
	}
	return strspn(host, digits) < len;
}

static int
resolve(struct parse *p, const char *host, enum family fam, struct addr *a)
{
	int family = fam == FAM_V4 ? AF_INET : fam == FAM_V6 ? AF_INET6 : AF_UNSPEC;

	if (!(p->flags & ADDR_RESOLVE) || !is_host_name(host))
		return fail(p, "invalid address: '%s' in '%s'", host, p->whole);
	if (!host_resolve(host, family, &a->u.ss, &a->len))
		return fail(p, "could not resolve address '%s' in '%s'", host, p->whole);
	a->kind = a->u.ss.ss_family == AF_INET6 ? ADDR_INET6 : ADDR_INET;
	return 0;
}

static int
parse_host(struct parse *p, const char *host, enum family fam, struct addr *a)
{
	size_t n = strlen(host);
	char text[256];

	if (n == 0 || strcmp(host, "*") == 0) {
		set_any(a, fam);
		return 0;
	}
	if (n >= sizeof text)
		return fail(p, "host name too long in '%s'", p->whole);
	memcpy(text, host, n + 1);
	if (text[0] == '[' && text[n - 1] == ']') {
		text[n - 1] = '\0';
		memmove(text, text + 1, n - 1);
		fam = FAM_V6;
	}
	if (fam != FAM_V6 && inet_pton(AF_INET, text, &a->u.in.sin_addr) == 1) {
		a->kind = ADDR_INET;
		a->u.in.sin_family = AF_INET;
		a->len = sizeof a->u.in;
		return 0;
	}
	if (fam != FAM_V4 && inet_pton(AF_INET6, text, &a->u.in6.sin6_addr) == 1) {
		a->kind = ADDR_INET6;
		a->u.in6.sin6_family = AF_INET6;
		a->len = sizeof a->u.in6;
		return 0;
	}
	return resolve(p, text, fam, a);
}

/* Where the port's colon is: behind `]`, or the last one. */
static const char *
port_colon(const char *s)
{
	const char *close = strrchr(s, ']');

	return strrchr(close != NULL ? close : s, ':');
}

static int
parse_ip(struct parse *p, const char *s, enum family fam, struct addr *a)
{
	const char *colon = port_colon(s);
	char host[512];
	size_t n = colon != NULL ? (size_t)(colon - s) : strlen(s);

	if (n >= sizeof host)
		return fail(p, "address too long in '%s'", p->whole);
	memcpy(host, s, n);
	host[n] = '\0';
	if (colon != NULL && colon[1] != '\0' && parse_ports(p, colon + 1, a) != 0)
		return -1;
	if ((colon == NULL || colon[1] == '\0') && (p->flags & ADDR_NEED_PORT))
		return fail(p, "missing port specification in '%s'", p->whole);
	if (parse_host(p, host, fam, a) != 0)
		return -1;
	if (a->port_sign == 0)
		addr_set_port(a, a->port_lo);
	return 0;
}

/* ---- the other families ---- */

static int
parse_unix(struct parse *p, const char *path, enum family fam, struct addr *a)
{
	size_t n = strlen(path), max = sizeof a->u.un.sun_path - 1;

	if (fam == FAM_ABNSZ)
		max--;
	else if (fam == FAM_UNIX && (p->flags & ADDR_NEED_PORT))
		max -= BIND_SUFFIX_MAX;
	if (n == 0)
		return fail(p, "empty path in '%s'", p->whole);
	if (n > max)
		return fail(p, "socket path '%s' too long (max %zu)", path, max);
	a->u.un.sun_family = AF_UNIX;
	a->len = sizeof a->u.un;
	a->kind = fam == FAM_UNIX ? ADDR_UNIX : ADDR_ABNS;
	if (fam == FAM_UNIX) {
		memcpy(a->u.un.sun_path, path, n + 1);
		return 0;
	}
	memcpy(a->u.un.sun_path + 1, path, n);
	if (fam == FAM_ABNSZ)
		a->len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
	return 0;
}

static int
parse_fd(struct parse *p, const char *text, struct addr *a)
{
	uint64_t fd;

	if (!str_to_u64(str_of(text), &fd) || fd > 1u << 20)
		return fail(p, "file descriptor '%s' is not a valid integer in '%s'", text,
		    p->whole);
	a->kind = ADDR_FD;
	a->fd = (int)fd;
	return 0;
}

int
addr_parse(const char *text, unsigned flags, struct addr *ret_a, char *err, size_t err_size)
{
	struct parse p = { text, flags, err, err_size };
	const char *s = text;
	enum family fam;
	struct addr a;
	int r;

	memset(&a, 0, sizeof a);
	a.fd = -1;
	if (*text == '\0')
		return fail(&p, "'' resolves to an empty address (environment variable missing?)");
	if (strncmp(s, "quic", 4) == 0 && strchr(s, '@') != NULL)
		return fail(&p, "QUIC is not supported in '%s'", text);
	if (strncmp(s, "sockpair@", 9) == 0)
		return fail(&p, "socket pairs are not supported in '%s'", text);
	fam = take_prefixes(&s, &a.is_dgram);
	switch (fam) {
	case FAM_UNIX: case FAM_ABNS: case FAM_ABNSZ:
		r = parse_unix(&p, s, fam, &a);
		break;
	case FAM_FD:
		r = parse_fd(&p, s, &a);
		break;
	default:
		r = parse_ip(&p, s, fam, &a);
		break;
	}
	if (r == 0)
		*ret_a = a;
	return r;
}

/* ---- using them ---- */

void
addr_set_port(struct addr *a, uint16_t port)
{
	if (a->kind == ADDR_INET)
		a->u.in.sin_port = htons(port);
	else if (a->kind == ADDR_INET6)
		a->u.in6.sin6_port = htons(port);
}

uint16_t
addr_port(const struct addr *a)
{
	return a->kind == ADDR_INET ? ntohs(a->u.in.sin_port) :
	    a->kind == ADDR_INET6 ? ntohs(a->u.in6.sin6_port) : 0;
}

bool
addr_is_loopback(const struct addr *a)
{
	if (a->kind == ADDR_INET)
		return ntohl(a->u.in.sin_addr.s_addr) >> 24 == 127;
	return a->kind == ADDR_INET6 && IN6_IS_ADDR_LOOPBACK(&a->u.in6.sin6_addr);
}

bool
addr_eq(const struct addr *a, const struct addr *b)
{
	if (a->kind != b->kind || a->is_dgram != b->is_dgram)
		return false;
	if (a->kind == ADDR_FD)
		return a->fd == b->fd;
	return a->len == b->len && memcmp(&a->u, &b->u, a->len) == 0;
}

const char *
addr_protocol(const struct addr *a)
{
	return a->kind == ADDR_INET ? "tcpv4" : a->kind == ADDR_INET6 ? "tcpv6" :
	    a->kind == ADDR_FD ? "inherited" : "unix_stream";
}

size_t
addr_text(const struct addr *a, char *buf, size_t size)
{
	struct ip_port p;
	struct out o;

	out_init(&o, buf, size - 1);
	switch (a->kind) {
	case ADDR_INET: case ADDR_INET6:
		p = ip_port_of(&a->u.sa);
		if (a->kind == ADDR_INET6)
			out_char(&o, '[');
		o.p += ip_text(&p, o.p, (size_t)(o.end - o.p));
		if (a->kind == ADDR_INET6)
			out_char(&o, ']');
		out_char(&o, ':');
		out_u64(&o, p.port);
		break;
	case ADDR_UNIX:
		out_z(&o, "unix@");
		out_z(&o, a->u.un.sun_path);
		break;
	case ADDR_ABNS:
		out_z(&o, a->len < sizeof a->u.un ? "abnsz@" : "abns@");
		out_z(&o, a->u.un.sun_path + 1);
		break;
	case ADDR_FD:
		out_z(&o, "fd@");
		out_i64(&o, a->fd);
		break;
	case ADDR_NONE:
		break;
	}
	*o.p = '\0';
	return out_len(&o);
}

struct ip_port
ip_port_of(const struct sockaddr *sa)
{
	struct ip_port p;

	memset(&p, 0, sizeof p);
	p.family = (uint8_t)sa->sa_family;
	if (sa->sa_family == AF_INET) {
		const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)sa;

		p.port = ntohs(in->sin_port);
		p.ip.v4 = in->sin_addr;
	} else if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)(const void *)sa;

		p.port = ntohs(in6->sin6_port);
		p.ip.v6 = in6->sin6_addr;
	}
	return p;
}

socklen_t
ip_port_sockaddr(const struct ip_port *p, struct sockaddr_storage *ret_ss)
{
	struct sockaddr_in *in = (struct sockaddr_in *)ret_ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ret_ss;

	memset(ret_ss, 0, sizeof *ret_ss);
	ret_ss->ss_family = p->family;
	if (p->family == AF_INET) {
		in->sin_port = htons(p->port);
		in->sin_addr = p->ip.v4;
		return sizeof *in;
	}
	if (p->family == AF_INET6) {
		in6->sin6_port = htons(p->port);
		in6->sin6_addr = p->ip.v6;
		return sizeof *in6;
	}
	return 0;
}

/* By hand: inet_ntop goes through printf, and each log line has an address. */
static size_t
ip4_text(const struct ip_port *p, char *buf, size_t size)
{
	const uint8_t *b = (const uint8_t *)&p->ip.v4;
	struct out o;

	if (size == 0)
		return 0;
	out_init(&o, buf, size - 1);
	for (int i = 0; i < 4; i++) {
		if (i != 0)
			out_char(&o, '.');
		out_u64(&o, b[i]);
	}
	*o.p = '\0';
	return o.overflow ? 0 : out_len(&o);
}

size_t
ip_text(const struct ip_port *p, char *buf, size_t size)
{
	if (p->family == AF_INET)
		return ip4_text(p, buf, size);
	if (p->family == AF_INET6) {
		if (inet_ntop(p->family, &p->ip, buf, (socklen_t)size) == NULL)
			return 0;
		return strlen(buf);
	}
	if (size < 5)
		return 0;
	memcpy(buf, "unix", 5);
	return 4;
}

/* ---- networks ---- */

int
ip_net_parse(struct str s, struct ip_net *ret_net)
{
	const char *slash = s.len == 0 ? NULL : memchr(s.p, '/', s.len);
	size_t n = slash != NULL ? (size_t)(slash - s.p) : s.len;
	struct ip_net net;
	char text[INET6_ADDRSTRLEN];
	struct in_addr mask;
	uint64_t bits;

	memset(&net, 0, sizeof net);
	if (n == 0 || n >= sizeof text)
		return -1;
	memcpy(text, s.p, n);
	text[n] = '\0';
	if (inet_pton(AF_INET, text, &net.base.ip.v4) == 1)
		net.base.family = AF_INET;
	else if (inet_pton(AF_INET6, text, &net.base.ip.v6) == 1)
		net.base.family = AF_INET6;
	else
		return -1;
	net.bits = net.base.family == AF_INET ? 32 : 128;
	if (slash != NULL) {
		struct str m = { slash + 1, s.len - n - 1 };

		if (str_to_u64(m, &bits)) {
			if (bits > net.bits)
				return -1;
			net.bits = (uint8_t)bits;
		} else {		/* a dotted mask of leading ones */
			uint32_t v;

			if (net.base.family != AF_INET || m.len >= sizeof text)
				return -1;
			memcpy(text, m.p, m.len);
			text[m.len] = '\0';
			if (inet_pton(AF_INET, text, &mask) != 1)
				return -1;
			v = ntohl(mask.s_addr);
			if ((~v & (~v + 1)) != 0)
				return -1;
			net.bits = (uint8_t)__builtin_popcount(v);
		}
	}
	*ret_net = net;
	return 0;
}

static bool
same_bits(const void *a, const void *b, unsigned bits)
{
	const uint8_t *x = a, *y = b;
	unsigned rest = bits % 8;

	if (memcmp(x, y, bits / 8) != 0)
		return false;
	return rest == 0 || ((x[bits / 8] ^ y[bits / 8]) & (0xff00u >> rest) & 0xffu) == 0;
}

bool
ip_net_has(const struct ip_net *n, const struct ip_port *p)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (n->base.family == p->family)
		return same_bits(&n->base.ip, &p->ip, n->bits);
	if (n->base.family == AF_INET && p->family == AF_INET6 &&
	    memcmp(&p->ip.v6, mapped, sizeof mapped) == 0)
		return same_bits(&n->base.ip, (const char *)&p->ip.v6 + 12, n->bits);
	return false;
}
