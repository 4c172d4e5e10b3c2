/* SPDX-License-Identifier: BSD-2-Clause */
/* Users and groups by name, each kept apart, unknown ones refused again. */
#include "base/ident.h"

#include "tap.h"

int
main(void)
{
	uid_t uid = 1;
	gid_t gid = 1;

	ok(ident_user("root", &uid));
	is_u64(uid, 0);
	ok(ident_group("root", &gid));
	is_u64(gid, 0);
	uid = 1;
	ok(ident_user("root", &uid));
	is_u64(uid, 0);
	uid = 7;
	ok(!ident_user("no-such-user", &uid));
	ok(!ident_user("no-such-user", &uid));
	ok(!ident_group("no-such-group", &gid));
	is_u64(uid, 7);
	return tap_done();
}
