/* SPDX-License-Identifier: BSD-2-Clause */
/* Targets and authorities: RFC 3986, RFC 9112 section 3.2. Strict checks only. */
#ifndef WEIR_HTTP_URI_H
#define WEIR_HTTP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* any thread */
/* host[:port], [v6][:port]; no userinfo, no comma. *ret_port 0 when absent. */
bool	uri_authority_is_valid(struct str s, struct str *ret_host, uint32_t *ret_port);
/* Equal for routing: host case ignored, default_port = absent port. */
bool	uri_authority_eq(struct str a, struct str b, uint32_t default_port);
/* value of name= in a query string (delimiter &), or STR_NONE */
struct str uri_query_param(struct str query, struct str name);

#endif
