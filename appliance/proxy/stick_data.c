/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What entries of stick tables carry: the layout, made once per table, counters
 * and rates.
 *
 * A rate keeps the events of the present period and of the one before it; what it
 * says is the present ones plus the share of the last ones that a period which
 * ends now still covers.
 *
 * Thread: any; entries are locked by who calls.
 */
#include "base/clock.h"
#include "base/magic.h"
#include "base/xalloc.h"
#include "proxy/stick_in.h"

const char *const stick_type_names[STICK_TYPES] = {
	"ip", "ipv6", "integer", "string", "binary"
};

const struct stick_data_row stick_data_rows[SD_MAX] = {
	[SD_SERVER_ID] =	{ "server_id", SF_SERVER, false },
	[SD_GPT0] =		{ "gpt0", SF_U32, false },
	[SD_GPC0] =		{ "gpc0", SF_U32, false },
	[SD_GPC0_RATE] =	{ "gpc0_rate", SF_RATE, false },
	[SD_CONN_CNT] =		{ "conn_cnt", SF_U32, false },
	[SD_CONN_RATE] =	{ "conn_rate", SF_RATE, false },
	[SD_CONN_CUR] =		{ "conn_cur", SF_U32, false },
	[SD_SESS_CNT] =		{ "sess_cnt", SF_U32, false },
	[SD_SESS_RATE] =	{ "sess_rate", SF_RATE, false },
	[SD_HTTP_REQ_CNT] =	{ "http_req_cnt", SF_U32, false },
	[SD_HTTP_REQ_RATE] =	{ "http_req_rate", SF_RATE, false },
	[SD_HTTP_ERR_CNT] =	{ "http_err_cnt", SF_U32, false },
	[SD_HTTP_ERR_RATE] =	{ "http_err_rate", SF_RATE, false },
	[SD_BYTES_IN_CNT] =	{ "bytes_in_cnt", SF_U64, false },
	[SD_BYTES_IN_RATE] =	{ "bytes_in_rate", SF_RATE, false },
	[SD_BYTES_OUT_CNT] =	{ "bytes_out_cnt", SF_U64, false },
	[SD_BYTES_OUT_RATE] =	{ "bytes_out_rate", SF_RATE, false },
	[SD_GPC1] =		{ "gpc1", SF_U32, false },
	[SD_GPC1_RATE] =	{ "gpc1_rate", SF_RATE, false },
	[SD_SERVER_KEY] =	{ "server_key", SF_NAME, false },
	[SD_HTTP_FAIL_CNT] =	{ "http_fail_cnt", SF_U32, false },
	[SD_HTTP_FAIL_RATE] =	{ "http_fail_rate", SF_RATE, false },
	[SD_GPT] =		{ "gpt", SF_U32, true },
	[SD_GPC] =		{ "gpc", SF_U32, true },
	[SD_GPC_RATE] =		{ "gpc_rate", SF_RATE, true },
	[SD_GLITCH_CNT] =	{ "glitch_cnt", SF_U32, false },
	[SD_GLITCH_RATE] =	{ "glitch_rate", SF_RATE, false },
};

static const uint8_t form_bytes[] = {
	[SF_U32] = 4, [SF_U64] = 8, [SF_RATE] = sizeof(struct stick_rate),
	[SF_SERVER] = sizeof(struct stick_server), [SF_NAME] = 4,
};

/* ---- layout ---- */

static uint32_t
place(struct stick_layout *l, uint32_t at, bool want_wide)
{
	for (unsigned d = 0; d < SD_MAX; d++) {
		uint8_t form = stick_data_rows[d].form;

		if (l->n[d] == 0 || (form == SF_U64) != want_wide)
			continue;
		l->off[d] = (uint16_t)at;
		at += (uint32_t)form_bytes[form] * l->n[d];
	}
	return at;
}

void
stick_layout_fill(struct stick_layout *l)
{
	uint32_t at = (uint32_t)sizeof(struct stick_entry);
	uint32_t bits = 0;

	at = (at + l->key_len + 3) & ~3u;
	at = place(l, at, false);
	at = (at + 7) & ~7u;
	at = place(l, at, true);
	l->entry_bytes = at;
	while (bits < 6 && (2u << bits) <= l->size / 16)
		bits++;
	l->shard_bits = (uint8_t)bits;
}

/* ---- values ---- */

static uint32_t
now_ms(void)
{
	return (uint32_t)(clock_now_us / 1000);
}

#define SKEW_MS	60000	/* by which the clocks of two threads never differ */

static uint32_t
past_ms(const struct stick_rate *r)
{
	uint32_t past = now_ms() - r->start_ms;

	return past >= UINT32_MAX - SKEW_MS ? 0 : past;
}

