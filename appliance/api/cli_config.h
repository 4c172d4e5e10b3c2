/* SPDX-License-Identifier: BSD-2-Clause */
/* What the commands `show config` have in common. */
#ifndef WEIR_API_CLI_CONFIG_H
#define WEIR_API_CLI_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

struct cli;

/* control thread: the words `version N` behind the command; false: they are not there.
 * True with *ret_n 0: after a message. */
bool	cli_config_version(struct cli *c, uint32_t *ret_n);

#endif
