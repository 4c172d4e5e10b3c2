/* SPDX-License-Identifier: BSD-2-Clause */
/* Plans: exact commands and inverses, levels, guards, what is refused, what follows. */
#include <stdio.h>
#include <string.h>

#include "tap.h"
#include "tui/rows.h"
#include "tui/ui.h"

#define T0	1795323600000

static struct model *m;
static struct host *h;
static struct plan p;

static const char stat[] =
    "# pxname,svname,scur,status,weight,act,bck,type,addr,uweight,\n"
    "app,a,5,UP,100,1,0,2,10.0.0.1:80,100,\n"
    "app,b,7,UP,100,1,0,2,10.0.0.2:80,100,\n"
    "app,c,1,UP 2/3,50,1,0,2,10.0.0.3:80,50,\n"
    "app,d,0,DOWN,100,1,0,2,10.0.0.4:80,100,\n"
    "app,e,2,DRAIN,100,1,0,2,10.0.0.5:80,100,\n"
    "app,spare,0,UP,1,0,1,2,10.0.0.6:80,1,\n"
    "app,BACKEND,13,UP,250,3,1,1,,250,\n"
    "one,x,3,UP,1,1,0,2,[::1]:80,1,\n"
    "one,BACKEND,3,UP,1,1,0,1,,1,\n"
    "odd;show,s p,0,UP,1,1,0,2,,1,\n";

static const char objects[] =
    "#snapshot v=1 gen=1 since=0 full=1 pid=1 now=1795323600.000\n"
    "#group,name,min,desired,max,inservice,pending,terminating,standby,suspended,last_activity\n"
    "group,web,1,4,8,4,0,0,0,,\n"
    "group,db,0,2,4,2,0,0,0,Launch,\n"
    "#instance,id,group,zone,lifecycle\n"
    "instance,i-1,web,a,InService\ninstance,i-2,web,a,InService\n"
    "instance,i-3,web,b,InService\ninstance,i-4,web,b,Pending\n"
    "#alarm,name,state\n"
    "alarm,HighLatency,ALARM\nalarm,two words,OK\n"
    "#lua,name,kind,version,script\n"
    "lua,decide,policy,7,cpu\nlua,tell,notifier,3,notify\n"
    "#end rows=10\n";

static void
end(void)
{
	if (m != NULL)
		ui_free(m->ui);
	model_free(m);
}

static void
begin(void)
{
	plan_fini(&p);
	end();
	m = model_new();
	m->ui = ui_new();
	m->now_ms = T0;
	h = model_host(m, "lb1");
	h->kind = HOST_WEIR;
	rows_connected(h, T0);
	ok(rows_feed(h, "show snapshot", objects, sizeof(objects) - 1, T0));
	ok(rows_feed(h, "show stat", stat, sizeof(stat) - 1, T0));
	h->level = LEVEL_ADMIN;
}

static void
plan(enum action_kind kind, const char *argument, const char *px, const char *sv)
{
	plan_fini(&p);
	plan_init(&p, kind, argument);
	plan_target(&p, h, px, sv);
	plan_make(m, &p);
}

static void
more(const char *px, const char *sv)
{
	plan_target(&p, h, px, sv);
	plan_make(m, &p);
}

static void
sends(const char *command, const char *inverse, enum action_level level)
{
	if (p.orders.n == 0) {
		fail("%s: refused: %s", command, p.refused);
		return;
	}
	is_str(p.orders.at[0].command, command);
	is_str(p.orders.at[0].inverse, inverse);
	is_int(p.level, level);
}

static void
refuses(const char *why)
{
	is_str(p.refused, why);
	is_int(p.orders.n, 0);
}

static void
test_states(void)
{
	begin();
	plan(DO_DRAIN, "", "app", "a");
	sends("set server app/a state drain", "set server app/a state ready", ASK_HARD);
	is_str(p.effect, "app keeps 3 of 4 usable servers, 60 % of its weight; "
	    "5 sessions under way");
	is_str(p.orders.at[0].before, "UP");
	is_str(p.orders.at[0].after, "DRAIN");
	ok(p.offers_maint);
	is_str(p.orders.at[0].then_command, "set server app/a state maint");
	plan(DO_MAINT, "", "app", "e");
	sends("set server app/e state maint", "set server app/e state drain", ASK_HARD);
	ok(!p.offers_maint);
	plan(DO_READY, "", "app", "e");
	sends("set server app/e state ready", "set server app/e state drain", ASK_SOFT);
	plan(DO_READY, "", "app", "a");
	refuses("nothing to do: ready already");
	plan(DO_DRAIN, "", "app", "gone");
	refuses("app/gone is gone");
	plan(DO_DRAIN, "", "app", "");
	refuses("a server must be chosen, app is none");
	plan(DO_DRAIN, "", "app", "BACKEND");
	refuses("a server must be chosen, app is none");
}

