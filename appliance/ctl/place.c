/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Region and account; see place.h.
 *
 * Thread: the one that loads; reading: any.
 */
#include "ctl/place.h"

#include <ctype.h>
#include <string.h>

#include "base/diag.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "cfg/snapshot.h"
#include "proxy/global.h"
#include "proxy/proxy.h"

#define ACCOUNT_DIGITS	12u

const char *
place_region(const struct snapshot *s)
{
	return s->global != NULL && s->global->region != NULL ? s->global->region : "us-east-1";
}

const char *
place_account(const struct snapshot *s)
{
	return s->global != NULL && s->global->account_id != NULL ? s->global->account_id :
	    "123456789012";
}

static int
parse_region(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	size_t n = 0;

	(void)row, (void)nargs;
	while (isalnum((unsigned char)args[0][n]) || args[0][n] == '-')
		n++;
	if (n == 0 || args[0][n] != '\0') {
		diag_error(c->diag, "'region' expects a name of letters, digits and '-', but got "
		    "'%s'.", args[0]);
		return -1;
	}
	global_of(c)->region = args[0];
	return 0;
}

static int
parse_account(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	(void)row, (void)nargs;
	if (strlen(args[0]) != ACCOUNT_DIGITS || strspn(args[0], "0123456789") != ACCOUNT_DIGITS) {
		diag_error(c->diag, "'account-id' expects %u digits, but got '%s'.",
		    ACCOUNT_DIGITS, args[0]);
		return -1;
	}
	global_of(c)->account_id = args[0];
	return 0;
}

static const struct kw_row rows[] = {
	{ "region", IN_GLOBAL, KW_OBEYED, 1, 1, 0, parse_region, 0, "<name>",
	    "Region in ARNs of alarms, policies and topics; us-east-1 by default." },
	{ "account-id", IN_GLOBAL, KW_OBEYED, 1, 1, 0, parse_account, 0, "<digits>",
	    "Account in ARNs; 123456789012 by default." },
	{ 0 }
};

const struct module mod_place = { .name = "place", .cfg = rows };
