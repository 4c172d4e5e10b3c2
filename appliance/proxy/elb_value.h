/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values of the balancer's own cookie in the ELB manner: ELB_HEX hex digits, the
 * server's name under a keyed hash, the date, and a seal over both. Nobody
 * without the secret can make one that leads to a server he was not sent to. The
 * secret is the process's own, so reloads keep it, or made of a text, which
 * restarts and other balancers may share.
 */
#ifndef WEIR_PROXY_ELB_VALUE_H
#define WEIR_PROXY_ELB_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

#define ELB_SECRET	32	/* bytes */
#define ELB_ID_HEX	64	/* names the server */
#define ELB_DATE_HEX	8
#define ELB_SEAL_HEX	48
#define ELB_HEX		(ELB_ID_HEX + ELB_DATE_HEX + ELB_SEAL_HEX)

/* any thread */
const unsigned char *elb_secret_of_process(void);
void	elb_secret_of_text(struct str text, unsigned char ret[ELB_SECRET]);
void	elb_id(const unsigned char *secret, const char *server, char ret[ELB_ID_HEX]);
/* id has ELB_ID_HEX digits; date: seconds since the epoch. */
void	elb_value_make(const unsigned char *secret, struct str id, uint32_t date,
	    char ret[ELB_HEX]);
bool	elb_value_is_ours(const unsigned char *secret, struct str value);	/* the seal fits */
uint32_t elb_value_date(struct str value);	/* of ELB_HEX digits */

#endif
