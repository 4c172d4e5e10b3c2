/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Session ticket keys: one set for the process, in memory only, shared by all
 * listeners and over reloads. The session context of the listener keeps tickets
 * of one listener from resuming on another.
 *
 * A key encrypts for four hours and decrypts for eight more: a ticket dies after
 * at most twelve. Whoever issues a ticket past the four hours makes the next
 * key. Readers copy a key word by word from atomics, so no lock is taken; a key
 * is wiped only after `current` has moved on, which the reader checks after it
 * has copied: it never works with a half-wiped (guessable) key.
 *
 * Any thread.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "net/tls_ctx.h"
#include "net/tls_store.h"

#define KEYS		8	/* cells; of them KEYS_LIVE hold keys */
#define KEYS_LIVE	3
#define KEY_LIFE_US	(4ull * 3600 * 1000000)
#define KEY_WORDS	10

struct ticket_key {
	unsigned char	 name[16], aes[32], hmac[32];
};

static _Atomic uint64_t	 cells[KEYS][KEY_WORDS];
static _Atomic uint64_t	 made_us[KEYS];
static _Atomic uint32_t	 current;	/* serial of the newest key; cell = serial % KEYS */
static pthread_mutex_t	 rotating = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t	 once = PTHREAD_ONCE_INIT;
static EVP_CIPHER	*cipher;	/* fetched once: fetching costs a lock */

static void
key_store(uint32_t serial, const struct ticket_key *k)
{
	uint64_t words[KEY_WORDS];

	memcpy(words, k, sizeof(words));
	for (int i = 0; i < KEY_WORDS; i++)
		atomic_store_explicit(&cells[serial % KEYS][i], words[i], memory_order_release);
	OPENSSL_cleanse(words, sizeof(words));
}

static void
key_load(uint32_t serial, struct ticket_key *ret_key)
{
	uint64_t words[KEY_WORDS];

	for (int i = 0; i < KEY_WORDS; i++)
		words[i] = atomic_load_explicit(&cells[serial % KEYS][i], memory_order_acquire);
	memcpy(ret_key, words, sizeof(words));
	OPENSSL_cleanse(words, sizeof(words));
}

/* Wipes k. */
static void
take_locked(struct ticket_key *k)
{
	static const struct ticket_key none;
	uint32_t next = atomic_load(&current) + 1;

	_Static_assert(sizeof(*k) == KEY_WORDS * 8, "a key fills its cell");
	key_store(next, k);
	OPENSSL_cleanse(k, sizeof(*k));
	atomic_store(&made_us[next % KEYS], clock_mono_us());
	atomic_store_explicit(&current, next, memory_order_release);
	if (next >= KEYS_LIVE)
		key_store(next - KEYS_LIVE, &none);
}

static void
rotate_locked(void)
{
	struct ticket_key k;

	if (RAND_priv_bytes((unsigned char *)&k, sizeof(k)) == 1)
		take_locked(&k);
}

static void
first_key(void)
{
	cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	pthread_mutex_lock(&rotating);
	rotate_locked();
	pthread_mutex_unlock(&rotating);
}

void
tls_tickets_rotate(void)
{
	pthread_once(&once, first_key);
	pthread_mutex_lock(&rotating);
	rotate_locked();
	pthread_mutex_unlock(&rotating);
}

void
tls_tickets_set(const uint8_t key[TLS_TICKET_KEY_BYTES])
{
	struct ticket_key k;

	pthread_once(&once, first_key);
	memcpy(k.name, key, sizeof(k.name));
	memcpy(k.hmac, key + 16, sizeof(k.hmac));
	memcpy(k.aes, key + 48, sizeof(k.aes));
	pthread_mutex_lock(&rotating);
	take_locked(&k);
	pthread_mutex_unlock(&rotating);
}

static uint64_t
age_us(uint32_t serial)
{
	return clock_mono_us() - atomic_load(&made_us[serial % KEYS]);
}

/* The key to encrypt with, after a rotation when it is old. */
static uint32_t
serial_now(void)
{
	uint32_t serial = atomic_load_explicit(&current, memory_order_acquire);

	if (age_us(serial) < KEY_LIFE_US || pthread_mutex_trylock(&rotating) != 0)
		return serial;
	if (atomic_load(&current) == serial)
		rotate_locked();
	pthread_mutex_unlock(&rotating);
	return atomic_load_explicit(&current, memory_order_acquire);
}

/* The live key with this name: its serial, or 0. */
static uint32_t
serial_of(const unsigned char name[16], struct ticket_key *ret_key)
{
	uint32_t serial = atomic_load_explicit(&current, memory_order_acquire);

	for (int i = 0; i < KEYS_LIVE && serial > 0; i++, serial--) {
		key_load(serial, ret_key);
		if (CRYPTO_memcmp(ret_key->name, name, 16) == 0 &&
		    atomic_load(&current) - serial < KEYS_LIVE &&
		    age_us(serial) < KEYS_LIVE * KEY_LIFE_US)
			return serial;
	}
	return 0;
}

bool
tls_tickets_shown(unsigned i, uint8_t ret_name[16], uint64_t *ret_age_s)
{
	uint32_t serial = atomic_load_explicit(&current, memory_order_acquire);
	struct ticket_key k;

	if (i >= KEYS_LIVE || i >= serial)
		return false;
	serial -= i;
	key_load(serial, &k);
	memcpy(ret_name, k.name, sizeof(k.name));
	OPENSSL_cleanse(&k, sizeof(k));
	*ret_age_s = age_us(serial) / 1000000;
	return *ret_age_s < KEYS_LIVE * KEY_LIFE_US / 1000000;
}

static int
mac_init(EVP_MAC_CTX *mac, struct ticket_key *k)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, k->hmac, sizeof(k->hmac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){ "SHA256" }, 0),
		OSSL_PARAM_construct_end()
	};

	return EVP_MAC_CTX_set_params(mac, params);
}

/* SSL_CTX_set_tlsext_ticket_key_evp_cb(3): -1 error, 0 no such key, 1 fine, 2 fine and renew. */
/* A client uses a TLS 1.3 ticket once (RFC 8446 appendix C.4): it needs a new
 * one with each resumption; older versions keep theirs while the key is fresh. */
static bool
wants_new_ticket(const SSL *ssl, uint32_t serial)
{
	return SSL_version(ssl) >= TLS1_3_VERSION || serial != atomic_load(&current) ||
	    age_us(serial) >= KEY_LIFE_US;
}

static int
on_ticket_key(SSL *ssl, unsigned char name[16], unsigned char *iv, EVP_CIPHER_CTX *c,
    EVP_MAC_CTX *mac, int is_encrypting)
{
	struct ticket_key k;
	uint32_t serial;
	int rc = -1;

	if (is_encrypting) {
		serial = serial_now();
		key_load(serial, &k);
		memcpy(name, k.name, 16);
		if (RAND_bytes(iv, 16) == 1 && mac_init(mac, &k) == 1 &&
		    EVP_EncryptInit_ex(c, cipher, NULL, k.aes, iv) == 1)
			rc = 1;
	} else if ((serial = serial_of(name, &k)) == 0)
		rc = 0;
	else if (mac_init(mac, &k) == 1 && EVP_DecryptInit_ex(c, cipher, NULL, k.aes, iv) == 1)
		rc = wants_new_ticket(ssl, serial) ? 2 : 1;
	OPENSSL_cleanse(&k, sizeof(k));
	return rc;
}

void
tls_tickets_use(SSL_CTX *ctx)
{
	pthread_once(&once, first_key);
	SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, on_ticket_key);
}
