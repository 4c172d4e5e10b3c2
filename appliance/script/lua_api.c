/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What functions of scripts are given (p of a policy, a of an alarm, t of a termination,
 * n of a notifier), and what is made of what they return.
 *
 * Thread: control, within a call.
 */
#include <lauxlib.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/tz.h"
#include "base/xalloc.h"
#include "ctl/alarm.h"
#include "ctl/group.h"
#include "ctl/instance.h"
#include "ctl/policy_predictive.h"
#include "ctl/trial.h"
#include "script/ask.h"
#include "script/lua_in.h"
#include "script/script_conf.h"
#include "script/unit.h"

#define STATE_BYTES	4096u
#define DECISION	"weir.decision"
#define ZONES		8
#define HOUR_S		3600

struct script_ask *
ask_of(lua_State *L)
{
	const struct vm_call *c = vm_call_of(L);

	return c != NULL ? c->arg : NULL;
}

/* ---- time ---- */

/* Zones that were asked for lately. */
static const struct tz *
zone_of(const char *name)
{
	static struct {
		char name[64];
		struct tz *tz;
	} zones[ZONES];
	static unsigned next;
	struct tz *tz;

	for (unsigned i = 0; i < ZONES; i++)
		if (zones[i].tz != NULL && strcmp(zones[i].name, name) == 0)
			return zones[i].tz;
	if (strlen(name) >= sizeof zones[0].name || (tz = tz_load(name)) == NULL)
		return NULL;
	next = (next + 1) % ZONES;
	tz_free(zones[next].tz);
	zones[next].tz = tz;
	(void)snprintf(zones[next].name, sizeof zones[next].name, "%s", name);
	return tz;
}

static int
ask_date(lua_State *L)
{
	const char *name = luaL_optstring(L, 2, "UTC");
	const struct tz *tz = zone_of(name);
	struct tm tm;

	if (tz == NULL)
		return luaL_error(L, "there is no time zone '%s'", name);
	tz_local(tz, (int64_t)(ask_of(L)->now_us / 1000000), &tm);
	lua_createtable(L, 0, 8);
	set_int(L, "year", tm.tm_year + 1900);
	set_int(L, "month", tm.tm_mon + 1);
	set_int(L, "day", tm.tm_mday);
	set_int(L, "hour", tm.tm_hour);
	set_int(L, "min", tm.tm_min);
	set_int(L, "sec", tm.tm_sec);
	set_int(L, "wday", tm.tm_wday + 1);
	set_int(L, "yday", tm.tm_yday + 1);
	return 1;
}

/* ---- alarms and forecasts ---- */

static bool
alarm_now(const struct alarm *a, struct trial_alarm *ret)
{
	bool has_test = a->conf->source == ALARM_OF_METRIC || a->conf->source == ALARM_OF_MATH;

	*ret = (struct trial_alarm){ a->state, a->since_us, a->has_value, has_test, a->value,
	    a->conf->test.threshold };
	return true;
}

static int
ask_alarm(lua_State *L)
{
	const char *name = luaL_checkstring(L, 2);
	const struct trial_view *view = ask_of(L)->view;
	const struct alarm *a = alarm_find(name);
	struct trial_alarm is;

	if (view != NULL)
		vm_charge(L, 200);
	if (!(view != NULL ? view->alarm(name, &is, view->arg) : a != NULL && alarm_now(a, &is)))
		return 0;
	lua_createtable(L, 0, 5);
	set_text(L, "state", alarm_state_name(is.state));
	set_int(L, "since", (int64_t)(is.since_us / 1000000));
	set_bool(L, "idle", view == NULL && a->is_idle);
	if (is.has_value)
		set_number(L, "value", is.value);
	if (is.has_threshold)
		set_number(L, "threshold", is.threshold);
	vm_readonly(L);
	return 1;
}

/* ---- decisions ---- */

