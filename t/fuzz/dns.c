/* SPDX-License-Identifier: BSD-2-Clause */
/* DNS answers: any bytes as an answer to each kind of question. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/magic.h"
#include "net/dns_msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
try(const uint8_t *data, size_t size, enum dns_type type)
{
	static struct dns_answer a;

	dns_parse(data, size, "www.example.com", type, &a);
	WEIR_ASSERT(a.n <= DNS_RECORDS && (a.n > 0) == (a.result == DNS_VALID));
	for (unsigned i = 0; i < a.n; i++) {
		WEIR_ASSERT(type == DNS_SRV || a.records[i].ip.family != 0);
		WEIR_ASSERT(strlen(a.records[i].target) < DNS_NAME_BYTES);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size != 0 ? size : 1);	/* reads past the end are seen */

	if (size > 0)
		memcpy(copy, data, size);
	try(copy, size, DNS_A);
	try(copy, size, DNS_AAAA);
	try(copy, size, DNS_SRV);
	(void)dns_id(copy, size);
	free(copy);
	return 0;
}
