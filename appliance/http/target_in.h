/* SPDX-License-Identifier: BSD-2-Clause */
/* target_in.h: inside the room: which bytes a request target may hold. */
#ifndef WEIR_HTTP_TARGET_IN_H
#define WEIR_HTTP_TARGET_IN_H

#include <stdint.h>

#define TARGET_UNSAFE	1	/* only with accept-unsafe-violations-in-http-request */
#define TARGET_NEVER	2	/* controls, space, DEL, # */

#define HTTP_METHOD_MAX	32

extern const uint8_t http_target_class[256];

#endif