static void
test_guards(void)
{
	begin();
	plan(DO_DRAIN, "", "one", "x");
	is_int(p.level, ASK_DANGEROUS);
	is_str(p.word, "one");
	is_str(p.effect, "one is left without a usable server; 3 sessions under way");
	plan(DO_MAINT, "", "app", "a");
	more("app", "b");
	is_int(p.level, ASK_DANGEROUS);
	is_str(p.word, "app");
	is_str(p.effect, "app keeps 2 of 4 usable servers, 20 % of its weight; "
	    "12 sessions under way");
	is_int(p.orders.n, 2);
	plan(DO_MAINT, "", "app", "d");
	is_int(p.level, ASK_HARD);
	plan(DO_WEIGHT, "0", "one", "x");
	is_int(p.level, ASK_DANGEROUS);
	plan(DO_WEIGHT, "10%", "app", "a");
	is_int(p.level, ASK_SOFT);
	is_str(p.effect, "app keeps 4 of 4 usable servers, 64 % of its weight");
	/* Fresh data decide, not those of the dialog */
	plan(DO_DRAIN, "", "app", "c");
	is_int(p.level, ASK_HARD);
	host_row(h, "app", "a")->state = host_row(h, "app", "b")->state = ST_CRIT;
	plan_make(m, &p);
	is_int(p.level, ASK_DANGEROUS);
}

static void
test_servers(void)
{
	begin();
	plan(DO_WEIGHT, "50", "app", "a");
	sends("set server app/a weight 50", "set server app/a weight 100", ASK_SOFT);
	plan(DO_WEIGHT, "+10", "app", "c");
	sends("set server app/c weight 60", "set server app/c weight 50", ASK_SOFT);
	plan(DO_WEIGHT, "-60", "app", "c");
	sends("set server app/c weight 0", "set server app/c weight 50", ASK_SOFT);
	plan(DO_WEIGHT, "50%", "app", "a");
	sends("set server app/a weight 50%", "set server app/a weight 100", ASK_SOFT);
	plan(DO_WEIGHT, "much", "app", "a");
	refuses("a weight is 0 to 256, 0% to 100%, +N or -N, not much");
	plan(DO_WEIGHT, "257", "app", "a");
	refuses("a weight is 0 to 256, 0% to 100%, +N or -N, not 257");
	plan(DO_WEIGHT, "100", "app", "a");
	refuses("nothing to do: 100 already");
	plan(DO_KILL, "", "app", "b");
	sends("shutdown sessions server app/b", NULL, ASK_HARD);
	is_str(p.effect, "ends 7 sessions at once");
	plan(DO_ADDR, "10.9.9.9:81", "app", "b");
	sends("set server app/b addr 10.9.9.9 port 81",
	    "set server app/b addr 10.0.0.2 port 80", ASK_HARD);
	plan(DO_ADDR, "10.0.0.1;x", "app", "b");
	refuses("an address is 10.0.0.5, 10.0.0.5:8080 or [::1]:80");
	plan(DO_ADDR, "::2", "one", "x");
	sends("set server one/x addr ::2", "set server one/x addr ::1 port 80", ASK_HARD);
	/* Names are no commands */
	plan(DO_KILL, "", "odd;show", "s p");
	sends("shutdown sessions server odd\\;show/s\\ p", NULL, ASK_HARD);
}

