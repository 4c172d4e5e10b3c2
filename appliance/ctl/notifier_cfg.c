/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The section `notifier`. Its first line is the type; the words of other types are
 * refused. What must be there is looked at when the section ends, by the type.
 *
 * Thread: the one that loads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/magic.h"
#include "base/module.h"
#include "cfg/field.h"
#include "ctl/notify.h"

#define SECRET_MAX	4096u
#define SECONDS(n)	((uint64_t)(n) * 1000000)

/* A word of one type: which, and the member. */
struct word {
	const char	*type;
	struct cfg_field field;
};

static const struct notifier_kind *
kind_named(const char *name)
{
	MODULE_EACH(m)
		if (m->notifier_kind != NULL && strcmp(m->notifier_kind->name, name) == 0)
			return m->notifier_kind;
	return NULL;
}

static int
open_notifier(struct cfg *c, char **args, int nargs)
{
	struct notifier_conf *n = object_open(c, OBJECT_NOTIFIER, sizeof *n, args, nargs);

	if (n == NULL)
		return -1;
	n->timeout_us = SECONDS(10);
	n->retry_min_us = SECONDS(10);
	n->retry_max_us = SECONDS(600);
	n->retry_for_us = SECONDS(86400);
	n->kinds = UINT32_MAX;
	return 0;
}

static void
close_notifier(struct cfg *c)
{
	struct notifier_conf *n = c->object;

	if (n->kind == NULL)
		diag_error(c->diag, "notifier '%s' has no 'type'.", n->object.name);
	else
		(void)n->kind->settle(c, n);
}

static const char *
nth_kind(size_t i, void *arg)
{
	(void)arg;
	MODULE_EACH(m)
		if (m->notifier_kind != NULL && i-- == 0)
			return m->notifier_kind->name;
	return NULL;
}

/* "webhook, email, syslog" */
static const char *
kind_list(struct cfg *c)
{
	const char *list = "", *name;

	for (size_t i = 0; (name = nth_kind(i, NULL)) != NULL; i++)
		list = arena_printf(c->arena, "%s%s%s", list, i > 0 ? ", " : "", name);
	return list;
}

static int
parse_type(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct notifier_conf *n = c->object;
	const char *near;

	(void)row, (void)nargs;
	n->kind = kind_named(args[0]);
	if (n->kind != NULL)
		return 0;
	near = str_nearest(args[0], nth_kind, NULL);
	diag_error(c->diag, "'type' expects one of %s but got '%s'%s%s%s", kind_list(c), args[0],
	    near != NULL ? ", did you mean '" : "", near != NULL ? near : "",
	    near != NULL ? "'?" : ".");
	return -1;
}

/* False: the word is of another type, told. */
static bool
is_of_type(struct cfg *c, const struct kw_row *row, const char *type)
{
	const struct notifier_conf *n = c->object;

	if (n->kind == NULL)
		diag_error(c->diag, "'%s': 'type' must be the first line of a notifier.",
		    row->name);
	else if (type != NULL && strcmp(type, n->kind->name) != 0)
		diag_error(c->diag, "'%s' is a word of notifiers of type %s, this one is of type "
		    "%s.", row->name, type, n->kind->name);
	else
		return true;
	return false;
}

/* Of those that speak HTTP. */
static int
parse_ca(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct notifier_conf *n = c->object;

	if (!is_of_type(c, row, n->kind != NULL && strcmp(n->kind->name, "lua") == 0 ? "lua" :
	    "webhook"))
		return -1;
	return cfg_set(c, row, n, args, nargs);
}

static int
parse_word(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const struct word *w = (const struct word *)row->arg;
	struct kw_row inner = *row;

	if (!is_of_type(c, row, w->type))
		return -1;
	inner.arg = (intptr_t)&w->field;
	return cfg_set(c, &inner, c->object, args, nargs);
}

static int
parse_format(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const names[] = { "weir", "sns", "alertmanager" };
	struct notifier_conf *n = c->object;

	(void)nargs;
	if (!is_of_type(c, row, "webhook"))
		return -1;
	for (unsigned i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], args[0]) == 0) {
			n->format = (enum notifier_format)i;
			return 0;
		}
	diag_error(c->diag, "'format' expects weir, sns or alertmanager but got '%s'.", args[0]);
	return -1;
}

static int
parse_to(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct notifier_conf *n = c->object;

	if (!is_of_type(c, row, "email"))
		return -1;
	n->to = arena_calloc(c->arena, (size_t)nargs + 1, sizeof *n->to);
	for (int i = 0; i < nargs; i++)
		n->to[i] = args[i];
	return 0;
}

/* retry MIN MAX for D */
static int
parse_retry(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct notifier_conf *n = c->object;

	(void)nargs;
	if (!is_of_type(c, row, NULL) ||
	    cfg_duration_unit(c, "retry", args[0], &n->retry_min_us) != 0 ||
	    cfg_duration_unit(c, "retry", args[1], &n->retry_max_us) != 0)
		return -1;
	if (strcmp(args[2], "for") != 0) {
		diag_error(c->diag, "'retry' expects '<min> <max> for <duration>'; there is '%s' "
		    "where 'for' should be.", args[2]);
		return -1;
	}
	if (cfg_duration_unit(c, "retry", args[3], &n->retry_for_us) != 0)
		return -1;
	if (n->retry_min_us < SECONDS(1) || n->retry_min_us > n->retry_max_us) {
		diag_error(c->diag, "'retry' expects pauses from 1s on, the shortest first.");
		return -1;
	}
	return 0;
}

