/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers of users and groups. A name found once is kept for the life of the
 * process: a reload asks again from inside the chroot, where /etc/passwd is not.
 *
 * Thread: any; a mutex guards the list.
 */
#include "base/ident.h"

#include <errno.h>
#include <grp.h>
#include <pthread.h>
#include <pwd.h>
#include <string.h>

#include "base/xalloc.h"

struct ident {
	struct ident	*next;
	char		*name;		/* owned */
	id_t		 id;
	bool		 is_group;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct ident *known;		/* under the lock */

static bool
ask_system(const char *name, bool is_group, id_t *ret_id)
{
	const struct passwd *pw;
	const struct group *gr;

	errno = 0;
	if (is_group) {
		if ((gr = getgrnam(name)) == NULL)
			return false;
		*ret_id = gr->gr_gid;
	} else {
		if ((pw = getpwnam(name)) == NULL)
			return false;
		*ret_id = pw->pw_uid;
	}
	return true;
}

static struct ident *
find(const char *name, bool is_group)
{
	struct ident *i = known;

	while (i != NULL && (i->is_group != is_group || strcmp(i->name, name) != 0))
		i = i->next;
	return i;
}

static bool
lookup(const char *name, bool is_group, id_t *ret_id)
{
	struct ident *i;
	id_t id;

	pthread_mutex_lock(&lock);
	if ((i = find(name, is_group)) == NULL && ask_system(name, is_group, &id)) {
		i = xcalloc(1, sizeof(*i));
		*i = (struct ident){ known, xstrdup(name), id, is_group };
		known = i;
	}
	if (i != NULL)
		*ret_id = i->id;
	pthread_mutex_unlock(&lock);
	return i != NULL;
}

bool
ident_user(const char *name, uid_t *ret_uid)
{
	return lookup(name, false, ret_uid);
}

bool
ident_group(const char *name, gid_t *ret_gid)
{
	return lookup(name, true, ret_gid);
}