static struct script_decision *
decision_new(lua_State *L, enum script_act act, int reason_idx)
{
	struct script_decision *d = lua_newuserdatauv(L, sizeof *d, 0);

	*d = (struct script_decision){ .act = act };
	luaL_setmetatable(L, DECISION);
	(void)snprintf(d->reason, sizeof d->reason, "%s", luaL_optstring(L, reason_idx, ""));
	return d;
}

static int64_t
check_count(lua_State *L, int idx)
{
	double n = luaL_checknumber(L, idx);

	luaL_argcheck(L, isfinite(n) && fabs(n) <= 1e6 && floor(n) == n, idx,
	    "a whole number is expected");
	return (int64_t)n;
}

static int
ask_set(lua_State *L)
{
	int64_t n = check_count(L, 2);

	luaL_argcheck(L, n >= 0, 2, "a number from 0 on is expected");
	decision_new(L, SCRIPT_SET, 3)->n = n;
	return 1;
}

static int
ask_add(lua_State *L)
{
	int64_t n = check_count(L, 2);

	decision_new(L, SCRIPT_ADD, 3)->n = n;
	return 1;
}

static int
ask_percent(lua_State *L)
{
	int64_t n = check_count(L, 2), min_step = lua_isnoneornil(L, 4) ? 0 : check_count(L, 4);
	struct script_decision *d;

	luaL_argcheck(L, min_step >= 0, 4, "a number from 0 on is expected");
	d = decision_new(L, SCRIPT_PERCENT, 3);
	d->n = n;
	d->min_step = (uint32_t)min_step;
	return 1;
}

static int
ask_hold(lua_State *L)
{
	(void)decision_new(L, SCRIPT_HOLD, 2);
	return 1;
}

const struct script_decision *
ask_decision(lua_State *L, int idx)
{
	return luaL_testudata(L, idx, DECISION);
}

static int
decision_tostring(lua_State *L)
{
	char text[SCRIPT_REASON + 40];

	script_decision_text(luaL_checkudata(L, 1, DECISION), text, sizeof text);
	lua_pushfstring(L, "decision %s", text);
	return 1;
}

static void
open_decisions(lua_State *L)
{
	if (luaL_newmetatable(L, DECISION)) {
		set_function(L, "__tostring", decision_tostring);
		set_bool(L, "__metatable", false);
	}
	lua_pop(L, 1);
}

/* ---- parameters ---- */

/* A word of the configuration as the default's kind of value. */
static void
push_param(lua_State *L, const struct script_param *p, int type)
{
	bool is_true = strcmp(p->value, "true") == 0;

	if (type == LUA_TBOOLEAN) {
		if (!is_true && strcmp(p->value, "false") != 0)
			luaL_error(L, "param %s: true or false, not '%s'", p->key, p->value);
		lua_pushboolean(L, is_true);
	} else if (type == LUA_TSTRING || lua_stringtonumber(L, p->value) == 0) {
		if (type == LUA_TNUMBER)
			luaL_error(L, "param %s: a number, not '%s'", p->key, p->value);
		lua_pushstring(L, p->value);
	}
}

static void
push_params(lua_State *L, const struct script_ask *a)
{
	lua_newtable(L);
	if (a->fn != NULL && a->fn->params != LUA_NOREF) {
		lua_rawgeti(L, LUA_REGISTRYINDEX, a->fn->params);
		for (lua_pushnil(L); lua_next(L, -2); ) {
			lua_pushvalue(L, -2);
			lua_insert(L, -2);
			lua_settable(L, -5);
		}
		lua_pop(L, 1);
	}
	for (const struct script_param *p = a->params; p != NULL; p = p->next) {
		int type = lua_getfield(L, -1, p->key);

		lua_pop(L, 1);
		push_param(L, p, type);
		lua_setfield(L, -2, p->key);
	}
	vm_readonly(L);
}

/* ---- what is kept ---- */

static void
push_state(lua_State *L, struct script_ask *a)
{
	ask_push_json(L, a->kept != NULL ? *a->kept : a->cell != NULL ? unit_cell(a->cell) :
	    NULL);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, a);
}

