/* SPDX-License-Identifier: BSD-2-Clause */
/* addr.c: every form of an address, the error texts, networks. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/magic.h"
#include "net/addr.h"
#include "tap.h"

#define BIND	(ADDR_NEED_PORT | ADDR_PORT_RANGE)
#define X10 "xxxxxxxxxx"
#define LONG "/tmp/" X10 X10 X10 X10 X10 X10 X10 X10 X10
#define SERVER	(ADDR_PORT_OFFSET | ADDR_DEFAULT_PORT_OK)

/* What addr_text makes of it; then the range, the socket type and the offset. */
static const struct {
	const char	*text;
	unsigned	 flags;
	const char	*shown;
	uint16_t	 lo, hi;
	bool		 is_dgram;
	int		 sign;
} good[] = {
	{ "127.0.0.1:80", BIND, "127.0.0.1:80", 80, 80, false, 0 },
	{ "127.0.0.1:80-90", BIND, "127.0.0.1:80", 80, 90, false, 0 },
	{ "127.0.0.1:80-80", BIND, "127.0.0.1:80", 80, 80, false, 0 },
	{ ":8080", BIND, "0.0.0.0:8080", 8080, 8080, false, 0 },
	{ "*:1", BIND, "0.0.0.0:1", 1, 1, false, 0 },
	{ "0.0.0.0:65535", BIND, "0.0.0.0:65535", 65535, 65535, false, 0 },
	{ "[::1]:80", BIND, "[::1]:80", 80, 80, false, 0 },
	{ "::1:80", BIND, "[::1]:80", 80, 80, false, 0 },
	{ ":::80", BIND, "[::]:80", 80, 80, false, 0 },
	{ "[::]:80-82", BIND, "[::]:80", 80, 82, false, 0 },
	{ "[2001:db8::a]:80", BIND, "[2001:db8::a]:80", 80, 80, false, 0 },
	{ "ipv4@127.0.0.1:80", BIND, "127.0.0.1:80", 80, 80, false, 0 },
	{ "ipv4@:80", BIND, "0.0.0.0:80", 80, 80, false, 0 },
	{ "ipv6@:80", BIND, "[::]:80", 80, 80, false, 0 },
	{ "ipv6@*:80", BIND, "[::]:80", 80, 80, false, 0 },
	{ "ipv6@::1:80", BIND, "[::1]:80", 80, 80, false, 0 },
	{ "ip@127.0.0.1:80", BIND, "127.0.0.1:80", 80, 80, false, 0 },
	{ "tcp@127.0.0.1:80", BIND, "127.0.0.1:80", 80, 80, false, 0 },
	{ "tcp4@127.0.0.1:80", BIND, "127.0.0.1:80", 80, 80, false, 0 },
	{ "tcp6@[::1]:80", BIND, "[::1]:80", 80, 80, false, 0 },
	{ "udp@127.0.0.1:514", 0, "127.0.0.1:514", 514, 514, true, 0 },
	{ "udp4@127.0.0.1:514", 0, "127.0.0.1:514", 514, 514, true, 0 },
	{ "udp6@[::1]:514", 0, "[::1]:514", 514, 514, true, 0 },
	{ "dgram+127.0.0.1:514", 0, "127.0.0.1:514", 514, 514, true, 0 },
	{ "stream+udp@127.0.0.1:514", 0, "127.0.0.1:514", 514, 514, false, 0 },
	{ "/run/x.sock", BIND, "unix@/run/x.sock", 0, 0, false, 0 },
	{ "unix@/run/x.sock", BIND, "unix@/run/x.sock", 0, 0, false, 0 },
	{ "unix@rel/x:y", BIND, "unix@rel/x:y", 0, 0, false, 0 },
	{ "uxst@/x", BIND, "unix@/x", 0, 0, false, 0 },
	{ "uxdg@/x", 0, "unix@/x", 0, 0, true, 0 },
	{ "dgram+/dev/log", 0, "unix@/dev/log", 0, 0, true, 0 },
	{ "abns@name", BIND, "abns@name", 0, 0, false, 0 },
	{ "abnsz@name", BIND, "abnsz@name", 0, 0, false, 0 },
	{ LONG, BIND, "unix@" LONG, 0, 0, false, 0 },
	{ LONG X10 "xx", SERVER, "unix@" LONG X10 "xx", 0, 0, false, 0 },
	{ "fd@3", BIND, "fd@3", 0, 0, false, 0 },
	{ "stream+fd@3", BIND, "fd@3", 0, 0, false, 0 },
	{ "10.0.0.1", SERVER, "10.0.0.1:0", 0, 0, false, 0 },
	{ "10.0.0.1:", SERVER, "10.0.0.1:0", 0, 0, false, 0 },
	{ "10.0.0.1:80", SERVER, "10.0.0.1:80", 80, 80, false, 0 },
	{ "10.0.0.1:+5", SERVER, "10.0.0.1:0", 5, 5, false, 1 },
	{ "10.0.0.1:-5", SERVER, "10.0.0.1:0", 5, 5, false, -1 },
	{ "10.0.0.1:+0", SERVER, "10.0.0.1:0", 0, 0, false, 1 },
	{ "localhost:80", SERVER | ADDR_RESOLVE, "", 80, 80, false, 0 },
};

