/* SPDX-License-Identifier: BSD-2-Clause */
/* config_hide.c: secrets are not shown, all else is as it was. */
#include <string.h>

#include "base/magic.h"
#include "base/out.h"
#include "ctl/config_hide.h"
#include "tap.h"

static const struct {
	const char	*text, *want;
} rows[] = {
	{ "", "" },
	{ "global\n\tdaemon\n", "global\n\tdaemon\n" },
	{ "  user a password $5$x", "  user a password <hidden>" },
	{ "user a insecure-password 'b c' groups x\n",
	  "user a insecure-password <hidden> groups x\n" },
	{ "user a insecure-password b\\ c groups x\n",
	  "user a insecure-password <hidden> groups x\n" },
	{ "user a \"pass\"word b", "user a \"pass\"word <hidden>" },
	{ "#user a password b", "#user a password <hidden>" },
	{ "user a # password b c", "user a # password <hidden> c" },
	{ "stats auth admin:secret", "stats auth admin:<hidden>" },
	{ "stats auth secret", "stats auth <hidden>" },
	{ "http-request auth realm x", "http-request auth realm x" },
	{ "password-file /etc/x", "password-file /etc/x" },
	{ "setenv MY_TOKEN abc", "setenv MY_TOKEN <hidden>" },
	{ "presetenv ApiKey abc", "presetenv ApiKey <hidden>" },
	{ "setenv REGION us", "setenv REGION us" },
	{ "dynamic-cookie-key k", "dynamic-cookie-key <hidden>" },
	{ "http-request set-header authorization \"Bearer x\" if a",
	  "http-request set-header authorization <hidden> if a" },
	{ "url https://u:p@h/x", "url https://u:<hidden>@h/x" },
	{ "url \"https://u:p@h/x\" y", "url \"https://u:<hidden>@h/x\" y" },
	{ "url https://h/x:y@z", "url https://h/x:y@z" },
	{ "url https://u@h/", "url https://u@h/" },
	{ "password", "password" },
	{ "password \"open", "password <hidden>" },
	{ "a\r\nb \\", "a\r\nb \\" },
	{ "password x\r\n", "password <hidden>\r\n" },
};

int
main(void)
{
	struct outbuf b;

	for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
		outbuf_init(&b, 0);
		outbuf_z(&b, "");
		config_hide(&b, rows[i].text, strlen(rows[i].text));
		is_str(b.data != NULL ? b.data : "", rows[i].want);
		outbuf_fini(&b);
	}
	return tap_done();
}