static void
take_state(lua_State *L, struct script_ask *a)
{
	char *json;

	lua_rawgetp(L, LUA_REGISTRYINDEX, a);
	lua_pushnil(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, a);
	if (a->kept == NULL && (a->cell == NULL || a->is_simulated))
		return;
	if (!lua_istable(L, -1))
		return;
	json = ask_json(L, lua_gettop(L), "state", STATE_BYTES);
	if (a->kept != NULL) {
		free(*a->kept);
		*a->kept = json;
		return;
	}
	if (strcmp(json, "{}") != 0 || unit_cell(a->cell) != NULL)
		unit_cell_set(a->cell, json);
	free(json);
}

/* ---- policies ---- */

/* What policies and alarms have both, into the table at the top. */
static void
set_common(lua_State *L, struct script_ask *a)
{
	set_int(L, "now", (int64_t)(a->now_us / 1000000));
	set_bool(L, "simulated", a->is_simulated);
	set_function(L, "date", ask_date);
	set_function(L, "metric", ask_metric);
	set_function(L, "alarm", ask_alarm);
	push_params(L, a);
	lua_setfield(L, -2, "params");
	push_state(L, a);
	lua_setfield(L, -2, "state");
}

/* Of the policy of that name, or of the group's first one that predicts. */
static int
ask_forecast(lua_State *L)
{
	const char *name = luaL_checkstring(L, 2);
	const struct script_ask *a = ask_of(L);
	int64_t at_s = (int64_t)((a->now_us + script_duration_us(L, 3, "ahead")) / 1000000);
	const struct group *g = group_find(a->group);
	struct forecast_row rows[FORECAST_AHEAD];
	unsigned n = g != NULL ? predictive_rows(g, name, rows) : 0;

	if (n == 0 && g != NULL)
		n = predictive_rows(g, NULL, rows);
	for (unsigned i = 0; i < n; i++) {
		if (!rows[i].load.is_there || at_s < rows[i].t_s || at_s >= rows[i].t_s + HOUR_S)
			continue;
		lua_createtable(L, 0, 3);
		set_number(L, "low", rows[i].load.low);
		set_number(L, "mid", rows[i].load.mid);
		set_number(L, "high", rows[i].load.high);
		return 1;
	}
	return 0;
}

void
ask_push_policy(lua_State *L, struct script_ask *a)
{
	open_decisions(L);
	lua_createtable(L, 0, 16);
	set_common(L, a);
	if (a->reason_prev != NULL && a->reason_prev[0] != '\0')
		set_text(L, "reason_prev", a->reason_prev);
	ask_push_group(L, a);
	lua_setfield(L, -2, "group");
	set_function(L, "forecast", ask_forecast);
	set_function(L, "set", ask_set);
	set_function(L, "add", ask_add);
	set_function(L, "percent", ask_percent);
	set_function(L, "hold", ask_hold);
	vm_readonly(L);
}

static int
push_policy(lua_State *L)
{
	struct script_ask *a = lua_touserdata(L, 1);

	lua_rawgeti(L, LUA_REGISTRYINDEX, a->fn->ref);
	ask_push_policy(L, a);
	return 2;
}

static int
take_policy(lua_State *L)
{
	struct script_ask *a = lua_touserdata(L, 1);
	const struct script_decision *d = ask_decision(L, 2);

	if (d == NULL)
		return luaL_error(L, "%s: no decision", a->fn->name);
	a->decision = *d;
	take_state(L, a);
	return 0;
}

/* ---- alarms ---- */

static int
push_alarm(lua_State *L)
{
	struct script_ask *a = lua_touserdata(L, 1);
	const struct alarm *alarm = alarm_find(a->name);
	struct trial_alarm own;

	lua_rawgeti(L, LUA_REGISTRYINDEX, a->fn->ref);
	lua_createtable(L, 0, 12);
	set_common(L, a);
	set_text(L, "name", a->name);
	if (a->view != NULL || alarm != NULL) {
		if (a->view != NULL)
			own = a->view->own;
		else
			(void)alarm_now(alarm, &own);
		set_text(L, "current", alarm_state_name(own.state));
		set_int(L, "since", (int64_t)(own.since_us / 1000000));
	}
	vm_readonly(L);
	return 2;
}

