/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * p.group: a scaling group as a policy sees it. Its instances are listed when somebody
 * looks at them.
 *
 * Thread: control, within a call.
 */
#include <lauxlib.h>
#include <string.h>

#include "cfg/snapshot.h"
#include "ctl/group.h"
#include "ctl/trial.h"
#include "proxy/balancer.h"
#include "proxy/proxy.h"
#include "script/ask.h"
#include "script/lua_in.h"

void
ask_push_instance(lua_State *L, const struct instance *i, uint64_t now_us)
{
	lua_createtable(L, 0, 10);
	set_text(L, "id", i->id);
	set_text(L, "zone", i->zone);
	set_text(L, "lifecycle", lifecycle_name(i->lifecycle));
	set_text(L, "health", instance_health_name(i));
	set_text(L, "launch_config", i->launch_name);
	set_text(L, "server", i->id);
	set_bool(L, "protected", i->is_protected);
	set_int(L, "in_flight", instance_inflight(i));
	set_int(L, "age", now_us > i->launched_us ?
	    (int64_t)((now_us - i->launched_us) / 1000000) : 0);
	vm_readonly(L);
}

/* __index of the table behind p.group. */
static int
list_instances(lua_State *L)
{
	const char *key = lua_tostring(L, 2);
	const struct group *g;
	lua_Integer n = 0;

	if (key == NULL || strcmp(key, "instances") != 0)
		return 0;
	lua_newtable(L);
	g = group_find(ask_of(L)->group);
	if (g != NULL)
		LIST_EACH(node, &g->instances) {
			ask_push_instance(L, LIST_ITEM(node, struct instance, node),
			    ask_of(L)->now_us);
			lua_rawseti(L, -2, ++n);
		}
	vm_charge(L, (uint64_t)n * 40);
	vm_readonly(L);
	lua_pushvalue(L, -1);
	lua_setfield(L, 1, "instances");
	return 1;
}

static void
push_last_activity(lua_State *L, const struct group *g)
{
	const struct activity *a = activity_last(g->name);

	if (a == NULL)
		return;
	lua_createtable(L, 0, 3);
	set_int(L, "time", (int64_t)(a->start_us / 1000000));
	set_text(L, "status", activity_status_name(a->status));
	set_text(L, "cause", a->cause);
	vm_readonly(L);
	lua_setfield(L, -2, "last_activity");
}

/* In a try instances come and go at once. */
static void
push_simulated(lua_State *L, const struct trial_view *v)
{
	set_int(L, "min", v->min);
	set_int(L, "max", v->max);
	set_int(L, "desired", v->desired);
	set_int(L, "in_service", v->desired);
	set_int(L, "pending", 0);
	set_int(L, "terminating", 0);
	set_int(L, "standby", 0);
	set_int(L, "cooldown_left", v->cooldown_left_s);
	set_bool(L, "busy", false);
}

/* The balancer of its first backend. */
static void
push_balancer(lua_State *L, const struct group *g)
{
	const struct proxy *px = g->conf != NULL && g->conf->nbackends > 0 ?
	    proxy_find(snapshot_current(), g->conf->backends[0], CAP_BACKEND) : NULL;

	if (px != NULL)
		set_text(L, "balancer", balancer_of(px));
}

void
ask_push_group(lua_State *L, struct script_ask *a)
{
	const struct group *g = group_find(a->group);

	lua_createtable(L, 0, 13);
	set_text(L, "name", a->group);
	if (g != NULL)
		push_balancer(L, g);
	if (a->view != NULL) {
		push_simulated(L, a->view);
	} else if (g != NULL) {
		set_int(L, "min", g->min);
		set_int(L, "max", g->max);
		set_int(L, "desired", g->desired);
		set_int(L, "in_service", group_in_service(g));
		set_int(L, "pending", group_pending(g));
		set_int(L, "terminating", group_terminating(g));
		set_int(L, "standby", g->counts[LIFE_STANDBY]);
		set_int(L, "cooldown_left", group_cooldown_left_s(g));
		set_bool(L, "busy", group_is_busy(g));
		push_last_activity(L, g);
	}
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, list_instances);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
	vm_readonly(L);
}
