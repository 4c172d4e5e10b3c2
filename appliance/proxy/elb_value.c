/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of ELB cookies; see elb_value.h. Digests use OpenSSL's plain functions
 * on a context on the stack, since its other interface allocates at each call.
 * Any thread.
 */
#include "proxy/elb_value.h"

#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <string.h>

#include "base/log.h"

#define BLOCK	64	/* of SHA-256 */

static unsigned char process_secret[ELB_SECRET];
static pthread_once_t secret_once = PTHREAD_ONCE_INIT;

static void
make_secret(void)
{
	if (RAND_bytes(process_secret, sizeof process_secret) != 1)
		fatalx("no random bytes for the secret of cookies");
}

const unsigned char *
elb_secret_of_process(void)
{
	pthread_once(&secret_once, make_secret);
	return process_secret;
}

void
elb_secret_of_text(struct str text, unsigned char ret[ELB_SECRET])
{
	(void)SHA256((const unsigned char *)text.p, text.len, ret);
}

/* HMAC-SHA-256 (RFC 2104) of two pieces, without memory of its own. */
static void
seal(const unsigned char *secret, struct str a, struct str b, unsigned char ret[32])
{
	unsigned char pad[BLOCK];
	SHA256_CTX c;

	for (unsigned round = 0; round < 2; round++) {
		memset(pad, round == 0 ? 0x36 : 0x5c, sizeof pad);
		for (unsigned i = 0; i < ELB_SECRET; i++)
			pad[i] ^= secret[i];
		SHA256_Init(&c);
		SHA256_Update(&c, pad, sizeof pad);
		if (round == 0) {
			SHA256_Update(&c, a.p, a.len);
			SHA256_Update(&c, b.p, b.len);
		} else {
			SHA256_Update(&c, ret, 32);
		}
		SHA256_Final(ret, &c);
	}
}

static void
hex(const unsigned char *bytes, size_t nhex, char *ret)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < nhex; i++)
		ret[i] = digits[bytes[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
}

void
elb_id(const unsigned char *secret, const char *server, char ret[ELB_ID_HEX])
{
	unsigned char sum[32];

	seal(secret, STR("server "), str_of(server), sum);
	hex(sum, ELB_ID_HEX, ret);
}

void
elb_value_make(const unsigned char *secret, struct str id, uint32_t date, char ret[ELB_HEX])
{
	unsigned char bytes[4] = { (unsigned char)(date >> 24), (unsigned char)(date >> 16),
		(unsigned char)(date >> 8), (unsigned char)date };
	unsigned char sum[32];

	memcpy(ret, id.p, ELB_ID_HEX);
	hex(bytes, ELB_DATE_HEX, ret + ELB_ID_HEX);
	seal(secret, STR("cookie "), (struct str){ ret, ELB_ID_HEX + ELB_DATE_HEX }, sum);
	hex(sum, ELB_SEAL_HEX, ret + ELB_ID_HEX + ELB_DATE_HEX);
}

bool
elb_value_is_ours(const unsigned char *secret, struct str value)
{
	unsigned char sum[32];
	char text[ELB_SEAL_HEX];
	unsigned diff = 0;

	if (value.len != ELB_HEX)
		return false;
	seal(secret, STR("cookie "), (struct str){ value.p, ELB_ID_HEX + ELB_DATE_HEX },
	    sum);
	hex(sum, ELB_SEAL_HEX, text);
	for (size_t i = 0; i < ELB_SEAL_HEX; i++)
		diff |= (unsigned)(text[i] ^ value.p[ELB_ID_HEX + ELB_DATE_HEX + i]);
	return diff == 0;
}

uint32_t
elb_value_date(struct str value)
{
	uint64_t v = 0;

	(void)str_to_hex((struct str){ value.p + ELB_ID_HEX, ELB_DATE_HEX }, &v);
	return (uint32_t)v;
}
