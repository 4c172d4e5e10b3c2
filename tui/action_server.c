/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is done to servers, and the guards: a plan that leaves a backend without a
 * usable server, or takes more than half of its weight, is dangerous.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "tui/action_in.h"

/* The server of a target; NULL: told why. */
static struct row *
server_of(const struct making *mk)
{
	const struct target *t = mk->t;
	struct row *r = host_row(t->host, t->px, t->sv);

	if (t->sv[0] == '\0' || (r != NULL && r->type != ROW_SERVER))
		plan_refuse(mk->p, "a server must be chosen, %s is none", t->px);
	else if (r == NULL)
		plan_refuse(mk->p, "%s/%s is gone", t->px, t->sv);
	else
		return r;
	return NULL;
}

/* `backend/server` for a command; owned. */
static bool
server_name(const struct making *mk, char **ret)
{
	char *both = xasprintf("%s/%s", mk->t->px, mk->t->sv);
	bool ok = make_quoted(mk, both, true, ret);

	free(both);
	return ok;
}

/* What `set server state` would have to say to come back to where it is. */
static const char *
admin_state(const struct row *r)
{
	return r->state == ST_MAINT ? "maint" : r->state == ST_DRAIN ? "drain" : "ready";
}

static double
weight_of(const struct row *r)
{
	double w = row_num(r, F_uweight);

	return isnan(w) ? row_num(r, F_weight) : w;
}

/* --- State ---------------------------------------------------------------- */

void
make_state(const struct making *mk)
{
	static const char *const words[] = { "READY", "DRAIN", "MAINT" };
	int i = mk->p->kind == DO_DRAIN ? 1 : mk->p->kind == DO_MAINT ? 2 : 0;
	const char *want = i == 1 ? "drain" : i == 2 ? "maint" : "ready";
	struct row *r = server_of(mk);
	struct order *o;
	char *name;

	if (r == NULL || strcmp(admin_state(r), want) == 0 || !server_name(mk, &name))
		return;
	o = make_order(mk, xasprintf("set server %s state %s", name, want),
	    xasprintf("set server %s state %s", name, admin_state(r)));
	order_change(o, r->word, words[i]);
	if (i == 1) {
		mk->p->offers_maint = true;
		o->then_command = xasprintf("set server %s state maint", name);
	}
	free(name);
}

/* --- Weight --------------------------------------------------------------- */

/* `50`, `50%`, `+10`, `-10` of what it is now; false: none of these. */
static bool
new_weight(const char *text, double now, double *ret, bool *ret_share)
{
	bool is_delta = text[0] == '+' || text[0] == '-';
	char *end;
	double v = strtod(text, &end);

	*ret_share = !is_delta && *end == '%';
	if (end == text || (*end != '\0' && strcmp(end, "%") != 0) || (is_delta && *end == '%'))
		return false;
	*ret = is_delta ? now + v : v;
	if (is_delta)
		*ret = *ret < 0 ? 0 : *ret > 256 ? 256 : *ret;
	return *ret >= 0 && *ret <= (*ret_share ? 100 : 256) && *ret == (double)(int)*ret;
}

void
make_weight(const struct making *mk)
{
	struct row *r = server_of(mk);
	double now = r != NULL ? weight_of(r) : 0, v;
	struct order *o;
	char *name, was[32], will[32];
	bool is_share;

	if (r == NULL)
		return;
	if (!new_weight(mk->p->argument, isnan(now) ? 0 : now, &v, &is_share)) {
		plan_refuse(mk->p, "a weight is 0 to 256, 0%% to 100%%, +N or -N, not %.40s",
		    mk->p->argument);
		return;
	}
	if ((!is_share && v == now) || !server_name(mk, &name))
		return;
	snprintf(was, sizeof(was), "weight %.0f", now);
	snprintf(will, sizeof(will), "weight %.0f%s", v, is_share ? "%" : "");
	o = make_order(mk, xasprintf("set server %s %s", name, will),
	    isnan(now) ? NULL : xasprintf("set server %s %s", name, was));
	order_change(o, isnan(now) ? "?" : was, will);
	free(name);
}

/* --- Sessions, address ---------------------------------------------------- */

void
make_kill(const struct making *mk)
{
	struct row *r = server_of(mk);
	char *name;

	if (r == NULL || !server_name(mk, &name))
		return;
	make_order(mk, xasprintf("shutdown sessions server %s", name), NULL);
	free(name);
}

void
judge_kill(const struct model *m, struct plan *p)
{
	const struct target *t;
	const struct row *r;
	double n, sum = 0;
	unsigned i;

	(void)m;
	for (i = 0; i < p->ntargets; i++) {
		t = &p->targets[i];
		r = host_row(t->host, t->px, t->sv);
		n = r != NULL ? row_num(r, F_scur) : NAN;
		sum += isnan(n) ? 0 : n;
	}
	plan_effect(p, "ends %.0f session%s at once", sum, sum == 1 ? "" : "s");
}