static void
test_alarms(void)
{
	begin();
	plan(DO_ACK, "", "HighLatency", "");
	sends("alarm ack HighLatency", "alarm unack HighLatency", ASK_SOFT);
	plan(DO_ACK, "seen; by me", "HighLatency", "");
	sends("alarm ack HighLatency comment seen\\; by me", "alarm unack HighLatency", ASK_SOFT);
	plan(DO_SILENCE, "", "two words", "");
	sends("alarm silence two\\ words for 10m", "alarm unsilence two\\ words", ASK_SOFT);
	plan(DO_SET_STATE, "OK it is fine", "HighLatency", "");
	sends("alarm set-state HighLatency OK reason it is fine",
	    "alarm set-state HighLatency ALARM reason taken back", ASK_HARD);
	plan(DO_SET_STATE, "ALARM reason test", "two words", "");
	sends("alarm set-state two\\ words ALARM reason test",
	    "alarm set-state two\\ words OK reason taken back", ASK_HARD);
	plan(DO_SET_STATE, "GREEN", "HighLatency", "");
	refuses("a state is OK, ALARM or INSUFFICIENT_DATA, then the reason");
	plan(DO_ACK, "", "None", "");
	refuses("the alarm None is gone");
	plan(DO_ALARM_DISABLE, "", "HighLatency", "");
	sends("alarm disable HighLatency", "alarm enable HighLatency", ASK_HARD);
}

static void
test_groups(void)
{
	begin();
	plan(DO_DESIRED, "6", "web", "");
	sends("group set-desired web 6", "group set-desired web 4", ASK_HARD);
	is_str(p.effect, "web launches 2");
	plan(DO_DESIRED, "-1", "web", "");
	sends("group set-desired web 3", "group set-desired web 4", ASK_HARD);
	plan(DO_DESIRED, "1", "web", "");
	is_int(p.level, ASK_DANGEROUS);
	is_str(p.word, "web");
	plan(DO_DESIRED, "0", "db", "");
	is_int(p.level, ASK_DANGEROUS);
	plan(DO_DESIRED, "9", "web", "");
	refuses("web may have 1 to 8 instances, not 9");
	plan(DO_DESIRED, "many", "web", "");
	refuses("a size is a number, +N or -N, not many");
	plan(DO_SUSPEND, "Launch", "web", "");
	sends("group suspend web Launch", "group resume web Launch", ASK_HARD);
	plan(DO_RESUME, "", "db", "");
	sends("group resume db", "group suspend db Launch", ASK_HARD);
	plan(DO_SUSPEND, "Launch;x", "web", "");
	refuses("processes are Launch,Terminate and the like");
	plan(DO_TERMINATE, "", "web", "i-1");
	sends("instance terminate i-1", NULL, ASK_HARD);
	plan(DO_TERMINATE, "decrement", "web", "i-1");
	more("web", "i-2");
	more("web", "i-3");
	is_int(p.level, ASK_DANGEROUS);
	is_str(p.orders.at[1].command, "instance terminate i-2 decrement");
	plan(DO_DETACH, "", "web", "i-4");
	sends("group detach web i-4", "group attach web i-4", ASK_HARD);
	plan(DO_SCALING_PAUSE, "night shift", "", "");
	sends("scaling pause reason night shift", "scaling resume", ASK_HARD);
	plan(DO_POLICY_EXECUTE, "", "web/more", "");
	sends("policy execute web/more", NULL, ASK_HARD);
}

static void
test_lua(void)
{
	begin();
	plan_fini(&p);
	plan_init(&p, DO_LUA_LOAD, "if-version 7 comment less often");
	plan_target(&p, h, "cpu", "");
	p.payload = strdup("return 1\n%E0%\n");
	plan_make(m, &p);
	sends("lua load cpu if-version 7 comment less often <<%E1%\nreturn 1\n%E0%\n%E1%",
	    "lua rollback cpu to 7", ASK_DANGEROUS);
	is_str(p.word, "cpu");
	plan(DO_LUA_ROLL_BACK, "", "notify", "");
	sends("lua rollback notify", "lua rollback notify to 3", ASK_HARD);
	plan(DO_LUA_DISABLE, "", "decide", "");
	sends("lua disable decide", "lua enable decide", ASK_HARD);
	plan(DO_RELOAD, "", "", "");
	sends("reload", NULL, ASK_HARD);
}

/* The policies that groups have. */
static void
policies(const char *rows)
{
	char text[512];

	snprintf(text, sizeof(text), "#snapshot v=1 gen=2 since=1 full=0 pid=7 now=%lld.000\n"
	    "#policy,group,name,type,adjustment\n%s#end rows=2\n", (long long)T0 / 1000, rows);
	ok(rows_feed(h, "show snapshot since 1", text, strlen(text), T0));
	plan(DO_LUA_ROLL_BACK, "", "cpu", "");
}

