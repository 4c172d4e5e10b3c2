/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prometheus's text form, the few lines of it that are wanted; see node_exporter.h.
 *
 * any thread
 */
#include "ctl/node_exporter.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

/* Names and the sum that each line of it goes to. */
static const struct node_row {
	const char	*name;
	size_t		 to;		/* a double */
	size_t		 has;		/* a bool */
} rows[] = {
#define ROW(name, member, flag) \
	{ name, offsetof(struct node_totals, member), offsetof(struct node_totals, flag) }
	ROW("node_memory_MemTotal_bytes", memory, has_memory),
	ROW("node_memory_MemAvailable_bytes", memory_free, has_memory),
	ROW("node_network_receive_bytes_total", net_in, has_net),
	ROW("node_network_transmit_bytes_total", net_out, has_net),
	ROW("node_network_receive_packets_total", packets_in, has_net),
	ROW("node_network_transmit_packets_total", packets_out, has_net),
	ROW("node_disk_read_bytes_total", disk_read, has_disk),
	ROW("node_disk_written_bytes_total", disk_write, has_disk),
	ROW("node_disk_reads_completed_total", disk_reads, has_disk),
	ROW("node_disk_writes_completed_total", disk_writes, has_disk),
#undef ROW
};

/* NAME{LABELS} VALUE [TIME]: false, when it is none. */
static bool
split(struct str line, struct str *ret_name, struct str *ret_labels, double *ret_v)
{
	const char *end = line.p + line.len, *p = line.p, *value;
	char number[64], *rest;
	size_t n;

	while (p < end && *p != '{' && *p != ' ' && *p != '\t')
		p++;
	*ret_name = (struct str){ line.p, (size_t)(p - line.p) };
	*ret_labels = STR_NONE;
	if (p < end && *p == '{') {
		const char *close = memrchr(p, '}', (size_t)(end - p));

		if (close == NULL)
			return false;
		*ret_labels = (struct str){ p + 1, (size_t)(close - p - 1) };
		p = close + 1;
	}
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	for (value = p; p < end && *p != ' ' && *p != '\t'; p++)
		;
	n = (size_t)(p - value);
	if (n == 0 || n >= sizeof number)
		return false;
	memcpy(number, value, n);
	number[n] = '\0';
	*ret_v = strtod(number, &rest);
	return *rest == '\0' && isfinite(*ret_v);
}

/* The label is there with this value: `device="lo"`. */
static bool
has_label(struct str labels, const char *text)
{
	return str_find(labels, str_of(text)) != NULL;
}

static void
take(struct str name, struct str labels, double v, struct node_totals *ret)
{
	if (str_is(name, "node_cpu_seconds_total")) {
		ret->has_cpu = true;
		ret->cpu_all_s += v;
		if (!has_label(labels, "mode=\"idle\""))
			ret->cpu_busy_s += v;
		return;
	}
	for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++)
		if (str_is(name, rows[i].name) && !has_label(labels, "device=\"lo\"")) {
			*(double *)(void *)((char *)ret + rows[i].to) += v;
			*((bool *)ret + rows[i].has) = true;
			return;
		}
}

bool
node_parse(const char *text, struct node_totals *ret)
{
	struct str rest = str_of(text), line, name, labels;
	double v;

	memset(ret, 0, sizeof *ret);
	while (str_next_elem(&rest, '\n', &line))
		if (line.p[0] != '#' && str_starts(line, STR("node_")) &&
		    split(line, &name, &labels, &v))
			take(name, labels, v, ret);
	return ret->has_cpu || ret->has_memory || ret->has_net || ret->has_disk;
}