static const struct {
	const char	*text;
	unsigned	 flags;
	const char	*err;
} bad[] = {
	{ "127.0.0.1", BIND, "missing port specification in '127.0.0.1'" },
	{ "127.0.0.1:", BIND, "missing port specification in '127.0.0.1:'" },
	{ ":", BIND, "missing port specification in ':'" },
	{ "ipv4@", BIND, "missing port specification in 'ipv4@'" },
	{ "a\\$b", BIND, "missing port specification in 'a\\$b'" },
	{ "", BIND, "'' resolves to an empty address (environment variable missing?)" },
	{ "127.0.0.1:x", BIND, "invalid character 'x' in port number 'x' in '127.0.0.1:x'" },
	{ "127.0.0.1:8x", BIND, "invalid character 'x' in port number '8x' in '127.0.0.1:8x'" },
	{ "127.0.0.1: 80", BIND, "invalid character ' ' in port number ' 80' in '127.0.0.1: 80'" },
	{ "127.0.0.1:80-", BIND, "missing port number in '127.0.0.1:80-'" },
	{ "127.0.0.1:80-70", BIND, "invalid port range '80-70'" },
	{ "127.0.0.1:0-70", BIND, "invalid port '0'" },
	{ "127.0.0.1:0", BIND, "invalid port '0'" },
	{ "127.0.0.1:70000", BIND, "invalid port '70000'" },
	{ "127.0.0.1:99999999999999999999", BIND, "invalid port '99999999999999999999'" },
	{ "127.0.0.1:+80", BIND, "port offset not permitted here in '127.0.0.1:+80'" },
	{ "127.0.0.1:-5", BIND, "port offset not permitted here in '127.0.0.1:-5'" },
	{ "127.0.0.1:80-90", SERVER, "port range not permitted here in '127.0.0.1:80-90'" },
	{ "127.0.0.1:+", SERVER, "missing port number in '127.0.0.1:+'" },
	{ "nosuch:80", BIND, "invalid address: 'nosuch' in 'nosuch:80'" },
	{ "foo@1.2.3.4:80", BIND | ADDR_RESOLVE, "invalid address: 'foo@1.2.3.4' in "
	    "'foo@1.2.3.4:80'" },
	{ "1.2.3:80", BIND | ADDR_RESOLVE, "invalid address: '1.2.3' in '1.2.3:80'" },
	{ "ipv4@::1:80", BIND | ADDR_RESOLVE, "invalid address: '::1' in 'ipv4@::1:80'" },
	{ "ipv6@1.2.3.4:80", BIND | ADDR_RESOLVE, "invalid address: '1.2.3.4' in "
	    "'ipv6@1.2.3.4:80'" },
	{ "[::1:80", BIND | ADDR_RESOLVE, "invalid address: '[::1' in '[::1:80'" },
	{ "fd@x", BIND, "file descriptor 'x' is not a valid integer in 'fd@x'" },
	{ "fd@-1", BIND, "file descriptor '-1' is not a valid integer in 'fd@-1'" },
	{ "fd@", BIND, "file descriptor '' is not a valid integer in 'fd@'" },
	{ "unix@", BIND, "empty path in 'unix@'" },
	{ "abns@", BIND, "empty path in 'abns@'" },
	{ "quic4@:80", BIND, "QUIC is not supported in 'quic4@:80'" },
	{ "sockpair@3", BIND, "socket pairs are not supported in 'sockpair@3'" },
	{ LONG "x", BIND, "socket path '" LONG "x' too long (max 95)" },
	{ "unix@" LONG X10 "xxx", SERVER, "socket path '" LONG X10 "xxx' too long (max 107)" },
};

