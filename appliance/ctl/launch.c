/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Versions of launch configurations: one for each content that a name has had since
 * the process started or its state was stored.
 *
 * Thread: control.
 */
#include "ctl/launch.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "ctl/group_keep.h"

struct version {
	struct version	*next;		/* the newest first */
	char		*name;		/* owned */
	uint32_t	 number;
	uint64_t	 digest, age;
};

static struct version *versions;
static uint64_t nmade;

static struct version *
newest(const char *name)
{
	struct version *v = versions;

	while (v != NULL && strcmp(v->name, name) != 0)
		v = v->next;
	return v;
}

void
launch_restore(const char *name, uint32_t number, uint64_t digest)
{
	struct version *v = xcalloc(1, sizeof *v);

	v->name = xstrdup(name);
	v->number = number;
	v->digest = digest;
	v->age = ++nmade;
	v->next = versions;
	versions = v;
}

uint32_t
launch_version(const struct launch_conf *l)
{
	const struct version *v = newest(l->object.name);

	if (v != NULL && v->digest == l->object.digest)
		return v->number;
	launch_restore(l->object.name, v != NULL ? v->number + 1 : 1, l->object.digest);
	keep_launch(versions->name, versions->number, versions->digest, versions->age);
	return versions->number;
}

uint64_t
launch_age(const char *name, uint32_t number)
{
	for (const struct version *v = versions; v != NULL; v = v->next)
		if (v->number == number && strcmp(v->name, name) == 0)
			return v->age;
	return 0;
}

void
launches_free(void)
{
	struct version *v;

	while ((v = versions) != NULL) {
		versions = v->next;
		free(v->name);
		free(v);
	}
	nmade = 0;
}
