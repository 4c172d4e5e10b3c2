/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a proxy has nothing of: steps of a transaction that would find nothing to do
 * there are left out. Without this file's post check nothing is left out.
 *
 * Thread: the one that loads.
 */
#include "base/module.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/proxy.h"

static uint8_t
plain_of(const struct proxy *px)
{
	bool is_sticky = px->persist != 0 || px->stick_rules != NULL;
	bool logs_early = (px->set.options & OPT_LOGASAP) && px->log_to != NULL;
	uint8_t plain = 0;

	if (px->rules[RS_TCP_CONTENT] == NULL && px->rules[RS_HTTP_REQUEST] == NULL &&
	    px->set.stats == NULL)
		plain |= PLAIN_REQUEST;
	if (!is_sticky && px->use_servers == NULL)
		plain |= PLAIN_STICK;
	if (px->rules[RS_HTTP_RESPONSE] == NULL)
		plain |= PLAIN_RESPONSE;
	if (!is_sticky && px->rules[RS_HTTP_AFTER] == NULL &&
	    px->set.stickiness_header == NULL && !logs_early)
		plain |= PLAIN_AFTER;
	return plain;
}

static int
post(struct cfg *c)
{
	for (struct proxy *px = c->snap->proxies; px != NULL; px = px->next)
		px->plain = plain_of(px);
	return 0;
}

static const struct post_row posts[] = { { "plain", post }, { 0 } };

const struct module mod_plain = { .name = "plain", .post = posts };
