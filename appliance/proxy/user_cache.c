/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * See user_cache.h. A table of fixed size of the process, so what is known
 * outlives reloads and serves all threads; the key is made of the hash and the
 * password, so a new password of a user begins anew. Four places a bucket, each one
 * atomic word: 63 bits of the digest and the verdict. Threads read and write it
 * without a lock; a lost race costs computing one hash again.
 *
 * Wrong passwords are kept too, for clients that go on with an old one, but they
 * never take the place of a right one: who tries many makes nobody else's slow.
 *
 * Finding compares words that nobody outside can predict, so its time tells
 * nothing. Digests use OpenSSL's plain functions, since its other interface
 * allocates at each call.
 *
 * Thread: any.
 */
#include "proxy/user_cache.h"

#define OPENSSL_API_COMPAT 0x10100000L
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/log.h"

#define BUCKETS		1024u
#define WAYS		4u
#define RIGHT		1u

static _Atomic uint64_t table[BUCKETS * WAYS];
static unsigned char secret[SHA256_DIGEST_LENGTH];
static pthread_once_t secret_once = PTHREAD_ONCE_INIT;

static void
make_secret(void)
{
	if (RAND_bytes(secret, sizeof secret) != 1)
		fatalx("no random bytes for the digests of passwords");
}

uint64_t
user_cache_key(struct str hash, struct str password)
{
	unsigned char sum[SHA256_DIGEST_LENGTH];
	uint64_t key;
	SHA256_CTX c;

	pthread_once(&secret_once, make_secret);
	SHA256_Init(&c);
	SHA256_Update(&c, secret, sizeof secret);
	SHA256_Update(&c, &hash.len, sizeof hash.len);
	SHA256_Update(&c, hash.p, hash.len);
	SHA256_Update(&c, password.p, password.len);
	SHA256_Final(sum, &c);
	memcpy(&key, sum, sizeof key);
	return (key & ~(uint64_t)RIGHT) != 0 ? key & ~(uint64_t)RIGHT : 2;
}

static _Atomic uint64_t *
bucket_of(uint64_t key)
{
	return &table[(key >> 32 & (BUCKETS - 1)) * WAYS];
}

static uint64_t
word_at(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

enum user_verdict
user_cache_find(uint64_t key)
{
	const _Atomic uint64_t *b = bucket_of(key);

	for (unsigned i = 0; i < WAYS; i++) {
		uint64_t word = word_at(&b[i]);

		if ((word & ~(uint64_t)RIGHT) == key)
			return word & RIGHT ? USER_RIGHT : USER_WRONG;
	}
	return USER_UNKNOWN;
}

/* The place for one more: the first that is free, else a wrong password's, else,
 * for a right one, any. Which of several is the key's chance. */
static _Atomic uint64_t *
place_for(_Atomic uint64_t *b, uint64_t key, bool is_right)
{
	unsigned first = key >> 48 & (WAYS - 1);

	for (unsigned i = 0; i < WAYS; i++)
		if (word_at(&b[i]) == 0)
			return &b[i];
	for (unsigned i = 0; i < WAYS; i++) {
		_Atomic uint64_t *at = &b[(first + i) % WAYS];

		if (!(word_at(at) & RIGHT))
			return at;
	}
	return is_right ? &b[first] : NULL;
}

void
user_cache_put(uint64_t key, bool is_right)
{
	_Atomic uint64_t *at = place_for(bucket_of(key), key, is_right);

	if (at != NULL)
		atomic_store_explicit(at, key | (is_right ? RIGHT : 0), memory_order_relaxed);
}
