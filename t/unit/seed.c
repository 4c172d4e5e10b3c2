/* SPDX-License-Identifier: BSD-2-Clause */
/* seed.c: where things are in the image, in both of its volumes; bytes as ECMA-119 says. */
#include "ctl/seed.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/module.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

#define SECTOR 2048u

static uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[3] | (uint32_t)p[2] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[0] << 24;
}

/* The entry of a folder with that name, or NULL. */
static const uint8_t *
entry(const uint8_t *image, unsigned volume, const char *name, size_t len)
{
	const uint8_t *root = image + volume * SECTOR + 156;
	const uint8_t *p = image + (size_t)le32(root + 2) * SECTOR;

	for (; p[0] != 0; p += p[0])
		if (p[32] == len && memcmp(p + 33, name, len) == 0)
			return p;
	return NULL;
}

static void
is_content(const uint8_t *image, const uint8_t *e, const void *want, size_t len)
{
	ok(e != NULL && le32(e + 10) == len && be32(e + 14) == len && le32(e + 2) == be32(e + 6));
	if (e != NULL)
		ok(memcmp(image + (size_t)le32(e + 2) * SECTOR, want, len) == 0);
}

int
main(void)
{
	static char big[65536];
	const struct seed_file files[] = { { "meta-data", "instance-id: i-1\n", 17 },
		{ "network-config", "", 0 }, { "user-data", big, sizeof big } };
	static const char joliet[] = "\0m\0e\0t\0a\0-\0d\0a\0t\0a\0;\0001";
	uint8_t *image, *again;
	size_t len, len2;

	memset(big, 'x', sizeof big);
	image = (uint8_t *)seed_make("cidata", files, 3, &len);
	is_int((int)(len % SECTOR), 0);
	is_int((int)(len / SECTOR), 25 + 1 + 32);
	is_int((int)le32(image + 16 * SECTOR + 80), (int)(len / SECTOR));
	is_mem(image + 16 * SECTOR, 7, "\1CD001\1", 7);
	is_mem(image + 17 * SECTOR, 7, "\2CD001\1", 7);
	is_mem(image + 18 * SECTOR, 7, "\377CD001\1", 7);
	is_mem(image + 16 * SECTOR + 40, 8, "cidata  ", 8);
	is_mem(image + 17 * SECTOR + 40, 14, "\0c\0i\0d\0a\0t\0a\0 ", 14);
	is_mem(image + 17 * SECTOR + 88, 3, "%/E", 3);
	is_content(image, entry(image, 16, "META-DATA.;1", 12), "instance-id: i-1\n", 17);
	is_content(image, entry(image, 16, "USER-DATA.;1", 12), big, sizeof big);
	is_content(image, entry(image, 16, "NETWORK-CONFIG.;1", 17), "", 0);
	is_content(image, entry(image, 17, joliet, sizeof joliet - 1), "instance-id: i-1\n", 17);
	ok(le32(image + 19 * SECTOR + 2) == 23 && be32(image + 20 * SECTOR + 2) == 23);
	ok(le32(image + 21 * SECTOR + 2) == 24 && be32(image + 22 * SECTOR + 2) == 24);
	again = (uint8_t *)seed_make("cidata", files, 3, &len2);
	ok(len == len2 && memcmp(image, again, len) == 0);
	free(image);
	free(again);
	image = (uint8_t *)seed_make("cidata", files, 0, &len);
	is_int((int)(len / SECTOR), 25);
	free(image);
	return tap_done();
}
