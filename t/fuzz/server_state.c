/* SPDX-License-Identifier: BSD-2-Clause */
/* State files: any bytes; what is taken out of them lies within them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "base/xalloc.h"
#include "ctl/server_state.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
inside(struct str word, const struct str *text)
{
	WEIR_ASSERT(word.len == 0 ||
	    (word.p >= text->p && word.p + word.len <= text->p + text->len));
}

static void
on_state(const struct server_state *s, void *arg)
{
	inside(s->backend, arg);
	inside(s->name, arg);
	inside(s->fqdn, arg);
	WEIR_ASSERT(s->uweight <= 256 && s->iweight <= 256 && s->op <= 3 && s->admin <= 0xff);
}

static void
on_added(const struct server_added *a, void *arg)
{
	inside(a->origin, arg);
	inside(a->backend, arg);
	WEIR_ASSERT(a->n >= 2 && a->n <= SERVER_STATE_WORDS && a->words[a->n] == NULL);
	for (int i = 0; i < a->n; i++)
		WEIR_ASSERT(strlen(a->words[i]) <= ((struct str *)arg)->len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct server_state_ops ops = { on_state, on_added };
	char *copy = xstrndup((const char *)data, size);
	struct str text = { copy, strlen(copy) };
	unsigned skipped;

	(void)server_state_parse(text, &ops, &text, &skipped);
	free(copy);
	return 0;
}
