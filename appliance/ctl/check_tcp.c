/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The plain check: a connection that comes up (with TLS: its handshake) is
 * enough. It ends with a reset, so that no socket waits in TIME_WAIT on either
 * side. `option tcp-check` without rules is the same.
 *
 * Thread: control.
 */
#include "base/diag.h"
#include "base/module.h"
#include "cfg/kw.h"
#include "ctl/check.h"
#include "net/tls.h"

static void
on_ready(struct check *chk)
{
	check_done(chk, chk->conn.tls != NULL ? CHECK_S_L6OK : CHECK_S_L4OK, 0, NULL);
}

static void
on_io(struct check *chk)
{
	(void)chk;
}

static void
start(struct check *chk)
{
	check_conn_open(chk, on_ready, on_io);
}

static void
cancel(struct check *chk)
{
	check_conn_close(chk, chk->conn.tls == NULL);
}

static int
parse(struct cfg *c, struct check_proxy *cp, char **args, int nargs)
{
	(void)c;
	(void)args;
	(void)nargs;
	cp->names_step = true;
	return 0;
}

const struct check_type check_type_tcp = {
	.name = "tcp", .parse = parse, .start = start, .cancel = cancel,
	.timed_out = check_conn_timed_out,
};

const struct module mod_check_tcp = { .name = "check_tcp", .check = &check_type_tcp };
