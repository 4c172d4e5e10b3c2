/* SPDX-License-Identifier: BSD-2-Clause */
/* Values of ELB cookies: what they tell, and that nobody else makes them. */
#include "proxy/elb_value.h"

#include <string.h>

#include "tap.h"

static void
test_seal(void)
{
	unsigned char secret[ELB_SECRET], other[ELB_SECRET];
	char id[ELB_ID_HEX], id2[ELB_ID_HEX], text[ELB_HEX];
	struct str v = { text, sizeof text };
	unsigned bad = 0;

	elb_secret_of_text(STR("a"), secret);
	elb_secret_of_text(STR("b"), other);
	elb_id(secret, "web-1", id);
	elb_id(secret, "web-1", id2);
	is_int(memcmp(id, id2, sizeof id), 0);
	elb_id(secret, "web-2", id2);
	ok(memcmp(id, id2, sizeof id) != 0);
	elb_id(other, "web-1", id2);
	ok(memcmp(id, id2, sizeof id) != 0);

	elb_value_make(secret, (struct str){ id, sizeof id }, 1795323600, text);
	is_int(memcmp(id, text, sizeof id), 0);
	is_u64(elb_value_date(v), 1795323600);
	ok(elb_value_is_ours(secret, v));
	ok(!elb_value_is_ours(other, v));
	ok(!elb_value_is_ours(secret, (struct str){ text, ELB_HEX - 1 }));
	ok(!elb_value_is_ours(secret, STR_NONE));
	for (size_t i = 0; i < ELB_HEX; i++) {	/* each digit counts */
		char was = text[i];

		text[i] = was == '0' ? '1' : '0';
		bad += elb_value_is_ours(secret, v);
		text[i] = was;
	}
	is_u64(bad, 0);
	for (size_t i = 0; i < ELB_HEX; i++)
		bad += strchr("0123456789ABCDEF", text[i]) == NULL;
	is_u64(bad, 0);
}

/* Of RFC 4231 would need a key of other length: the process's is random. */
static void
test_process(void)
{
	static const unsigned char none[ELB_SECRET];

	ok(memcmp(elb_secret_of_process(), none, sizeof none) != 0);
	ok(elb_secret_of_process() == elb_secret_of_process());
}

int
main(void)
{
	test_seal();
	test_process();
	return tap_done();
}
