/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one list of modules, in start order; stop runs backwards. Adding a thing
 * is one new file and one word here.
 */
#include "base/module.h"

#include <stddef.h>

#define MODULES(X) \
	/* the language */ \
	X(cfg_env) \
	/* what proxies are */ \
	X(sections) X(global_cfg) X(proxy_cfg) X(timeout_cfg) X(option_cfg) X(bind_cfg) \
	X(server_cfg) X(resolvers_cfg) X(balance_cfg) X(tls_cfg) X(noeffect_cfg) X(balancer) \
	X(slo) X(stats_cfg) X(later_cfg) \
	X(ring) \
	X(stats_socket) X(vars_cfg) X(be_switch) \
	X(conv_map) \
	/* rules */ \
	X(sample) X(fetch_conn) X(fetch_err) X(fetch_http) X(fetch_hdr) X(fetch_state) \
	X(fetch_tcp) \
	X(stick_cfg) X(peers_cfg) X(fetch_stick) X(conv_stick) X(action_stick) X(stick_keys) \
	X(conv_text) X(conv_math) X(conv_hash) \
	X(acl) X(rules) X(capture) X(stickiness) \
	X(action_header) X(action_line) X(action_set) X(action_end) X(reply) X(service) \
	X(userlist) \
	/* logs */ \
	X(logfield) X(logfield_time) X(logfield_more) X(logfield_elb) X(logline) X(log_target) \
	/* balancing */ \
	X(lb) X(lb_random) X(lb_roundrobin) X(lb_leastconn) X(lb_first) X(lb_hash) X(lb_ewma) \
	/* checks over the whole configuration */ \
	X(proxy_post) X(persist_cfg) X(plain) \
	/* alarms, groups and what they need */ \
	X(transfer) X(place) X(object) X(notifier_cfg) X(notifier_webhook) \
	X(notifier_email) X(notifier_exec) X(notifier_syslog) X(notify) X(outbox) \
	X(provider_cfg) X(files) X(file_watch) X(launch_cfg) X(group_cfg) X(provider) \
	X(provider_test) \
	X(policy_parse) X(policy_simple) X(policy_step) X(policy_target) X(policy_predictive) \
	X(qemu_monitor) X(child) X(provider_child) X(provider_program) X(provider_process) \
	X(provider_netns) X(provider_exec) X(provider_ec2) X(provider_qemu) X(file_sync) \
	X(alarm_cfg) X(alarm_check) X(alarm) X(alarm_archive) \
	/* scripts */ \
	X(script_cfg) X(script) X(lua_policy) X(lua_alarm) X(lua_termination) X(lua_notifier) \
	X(unit_archive) \
	/* health checks */ \
	X(check_cfg) X(check_elb) X(agent_cfg) X(policy_cfg) \
	X(agent) X(health) X(cli_agent) \
	/* servers that come and go */ \
	X(resolve) X(archive) X(generation) X(confirm) X(reload) X(state_file) X(state_save) \
	X(scaler) X(group_suspend) X(group) X(group_archive) X(policy) X(schedule) X(hook) \
	X(refresh_cfg) X(refresh) X(attach) \
	X(warm_pool) X(cli_resolvers) X(cli_server) \
	/* control and operators */ \
	X(stats_page) X(prom) \
	X(tick) X(statsd) X(cli) X(cli_base) X(cli_pools) X(cli_show_info) X(cli_show_stat) \
	X(cli_show_servers) X(cli_set) X(cli_frontend) X(cli_backend) \
	X(cli_reload) X(cli_config) X(cli_unsaved) X(cli_state) \
	X(cli_stickiness) \
	X(cli_sess) X(cli_process) X(cli_var) X(cli_table) \
	X(cli_history) X(cli_metric) X(cli_metric_put) X(cli_snapshot) X(cli_balancers) \
	X(cli_cookie) \
	X(cli_errors) X(cli_check) \
	X(ssl_store) X(cli_ssl) X(cli_ssl_set) X(cli_ssl_show) X(cli_ssl_list) \
	X(cli_ssl_ocsp) \
	X(cli_events) \
	X(feed) X(audit) X(cli_subscribe) \
	X(cli_map) X(cli_clock) X(cli_notify) X(cli_show_group) X(cli_group) X(cli_instance) \
	X(cli_provider) X(cli_alarm) X(cli_show_alarm) X(cli_alarm_test) \
	X(cli_policy_test) X(cli_policy) X(cli_hook) X(cli_refresh) X(cli_lua) X(cli_file)

#define X(name) extern const struct module mod_##name;
MODULES(X)
#undef X

const struct module *const modules[] = {
#define X(name) &mod_##name,
	MODULES(X)
#undef X
	NULL
};
