/* SPDX-License-Identifier: BSD-2-Clause */
/* What this is, and which HAProxy its language and socket are compatible with. */
#ifndef WEIR_BASE_VERSION_H
#define WEIR_BASE_VERSION_H

#define WEIR_VERSION		"0.1"
#define WEIR_COMPAT		"3.3.0"
#define WEIR_RELEASE_DATE	"2026/11/24"
#define WEIR_FULL_VERSION	WEIR_COMPAT "-weir" WEIR_VERSION

#endif
