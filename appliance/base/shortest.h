/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values that were kept as float: the number that was meant, without the digits that
 * come when a float is read as a double (0.2f is 0.20000000298...).
 */
#ifndef WEIR_BASE_SHORTEST_H
#define WEIR_BASE_SHORTEST_H

/* any thread */
/* The double nearest to the shortest decimal that reads back as f. */
double	double_of_float(float f);

#endif
