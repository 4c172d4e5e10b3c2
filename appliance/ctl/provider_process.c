/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The provider `process`: an instance is a process on this machine, with a port of
 * 127.0.0.1 of its own, which its command is told by {port} or WEIR_PORT. The default
 * one, so that all of a scaling group runs on one machine.
 *
 * Thread: control; parsing: the one that loads.
 */
#include <stdio.h>

#include "base/diag.h"
#include "base/module.h"
#include "cfg/field.h"
#include "ctl/provider_child.h"

static const struct child_kind kind = { .place = provider_child_port };

static int
settle(struct cfg *c, struct provider_conf *p)
{
	struct child_settings *s = p->settings;
	struct program *program = &s->program.program;

	s->kind = &kind;
	program->env = provider_child_env;
	program->nenv = provider_child_nenv;
	return provider_program_settle(c, p);
}

const struct provider_type provider_process = {
	.name = "process", .settings_size = sizeof(struct child_settings), .settle = settle,
	PROVIDER_OF_CHILDREN, .files = &provider_child_files,
	.no_stop = "a process that was stopped is gone",
};

/* "20000-20999" */
static int
parse_range(struct cfg *c, const struct kw_row *row, char **args, int nargs)
{
	static const struct provider_type *const types[] = { &provider_process, &provider_qemu };
	struct child_settings *s = provider_settings(c, types, 2);
	unsigned lo = 0, hi = 0;
	int end = 0;

	(void)nargs;
	if (s == NULL)
		return -1;
	if (sscanf(args[0], "%5u-%5u%n", &lo, &hi, &end) != 2 || args[0][end] != '\0' || lo < 1 ||
	    hi > 65535 || lo > hi) {
		diag_error(c->diag, "'%s' expects two ports as 20000-20999, not '%s'.", row->name,
		    args[0]);
		return -1;
	}
	s->lo = (uint16_t)lo;
	s->hi = (uint16_t)hi;
	return 0;
}

static const struct kw_row rows[] = {
	{ "port-range", IN_PROVIDER, KW_OBEYED, 1, 1, 0, parse_range, 0, "<low>-<high>",
	  "process, qemu: ports for its instances; any free ones by default." },
	{ NULL, 0, 0, 0, 0, 0, NULL, 0, NULL, NULL },
};

const struct module mod_provider_process = {
	.name = "provider_process", .cfg = rows, .provider = &provider_process
};
