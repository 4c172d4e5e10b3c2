/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of rows that fill one member; see field.h. A member is written only
 * when its value is good. Runs in the thread that loads.
 */
#include "cfg/field.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/magic.h"

static uint64_t
load(const void *at, size_t size)
{
	switch (size) {
	case 1: return *(const uint8_t *)at;
	case 2: return *(const uint16_t *)at;
	case 4: return *(const uint32_t *)at;
	default: return *(const uint64_t *)at;
	}
}

static void
store(void *at, size_t size, uint64_t v)
{
	switch (size) {
	case 1: *(uint8_t *)at = (uint8_t)v; break;
	case 2: *(uint16_t *)at = (uint16_t)v; break;
	case 4: *(uint32_t *)at = (uint32_t)v; break;
	default: *(uint64_t *)at = v; break;
	}
}

static int
read_size(struct cfg *c, const char *what, const char *word, uint64_t min, uint64_t max,
    uint64_t *ret_v)
{
	uint64_t v;

	if (cfg_size(c, what, word, &v) == -1)
		return -1;
	if (v < min || v > max) {
		diag_error(c->diag, "'%s' expects a size from %" PRIu64 " to %" PRIu64
		    " (got '%s').", what, min, max, word);
		return -1;
	}
	*ret_v = v;
	return 0;
}

/* A limit as people write it: 1us, 2147483647ms. */
static const char *
time_text(struct cfg *c, uint64_t us)
{
	bool is_ms = us % 1000 == 0;

	return arena_printf(c->arena, "%" PRIu64 "%s", is_ms ? us / 1000 : us, is_ms ? "ms" : "us");
}

static int
limit_time(struct cfg *c, const char *what, const char *word, uint64_t min, uint64_t max,
    uint64_t v, uint64_t *ret_v)
{
	if (v < min || v > max) {
		diag_error(c->diag, "'%s' expects a time from %s to %s (got '%s').", what,
		    time_text(c, min), time_text(c, max), word);
		return -1;
	}
	*ret_v = v;
	return 0;
}

static int
read_time(struct cfg *c, const char *what, const struct cfg_field *f, const char *word,
    uint64_t *ret_v)
{
	uint64_t v;
	int bad = f->kind == CFG_TIME ? cfg_duration(c, what, word, 1000, &v) :
	    cfg_duration_unit(c, what, word, &v);

	WEIR_ASSERT(f->size == sizeof(uint64_t));
	if (bad == -1)
		return -1;
	return limit_time(c, what, word, f->min, f->max != 0 ? f->max : UINT64_MAX, v, ret_v);
}

static int
read_number(struct cfg *c, const char *what, const struct cfg_field *f, const char *word,
    uint64_t *ret_v)
{
	uint64_t max = f->max != 0 ? f->max : INT32_MAX;

	if (f->kind == CFG_UINT)
		return cfg_uint(c, what, word, f->min, max, ret_v);
	if (f->kind == CFG_SIZE)
		return read_size(c, what, word, f->min, max, ret_v);
	return read_time(c, what, f, word, ret_v);
}

static const char *
read_text(struct cfg *c, const struct cfg_field *f, char **args, int nargs)
{
	const char *text = nargs > 0 ? args[0] : NULL;

	WEIR_ASSERT(f->size == sizeof(text));
	for (int i = 1; f->kind == CFG_LINE && i < nargs; i++)
		text = arena_printf(c->arena, "%s %s", text, args[i]);
	return text;
}

int
cfg_set(struct cfg *c, const struct kw_row *row, void *object, char **args, int nargs)
{
	const struct cfg_field *f = (const struct cfg_field *)row->arg;
	void *at = (char *)object + f->at;
	uint64_t v = f->none;

	if (f->kind == CFG_TEXT || f->kind == CFG_LINE)
		*(const char **)at = read_text(c, f, args, nargs);
	else if (f->kind == CFG_BITS && (c->is_no || c->is_default))
		store(at, f->size, load(at, f->size) & ~f->set);
	else if (f->kind == CFG_BITS)
		store(at, f->size, (load(at, f->size) & ~f->clear) | f->set);
	else if (nargs > 0 && read_number(c, row->name, f, args[0], &v) == -1)
		return -1;
	else
		store(at, f->size, v);
	if (f->has != 0)
		*((bool *)object + f->has) = true;
	return 0;
}

int
cfg_set_option(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	WEIR_ASSERT(c->option_object != NULL);
	return cfg_set(c, row, c->option_object, args, nargs);
}
