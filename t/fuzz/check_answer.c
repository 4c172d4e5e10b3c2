/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers to health checks: the first byte chooses the kind of check, the second
 * the size of the pieces in which the rest comes. Whatever it is, each check ends
 * with a result, at the latest by its deadline.
 */
#include <stdint.h>

#include "check_fake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define SERVER "\tserver s 127.0.0.1:1 check\n"

static const char config[] =
    "defaults\n\ttimeout connect 1s\n\ttimeout server 1s\n\ttimeout check 1s\n"
    "backend mysql\n\toption mysql-check\n" SERVER
    "backend login\n\toption mysql-check user u\n" SERVER
    "backend pgsql\n\toption pgsql-check user u\n" SERVER
    "backend ldap\n\toption ldap-check\n" SERVER
    "backend smtp\n\toption smtpchk EHLO a.test\n" SERVER
    "backend redis\n\toption redis-check\n" SERVER
    "backend hello\n\toption ssl-hello-chk\n" SERVER
    "backend tcp\n\toption tcp-check\n\ttcp-check send a\n\ttcp-check expect rstring ^a.*z\n"
    "\ttcp-check set-var(check.a) res.payload(0,4)\n\ttcp-check send-lf %[var(check.a)]\n"
    "\ttcp-check expect min-recv 3 ! binary 0001 on-error \"bad %[res.payload(0,9)]\"\n" SERVER
    "backend http\n\tmode http\n\toption httpchk GET /\n" SERVER
    "backend body\n\tmode http\n\toption httpchk GET /\n\thttp-check expect rstring a.c\n"
    "\thttp-check expect ! string zzz\n" SERVER
    "backend field\n\tmode http\n\toption httpchk\n\thttp-check expect hdr name X-A value one\n"
    "\thttp-check expect fhdr name -m beg X- value -m reg ^a.*b on-success \"%[res.hdr(x-a)]\"\n"
    "\thttp-check expect rstatus ^2 on-error \"%[status] %[res.body]\"\n" SERVER
    "backend elb\n\tmode http\n\telb-check HTTP:80/up\n" SERVER
    "backend agent\n\tserver s 127.0.0.1:1 agent-check agent-port 1\n";

static const char *const names[] = {
	"mysql/s", "login/s", "pgsql/s", "ldap/s", "smtp/s", "redis/s", "hello/s", "tcp/s",
	"http/s", "body/s", "field/s", "elb/s", "a:agent/s",
};

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (!fake_setup(config))
		abort();
	return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct check *chk;
	const char *p = (const char *)data + 2;
	size_t piece, n;

	if (size < 2)
		return 0;
	chk = fake_begin(names[data[0] % ARRAY_LEN(names)]);
	piece = data[1] == 0 ? size : data[1];
	for (size -= 2; size > 0 && chk->is_running; size -= n, p += n) {
		n = size < piece ? size : piece;
		fake_say(chk, p, n);
	}
	if (data[1] % 2 == 0)
		fake_end(chk);
	fake_late(chk);
	WEIR_ASSERT(!chk->is_running && !chk->has_conn && chk->run == NULL);
	WEIR_ASSERT(chk->status > CHECK_S_INI && chk->status < CHECK_S_MAX);
	WEIR_ASSERT(memchr(chk->text, '\0', sizeof(chk->text)) != NULL);
	return 0;
}
