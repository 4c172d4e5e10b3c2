/* SPDX-License-Identifier: BSD-2-Clause */
/* dns_msg.c: questions as bytes, answers good and bad. */
#include <stdlib.h>
#include <string.h>

#include "net/dns_msg.h"
#include "tap.h"

static struct dns_answer got;

/* An answer: the question of dns_query, a header's worth of flags, then records. */
static size_t
answer(uint8_t *buf, enum dns_type type, unsigned flags, unsigned n, const void *rest,
    size_t len)
{
	size_t at = dns_query(7, "www.example.com", type, 0, buf);

	buf[2] = (uint8_t)(0x80 | flags >> 8);
	buf[3] = (uint8_t)flags;
	buf[7] = (uint8_t)n;
	memcpy(buf + at, rest, len);
	return at + len;
}

static enum dns_result
parse(enum dns_type type, unsigned flags, unsigned n, const void *rest, size_t len)
{
	static uint8_t buf[2048];
	size_t size = answer(buf, type, flags, n, rest, len);
	uint8_t *copy = malloc(size);

	memcpy(copy, buf, size);
	dns_parse(copy, size, "WWW.example.com.", type, &got);
	free(copy);
	return got.result;
}

#define PARSE(type, flags, n, text)	parse((type), (flags), (n), (text), sizeof(text) - 1)
#define A1	"\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x04\x7f\0\0\x01"

static void
test_questions(void)
{
	uint8_t buf[DNS_QUERY_BYTES];
	char longest[300];

	is_u64(dns_query(0x1234, "a.bc", DNS_A, 512, buf), 22);
	ok(memcmp(buf, "\x12\x34\1\0\0\1\0\0\0\0\0\0\1a\2bc\0\0\1\0\1", 22) == 0);
	is_u64(dns_query(1, "a.bc", DNS_SRV, 4096, buf), 33);
	ok(memcmp(buf + 22, "\0\0\x29\x10\0\0\0\0\0\0\0", 11) == 0);
	ok(!dns_name_ok("") && !dns_name_ok(".") && !dns_name_ok("a..b") && !dns_name_ok("a b"));
	ok(dns_name_ok("a.") && dns_name_ok("_http._tcp.x-1.y"));
	memset(longest, 'a', sizeof longest);
	longest[64] = '\0';
	ok(!dns_name_ok(longest));
	for (int i = 63; i < 299; i += 64)
		longest[i] = '.';
	longest[64] = 'a';
	longest[254] = '\0';
	ok(!dns_name_ok(longest));
	longest[253] = '\0';
	ok(dns_name_ok(longest));
	ok(dns_query(1, longest, DNS_A, 4096, buf) <= sizeof buf);
}

static void
test_answers(void)
{
	ok(PARSE(DNS_A, 0, 1, A1) == DNS_VALID && got.n == 1);
	ok(got.records[0].ip.family == AF_INET &&
	    memcmp(&got.records[0].ip.ip, "\x7f\0\0\1", 4) == 0);
	ok(PARSE(DNS_A, 0, 2, A1 A1) == DNS_VALID && got.n == 2);
	ok(PARSE(DNS_A, 3, 0, "") == DNS_NX && PARSE(DNS_A, 5, 0, "") == DNS_REFUSED);
	ok(PARSE(DNS_A, 2, 0, "") == DNS_OTHER && PARSE(DNS_A, 0x200, 1, A1) == DNS_TRUNCATED);
	ok(PARSE(DNS_A, 0, 0, "") == DNS_EMPTY);
	ok(PARSE(DNS_AAAA, 0, 1, A1) == DNS_EMPTY);
	ok(PARSE(DNS_A, 0, 1, "\1x\0\0\1\0\1\0\0\0\5\0\4\x7f\0\0\1") == DNS_EMPTY);
	ok(PARSE(DNS_A, 0, 2, "\xc0\x0c\0\5\0\1\0\0\0\5\0\3\1b\0"
	    "\1b\0\0\1\0\1\0\0\0\5\0\4\x7f\0\0\2") == DNS_VALID && got.n == 1 && got.has_cname);
	ok(PARSE(DNS_A, 0, 1, "\xc0\x0c\0\5\0\1\0\0\0\5\0\3\1b\0") == DNS_CNAME_ERROR);
	ok(PARSE(DNS_SRV, 0, 1,
	    "\xc0\x0c\0\x21\0\1\0\0\0\5\0\x09\0\1\0\2\x1f\x90\1B\0") == DNS_VALID);
	is_str(got.records[0].target, "b");
	is_u64(got.records[0].port, 8080);
	is_u64(got.records[0].weight, 2);
}

static void
test_bad(void)
{
	static const char loop[] = "\xc0\x21\0\1\0\1\0\0\0\5\0\4\x7f\0\0\1";

	ok(PARSE(DNS_A, 0, 1, "") == DNS_INVALID);
	ok(PARSE(DNS_A, 0, 2, A1) == DNS_INVALID && got.n == 0);
	ok(PARSE(DNS_A, 0, 1, "\xc0\x0c\0\1\0\1\0\0\0\5\0\4\x7f\0\0") == DNS_INVALID);
	ok(PARSE(DNS_A, 0, 1, "\xc0\x0c\0\1\0\1\0\0\0\5\0\3\x7f\0\0") == DNS_INVALID);
	ok(parse(DNS_A, 0, 1, loop, sizeof loop - 1) == DNS_INVALID);	/* to itself */
	ok(PARSE(DNS_A, 0, 1, "\xc0\xff\0\1\0\1\0\0\0\5\0\4\x7f\0\0\1") == DNS_INVALID);
	ok(PARSE(DNS_A, 0, 1, "\x80x\0\1\0\1\0\0\0\5\0\4\x7f\0\0\1") == DNS_INVALID);
	ok(PARSE(DNS_SRV, 0, 1, "\xc0\x0c\0\x21\0\1\0\0\0\5\0\6\0\1\0\2\x1f\x90") == DNS_INVALID);
	dns_parse((const uint8_t *)"\0\7\x80", 3, "a", DNS_A, &got);
	ok(got.result == DNS_INVALID);
	ok(dns_id((const uint8_t *)"\0\7\x80", 3) == -1);
}

int
main(void)
{
	test_questions();
	test_answers();
	test_bad();
	return tap_done();
}
