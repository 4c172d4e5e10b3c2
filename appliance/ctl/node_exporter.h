/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a Prometheus node_exporter tells of a machine, as far as it is a metric of an
 * instance.
 *
 * any thread
 */
#ifndef WEIR_CTL_NODE_EXPORTER_H
#define WEIR_CTL_NODE_EXPORTER_H

#include <stdbool.h>
#include <stddef.h>

/* Totals since the machine started; sums over processors, devices but lo. */
struct node_totals {
	double		 cpu_busy_s, cpu_all_s;
	double		 memory, memory_free;	/* bytes, now */
	double		 net_in, net_out, packets_in, packets_out;
	double		 disk_read, disk_write, disk_reads, disk_writes;
	bool		 has_cpu, has_memory, has_net, has_disk;
};

/* Prometheus's text form, NUL-terminated; false: nothing of it is of use. */
bool	node_parse(const char *text, struct node_totals *ret);

#endif
