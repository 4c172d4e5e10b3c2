/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A seed image; see seed.h. ECMA-119 with a second volume descriptor as of Joliet. The
 * sectors of 2,048 bytes:
 *
 *	16 volume descriptor, 17 Joliet's, 18 the end of descriptors
 *	19 path tables: little and big endian, 21 the same for Joliet
 *	23 root folder, 24 Joliet's, 25 the files one behind the other
 */
#include "ctl/seed.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/magic.h"
#include "base/xalloc.h"

#define SECTOR		2048u
#define AT_VOLUMES	16u
#define AT_TABLES	19u
#define AT_ROOTS	23u
#define AT_FILES	25u
#define TABLE_BYTES	10u	/* of the root alone */
#define NAME_MAX_BYTES	96u

static uint8_t *
put16(uint8_t *p, uint16_t v, bool is_big)
{
	p[is_big ? 1 : 0] = (uint8_t)v;
	p[is_big ? 0 : 1] = (uint8_t)(v >> 8);
	return p + 2;
}

static uint8_t *
put32(uint8_t *p, uint32_t v, bool is_big)
{
	for (int i = 0; i < 4; i++)
		p[is_big ? 3 - i : i] = (uint8_t)(v >> (8 * i));
	return p + 4;
}

/* Numbers that stand there twice, little endian first. */
static uint8_t *
both16(uint8_t *p, uint16_t v)
{
	return put16(put16(p, v, false), v, true);
}

static uint8_t *
both32(uint8_t *p, uint32_t v)
{
	return put32(put32(p, v, false), v, true);
}

static uint32_t
sectors_of(size_t bytes)
{
	return (uint32_t)((bytes + SECTOR - 1) / SECTOR);
}

/* A name as this volume writes it: `USER-DATA.;1`, or the same small in UCS-2. */
static size_t
put_name(uint8_t *p, const char *name, bool is_joliet)
{
	size_t n = 0;

	for (const char *c = name; *c != '\0'; c++) {
		if (is_joliet)
			p[n++] = 0;
		p[n++] = (uint8_t)(is_joliet ? *c : toupper((unsigned char)*c));
	}
	if (!is_joliet)
		p[n++] = '.';
	for (const char *c = ";1"; *c != '\0'; c++) {
		if (is_joliet)
			p[n++] = 0;
		p[n++] = (uint8_t)*c;
	}
	return n;
}

/* An entry of a folder; its length. 1970-01-01, so that an image is its content's. */
static size_t
put_entry(uint8_t *p, uint32_t at, size_t bytes, bool is_folder, const uint8_t *name, size_t len)
{
	size_t size = (33 + len + 1) & ~(size_t)1;

	p[0] = (uint8_t)size;
	both32(p + 2, at);
	both32(p + 10, (uint32_t)bytes);
	p[18] = 70;
	p[19] = p[20] = 1;
	p[25] = is_folder ? 2 : 0;
	both16(p + 28, 1);
	p[32] = (uint8_t)len;
	memcpy(p + 33, name, len);
	return size;
}

static void
put_root(uint8_t *p, uint32_t at, const struct seed_file *files, unsigned n, bool is_joliet)
{
	uint8_t name[NAME_MAX_BYTES];
	uint32_t next = AT_FILES;

	p += put_entry(p, at, SECTOR, true, (const uint8_t *)"\0", 1);
	p += put_entry(p, at, SECTOR, true, (const uint8_t *)"\1", 1);
	for (unsigned i = 0; i < n; i++) {
		p += put_entry(p, next, files[i].len, false, name,
		    put_name(name, files[i].name, is_joliet));
		next += sectors_of(files[i].len);
	}
}

static void
put_tables(uint8_t *p, uint32_t root)
{
	for (unsigned i = 0; i < 2; i++, p += SECTOR) {
		p[0] = 1;
		put32(p + 2, root, i == 1);
		put16(p + 6, 1, i == 1);
	}
}

/* Text that is padded with blanks. */
static void
put_text(uint8_t *p, size_t size, const char *text, bool is_joliet)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < size; i++) {
		size_t c = is_joliet ? i / 2 : i;

		p[i] = is_joliet && i % 2 == 0 ? 0 : c < len ? (uint8_t)text[c] : ' ';
	}
}

static void
put_volume(uint8_t *p, const char *label, uint32_t total, bool is_joliet)
{
	uint32_t tables = AT_TABLES + (is_joliet ? 2 : 0);

	p[0] = is_joliet ? 2 : 1;
	memcpy(p + 1, "CD001\1", 6);
	put_text(p + 8, 32, "", is_joliet);
	put_text(p + 40, 32, label, is_joliet);
	both32(p + 80, total);
	if (is_joliet)
		memcpy(p + 88, "%/E", 3);	/* UCS-2, level 3 */
	both16(p + 120, 1);
	both16(p + 124, 1);
	both16(p + 128, SECTOR);
	both32(p + 132, TABLE_BYTES);
	put32(p + 140, tables, false);
	put32(p + 148, tables + 1, true);
	put_entry(p + 156, AT_ROOTS + is_joliet, SECTOR, true, (const uint8_t *)"\0", 1);
	put_text(p + 190, 623, "", is_joliet);
	for (unsigned i = 0; i < 4; i++)		/* dates that nobody has set */
		memset(p + 813 + 17 * i, '0', 16);
	p[881] = 1;
}

char *
seed_make(const char *label, const struct seed_file *files, unsigned n, size_t *ret_len)
{
	uint32_t total = AT_FILES;
	uint8_t *image, *p;

	WEIR_ASSERT(n <= SEED_FILES_MAX);
	for (unsigned i = 0; i < n; i++)
		total += sectors_of(files[i].len);
	image = xcalloc(total, SECTOR);
	for (unsigned is_joliet = 0; is_joliet < 2; is_joliet++) {
		uint32_t root = AT_ROOTS + is_joliet;

		put_volume(image + (AT_VOLUMES + is_joliet) * SECTOR, label, total, is_joliet);
		put_tables(image + (AT_TABLES + 2 * is_joliet) * SECTOR, root);
		put_root(image + root * SECTOR, root, files, n, is_joliet);
	}
	memcpy(image + (AT_VOLUMES + 2) * SECTOR, "\377CD001\1", 7);
	p = image + AT_FILES * SECTOR;
	for (unsigned i = 0; i < n; i++) {
		if (files[i].len > 0)
			memcpy(p, files[i].data, files[i].len);
		p += sectors_of(files[i].len) * SECTOR;
	}
	*ret_len = (size_t)total * SECTOR;
	return (char *)image;
}