static void
test_good(void)
{
	char err[256], text[160];
	struct addr a, b;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		err[0] = '\0';
		tap_is_int(addr_parse(good[i].text, good[i].flags, &a, err, sizeof(err)), 0,
		    TAP_HERE, good[i].text);
		is_str(err, "");
		addr_text(&a, text, sizeof(text));
		if (good[i].shown[0] != '\0')
			is_str(text, good[i].shown);
		is_int(a.port_lo, good[i].lo);
		is_int(a.port_hi, good[i].hi);
		is_int(a.is_dgram, good[i].is_dgram);
		is_int(a.port_sign, good[i].sign);
		ok(addr_parse(good[i].text, good[i].flags, &b, err, sizeof(err)) == 0 &&
		    addr_eq(&a, &b));
		ok(a.kind == ADDR_FD || a.len == (a.kind == ADDR_INET ? sizeof(a.u.in) :
		    a.kind == ADDR_INET6 ? sizeof(a.u.in6) : a.len));
	}
}

static void
test_bad(void)
{
	char err[256];
	struct addr a;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		a.fd = -7;
		tap_is_int(addr_parse(bad[i].text, bad[i].flags, &a, err, sizeof(err)), -1,
		    TAP_HERE, bad[i].text);
		is_str(err, bad[i].err);
		is_int(a.fd, -7);
	}
}

/* Abstract names: padded to the end, or just the name. */
static void
test_abstract(void)
{
	char err[256], name[128] = "abnsz@";
	struct addr a, b;

	addr_parse("abns@n", BIND, &a, err, sizeof(err));
	is_int(a.len, sizeof(a.u.un));
	is_mem(a.u.un.sun_path, 3, "\0n\0", 3);
	addr_parse("abnsz@n", BIND, &b, err, sizeof(err));
	is_int(b.len, offsetof(struct sockaddr_un, sun_path) + 2);
	ok(!addr_eq(&a, &b));
	memset(name + 6, 'n', 106);
	is_int(addr_parse(name, BIND, &a, err, sizeof(err)), 0);
	is_int(a.len, sizeof(a.u.un) - 1);
	name[112] = 'n';
	is_int(addr_parse(name, BIND, &a, err, sizeof(err)), -1);
}

static void
test_ports(void)
{
	struct sockaddr_storage ss;
	struct addr a, b;
	struct ip_port p;
	char err[256], text[64];

	addr_parse("[::1]:80", BIND, &a, err, sizeof(err));
	addr_parse("[::1]:81", BIND, &b, err, sizeof(err));
	ok(!addr_eq(&a, &b));
	is_int(addr_port(&b), 81);
	addr_set_port(&b, 80);
	ok(addr_eq(&a, &b));
	p = ip_port_of(&a.u.sa);
	is_int(p.family, AF_INET6);
	is_int(p.port, 80);
	is_int(ip_port_sockaddr(&p, &ss), sizeof(struct sockaddr_in6));
	is_mem(&ss, sizeof(a.u.in6), &a.u.in6, sizeof(a.u.in6));
	is_int(ip_text(&p, text, sizeof(text)), 3);
	is_str(text, "::1");
	is_int(ip_text(&p, text, 3), 0);
	p = ip_port_of(&(struct sockaddr){ .sa_family = AF_UNIX });
	is_int(ip_text(&p, text, sizeof(text)), 4);
	is_str(text, "unix");
	is_int(ip_port_sockaddr(&p, &ss), 0);
	is_int(sizeof(struct ip_port), 20);
}

