/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_NET_HOST_H
#define WEIR_NET_HOST_H

#include <stdbool.h>
#include <sys/socket.h>

/* Control, job threads, start: may block. family: AF_INET, AF_INET6, AF_UNSPEC */
bool	 host_resolve(const char *name, int family, struct sockaddr_storage *ret_ss,
	    socklen_t *ret_len);

#endif