/* D, or off */
static int
parse_or_off(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct notifier_conf *n = c->object;
	uint64_t *at = (uint64_t *)(void *)((char *)n + row->arg), us = 0;

	(void)nargs;
	if (!is_of_type(c, row, NULL))
		return -1;
	if (strcmp(args[0], "off") != 0 && cfg_duration_unit(c, row->name, args[0], &us) != 0)
		return -1;
	*at = us;
	return 0;
}

static int
parse_send(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct notifier_conf *n = c->object;
	const char *bad;

	(void)nargs;
	if (!is_of_type(c, row, NULL))
		return -1;
	n->kinds = notice_kinds_parse(c, args[0], &bad);
	if (n->kinds != 0)
		return 0;
	diag_error(c->diag, "'send' expects a list of alarm, launch, launch-error, terminate, "
	    "terminate-error, hook, event, test but got '%s'.", bad);
	return -1;
}

/* PATH: the first line of that file, for secrets. */
static int
parse_secret(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const struct word *w = (const struct word *)row->arg;
	char *text, *end;

	(void)nargs;
	if (!is_of_type(c, row, w->type))
		return -1;
	text = file_read(args[0], SECRET_MAX, NULL);
	if (text == NULL || text[strspn(text, "\r\n")] == '\0') {
		diag_error(c->diag, "'%s': cannot read '%s': %s.", row->name, args[0],
		    text == NULL ? strerror(errno) : "it is empty");
		free(text);
		return -1;
	}
	end = text + strcspn(text, "\r\n");
	*(const char **)(void *)((char *)c->object + w->field.at) =
	    arena_strndup(c->arena, text, (size_t)(end - text));
	explicit_bzero(text, strlen(text));
	free(text);
	return 0;
}

#define WORD(type, kind, member, ...) \
	((intptr_t)&(const struct word){ (type), \
	    CFG_MEMBER(kind, struct notifier_conf, member, ##__VA_ARGS__) })
#define OR_OFF(member)	((intptr_t)offsetof(struct notifier_conf, member))

static const struct kw_row rows[] = {
	{ "type", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_type, 0, "webhook|email|exec|syslog|lua",
	  "how it tells; the first line" },
	{ "arn", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_word, WORD(NULL, CFG_TEXT, arn), "<arn>",
	  "it answers to this topic as well" },
	{ "timeout", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_word,
	  WORD(NULL, CFG_DURATION, timeout_us, .min = 100000, .max = SECONDS(300)), "<duration>",
	  "time for one attempt; 10s" },
	{ "retry", IN_NOTIFIER, KW_OBEYED, 4, 4, 0, parse_retry, 0, "<min> <max> for <duration>",
	  "pauses between attempts, and how long in all; 10s 10m for 24h" },
	{ "repeat", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_or_off, OR_OFF(repeat_us),
	  "<duration>|off", "tells again while an alarm lasts; off" },
	{ "group", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_or_off, OR_OFF(group_us),
	  "<duration>|off", "makes one message of what comes within this time; off" },
	{ "send", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_send, 0, "<kind>,...",
	  "what it takes: all by default" },
	{ "url", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_word, WORD("webhook", CFG_TEXT, url),
	  "<url>", "where a webhook is posted to" },
	{ "format", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_format, 0, "weir|sns|alertmanager",
	  "the form of a webhook's body; weir" },
	{ "ca-file", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_ca,
	  CFG_FIELD(CFG_TEXT, struct notifier_conf, ca_file), "<path>",
	  "who signs the certificates of servers that it speaks to" },
	{ "sign-key-file", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_secret,
	  WORD("webhook", CFG_TEXT, sign_key), "<path>",
	  "a key: the body is signed with HMAC-SHA256, in X-Weir-Signature" },
	{ "smtp", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_word, WORD("email", CFG_TEXT, smtp),
	  "<url>", "smtp://host:port or smtps://host:port" },
	{ "from", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_word, WORD("email", CFG_TEXT, from),
	  "<address>", "the sender of mails" },
	{ "function", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_word,
	  WORD("lua", CFG_TEXT, function), "<name>", "of a script of lua-policy" },
	{ "to", IN_NOTIFIER, KW_OBEYED, 1, 32, 0, parse_to, 0, "<address> ...",
	  "who gets mails" },
	{ "user", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_word, WORD("email", CFG_TEXT, user),
	  "<name>", "of the mail server" },
	{ "password-file", IN_NOTIFIER, KW_OBEYED, 1, 1, 0, parse_secret,
	  WORD("email", CFG_TEXT, password), "<path>", "of the mail server's user" },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct section_row sections[] = {
	{ "notifier", IN_NOTIFIER, open_notifier, close_notifier,
	  "tells people or programs what happens" },
	{ NULL, 0, NULL, NULL, NULL },
};

const struct module mod_notifier_cfg = {
	.name = "notifier_cfg", .sections = sections, .cfg = rows
};
