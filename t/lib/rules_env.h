/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For units of the rule language: a transaction without connections, its heads
 * made by the real parser, and a configuration loaded by the real rows.
 */
#ifndef WEIR_T_LIB_RULES_ENV_H
#define WEIR_T_LIB_RULES_ENV_H

#define CFG_LOAD_WITH_RULES
#include "cfg_load.h"

#include "base/clock.h"
#include "base/out.h"
#include "http/h1.h"
#include "proxy/logline.h"
#include "proxy/reply.h"
#include "proxy/rules.h"
#include "proxy/session.h"
#include "proxy/txn.h"
#include "proxy/vars.h"

extern const struct module mod_sample, mod_fetch_conn, mod_fetch_http, mod_fetch_hdr,
    mod_fetch_state, mod_fetch_tcp, mod_conv_text, mod_conv_math, mod_conv_hash, mod_acl,
    mod_rules, mod_capture, mod_action_header, mod_action_line, mod_action_set, mod_action_end,
    mod_reply, mod_logfield, mod_logfield_time, mod_logline, mod_log_target;

#define RULE_MODULES \
	&mod_sections, &mod_global_cfg, &mod_proxy_cfg, &mod_timeout_cfg, \
	&mod_option_cfg, &mod_bind_cfg, &mod_server_cfg, &mod_sample, \
	&mod_fetch_conn, &mod_fetch_http, &mod_fetch_hdr, &mod_fetch_state, \
	&mod_fetch_tcp, &mod_conv_text, &mod_conv_math, &mod_conv_hash, &mod_acl, \
	&mod_rules, &mod_capture, &mod_action_header, &mod_action_line, \
	&mod_action_set, &mod_action_end, &mod_reply, &mod_logfield, \
	&mod_logfield_time, &mod_logline, &mod_log_target, &mod_proxy_post

#define ENV_TEXT	16384
#define ENV_FIELDS	128

struct env {
	struct loaded	 cfg;
	struct session	 sess;
	struct txn	 t;
	char		 req_text[ENV_TEXT], res_text[ENV_TEXT], scratch[32768];
	struct http_field req_fields[ENV_FIELDS], res_fields[ENV_FIELDS];
};

static struct env env;

static inline void
env_head(struct http_msg *m, bool is_response, const char *head)
{
	const struct h1_limits lim = { .head_bytes = 16384, .fields = 101 };
	struct h1_parser p;
	size_t used;

	h1_parser_init(&p, is_response);
	if (h1_parse(&p, m, is_response ? &env.t.req : NULL, &lim, head, strlen(head), &used)
	    != H1_DONE)
		tap_diag("head not accepted: %s", head);
}

/* A fresh transaction of frontend fe (may be NULL) with this request. */
static inline void
env_request(struct proxy *fe, const char *head)
{
	vars_free_session(&env.sess);
	memset(&env.sess, 0, sizeof(env.sess));
	memset(&env.t, 0, sizeof(env.t));
	env.sess.conn.fd = -1;
	env.sess.src = (struct ip_port){ .family = AF_INET, .port = 4000,
		.ip.v4.s_addr = htonl(0xc0000207) };		/* 192.0.2.7 */
	env.t.sess = &env.sess;
	env.t.fe = fe;
	env.t.flags = TXN_F_HTTP;
	env.t.scratch = env.scratch;
	env.t.scratch_cap = sizeof(env.scratch);
	memcpy(env.t.term, "--", 2);
	http_msg_init(&env.t.req, env.req_text, ENV_TEXT, env.req_fields, ENV_FIELDS);
	http_msg_init(&env.t.res, env.res_text, ENV_TEXT, env.res_fields, ENV_FIELDS);
	if (head != NULL)
		env_head(&env.t.req, false, head);
}

/* The value that `http-request set-var(txn.v) EXPR` of a loaded section gives. */
static inline const char *
env_var(struct sample_ctx *x, const char *name)
{
	static char buf[4096];
	struct var_name n = { .name = str_of(name), .hash = (uint32_t)str_hash(str_of(name)),
		.scope = VAR_TXN };
	struct sample s;
	struct out o;

	if (!var_get(x, &n, &s))
		return NULL;
	out_init(&o, buf, sizeof(buf) - 1);
	sample_out(&o, &s);
	*o.p = '\0';
	return buf;
}

static inline struct proxy *
env_px(const char *name)
{
	return proxy_find(env.cfg.snap, name, 0);
}

#endif