/* The group whose size a script decides confirms it; the script itself if there are more. */
static void
test_lua_words(void)
{
	begin();
	policies("policy,web,p,Lua,lua decide high=5\npolicy,web,q,simple,change +1\n");
	is_str(p.word, "web");
	ok(strstr(p.effect, "decides the size of web") != NULL);
	policies("policy,web,p,Lua,lua decide high=5\npolicy,web,q,Lua,lua decide\n");
	is_str(p.word, "web");
	policies("policy,web,p,Lua,lua decide\npolicy,db,q,Lua,lua decide\n");
	is_str(p.word, "cpu");
	begin();
	policies("policy,web,p,Lua,lua decider\npolicy,web,q,Lua,lua\n");
	is_str(p.word, "cpu");
}

static void
test_refusals(void)
{
	begin();
	h->level = LEVEL_OPERATOR;
	plan(DO_DRAIN, "", "app", "a");
	refuses("lb1: the socket's level is operator, this needs admin");
	plan(DO_ACK, "", "HighLatency", "");
	sends("alarm ack HighLatency", "alarm unack HighLatency", ASK_SOFT);
	h->kind = HOST_HAPROXY;
	plan(DO_ACK, "", "HighLatency", "");
	refuses("lb1 is no weir");
	h->state = HOST_LOST;
	plan(DO_DRAIN, "", "app", "a");
	refuses("lb1 is not connected");
	m->is_readonly = true;
	plan(DO_DRAIN, "", "app", "a");
	refuses("read-only; : rw lifts it");
	plan(DO_RAW, "set server app/a state drain", "", "");
	refuses("read-only; : rw lifts it");
	plan(DO_ALLOW, "", "", "");
	is_int(p.level, ASK_HARD);
	is_str(p.refused, "");
	plan_send(m, &p);
	ok(!m->is_readonly);
	m->is_replay = true;
	plan(DO_DRAIN, "", "app", "a");
	refuses("this is a recording: nothing can be changed");
	plan_fini(&p);
	plan_init(&p, DO_DRAIN, "");
	plan_make(m, &p);
	refuses("nothing is chosen");
}

static void
test_possible(void)
{
	begin();
	ok(action_is_possible(m, DO_DRAIN));
	ok(action_is_possible(m, DO_ACK));
	ok(action_is_possible(m, DO_NOTHING));
	ok(!action_is_possible(m, DO_ALLOW));
	h->level = LEVEL_OPERATOR;
	ok(!action_is_possible(m, DO_DRAIN));
	ok(action_is_possible(m, DO_ACK));
	h->kind = HOST_HAPROXY;
	ok(!action_is_possible(m, DO_ACK));
	h->level = LEVEL_ADMIN;
	ok(action_is_possible(m, DO_DRAIN));
	m->is_readonly = true;
	ok(!action_is_possible(m, DO_DRAIN));
	ok(action_is_possible(m, DO_ALLOW));
	m->is_hard_readonly = true;
	ok(!action_is_possible(m, DO_ALLOW));
}

