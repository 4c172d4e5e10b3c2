/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Converters that code or hash bytes. The digests use OpenSSL's plain functions
 * on a context on the stack: its EVP interface would allocate at each call.
 */
#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/md5.h>
#include <openssl/sha.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/diag.h"
#include "base/magic.h"
#include "base/module.h"
#include "base/out.h"
#include "cfg/kw.h"
#include "proxy/rules_in.h"

/* ---- base64, RFC 4648 ---- */

static const char std64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static bool
c_b64enc(struct sample_ctx *x, const struct arg *a, intptr_t for_url, struct sample *smp)
{
	const char *digits = for_url ? url64 : std64;
	struct str s = smp->u.s;
	size_t n = 0;
	char *p;

	(void)x, (void)a;
	if (s.len > EVAL_BYTES / 2 || (p = eval_alloc((s.len + 2) / 3 * 4)) == NULL)
		return false;
	for (size_t i = 0; i < s.len; i += 3) {
		size_t left = s.len - i;
		uint32_t v = (uint32_t)(uint8_t)s.p[i] << 16 |
		    (left > 1 ? (uint32_t)(uint8_t)s.p[i + 1] << 8 : 0) |
		    (left > 2 ? (uint32_t)(uint8_t)s.p[i + 2] : 0);

		p[n++] = digits[v >> 18];
		p[n++] = digits[v >> 12 & 63];
		if (left > 1)
			p[n++] = digits[v >> 6 & 63];
		else if (!for_url)
			p[n++] = '=';
		if (left > 2)
			p[n++] = digits[v & 63];
		else if (!for_url)
			p[n++] = '=';
	}
	sample_str(smp, (struct str){ p, n });
	return true;
}

static int
digit64(char c, bool for_url)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (for_url ? '-' : '+'))
		return 62;
	return c == (for_url ? '_' : '/') ? 63 : -1;
}

static bool
c_b64dec(struct sample_ctx *x, const struct arg *a, intptr_t for_url, struct sample *smp)
{
	struct str s = smp->u.s;
	uint32_t v = 0;
	size_t n = 0;
	char *p;

	(void)x, (void)a;
	if (!for_url && s.len % 4 != 0)
		return false;
	for (int pad = 0; pad < 2 && s.len > 0 && s.p[s.len - 1] == '='; pad++)
		s.len--;
	if (s.len % 4 == 1 || (p = eval_alloc(s.len)) == NULL)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		int d = digit64(s.p[i], for_url != 0);

		if (d < 0)
			return false;
		v = v << 6 | (uint32_t)d;
		if (i % 4 != 0)
			p[n++] = (char)(v >> (6 - 2 * (i % 4)));
	}
	smp->type = SMP_BIN;
	smp->u.s = (struct str){ p, n };
	return true;
}

/* ---- digests ---- */

enum { MD5_SUM, SHA1_SUM };

static bool
set_bin(struct sample *smp, const unsigned char *sum, size_t len)
{
	smp->type = SMP_BIN;
	smp->u.s = eval_copy((struct str){ (const char *)sum, len });
	return smp->u.s.p != NULL;
}

static bool
c_digest(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *smp)
{
	unsigned char sum[SHA_DIGEST_LENGTH];
	MD5_CTX md5;
	SHA_CTX sha;

	(void)x, (void)a;
	if (which == MD5_SUM) {
		MD5_Init(&md5);
		MD5_Update(&md5, smp->u.s.p, smp->u.s.len);
		MD5_Final(sum, &md5);
		return set_bin(smp, sum, MD5_DIGEST_LENGTH);
	}
	SHA1_Init(&sha);
	SHA1_Update(&sha, smp->u.s.p, smp->u.s.len);
	SHA1_Final(sum, &sha);
	return set_bin(smp, sum, SHA_DIGEST_LENGTH);
}

static int
check_sha2(struct cfg *c, struct arg *a, int n)
{
	if (n == 0 || a[0].i == 224 || a[0].i == 256 || a[0].i == 384 || a[0].i == 512)
		return 0;
	diag_error(c->diag, "converter 'sha2' expects 224, 256, 384 or 512 bits, but got "
	    "'%s'", a[0].s.p);
	return -1;
}

static bool
c_sha2(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	int64_t bits = a[0].type == ARG_INT ? a[0].i : 256;
	unsigned char sum[SHA512_DIGEST_LENGTH];
	SHA256_CTX s256;
	SHA512_CTX s512;

	(void)x, (void)priv;
	if (bits <= 256) {
		bits == 224 ? SHA224_Init(&s256) : SHA256_Init(&s256);
		SHA256_Update(&s256, smp->u.s.p, smp->u.s.len);
		SHA256_Final(sum, &s256);
	} else {
		bits == 384 ? SHA384_Init(&s512) : SHA512_Init(&s512);
		SHA512_Update(&s512, smp->u.s.p, smp->u.s.len);
		SHA512_Final(sum, &s512);
	}
	return set_bin(smp, sum, (size_t)bits / 8);
}