static struct ip_port
ip(const char *text)
{
	struct ip_port p;

	memset(&p, 0, sizeof(p));
	if (inet_pton(AF_INET, text, &p.ip.v4) == 1)
		p.family = AF_INET;
	else if (inet_pton(AF_INET6, text, &p.ip.v6) == 1)
		p.family = AF_INET6;
	return p;
}

static void
test_networks(void)
{
	static const struct {
		const char	*net, *ip;
		bool		 has;
	} rows[] = {
		{ "10.0.0.0/8", "10.255.1.2", true }, { "10.0.0.0/8", "11.0.0.0", false },
		{ "10.1.2.3/8", "10.255.1.2", true }, { "1.2.3.4", "1.2.3.4", true },
		{ "1.2.3.4", "1.2.3.5", false }, { "0.0.0.0/0", "255.1.2.3", true },
		{ "192.168.128.0/17", "192.168.200.1", true },
		{ "192.168.128.0/17", "192.168.127.1", false },
		{ "10.0.0.0/255.255.0.0", "10.0.9.9", true },
		{ "10.0.0.0/255.255.0.0", "10.1.9.9", false },
		{ "10.0.0.0/0.0.0.0", "99.1.9.9", true },
		{ "::1", "::1", true }, { "::1", "::2", false },
		{ "2001:db8::/33", "2001:db8:7fff::1", true },
		{ "2001:db8::/33", "2001:db8:8000::1", false }, { "::/0", "fe80::1", true },
		{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
		{ "10.0.0.0/8", "::ffff:11.1.2.3", false },
		{ "10.0.0.0/8", "::1", false }, { "::/0", "10.0.0.1", false },
	};
	static const char *const junk[] = { "", "x", "1.2.3", "1.2.3.4/33", "::1/129", "1.2.3.4/",
		"1.2.3.4/x", "1.2.3.4/255.0.255.0", "::1/255.0.0.0", "1.2.3.4/-1", "/8",
		"1.2.3.4 " };
	struct ip_net n;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ip_port p = ip(rows[i].ip);

		ok(ip_net_parse(str_of(rows[i].net), &n) == 0);
		ok_named(ip_net_has(&n, &p) == rows[i].has, "%s in %s", rows[i].ip, rows[i].net);
	}
	for (size_t i = 0; i < ARRAY_LEN(junk); i++)
		ok_named(ip_net_parse(str_of(junk[i]), &n) == -1, "'%s' is no network", junk[i]);
	ok(ip_net_parse(STR("10.0.0.0/8"), &n) == 0 && !ip_net_has(&n, &(struct ip_port){ 0 }));
}

static void
test_loopback(void)
{
	static const struct { const char *text; bool is; } rows[] = {
		{ "127.0.0.1:80", true }, { "127.255.255.254:1", true },
		{ "128.0.0.1:80", false }, { "0.0.0.0:80", false }, { "::1:80", true },
		{ "[::1]:80", true },
		{ "[::2]:80", false }, { "[::]:80", false }, { "/tmp/s", false },
		{ "abns@n", false },
	};
	struct addr a;
	char err[128];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		ok(addr_parse(rows[i].text, BIND, &a, err, sizeof(err)) == 0);
		ok_named(addr_is_loopback(&a) == rows[i].is, "loopback: %s", rows[i].text);
	}
}

int
main(void)
{
	test_good();
	test_bad();
	test_abstract();
	test_ports();
	test_networks();
	test_loopback();
	return tap_done();
}
