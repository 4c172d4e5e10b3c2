/* SPDX-License-Identifier: BSD-2-Clause */
/* `weir --dump-rows`: every word that weir knows, a line each. */
#ifndef WEIR_ROWS_H
#define WEIR_ROWS_H

/* kind TAB name TAB section TAB obeyed|no-effect|refused TAB text; 0 */
int	rows_dump(void);

#endif
