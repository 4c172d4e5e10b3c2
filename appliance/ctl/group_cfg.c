/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sections `scaling-group`, but for what hangs on them: policies, hooks, schedules,
 * refresh and warm pool have their words beside what they do.
 *
 * Thread: the one that loads.
 */
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/module.h"
#include "cfg/field.h"
#include "ctl/group_conf.h"
#include "ctl/victims.h"
#include "proxy/lb.h"
#include "proxy/proxy.h"

#define SECONDS(n)	((uint64_t)(n) * 1000000)
#define GROUPS_MAX	500u

static int
open_section(struct cfg *c, char **args, int nargs)
{
	struct group_conf *g = object_open(c, OBJECT_GROUP, sizeof *g, args, nargs);

	if (g == NULL)
		return -1;
	g->cooldown_us = g->boot_timeout_us = g->drain_us = SECONDS(300);
	g->max_replace_pct = 33;
	return 0;
}

/* ---- words ---- */

static int
parse_field(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	return cfg_set(c, row, c->object, args, nargs);
}

static int
parse_size(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct group_conf *g = group_conf_of(c);
	uint64_t min, max, desired;

	(void)row;
	if (cfg_uint(c, "size", args[0], 0, GROUP_SIZE_MAX, &min) == -1 ||
	    cfg_uint(c, "size", args[1], 0, GROUP_SIZE_MAX, &max) == -1)
		return -1;
	desired = min;
	if (nargs > 2 && (nargs != 4 || strcmp(args[2], "desired") != 0)) {
		diag_error(c->diag, "'size' expects <min> <max> [desired <n>].");
		return -1;
	}
	if (nargs > 2 && cfg_uint(c, "desired", args[3], 0, GROUP_SIZE_MAX, &desired) == -1)
		return -1;
	if (min > max || desired < min || desired > max) {
		diag_error(c->diag, "'size': min %" PRIu64 " <= desired %" PRIu64 " <= max %"
		    PRIu64 " does not hold.", min, desired, max);
		return -1;
	}
	g->min = (uint32_t)min;
	g->max = (uint32_t)max;
	g->desired = (uint32_t)desired;
	g->has_size = true;
	return 0;
}

/* Rows of names: the member they go to, and how many there may be. */
struct names_field {
	size_t		 at, n_at;
	unsigned	 max;
};

