/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/out.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "tui/config.h"
#include "tui/filter.h"
#include "tui/keys.h"
#include "tui/options.h"

#define FILE_MAX	(1u << 20)

/* --- Paths --------------------------------------------------------------- */

/* $VARIABLE/weirtop, or ~/FOLDER/weirtop; its length, 0: there is no home. */
static size_t
own_folder(char *buf, size_t size, const char *variable, const char *folder)
{
	const char *dir = getenv(variable), *home = getenv("HOME");
	int n = 0;

	if (dir != NULL && dir[0] == '/')
		n = snprintf(buf, size, "%s/weirtop", dir);
	else if (home != NULL && home[0] == '/')
		n = snprintf(buf, size, "%s/%s/weirtop", home, folder);
	return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

static bool
make_folders(char *path)
{
	char *p;

	for (p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		(void)mkdir(path, 0700);
		*p = '/';
	}
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

bool
config_state_path(char *buf, size_t size, const char *name, bool makes)
{
	size_t n = own_folder(buf, size, "XDG_STATE_HOME", ".local/state");

	if (n == 0 || n + strlen(name) + 2 > size) {
		errno = ENOENT;
		return false;
	}
	if (makes && !make_folders(buf))
		return false;
	snprintf(buf + n, size - n, "/%s", name);
	return true;
}

/* --- Reading --------------------------------------------------------------- */

/* `key SCREEN ACT = KEYS`; what is wrong, or NULL. */
static const char *
take_key(struct str name, const char *keys)
{
	struct str scope, act;
	char *s, *a;
	const char *why;

	if (!str_next_elem(&name, ' ', &scope) || !str_next_elem(&name, ' ', &act))
		return "expected key SCREEN ACTION = KEYS, as key any drain = D";
	s = xstrndup(scope.p, scope.len);
	a = xstrndup(act.p, act.len);
	why = key_remap(s, a, keys);
	free(s);
	free(a);
	return why;
}

static const char *
take_filter(struct str name, const char *text)
{
	static char err[200];
	struct filter *f = filter_new(text, err, sizeof(err));
	char *z = xstrndup(name.p, name.len);
	bool ok = f != NULL && filter_save(z, text);

	filter_free(f);
	free(z);
	return ok ? NULL : f == NULL ? err : "too many filters, or too long a one";
}

/* One line; value is kept by options. */
static const char *
take_line(struct options *o, struct str name, const char *value)
{
	if (str_starts(name, STR("key ")))
		return take_key((struct str){ name.p + 4, name.len - 4 }, value);
	if (str_starts(name, STR("filter ")))
		return take_filter(str_trim((struct str){ name.p + 7, name.len - 7 }), value);
	return options_set(o, name, value);
}

static const char *
read_line(struct options *o, char *line)
{
	char *eq = strchr(line, '='), *value, *end;
	struct str name;

	line += strspn(line, " \t");
	if (*line == '\0' || *line == '#')
		return NULL;
	if (eq == NULL)
		return "expected NAME = VALUE";
	name = str_trim((struct str){ line, (size_t)(eq - line) });
	value = eq + 1 + strspn(eq + 1, " \t");
	for (end = value + strlen(value); end > value && strchr(" \t\r", end[-1]) != NULL;)
		*--end = '\0';
	return take_line(o, name, value);
}

static void
read_lines(struct options *o, const char *path, char *text)
{
	const char *why;
	char *line;
	int n = 0;

	options_where(path, &n);
	while ((line = strsep(&text, "\n")) != NULL) {
		n++;
		why = read_line(o, line);
		if (why == NULL)
			continue;
		fprintf(stderr, "weirtop: %s:%d: %s\n", path, n, why);
		exit(2);
	}
	options_where(NULL, NULL);
}

void
config_read(struct options *o)
{
	char path[512];
	size_t n = own_folder(path, sizeof(path), "XDG_CONFIG_HOME", ".config"), len;

	if (n == 0 || n + sizeof("/weirtop.conf") > sizeof(path))
		return;
	snprintf(path + n, sizeof(path) - n, "/weirtop.conf");
	o->config = file_read(path, FILE_MAX, &len);
	if (o->config != NULL)
		read_lines(o, path, o->config);
	else if (errno != ENOENT && errno != ENOTDIR) {
		fprintf(stderr, "weirtop: %s: %s\n", path, strerror(errno));
		exit(2);
	}
}

/* --- Filters ------------------------------------------------------------------ */

void
config_read_filters(void)
{
	char path[512], *text, *rest, *line, *eq;
	size_t len;

	if (!config_state_path(path, sizeof(path), "filters", false))
		return;
	rest = text = file_read(path, FILE_MAX, &len);
	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		eq = strchr(line, '=');
		if (eq != NULL)
			(void)take_filter(str_trim((struct str){ line, (size_t)(eq - line) }),
			    eq + 1 + strspn(eq + 1, " "));
	}
	free(text);
}

bool
config_write_filters(void)
{
	const char *name, *text;
	struct outbuf b;
	char path[512];
	unsigned i;
	bool ok;

	if (!config_state_path(path, sizeof(path), "filters", true))
		return false;
	outbuf_init(&b, 0);
	for (i = 0; (name = filter_saved_at(i, &text)) != NULL; i++)
		outbuf_fmt(&b, "%s = %s\n", name, text);
	ok = file_write_atomic(path, b.data, b.len, 0600) == 0;
	outbuf_fini(&b);
	return ok;
}
