/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Converters that look a key up in a stick table. None makes an entry but those
 * that count; what is not there reads as 0.
 *
 * Thread: data.
 */
#include "base/module.h"
#include "proxy/rules_in.h"
#include "proxy/stick_fetch.h"

static bool
find(const struct arg *a, const struct sample *smp, bool make, struct stick_at *ret)
{
	const struct stick_conf *conf = a->u.table;
	struct stick_key k;

	if (conf->live == NULL || !stick_key_make(&conf->lay, smp, &k))
		return false;
	return make ? stick_get(conf->live, &k, ret) : stick_find(conf->live, &k, ret);
}

static bool
c_in_table(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	struct stick_at at;
	bool found = find(&a[0], smp, false, &at);

	(void)x, (void)priv;
	if (found)
		stick_unlock(&at);
	sample_bool(smp, found);
	return true;
}

static bool
c_entry(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	enum stick_op op = STICK_PRIV_OP(priv);
	enum stick_data d = STICK_PRIV_DATA(priv);
	unsigned index = 0;
	struct stick_at at;
	uint64_t v = 0;
	bool has = true;

	(void)x;
	if (stick_op_has_index(op, d))
		index = (unsigned)(a++)->i;
	if (find(&a[0], smp, stick_fetch_is_change(op), &at)) {
		has = stick_fetch_read(&at, op, d, index, &v);
		if (stick_fetch_is_change(op))
			stick_touch(&at);
		stick_unlock(&at);
	}
	sample_int(smp, (int64_t)v);
	return has;
}

/* In milliseconds; what is not there gives the default, or no sample. */
static bool
c_time(struct sample_ctx *x, const struct arg *a, intptr_t is_idle, struct sample *smp)
{
	struct stick_at at;
	uint64_t us;

	(void)x;
	if (!find(&a[0], smp, false, &at)) {
		if (a[1].type != ARG_INT)
			return false;
		sample_int(smp, a[1].i);
		return true;
	}
	us = is_idle ? stick_idle_us(&at) : stick_left_us(&at);
	stick_unlock(&at);
	sample_int(smp, (int64_t)(us / 1000));
	return true;
}

#define ENTRY(name, args, op, d, help) \
	{ "table_" #name, args, SMP_ANY, SMP_INT, c_entry, STICK_PRIV(0, op, d), help, NULL }
#define DATA(name, d, help)	ENTRY(name, "t", OP_DATA, d, help)

static const struct conv_row converters[] = {
	{ "in_table", "t", SMP_ANY, SMP_BOOL, c_in_table, 0, "whether the key has an entry", NULL },
	DATA(conn_cnt, SD_CONN_CNT, "connections of the key"),
	DATA(conn_cur, SD_CONN_CUR, "connections of the key now"),
	DATA(conn_rate, SD_CONN_RATE, "rate of connections of the key"),
	DATA(sess_cnt, SD_SESS_CNT, "sessions of the key"),
	DATA(sess_rate, SD_SESS_RATE, "rate of sessions of the key"),
	DATA(http_req_cnt, SD_HTTP_REQ_CNT, "requests of the key"),
	DATA(http_req_rate, SD_HTTP_REQ_RATE, "rate of requests of the key"),
	DATA(http_err_cnt, SD_HTTP_ERR_CNT, "errors of the key"),
	DATA(http_err_rate, SD_HTTP_ERR_RATE, "rate of errors of the key"),
	DATA(http_fail_cnt, SD_HTTP_FAIL_CNT, "failures of the key"),
	DATA(http_fail_rate, SD_HTTP_FAIL_RATE, "rate of failures of the key"),
	DATA(bytes_in_rate, SD_BYTES_IN_RATE, "rate of bytes received of the key"),
	DATA(bytes_out_rate, SD_BYTES_OUT_RATE, "rate of bytes sent of the key"),
	DATA(glitch_cnt, SD_GLITCH_CNT, "glitches of the key"),
	DATA(glitch_rate, SD_GLITCH_RATE, "rate of glitches of the key"),
	DATA(server_id, SD_SERVER_ID, "number of the key's server"),
	ENTRY(kbytes_in, "t", OP_KBYTES, SD_BYTES_IN_CNT, "kilobytes received of the key"),
	ENTRY(kbytes_out, "t", OP_KBYTES, SD_BYTES_OUT_CNT, "kilobytes sent of the key"),
	ENTRY(gpc0, "t", OP_GPC0, 0, "gpc0 of the key"),
	ENTRY(gpc1, "t", OP_GPC1, 0, "gpc1 of the key"),
	ENTRY(gpc0_rate, "t", OP_GPC0_RATE, 0, "rate of gpc0 of the key"),
	ENTRY(gpc1_rate, "t", OP_GPC1_RATE, 0, "rate of gpc1 of the key"),
	ENTRY(gpt0, "t", OP_GPT0, 0, "gpt0 of the key"),
	ENTRY(gpc, "it", OP_DATA, SD_GPC, "an element of gpc of the key"),
	ENTRY(gpc_rate, "it", OP_DATA, SD_GPC_RATE, "rate of an element of gpc of the key"),
	ENTRY(gpt, "it", OP_DATA, SD_GPT, "an element of gpt of the key"),
	ENTRY(inc_gpc0, "t", OP_INC_GPC0, 0, "adds 1 to gpc0 of the key"),
	ENTRY(inc_gpc1, "t", OP_INC_GPC1, 0, "adds 1 to gpc1 of the key"),
	ENTRY(inc_gpc, "it", OP_INC_GPC, 0, "adds 1 to an element of gpc of the key"),
	ENTRY(clr_gpc0, "t", OP_CLR_GPC0, 0, "clears gpc0 of the key"),
	ENTRY(clr_gpc1, "t", OP_CLR_GPC1, 0, "clears gpc1 of the key"),
	ENTRY(clr_gpc, "it", OP_CLR_GPC, 0, "clears an element of gpc of the key"),
	ENTRY(trackers, "t", OP_TRACKERS, 0, "holders of the key's entry"),
	{ "table_expire", "t|i", SMP_ANY, SMP_INT, c_time, 0,
	    "time until the entry expires", NULL },
	{ "table_idle", "t|i", SMP_ANY, SMP_INT, c_time, 1,
	    "time since the entry's last use", NULL },
	{ .name = NULL }
};

const struct module mod_conv_stick = {
	.name = "conv_stick",
	.converters = converters,
};
