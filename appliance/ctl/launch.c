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

#include "base/arena.h"
#include "base/xalloc.h"
#include "ctl/group_keep.h"
#include "ctl/launch_text.h"

struct version {
	struct version	*next;		/* the newest first */
	char		*name;		/* owned */
	uint32_t	 number;
	uint64_t	 digest, age;
	char		*text;		/* owned; NULL: forgotten */
	struct arena	*arena;		/* owned; NULL: nobody has asked for it */
	struct launch_conf *conf;	/* in it */
};

static struct version *versions;
static uint64_t nmade;
static const struct snapshot *in_service;	/* borrowed: the current one */

static struct version *
newest(const char *name)
{
	struct version *v = versions;

	while (v != NULL && strcmp(v->name, name) != 0)
		v = v->next;
	return v;
}

static struct version *
find(const char *name, uint32_t number)
{
	struct version *v = versions;

	while (v != NULL && (v->number != number || strcmp(v->name, name) != 0))
		v = v->next;
	return v;
}

/* What is too far back is known by its number only. */
static void
forget_text(const char *name, uint32_t newest_number)
{
	struct version *v = newest_number > LAUNCH_TEXTS_MAX ?
	    find(name, newest_number - LAUNCH_TEXTS_MAX) : NULL;

	if (v == NULL || v->text == NULL)
		return;
	free(v->text);
	v->text = NULL;
	keep_launch(v->name, v->number, v->digest, v->age, NULL);
}

void
launch_restore(const char *name, uint32_t number, uint64_t digest, const char *text)
{
	struct version *v = xcalloc(1, sizeof *v);

	v->name = xstrdup(name);
	v->number = number;
	v->digest = digest;
	v->age = ++nmade;
	v->text = text[0] != '\0' ? xstrdup(text) : NULL;
	v->next = versions;
	versions = v;
}

uint32_t
launch_version(const struct launch_conf *l)
{
	const struct version *v;
	char *text;

	if (l->version != 0)
		return l->version;
	v = newest(l->object.name);
	if (v != NULL && v->digest == l->object.digest)
		return v->number;
	text = launch_text(l);
	launch_restore(l->object.name, v != NULL ? v->number + 1 : 1, l->object.digest, text);
	v = versions;
	keep_launch(v->name, v->number, v->digest, v->age, text);
	forget_text(v->name, v->number);
	free(text);
	return v->number;
}

uint64_t
launch_age(const char *name, uint32_t number)
{
	const struct version *v = find(name, number);

	return v != NULL ? v->age : 0;
}

/* ---- their content ---- */

static void
look_up(struct launch_conf *l)
{
	l->provider = in_service == NULL ? NULL :
	    object_find(in_service, OBJECT_PROVIDER, l->provider_name);
}

const struct launch_conf *
launch_kept(const char *name, uint32_t number)
{
	struct version *v = find(name, number);

	if (v == NULL || v->conf != NULL || v->text == NULL)
		return v != NULL ? v->conf : NULL;
	v->arena = arena_new();
	v->conf = launch_text_read(name, v->text, v->arena);
	if (v->conf == NULL) {		/* damaged: nobody asks again */
		arena_free(v->arena);
		v->arena = NULL;
		free(v->text);
		v->text = NULL;
		return NULL;
	}
	v->conf->object.digest = v->digest;
	v->conf->version = number;
	look_up(v->conf);
	return v->conf;
}

void
launches_follow(const struct snapshot *s)
{
	in_service = s;
	for (struct version *v = versions; v != NULL; v = v->next)
		if (v->conf != NULL)
			look_up(v->conf);
}

void
launches_free(void)
{
	struct version *v;

	while ((v = versions) != NULL) {
		versions = v->next;
		arena_free(v->arena);
		free(v->text);
		free(v->name);
		free(v);
	}
	nmade = 0;
	in_service = NULL;
}
