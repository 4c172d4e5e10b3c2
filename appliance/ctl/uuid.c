/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Identifiers; see uuid.h.
 *
 * Thread: any.
 */
#include "ctl/uuid.h"

#include <openssl/evp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/magic.h"
#include "base/rand.h"

static void
put(uint8_t b[16], unsigned version, char *ret_text)
{
	int n = 0;

	b[6] = (uint8_t)((b[6] & 0x0f) | version << 4);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	for (unsigned i = 0; i < 16; i++)
		n += snprintf(ret_text + n, UUID_TEXT - (size_t)n, "%s%02x",
		    i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "", b[i]);
}

void
uuid_random(char *ret_text)
{
	uint64_t r[2] = { rand_u64(), rand_u64() };
	uint8_t b[16];

	memcpy(b, r, sizeof b);
	put(b, 4, ret_text);
}

void
uuid_named(const char *kind, const char *name, char *ret_text)
{
	/* the name space of URLs */
	static const uint8_t space[16] = { 0x6b, 0xa7, 0xb8, 0x11, 0x9d, 0xad, 0x11, 0xd1,
	    0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8 };
	uint8_t b[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	WEIR_ASSERT(md != NULL && EVP_DigestInit_ex(md, EVP_sha1(), NULL) == 1);
	EVP_DigestUpdate(md, space, sizeof space);
	EVP_DigestUpdate(md, kind, strlen(kind));
	EVP_DigestUpdate(md, ":", 1);
	EVP_DigestUpdate(md, name, strlen(name));
	EVP_DigestFinal_ex(md, b, NULL);
	EVP_MD_CTX_free(md);
	put(b, 5, ret_text);
}
