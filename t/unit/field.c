/* SPDX-License-Identifier: BSD-2-Clause */
/* field.c: each kind of member, its limits, and what an error says. */
#include "cfg/field.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

struct object {
	uint8_t		 u8, after;
	uint16_t	 u16;
	uint32_t	 u32, bits;
	uint64_t	 u64, us;
	bool		 flag, has_u64;
	const char	*text;
};

#define F(kind, member, ...)	CFG_FIELD(kind, struct object, member, ##__VA_ARGS__)

static struct object o;
static bool is_no;

/* What the words do to the object: "" or the message. */
static const char *
set(intptr_t field, const char *word, const char *more)
{
	static char text[256], copy[64];
	char *args[] = { (char *)(uintptr_t)word, (char *)(uintptr_t)more, NULL };
	const struct kw_row row = { .name = "x", .arg = field };
	struct arena *a = arena_new();
	struct diag d;
	struct cfg c = { .arena = a, .diag = &d, .option_object = &o, .is_no = is_no };
	int r;

	diag_init(&d, false);
	r = cfg_set_option(&c, &row, args, word == NULL ? 0 : more == NULL ? 1 : 2);
	snprintf(text, sizeof(text), "%s", d.first != NULL ? d.first->text : "");
	if (o.text != NULL && o.text != copy) {	/* it may live in the arena */
		snprintf(copy, sizeof(copy), "%s", o.text);
		o.text = copy;
	}
	is_int(r, d.first != NULL ? -1 : 0);
	diag_fini(&d);
	arena_free(a);
	return text;
}

static void
test_numbers(void)
{
	is_str(set(F(CFG_UINT, u8, .max = 255), "255", NULL), "");
	is_str(set(F(CFG_UINT, u16, .min = 1, .max = 65535), "65535", NULL), "");
	is_str(set(F(CFG_UINT, u32), "2147483647", NULL), "");
	is_str(set(F(CFG_UINT, u64, .max = UINT32_MAX, .has = offsetof(struct object, has_u64)),
	    "4294967295", NULL), "");
	ok(o.u8 == 255 && o.after == 0 && o.u16 == 65535 && o.u32 == INT32_MAX &&
	    o.u64 == UINT32_MAX && o.has_u64);
	is_str(set(F(CFG_UINT, u16, .min = 1, .max = 9), "10", NULL),
	    "'x' expects an integer from 1 to 9 but got '10'.");
	is_str(set(F(CFG_UINT, u32), "2147483648", NULL),
	    "'x' expects an integer from 0 to 2147483647 but got '2147483648'.");
	ok(o.u16 == 65535 && o.u32 == INT32_MAX);
	is_str(set(F(CFG_UINT, u32, .none = 3), NULL, NULL), "");
	is_u64(o.u32, 3);
}

static void
test_sizes_and_times(void)
{
	is_str(set(F(CFG_SIZE, u32), "16k", NULL), "");
	is_u64(o.u32, 16384);
	is_str(set(F(CFG_SIZE, u32), "4g", NULL),
	    "'x' expects a size from 0 to 2147483647 (got '4g').");
	is_str(set(F(CFG_DURATION, us), "5m", NULL), "");
	is_u64(o.us, 300000000);
	is_str(set(F(CFG_DURATION, us), "300", NULL), "'x 300': say 300s or 5m.");
	is_str(set(F(CFG_DURATION, us), "7200", NULL), "'x 7200': say 7200s or 2h.");
	is_str(set(F(CFG_DURATION, us), "10", NULL), "'x 10': say 10s or 10ms.");
	is_str(set(F(CFG_DURATION, us, .min = 1000000), "10ms", NULL),
	    "'x' expects a time from 1000ms to 18446744073709551615us (got '10ms').");
	is_str(set(F(CFG_TIME, us), "3", NULL), "");
	is_u64(o.us, 3000);
	is_str(set(F(CFG_TIME, us, .min = 1, .max = 2000), "0", NULL),
	    "'x' expects a time from 1us to 2ms (got '0').");
	is_str(set(F(CFG_TIME, us, .min = 1, .max = 2000), "3ms", NULL),
	    "'x' expects a time from 1us to 2ms (got '3ms').");
	ok(strstr(set(F(CFG_TIME, us), "soon", NULL), "expects a duration") != NULL);
	is_u64(o.us, 3000);
}

static void
test_text(void)
{
	is_str(set(F(CFG_TEXT, text), "one", "two"), "");
	is_str(o.text, "one");
	is_str(set(F(CFG_LINE, text), "one", "two"), "");
	is_str(o.text, "one two");
	is_str(set(F(CFG_TEXT, text), NULL, NULL), "");
	ok(o.text == NULL);
}

static void
test_bits(void)
{
	o.bits = 0x5;
	is_str(set(F(CFG_BITS, bits, .set = 0x2), NULL, NULL), "");
	is_u64(o.bits, 0x7);
	is_str(set(F(CFG_BITS, bits, .clear = 0x6), NULL, NULL), "");
	is_u64(o.bits, 0x1);
	is_str(set(F(CFG_BITS, flag, .set = true), NULL, NULL), "");
	ok(o.flag);
	is_no = true;
	is_str(set(F(CFG_BITS, flag, .set = true), NULL, NULL), "");
	is_no = false;
	ok(!o.flag);
	is_str(set(F(CFG_BITS, u8, .clear = UINT8_MAX, .set = 2), NULL, NULL), "");
	is_u64(o.u8, 2);
}

int
main(void)
{
	test_numbers();
	test_sizes_and_times();
	test_text();
	test_bits();
	return tap_done();
}