static void
rate_turn(struct stick_rate *r, uint32_t period_ms)
{
	uint32_t past = past_ms(r);

	if (past < period_ms)
		return;
	r->last = past < 2 * (uint64_t)period_ms ? r->now : 0;
	r->now = 0;
	r->start_ms = r->last != 0 ? r->start_ms + period_ms : now_ms();
}

static uint64_t
rate_read(const struct stick_rate *r, uint32_t period_ms)
{
	struct stick_rate v = *r;
	uint32_t left;

	rate_turn(&v, period_ms);
	left = period_ms - past_ms(&v);
	if (v.now == 0 && v.last <= 1)	/* one event does not linger as a fraction */
		return 0;
	return v.now + (uint64_t)v.last * left / period_ms;
}

static uint32_t
add_clamped(uint32_t old, int64_t v)
{
	int64_t sum = (int64_t)old + v;

	return sum < 0 ? 0 : sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
}

static void *
value_at(const struct stick_at *at, enum stick_data d, unsigned i)
{
	const struct stick_layout *l = &at->table->lay;

	if (i >= l->n[d])
		return NULL;
	return (char *)at->e + l->off[d] + (size_t)i * form_bytes[stick_data_rows[d].form];
}

bool
stick_read(const struct stick_at *at, enum stick_data d, unsigned i, uint64_t *ret)
{
	const void *p = value_at(at, d, i);

	if (p == NULL)
		return false;
	switch (stick_data_rows[d].form) {
	case SF_U64:
		*ret = *(const uint64_t *)p;
		break;
	case SF_RATE:
		*ret = rate_read(p, at->table->lay.period_ms[d]);
		break;
	default:
		*ret = *(const uint32_t *)p;
	}
	return true;
}

bool
stick_write(const struct stick_at *at, enum stick_data d, unsigned i, uint64_t v)
{
	uint32_t v32 = v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
	void *p = value_at(at, d, i);

	if (p == NULL)
		return false;
	switch (stick_data_rows[d].form) {
	case SF_U64:
		*(uint64_t *)p = v;
		break;
	case SF_RATE:
		*(struct stick_rate *)p = (struct stick_rate){ now_ms(), v32, 0 };
		break;
	case SF_SERVER:
		*(struct stick_server *)p = (struct stick_server){ v32,
			(uint32_t)(clock_wall_us() / 1000000) };
		break;
	default:
		*(uint32_t *)p = v32;
	}
	return true;
}

bool
stick_add(const struct stick_at *at, enum stick_data d, unsigned i, int64_t v)
{
	void *p = value_at(at, d, i);
	struct stick_rate *r;

	if (p == NULL)
		return false;
	switch (stick_data_rows[d].form) {
	case SF_U64:
		*(uint64_t *)p += (uint64_t)v;
		break;
	case SF_RATE:
		r = p;
		rate_turn(r, at->table->lay.period_ms[d]);
		r->now = add_clamped(r->now, v);
		break;
	default:
		*(uint32_t *)p = add_clamped(*(uint32_t *)p, v);
	}
	return true;
}

struct stick_server *
stick_server(const struct stick_at *at)
{
	return value_at(at, SD_SERVER_ID, 0);
}

uint32_t *
stick_server_name(const struct stick_at *at)
{
	return value_at(at, SD_SERVER_KEY, 0);
}

/* ---- names of servers ---- */

#define NAMES_MAX	65536u
#define NAME_BUCKETS	4096u

struct name {
	struct str	 text;		/* owned */
	uint32_t	 next;		/* same bucket */
};

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static struct name *names;		/* under the lock, as all these; [0] unused */
static uint32_t nnames, names_cap, name_buckets[NAME_BUCKETS];

static uint32_t
name_add(struct str text, uint32_t *bucket)
{
	uint32_t id = nnames == 0 ? 1 : nnames;

	if (id >= NAMES_MAX)
		return 0;
	if (id >= names_cap) {
		names_cap = names_cap == 0 ? 64 : names_cap * 2;
		names = xrealloc(names, names_cap * sizeof(*names));
	}
	names[id] = (struct name){ { xstrndup(text.p, text.len), text.len }, *bucket };
	nnames = id + 1;
	return *bucket = id;
}

uint32_t
stick_name_id(struct str text)
{
	uint32_t *bucket = &name_buckets[str_hash(text) % NAME_BUCKETS], id;

	pthread_mutex_lock(&names_lock);
	for (id = *bucket; id != 0 && !str_eq(names[id].text, text); id = names[id].next)
		;
	if (id == 0)
		id = name_add(text, bucket);
	pthread_mutex_unlock(&names_lock);
	return id;
}

struct str
stick_name_of(uint32_t id)
{
	struct str text = STR("-");

	pthread_mutex_lock(&names_lock);
	if (id != 0 && id < nnames)
		text = names[id].text;
	pthread_mutex_unlock(&names_lock);
	return text;
}
