/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Converters of numbers and addresses. Sums and products that overflow stay at
 * the nearest limit, a division by zero gives the largest number, as the manual
 * of the language says.
 */
#include "base/magic.h"
#include "base/module.h"
#include "proxy/rules_in.h"
#include "proxy/vars.h"

static int64_t
add_clamped(int64_t a, int64_t b)
{
	int64_t r;

	if (!__builtin_add_overflow(a, b, &r))
		return r;
	return b > 0 ? INT64_MAX : INT64_MIN;
}

static int64_t
sub_clamped(int64_t a, int64_t b)
{
	int64_t r;

	if (!__builtin_sub_overflow(a, b, &r))
		return r;
	return b < 0 ? INT64_MAX : INT64_MIN;
}

static int64_t
mul_clamped(int64_t a, int64_t b)
{
	int64_t r;

	if (!__builtin_mul_overflow(a, b, &r))
		return r;
	return (a < 0) == (b < 0) ? INT64_MAX : INT64_MIN;
}

static int64_t
div_clamped(int64_t a, int64_t b)
{
	if (b == 0)
		return INT64_MAX;
	if (a == INT64_MIN && b == -1)
		return INT64_MAX;
	return a / b;
}

static int64_t
mod_checked(int64_t a, int64_t b)
{
	if (b == 0)
		return INT64_MAX;
	return b == -1 ? 0 : a % b;
}

static bool
c_arith(struct sample_ctx *x, const struct arg *a, intptr_t op, struct sample *smp)
{
	int64_t v, i = smp->u.i;

	if (!var_or_int(x, &a[0], &v))
		return false;
	switch (op) {
	case '+':
		i = add_clamped(i, v);
		break;
	case '-':
		i = sub_clamped(i, v);
		break;
	case '*':
		i = mul_clamped(i, v);
		break;
	case '/':
		i = div_clamped(i, v);
		break;
	case '%':
		i = mod_checked(i, v);
		break;
	case '&':
		i &= v;
		break;
	case '|':
		i |= v;
		break;
	default:
		i ^= v;
	}
	sample_int(smp, i);
	return true;
}

static bool
c_unary(struct sample_ctx *x, const struct arg *a, intptr_t op, struct sample *smp)
{
	int64_t i = smp->u.i;

	(void)x, (void)a;
	switch (op) {
	case '-':
		sample_int(smp, i == INT64_MIN ? INT64_MAX : -i);
		break;
	case '~':
		sample_int(smp, ~i);
		break;
	case '!':
		sample_bool(smp, i == 0);
		break;
	case 'b':
		sample_bool(smp, i != 0);
		break;
	case 'e':
		sample_bool(smp, (i & 1) == 0);
		break;
	default:
		sample_bool(smp, (i & 1) != 0);
	}
	return true;
}

/* ipmask(mask4[,mask6]): host bits become 0 */
static bool
c_ipmask(struct sample_ctx *x, const struct arg *a, intptr_t priv, struct sample *smp)
{
	unsigned bits6 = a[1].type == ARG_INT ? (unsigned)a[1].i : 128;
	unsigned bits4 = a[0].bits;
	uint32_t m4 = bits4 == 0 ? 0 : __builtin_bswap32(~0u << (32 - bits4));

	(void)x, (void)priv;
	if (smp->type != SMP_IPV4 && smp->type != SMP_IPV6 &&
	    !sample_cast(smp, SMP_IPV4) && !sample_cast(smp, SMP_IPV6))
		return false;
	if (smp->type == SMP_IPV4) {
		smp->u.v4.s_addr &= m4;
		return true;
	}
	if (bits6 > 128)
		return false;
	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = bits6 <= i * 8 ? 0 : bits6 - i * 8;

		if (keep < 8)
			smp->u.v6.s6_addr[i] &= (uint8_t)(0xff00u >> keep);
	}
	return true;
}

static const struct conv_row converters[] = {
	{ "add", "V", SMP_INT, SMP_INT, c_arith, '+', "adds an integer or variable", NULL },
	{ "sub", "V", SMP_INT, SMP_INT, c_arith, '-', "subtracts", NULL },
	{ "mul", "V", SMP_INT, SMP_INT, c_arith, '*', "multiplies", NULL },
	{ "div", "V", SMP_INT, SMP_INT, c_arith, '/', "divides, towards zero", NULL },
	{ "mod", "V", SMP_INT, SMP_INT, c_arith, '%', "remainder of a division", NULL },
	{ "and", "V", SMP_INT, SMP_INT, c_arith, '&', "bitwise and", NULL },
	{ "or", "V", SMP_INT, SMP_INT, c_arith, '|', "bitwise or", NULL },
	{ "xor", "V", SMP_INT, SMP_INT, c_arith, '^', "bitwise exclusive or", NULL },
	{ "neg", "", SMP_INT, SMP_INT, c_unary, '-', "changes the sign", NULL },
	{ "cpl", "", SMP_INT, SMP_INT, c_unary, '~', "all bits inverted", NULL },
	{ "not", "", SMP_INT, SMP_BOOL, c_unary, '!', "true for zero", NULL },
	{ "bool", "", SMP_INT, SMP_BOOL, c_unary, 'b', "true for non-zero", NULL },
	{ "even", "", SMP_INT, SMP_BOOL, c_unary, 'e', "true for even numbers", NULL },
	{ "odd", "", SMP_INT, SMP_BOOL, c_unary, 'o', "true for odd numbers", NULL },
	{ "ipmask", "m|i", SMP_ANY, SMP_ANY, c_ipmask, 0,
	    "masks an address: IPv4 mask, IPv6 prefix", NULL },
	{ NULL, NULL, 0, 0, NULL, 0, NULL, NULL }
};

const struct module mod_conv_math = {
	.name = "conv_math",
	.converters = converters,
};
