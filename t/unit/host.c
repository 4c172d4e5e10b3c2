/* SPDX-License-Identifier: BSD-2-Clause */
/* Addresses of names: families, and failures that leave the result alone. */
#include "net/host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "tap.h"

int
main(void)
{
	struct sockaddr_storage ss;
	socklen_t len = 99;

	memset(&ss, 0, sizeof(ss));
	ok(host_resolve("localhost", AF_INET, &ss, &len));
	is_u64(ss.ss_family, AF_INET);
	is_u64(len, sizeof(struct sockaddr_in));
	is_u64(ntohl(((struct sockaddr_in *)(void *)&ss)->sin_addr.s_addr), 0x7f000001);
	ok(host_resolve("localhost", AF_UNSPEC, &ss, &len));
	len = 99;
	ok(!host_resolve("not a name", AF_INET, &ss, &len));
	is_u64(len, 99);
	return tap_done();
}