/* ---- hashes to an integer ---- */

/* CRC-32 (IEEE) and CRC-32C (Castagnoli), reflected, bitwise: keys are short */
static uint32_t
crc(struct str s, uint32_t poly)
{
	uint32_t v = ~0u;

	for (size_t i = 0; i < s.len; i++) {
		v ^= (uint8_t)s.p[i];
		for (int b = 0; b < 8; b++)
			v = v >> 1 ^ (v & 1 ? poly : 0);
	}
	return ~v;
}

static uint32_t
sdbm(struct str s)
{
	uint32_t h = 0;

	for (size_t i = 0; i < s.len; i++)
		h = (uint8_t)s.p[i] + (h << 6) + (h << 16) - h;
	return h;
}

static uint32_t
djb2(struct str s)
{
	uint32_t h = 5381;

	for (size_t i = 0; i < s.len; i++)
		h = (h << 5) + h + (uint8_t)s.p[i];
	return h;
}

/* Thomas Wang's 32-bit mix of all bytes, with a final one */
static uint32_t
avalanche(uint32_t a)
{
	a = (a + 0x7ed55d16) + (a << 12);
	a = (a ^ 0xc761c23c) ^ (a >> 19);
	a = (a + 0x165667b1) + (a << 5);
	a = (a + 0xd3a2646c) ^ (a << 9);
	a = (a + 0xfd7046c5) + (a << 3);
	return (a ^ 0xb55a4f09) ^ (a >> 16);
}

static bool
c_hash(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *smp)
{
	struct str s = smp->u.s;
	uint32_t h;

	(void)x;
	h = which == 'r' ? crc(s, 0xedb88320u) : which == 'c' ? crc(s, 0x82f63b78u) :
	    which == 's' ? sdbm(s) : djb2(s);
	if (a[0].type == ARG_INT && a[0].i != 0)
		h = avalanche(h);
	sample_int(smp, h);
	return true;
}

static bool
c_xxh(struct sample_ctx *x, const struct arg *a, intptr_t which, struct sample *smp)
{
	uint64_t seed = a[0].type == ARG_INT ? (uint64_t)a[0].i : 0;
	struct str s = smp->u.s;

	(void)x;
	sample_int(smp, which == 32 ? (int64_t)XXH32(s.p, s.len, (uint32_t)seed) :
	    (int64_t)(which == 64 ? XXH64(s.p, s.len, seed) :
	    XXH3_64bits_withSeed(s.p, s.len, seed)));
	return true;
}

static const struct conv_row converters[] = {
	{ "base64", "", SMP_BIN, SMP_STR, c_b64enc, 0, "base64 coding", NULL },
	{ "b64dec", "", SMP_STR, SMP_BIN, c_b64dec, 0, "undoes base64", NULL },
	{ "ub64enc", "", SMP_BIN, SMP_STR, c_b64enc, 1, "base64url without padding", NULL },
	{ "ub64dec", "", SMP_STR, SMP_BIN, c_b64dec, 1, "undoes base64url", NULL },
	{ "md5", "", SMP_BIN, SMP_BIN, c_digest, MD5_SUM, "MD5 digest", NULL },
	{ "sha1", "", SMP_BIN, SMP_BIN, c_digest, SHA1_SUM, "SHA-1 digest", NULL },
	{ "sha2", "|i", SMP_BIN, SMP_BIN, c_sha2, 0, "SHA-2 digest of some bits", check_sha2 },
	{ "crc32", "|i", SMP_BIN, SMP_INT, c_hash, 'r', "CRC-32; 1: with avalanche", NULL },
	{ "crc32c", "|i", SMP_BIN, SMP_INT, c_hash, 'c', "CRC-32C; 1: with avalanche", NULL },
	{ "sdbm", "|i", SMP_BIN, SMP_INT, c_hash, 's', "SDBM hash; 1: with avalanche", NULL },
	{ "djb2", "|i", SMP_BIN, SMP_INT, c_hash, 'd', "DJB2 hash; 1: with avalanche", NULL },
	{ "xxh32", "|i", SMP_BIN, SMP_INT, c_xxh, 32, "XXH32 with a seed", NULL },
	{ "xxh64", "|i", SMP_BIN, SMP_INT, c_xxh, 64, "XXH64 with a seed", NULL },
	{ "xxh3", "|i", SMP_BIN, SMP_INT, c_xxh, 3, "XXH3 with a seed", NULL },
	{ NULL, NULL, 0, 0, NULL, 0, NULL, NULL }
};

const struct module mod_conv_hash = {
	.name = "conv_hash",
	.converters = converters,
};