static int
take_alarm(lua_State *L)
{
	struct script_ask *a = lua_touserdata(L, 1);

	lua_settop(L, 4);
	if (!lua_isnil(L, 2)) {
		const char *state = luaL_checkstring(L, 2);

		if (!alarm_state_named(state, &a->state))
			return luaL_error(L, "%s: '%s' is none of OK, ALARM and "
			    "INSUFFICIENT_DATA", a->fn->name, state);
		(void)snprintf(a->decision.reason, sizeof a->decision.reason, "%s",
		    luaL_optstring(L, 3, ""));
		if (lua_istable(L, 4))
			a->data = ask_json(L, 4, "data", STATE_BYTES);
		a->has_state = true;
	}
	take_state(L, a);
	return 0;
}

/* ---- terminations ---- */

static int
push_termination(lua_State *L)
{
	struct script_ask *a = lua_touserdata(L, 1);
	const struct script_victims *v = a->subject;

	lua_rawgeti(L, LUA_REGISTRYINDEX, a->fn->ref);
	lua_createtable(L, 0, 4);
	set_int(L, "now", (int64_t)(a->now_us / 1000000));
	set_int(L, "count", v->want);
	ask_push_group(L, a);
	lua_setfield(L, -2, "group");
	lua_createtable(L, (int)v->n, 0);
	for (unsigned i = 0; i < v->n; i++) {
		ask_push_instance(L, v->all[i], a->now_us);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
	vm_readonly(L);
	lua_setfield(L, -2, "instances");
	vm_readonly(L);
	return 2;
}

static bool
take_victim(struct script_victims *v, const char *id)
{
	for (unsigned i = 0; i < v->n; i++) {
		if (strcmp(v->all[i]->id, id) != 0)
			continue;
		for (unsigned k = 0; k < v->norder; k++)
			if (v->order[k] == i)
				return false;
		v->order[v->norder++] = i;
		return true;
	}
	return false;
}

static int
take_termination(lua_State *L)
{
	struct script_ask *a = lua_touserdata(L, 1);
	struct script_victims *v = a->subject;

	luaL_checktype(L, 2, LUA_TTABLE);
	for (lua_Integer i = 1; v->norder < v->want; i++) {
		lua_settop(L, 2);
		if (lua_rawgeti(L, 2, i) == LUA_TNIL)
			return luaL_error(L, "%s: fewer than %d instances are named",
			    a->fn->name, (int)v->want);
		if (!take_victim(v, luaL_checkstring(L, 3)))
			return luaL_error(L, "%s: '%s' is no candidate, or named twice",
			    a->fn->name, lua_tostring(L, 3));
	}
	return 0;
}

/* ---- notifiers ---- */

static int
push_notifier(lua_State *L)
{
	struct script_ask *a = lua_touserdata(L, 1);
	const struct script_notice *n = a->subject;

	lua_rawgeti(L, LUA_REGISTRYINDEX, a->fn->ref);
	lua_createtable(L, 0, 5);
	set_text(L, "kind", n->kind);
	set_text(L, "id", n->id);
	set_text(L, "subject", n->subject);
	set_int(L, "now", (int64_t)(a->now_us / 1000000));
	ask_push_json(L, n->json);
	lua_setfield(L, -2, "body");
	vm_readonly(L);
	return 2;
}

static int
take_notifier(lua_State *L)
{
	if (lua_toboolean(L, 2))
		return 0;
	return luaL_error(L, "%s", lua_type(L, 3) == LUA_TSTRING ? lua_tostring(L, 3) :
	    "it did not say true");
}

const lua_CFunction ask_push[SCRIPT_KINDS] = {
	push_policy, push_alarm, push_termination, push_notifier
};
const lua_CFunction ask_take[SCRIPT_KINDS] = {
	take_policy, take_alarm, take_termination, take_notifier
};
