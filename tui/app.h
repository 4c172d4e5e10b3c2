/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program around the model: one event loop with sources or a replay, and a
 * terminal, or text for scripts, or one picture into a file. Each returns the
 * exit status.
 */
#ifndef WEIR_TUI_APP_H
#define WEIR_TUI_APP_H

#include "tui/options.h"

int	app_run(const struct options *o);

#endif
