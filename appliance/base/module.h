/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A plug-in: one const struct module per file that adds rows, all listed in
 * appliance/registry.c in start order (stop runs backwards). Each member may be
 * NULL; row arrays end with a row whose name is NULL.
 */
#ifndef WEIR_BASE_MODULE_H
#define WEIR_BASE_MODULE_H

struct kw_row;		/* cfg/kw.h: configuration keywords, bind and server options */
struct section_row;	/* cfg/kw.h: sections */
struct cli_row;		/* api/cli.h: commands of the stats socket */
struct fetch_row;	/* proxy/sample.h */
struct conv_row;	/* proxy/sample.h */
struct action_row;	/* proxy/rules.h */
struct alias_row;	/* proxy/logline.h: log-format aliases */
struct lb_algo;		/* proxy/lb.h */
struct check_type;	/* ctl/check.h */
struct provider_type;	/* ctl/provider.h */
struct policy_kind;	/* ctl/policy.h */
struct alarm_kind;	/* ctl/alarm.h */
struct notifier_kind;	/* ctl/notify.h */
struct service_row;	/* proxy/service.h: HTTP services */
struct post_row;	/* cfg/kw.h: checks after parsing */

struct module {
	const char		*name;		/* unique: duplicates abort at start */
	const struct section_row *sections;
	const struct kw_row	*cfg;
	const struct post_row	*post;
	const struct cli_row	*cli;
	const struct fetch_row	*fetches;
	const struct conv_row	*converters;
	const struct action_row	*actions;
	const struct alias_row	*aliases;
	const struct lb_algo	*lb;
	const struct check_type	*check;
	const struct service_row *services;
	const struct provider_type *provider;
	const struct policy_kind *policy_kind;
	const struct alarm_kind	*alarm_kind;
	const struct notifier_kind *notifier_kind;
	int	(*prepare)(void);	/* before parsing: build tables; 0 or -1 (message given) */
	int	(*start)(void);		/* loops exist, threads do not yet */
	void	(*stop)(void);		/* threads are gone */
};

/* NULL-terminated, in start order. Defined in registry.c; tests may define their own. */
extern const struct module *const modules[];

#define MODULE_EACH(m) \
	for (const struct module *const *m##_p = modules, *m; (m = *m##_p) != NULL; m##_p++)

#endif