/* `10.0.0.5` or `10.0.0.5:8080` or `[::1]:80`. */
static char *
address_words(const char *text)
{
	const char *colon = strrchr(text, ':');
	bool is_plain6 = text[0] != '[' && colon != NULL && strchr(text, ':') != colon;

	if (colon == NULL || is_plain6)
		return xasprintf("addr %s", text);
	if (text[0] == '[' && colon > text && colon[-1] == ']')
		return xasprintf("addr %.*s port %s", (int)(colon - text - 2), text + 1, colon + 1);
	return xasprintf("addr %.*s port %s", (int)(colon - text), text, colon + 1);
}

void
make_addr(const struct making *mk)
{
	struct row *r = server_of(mk);
	const char *was = r != NULL ? row_text(r, F_addr) : "";
	char *name, *to, *from;
	struct order *o;

	if (r == NULL || strcmp(was, mk->p->argument) == 0)
		return;
	if (mk->p->argument[0] == '\0' ||
	    strspn(mk->p->argument, "0123456789abcdefABCDEF.:[]") != strlen(mk->p->argument)) {
		plan_refuse(mk->p, "an address is 10.0.0.5, 10.0.0.5:8080 or [::1]:80");
		return;
	}
	if (!server_name(mk, &name))
		return;
	to = address_words(mk->p->argument);
	from = *was != '\0' ? address_words(was) : NULL;
	o = make_order(mk, xasprintf("set server %s %s", name, to),
	    from != NULL ? xasprintf("set server %s %s", name, from) : NULL);
	order_change(o, *was != '\0' ? was : "?", mk->p->argument);
	free(name);
	free(to);
	free(from);
}

/* --- Guards --------------------------------------------------------------- */

/* A backend before and after. */
struct loss {
	unsigned usable, left;
	double	 weight, weight_left, sessions;
};

static bool
is_usable(const struct row *r)
{
	double w = weight_of(r);

	return (r->state == ST_OK || r->state == ST_DEGRADED) && (isnan(w) || w > 0) &&
	    strncmp(r->word, "DOWN", 4) != 0 && strncmp(r->word, "NOLB", 4) != 0;
}

static const struct target *
target_of(const struct plan *p, const struct row *r)
{
	unsigned i;

	for (i = 0; i < p->ntargets; i++)
		if (p->targets[i].host == r->host && strcmp(p->targets[i].px, r->px) == 0 &&
		    strcmp(p->targets[i].sv, r->sv) == 0)
			return &p->targets[i];
	return NULL;
}

/* The weight that a server keeps. */
static double
weight_kept(const struct plan *p, const struct row *r, double weight)
{
	double v = 0;
	bool is_share;

	if (target_of(p, r) == NULL || p->kind == DO_READY)
		return weight;
	if (p->kind != DO_WEIGHT || !new_weight(p->argument, weight, &v, &is_share))
		return 0;
	return is_share ? weight * v / 100 : v;
}

static void
measure(const struct plan *p, const struct target *t, struct loss *l)
{
	const struct row *r = NULL;
	double w, kept, n;

	*l = (struct loss){ 0 };
	while ((r = host_next_server(t->host, t->px, r)) != NULL) {
		n = row_num(r, F_scur);
		if (target_of(p, r) != NULL && !isnan(n))
			l->sessions += n;
		if (!is_usable(r))
			continue;
		w = weight_of(r);
		w = isnan(w) ? 1 : w;
		kept = weight_kept(p, r, w);
		l->usable++;
		l->left += kept > 0;
		if (row_num(r, F_bck) == 1)
			continue;		/* a backup is no capacity */
		l->weight += w;
		l->weight_left += kept;
	}
}

static void
judge_backend(struct plan *p, const struct target *t)
{
	struct loss l;
	double share;

	measure(p, t, &l);
	share = l.weight > 0 ? 100 * l.weight_left / l.weight : 100;
	if (l.left == 0 && l.usable > 0)
		plan_effect(p, "%s is left without a usable server", t->px);
	else if (l.usable != l.left || share < 100)
		plan_effect(p, "%s keeps %u of %u usable servers, %.0f %% of its weight", t->px,
		    l.left, l.usable, share);
	if (p->kind == DO_DRAIN || p->kind == DO_MAINT)
		plan_effect(p, "%.0f session%s under way", l.sessions, l.sessions == 1 ? "" : "s");
	if ((l.left == 0 && l.usable > 0) || share < 50)
		plan_endanger(p, t->px);
}

void
judge_servers(const struct model *m, struct plan *p)
{
	const struct target *t;
	unsigned i, k;

	(void)m;
	if (p->kind == DO_READY) {
		plan_effect(p, "takes new users again once its checks pass");
		return;
	}
	for (i = 0; i < p->ntargets; i++) {
		t = &p->targets[i];
		for (k = 0; k < i; k++)
			if (p->targets[k].host == t->host && strcmp(p->targets[k].px, t->px) == 0)
				break;
		if (k == i)
			judge_backend(p, t);
	}
}
