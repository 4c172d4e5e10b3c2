/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keys of stick tables: what a sample is to a table of some type.
 *
 * Thread: any.
 */
#include "proxy/sample.h"
#include "proxy/stick.h"

int
stick_sample_type(unsigned type)
{
	static const uint8_t types[STICK_TYPES] = {
		[STICK_IP] = SMP_IPV4, [STICK_IPV6] = SMP_IPV6, [STICK_INTEGER] = SMP_INT,
		[STICK_STRING] = SMP_STR, [STICK_BINARY] = SMP_BIN,
	};

	return types[type];
}

static bool
key_of_text(const struct stick_layout *l, struct str v, struct stick_key *k)
{
	size_t room = l->type == STICK_STRING ? l->key_len - 1 : l->key_len;
	char *pad;

	k->p = v.p;
	k->len = (uint32_t)(v.len < room ? v.len : room);
	if (l->type == STICK_STRING) {
		k->len = (uint32_t)strnlen(v.p != NULL ? v.p : "", k->len);
		return k->len > 0;
	}
	if (v.len >= room)
		return true;
	if ((pad = eval_alloc(room)) == NULL)
		return false;
	memset(pad, 0, room);
	if (v.len > 0)
		memcpy(pad, v.p, v.len);
	k->p = pad;
	k->len = (uint32_t)room;
	return true;
}

bool
stick_key_make(const struct stick_layout *l, const struct sample *s, struct stick_key *k)
{
	struct sample v = *s;

	if (!sample_cast(&v, (enum sample_type)stick_sample_type(l->type)))
		return false;
	switch (l->type) {
	case STICK_IP:
		k->u.u32 = v.u.v4.s_addr;
		break;
	case STICK_INTEGER:
		k->u.u32 = (uint32_t)v.u.i;
		break;
	case STICK_IPV6:
		k->u.v6 = v.u.v6;
		break;
	default:
		return key_of_text(l, v.u.s, k);
	}
	k->p = &k->u;
	k->len = l->key_len;
	return true;
}