#define NAMES(member, limit) \
	((intptr_t)&(const struct names_field){ offsetof(struct group_conf, member), \
	offsetof(struct group_conf, n##member), (limit) })

static int
parse_names(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	const struct names_field *f = (const struct names_field *)row->arg;
	char *g = c->object;

	if ((unsigned)nargs > f->max) {
		diag_error(c->diag, "'%s': %d are too many, %u at most.", row->name, nargs, f->max);
		return -1;
	}
	for (int i = 0; i < nargs; i++)
		for (int k = 0; k < i; k++)
			if (strcmp(args[i], args[k]) == 0) {
				diag_error(c->diag, "'%s': '%s' stands there twice.", row->name,
				    args[i]);
				return -1;
			}
	*(char ***)(void *)(g + f->at) = args;
	*(unsigned *)(void *)(g + f->n_at) = (unsigned)nargs;
	return 0;
}

static int
parse_health(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct group_conf *g = group_conf_of(c);

	(void)row;
	if (strcmp(args[0], "elb") == 0)
		g->check = GROUP_CHECK_ELB;
	else if (strcmp(args[0], "ec2") == 0)
		g->check = GROUP_CHECK_EC2;
	else {
		diag_error(c->diag, "'health-check' expects 'ec2' or 'elb', not '%s'.", args[0]);
		return -1;
	}
	if (nargs == 1)
		return 0;
	if (nargs != 3 || strcmp(args[1], "grace") != 0) {
		diag_error(c->diag, "'health-check' expects ec2|elb [grace <time>].");
		return -1;
	}
	return cfg_duration_unit(c, "grace", args[2], &g->grace_us);
}

static const char *
nth_termination(size_t i, void *arg)
{
	(void)arg;
	return victims_policy_name(i);
}

static int
parse_termination(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct group_conf *g = group_conf_of(c);
	const char *near;

	if (nargs == 2 && strcmp(args[0], "lua") == 0) {
		g->termination = arena_calloc(c->arena, 1, sizeof *g->termination);
		g->termination[0] = arena_printf(c->arena, "lua %s", args[1]);
		g->ntermination = 1;
		return 0;
	}
	if ((unsigned)nargs > GROUP_TERMINATION_MAX) {
		diag_error(c->diag, "'%s': %d are too many, %u at most.", row->name, nargs,
		    GROUP_TERMINATION_MAX);
		return -1;
	}
	for (int i = 0; i < nargs; i++) {
		if (victims_policy(args[i]) != VICTIMS_POLICIES)
			continue;
		near = str_nearest(args[i], nth_termination, NULL);
		object_unknown(c, near, "'termination': there is no policy '%s'", args[i]);
		return -1;
	}
	g->termination = args;
	g->ntermination = (unsigned)nargs;
	return 0;
}

/* `on|off` into a bool: the row's arg is its offset. */
static int
parse_on_off(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	bool is_on = strcmp(args[0], "on") == 0;

	(void)nargs;
	if (!is_on && strcmp(args[0], "off") != 0) {
		diag_error(c->diag, "'%s' expects 'on' or 'off', not '%s'.", row->name, args[0]);
		return -1;
	}
	*(bool *)((char *)c->object + row->arg) = is_on;
	return 0;
}

static int
parse_tag(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct group_conf *g = group_conf_of(c);
	struct group_tag *all = arena_calloc(c->arena, g->ntags + 1, sizeof *all);

	(void)row;
	if (nargs == 3 && strcmp(args[2], "propagate") != 0) {
		diag_error(c->diag, "'tag' expects <key> <value> [propagate].");
		return -1;
	}
	if (g->ntags == GROUP_TAGS_MAX) {
		diag_error(c->diag, "'tag': there are %u already.", GROUP_TAGS_MAX);
		return -1;
	}
	for (unsigned i = 0; i < g->ntags; i++)
		if (strcmp(g->tags[i].key, args[0]) == 0) {
			diag_error(c->diag, "'tag': '%s' is there already.", args[0]);
			return -1;
		}
	if (g->ntags > 0)
		memcpy(all, g->tags, g->ntags * sizeof *all);
	all[g->ntags++] = (struct group_tag){ args[0], args[1], nargs == 3 };
	g->tags = all;
	return 0;
}

static int
parse_suspend(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct group_conf *g = group_conf_of(c);
	const char *near;
	struct str bad;
	unsigned bits;

	for (int i = 0; i < nargs; i++) {
		if (!group_process_parse(args[i], &bits, &bad, &near)) {
			object_unknown(c, near, "'%s': there is no process '" STR_FMT "'",
			    row->name, STR_ARG(bad));
			return -1;
		}
		g->suspended |= bits;
	}
	return 0;
}

/* "33%"; the sign may be left out. */
static int
parse_max_replace(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct str word = str_of(args[0]);
	uint64_t pct;

	(void)nargs;
	if (str_ends(word, STR("%")))
		word.len--;
	if (!str_to_u64(word, &pct) || pct < 1 || pct > 100) {
		diag_error(c->diag, "'%s' expects a percentage from 1%% to 100%%, not '%s'.",
		    row->name, args[0]);
		return -1;
	}
	group_conf_of(c)->max_replace_pct = (unsigned)pct;
	return 0;
}

static int
parse_max_change(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct group_conf *g = group_conf_of(c);
	uint64_t n, us;

	(void)nargs;
	if (strcmp(args[1], "per") != 0) {
		diag_error(c->diag, "'%s' expects <n> per <time>.", row->name);
		return -1;
	}
	if (cfg_uint(c, row->name, args[0], 1, GROUP_SIZE_MAX, &n) == -1 ||
	    cfg_duration_unit(c, row->name, args[2], &us) == -1)
		return -1;
	g->max_change = (uint32_t)n;
	g->max_change_us = us;
	return 0;
}

/* One word out of a list, which is its number. */
static int
word_of(struct cfg *c, const struct kw_row *row, const char *word, const char *const *words)
{
	for (int i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	diag_error(c->diag, "'%s' expects %s, not '%s'.", row->name, row->syntax, word);
	return -1;
}

static int
parse_on_remove(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const words[] = { "refuse", "keep", "terminate", NULL };
	int i = word_of(c, row, args[0], words);

	(void)nargs;
	if (i >= 0)
		group_conf_of(c)->on_remove = (enum group_on_remove)i;
	return i >= 0 ? 0 : -1;
}

static int
parse_on_change(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const char *const words[] = { "keep", "refresh", NULL };
	int i = word_of(c, row, args[0], words);

	(void)nargs;
	if (i >= 0)
		group_conf_of(c)->refreshes_on_change = i == 1;
	return i >= 0 ? 0 : -1;
}

static int
notify_kinds(struct cfg *c, const char *list, unsigned *ret_bits)
{
	static const char *const names[] = { "launch", "launch-error", "terminate",
	    "terminate-error" };
	struct str rest = str_of(list), word;
	unsigned i;

	*ret_bits = 0;
	while (str_next_elem(&rest, ',', &word)) {
		for (i = 0; i < 4 && !str_is(word, names[i]); i++)
			;
		if (i == 4) {
			diag_error(c->diag, "'notify': '" STR_FMT "' is none of launch, "
			    "launch-error, terminate, terminate-error.", STR_ARG(word));
			return -1;
		}
		*ret_bits |= 1u << i;
	}
	return 0;
}

static int
parse_notify(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	struct group_conf *g = group_conf_of(c);
	struct group_notify *all = arena_calloc(c->arena, g->nnotify + 1, sizeof *all);
	unsigned bits, more;

	if (notify_kinds(c, args[1], &bits) == -1)
		return -1;
	for (int i = 2; i < nargs; i++) {
		if (notify_kinds(c, args[i], &more) == -1)
			return -1;
		bits |= more;
	}
	if (g->nnotify == GROUP_NOTIFY_MAX) {
		diag_error(c->diag, "'%s': there are %u already.", row->name, GROUP_NOTIFY_MAX);
		return -1;
	}
	if (g->nnotify > 0)
		memcpy(all, g->notify, g->nnotify * sizeof *all);
	all[g->nnotify++] = (struct group_notify){ args[0], bits };
	g->notify = all;
	return 0;
}

/* ---- when all was read ---- */

static const char *
nth_backend(size_t i, void *arg)
{
	const struct snapshot *s = arg;

	for (const struct proxy *px = s->proxies; px != NULL; px = px->next)
		if ((px->cap & CAP_BACKEND) && i-- == 0)
			return px->name;
	return NULL;
}

static void
check_backend(struct cfg *c, const struct group_conf *g, const char *name)
{
	struct proxy *px = proxy_find(c->snap, name, CAP_BACKEND);
	const char *near;

	if (px == NULL) {
		near = str_nearest(name, nth_backend, c->snap);
		object_unknown(c, near, "'backend': there is no backend '%s'", name);
	} else if (!lb_is_dynamic(px))
		diag_error(c->diag, "'backend': '%s' uses a non dynamic load balancing method, "
		    "servers cannot come and go.", name);
	else
		px->waits_for_servers |= g->scales_from_zero;
}

static void
check_one(struct cfg *c, struct group_conf *g)
{
	diag_at(c->diag, g->object.file, g->object.line);
	if (!g->has_size)
		diag_error(c->diag, "scaling-group '%s' has no size.", g->object.name);
	if (g->launch_name == NULL)
		diag_error(c->diag, "scaling-group '%s' names no launch-config.", g->object.name);
	else
		g->launch = object_need(c, OBJECT_LAUNCH, "'launch-config'", g->launch_name);
	for (unsigned i = 0; i < g->nbackends; i++)
		check_backend(c, g, g->backends[i]);
	if (g->check == GROUP_CHECK_ELB && g->nbackends == 0)
		diag_error(c->diag, "'health-check elb': scaling-group '%s' has no backend.",
		    g->object.name);
	for (unsigned i = 0; i < g->nnotify; i++)
		if (strncmp(g->notify[i].notifier, "arn:", 4) != 0)
			(void)object_need(c, OBJECT_NOTIFIER, "'notify'", g->notify[i].notifier);
}

static int
check_all(struct cfg *c)
{
	unsigned n = 0;

	OBJECT_EACH(o, c->snap, OBJECT_GROUP) {
		check_one(c, (struct group_conf *)(void *)o);
		if (++n == GROUPS_MAX + 1)
			diag_error(c->diag, "more than %u scaling groups.", GROUPS_MAX);
	}
	diag_at(c->diag, NULL, 0);
	return 0;
}

/* ---- rows ---- */

#define ROW(name, least, most, flags, fn, arg, syntax, help) \
	{ name, IN_GROUP, KW_OBEYED, least, most, flags, fn, arg, syntax, help }
#define TIME(name, member, help, ...) ROW(name, 1, 1, 0, parse_field, \
	CFG_FIELD(CFG_DURATION, struct group_conf, member, ##__VA_ARGS__), "<time>", help)

static const struct kw_row rows[] = {
	ROW("launch-config", 1, 1, 0, parse_field,
	    CFG_FIELD(CFG_TEXT, struct group_conf, launch_name), "<name>",
	    "What its instances are made of."),
	ROW("backend", 1, 1, KW_F_ANY_ARGS, parse_names, NAMES(backends, GROUP_BACKENDS_MAX),
	    "<name>...", "The backends that its instances serve, as servers of their ids."),
	ROW("size", 2, 4, 0, parse_size, 0, "<min> <max> [desired <n>]",
	    "How many instances there may be, and are at first."),
	ROW("zones", 1, 1, KW_F_ANY_ARGS, parse_names, NAMES(zones, GROUP_ZONES_MAX), "<name>...",
	    "Zones that it is spread over; the provider's by default."),
	ROW("subnets", 1, 1, KW_F_ANY_ARGS, parse_names, NAMES(subnets, GROUP_ZONES_MAX),
	    "<id>...", "Subnets: the provider puts an instance into the one of its zone."),
	TIME("default-cooldown", cooldown_us,
	    "Rest after a scaling, where the policy has no other; 300s by default."),
	TIME("default-warmup", warmup_us, "How long a new instance is not counted by policies.",
	    .has = offsetof(struct group_conf, has_warmup)),
	ROW("health-check", 1, 3, 0, parse_health, 0, "ec2|elb [grace <time>]",
	    "Whether the provider's word alone counts (the default), or the backends' too."),
	TIME("boot-timeout", boot_timeout_us,
	    "Time from running to the first passed check; 300s by default.", .min = 1000),
	TIME("drain", drain_us,
	    "Time that an instance's requests have to end when it leaves; 300s by default."),
	TIME("slow-start", slow_start_us, "As slowstart of its servers; the backend's by default.",
	    .has = offsetof(struct group_conf, has_slow_start)),
	ROW("termination", 1, 1, KW_F_ANY_ARGS, parse_termination, 0, "<policy>...|lua <name>",
	    "Who goes first."),
	ROW("protect-new", 1, 1, 0, parse_on_off, offsetof(struct group_conf, protects_new),
	    "on|off", "New instances are protected from scaling in."),
	ROW("tag", 2, 3, 0, parse_tag, 0, "<key> <value> [propagate]",
	    "A tag of the group, and with propagate of its new instances."),
	ROW("suspend", 1, 1, KW_F_ANY_ARGS, parse_suspend, 0, "<process>...",
	    "Processes that are suspended when the group is made."),
	ROW("max-replace", 1, 1, 0, parse_max_replace, 0, "<percent>",
	    "When more are unhealthy at once, replacing pauses; 33% by default."),
	ROW("max-change", 3, 3, 0, parse_max_change, 0, "<n> per <time>",
	    "How many instances policies may add or take away in a time."),
	ROW("on-remove", 1, 1, 0, parse_on_remove, 0, "refuse|keep|terminate",
	    "When a reload forgets the group and it has instances."),
	ROW("on-change", 1, 1, 0, parse_on_change, 0, "keep|refresh",
	    "Instances of an older launch-config stay, or are replaced."),
	ROW("scale-from-zero", 1, 1, 0, parse_on_off,
	    offsetof(struct group_conf, scales_from_zero), "on|off",
	    "Requests that wait at an empty group start its first instance."),
	ROW("notify", 2, 2, KW_F_ANY_ARGS, parse_notify, 0,
	    "<notifier> launch,launch-error,terminate,terminate-error", "Who is told what."),
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

static const struct section_row sections[] = {
	{ "scaling-group", IN_GROUP, open_section, NULL,
	  "Instances of one kind, as many as are needed." },
	{ NULL, 0, NULL, NULL, NULL },
};

static const struct post_row posts[] = { { "scaling-group", check_all }, { NULL, NULL } };

const struct module mod_group_cfg = {
	.name = "group_cfg", .sections = sections, .cfg = rows, .post = posts
};