static void
test_levels(void)
{
	static const struct { const char *command; enum action_level level; } all[] = {
		{ "show stat", ASK_NOTHING }, { "  get  weight app/a ", ASK_NOTHING },
		{ "show", ASK_NOTHING }, { "", ASK_NOTHING },
		{ "set server app/a state ready", ASK_SOFT },
		{ "set server app/a state drain", ASK_HARD },
		{ "set server app/a addr 10.0.0.1 state ready", ASK_HARD },
		{ "set weight app/a 50", ASK_SOFT }, { "enable server app/a", ASK_SOFT },
		{ "disable server app/a", ASK_HARD }, { "disable frontend www", ASK_DANGEROUS },
		{ "show stat; disable server app/a", ASK_HARD },
		{ "show stat;;group delete web force", ASK_DANGEROUS },
		{ "show table a\\;disable server", ASK_NOTHING },
		{ "@1 disable server app/a", ASK_HARD }, { "@1 show stat", ASK_NOTHING },
		{ "group set-desired web 0", ASK_DANGEROUS },
		{ "group set-desired web 10", ASK_HARD },
		{ "group set-size web min 0 max 3", ASK_DANGEROUS },
		{ "SHOW stat", ASK_HARD }, { "sh\\ow stat", ASK_HARD }, { "quux", ASK_HARD },
		{ "reload check", ASK_NOTHING }, { "reload", ASK_HARD },
		{ "lua eval <<", ASK_NOTHING }, { "lua rollback cpu", ASK_DANGEROUS },
		{ "alarm silence * for 10m", ASK_SOFT }
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ok_named(command_level(all[i].command) == all[i].level, "level of: %s",
		    all[i].command);
}

/* The user's own words are judged like the actions that they are. */
static void
test_raw(void)
{
	begin();
	plan(DO_RAW, "show info", "", "");
	sends("show info", NULL, ASK_NOTHING);
	plan(DO_RAW, "set server app/a state maint", "", "");
	sends("set server app/a state maint", "set server app/a state ready", ASK_HARD);
	plan(DO_RAW, "disable server one/x", "", "");
	sends("disable server one/x", "set server one/x state ready", ASK_DANGEROUS);
	is_str(p.word, "one");
	plan(DO_RAW, "set weight one/x 0", "", "");
	is_int(p.level, ASK_DANGEROUS);
	plan(DO_RAW, "show info; set server one/x state drain", "", "");
	is_int(p.level, ASK_DANGEROUS);
	is_str(p.orders.at[0].inverse, NULL);
	plan(DO_RAW, "disable frontend www", "", "");
	is_int(p.level, ASK_DANGEROUS);
	is_str(p.word, "www");
	plan(DO_RAW, "lua reload", "", "");
	is_str(p.word, "lb1");
}

static void
test_hosts(void)
{
	struct host *other;

	begin();
	other = model_host(m, "lb2");
	rows_connected(other, T0);
	rows_feed(other, "show stat", stat, sizeof(stat) - 1, T0);
	plan(DO_READY, "", "app", "e");
	is_int(p.level, ASK_SOFT);
	plan_target(&p, other, "app", "e");
	plan_make(m, &p);
	is_int(p.level, ASK_DANGEROUS);
	is_str(p.word, "app");
	is_int(p.orders.n, 2);
}

static void
feed_sessions(const char *status, int sessions, int64_t ms)
{
	char text[200];

	snprintf(text, sizeof(text), "# pxname,svname,scur,status,weight,act,bck,type,\n"
	    "app,a,%d,%s,100,1,0,2,\n", sessions, status);
	m->now_ms = ms;
	rows_feed(h, "show stat", text, strlen(text), ms);
	followups_check(m);
}

static void
drain_and_wait(void)
{
	begin();
	plan(DO_DRAIN, "", "app", "a");
	p.then_maint = true;
	plan_send(m, &p);
	is_int(m->ui->orders.n, 1);
	is_int(m->ui->nfollowups, 1);
	orders_clear(&m->ui->orders);
}

static void
test_followups(void)
{
	drain_and_wait();
	followups_check(m);
	is_int(m->ui->orders.n, 0);
	feed_sessions("UP", 5, T0 + 1000);
	feed_sessions("DRAIN", 3, T0 + 2000);
	is_int(m->ui->orders.n, 0);
	is_str(m->ui->message, "app/a: 3 sessions left, then maintenance");
	feed_sessions("DRAIN", 0, T0 + 9000);
	is_int(m->ui->orders.n, 1);
	is_str(m->ui->orders.at[0].command, "set server app/a state maint");
	is_str(m->ui->orders.at[0].inverse, "set server app/a state drain");
	is_int(m->ui->nfollowups, 0);

	drain_and_wait();
	feed_sessions("UP", 0, T0 + 9000);
	is_int(m->ui->orders.n, 0);
	is_int(m->ui->nfollowups, 0);
	is_str(m->ui->message, "app/a drains no more: no maintenance follows");
}

int
main(void)
{
	test_states();
	test_guards();
	test_servers();
	test_alarms();
	test_groups();
	test_lua();
	test_lua_words();
	test_refusals();
	test_possible();
	test_levels();
	test_raw();
	test_hosts();
	test_followups();
	plan_fini(&p);
	end();
	return tap_done();
}
