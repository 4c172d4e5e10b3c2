/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines of statsd, and what a node_exporter tells. */
#include <stdio.h>
#include <string.h>

#include "base/module.h"
#include "ctl/node_exporter.h"
#include "ctl/statsd.h"
#include "tap.h"

const struct module *const modules[] = { NULL };

/* "name|unit|n/sum/min/max|dim=value", or "-" */
static const char *
statsd(const char *text)
{
	static char line[256], out[256];
	struct statsd_value s;
	size_t n;

	snprintf(line, sizeof line, "%s", text);
	if (!statsd_parse(line, &s))
		return "-";
	n = (size_t)snprintf(out, sizeof out, "%s|%s|%g/%g/%g/%g", s.key.name, s.key.unit, s.v.n,
	    s.v.sum, s.v.min, s.v.max);
	for (unsigned i = 0; i < s.key.ndims; i++)
		n += (size_t)snprintf(out + n, sizeof out - n, "|%s=%s", s.key.dims[i].name,
		    s.key.dims[i].value);
	return out;
}

static void
test_statsd(void)
{
	static const char *const table[][2] = {
		{ "jobs:3|c", "jobs|Count|1/3/3/3" },
		{ "jobs:1|c|@0.1", "jobs|Count|10/10/1/1" },
		{ "took:250|ms", "took|Milliseconds|1/250/250/250" },
		{ "depth:-", "-" }, { "depth:7.5|g", "depth|None|1/7.5/7.5/7.5" },
		{ "depth:+1|g", "-" }, { "users:bob|s", "-" }, { "users:1|s", "-" },
		{ "a:1|h|#env:prod,zone:z1", "a|None|1/1/1/1|env=prod|zone=z1" },
		{ "a:1|c|#on", "a|Count|1/1/1/1|on=true" },
		{ "a:1|c|@0.5|#k:v", "a|Count|2/2/1/1|k=v" },
		{ "a:1", "-" }, { "a", "-" }, { ":1|c", "-" }, { "a:x|c", "-" }, { "a:nan|g", "-" },
		{ "a:1|c|@0", "-" }, { "a:1|c|@2", "-" }, { "a:1|c|x", "-" }, { "a:1|c|#", "-" },
		{ "", "-" }, { "a:1|", "-" }, { "a:inf|c", "-" },
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		tap_is_str(statsd(table[i][0]), table[i][1], TAP_HERE, table[i][0]);
}

static void
test_node(void)
{
	static const char text[] =
	    "# HELP node_cpu_seconds_total Seconds the CPUs spent in each mode.\n"
	    "# TYPE node_cpu_seconds_total counter\n"
	    "node_cpu_seconds_total{cpu=\"0\",mode=\"idle\"} 1.5e+02\n"
	    "node_cpu_seconds_total{cpu=\"0\",mode=\"user\"} 40\n"
	    "node_cpu_seconds_total{cpu=\"1\",mode=\"idle\"} 100\n"
	    "node_cpu_seconds_total{cpu=\"1\",mode=\"system\"} 10 1395066363000\n"
	    "node_memory_MemTotal_bytes 8e+09\n"
	    "node_memory_MemAvailable_bytes 6e+09\n"
	    "node_network_receive_bytes_total{device=\"eth0\"} 100\n"
	    "node_network_receive_bytes_total{device=\"eth1\"} 11\n"
	    "node_network_receive_bytes_total{device=\"lo\"} 5000\n"
	    "node_network_transmit_packets_total{device=\"eth0\"} 7\n"
	    "node_disk_read_bytes_total{device=\"s}d a\"} 4096\n"
	    "node_disk_reads_completed_total{device=\"sda\"} NaN\n"
	    "node_disk_writes_completed_total{device=\"sda\" 4\n"
	    "process_cpu_seconds_total 3\n";
	struct node_totals t;

	ok(node_parse(text, &t));
	ok(t.cpu_all_s == 300 && t.cpu_busy_s == 50);
	ok(t.memory == 8e9 && t.memory_free == 6e9);
	ok(t.net_in == 111 && t.packets_out == 7 && t.net_out == 0);
	ok(t.disk_read == 4096 && t.disk_reads == 0 && t.disk_writes == 0);
	ok(!node_parse("process_cpu_seconds_total 3\n", &t));
	ok(!node_parse("", &t));
	ok(!node_parse("\n\n#\nnode_cpu_seconds_total", &t));
}

int
main(void)
{
	test_statsd();
	test_node();
	return tap_done();
}
