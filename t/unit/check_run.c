/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The engine of checks over a connection of this test: steps in their order,
 * answers in pieces, too long, cut or late, and that nothing is left behind.
 */
#include "check_fake.h"
#include "tap.h"

static const char config[] =
    "defaults\n\ttimeout connect 1s\n\ttimeout server 1s\n\ttimeout check 1s\n"
    "backend order\n\toption tcp-check\n\ttcp-check send one\n\ttcp-check expect string 1.\n"
    "\ttcp-check expect string 2.\n\ttcp-check set-var(check.v) res.payload(0,2)\n"
    "\ttcp-check send-lf \"two %[var(check.v)]\"\n\ttcp-check expect string 3.\n"
    "\tserver s 127.0.0.1:1 check\n"
    "backend twice\n\toption tcp-check\n\ttcp-check expect string a\n\ttcp-check connect\n"
    "\ttcp-check expect string b tout-status L6TOUT\n\tserver s 127.0.0.1:1 check\n"
    "backend absent\n\toption tcp-check\n\ttcp-check expect ! string bad min-recv 6\n"
    "\tserver s 127.0.0.1:1 check\n"
    "backend regex\n\toption tcp-check\n\ttcp-check expect rstring end$\n"
    "\tserver s 127.0.0.1:1 check\n"
    "backend smtp\n\toption smtpchk\n\tserver s 127.0.0.1:1 check\n"
    "backend http\n\tmode http\n\toption httpchk GET /up\n\thttp-check expect string ok\n"
    "\tserver s 127.0.0.1:1 check\n"
    "backend agent\n\tserver s 127.0.0.1:1 agent-check agent-port 1 agent-send hi weight 2\n";

static char heard[8192];

/* All that the check has sent and nobody has read. */
static const char *
sent(void)
{
	size_t n = fake_heard(heard, sizeof(heard) - 1);

	heard[n] = '\0';
	return heard;
}

static void
say(struct check *chk, const char *text)
{
	fake_say(chk, text, strlen(text));
}

static void
ended(const struct check *chk, enum check_status status, const char *text)
{
	is_str(check_status_name(chk->status), check_status_name(status));
	is_str(chk->text, text);
	ok(!chk->is_running && !chk->has_conn && chk->run == NULL);
}

static void
test_order(void)
{
	struct check *chk = fake_begin("order/s");

	is_str(sent(), "one");
	say(chk, "1");
	ok(chk->is_running);
	is_str(sent(), "");
	say(chk, ".2");		/* both look at the same bytes */
	is_str(sent(), "");
	say(chk, ".");
	is_str(sent(), "two 1.");
	say(chk, "1.2.");	/* old bytes do not count */
	ok(chk->is_running);
	say(chk, "3.");
	ended(chk, CHECK_S_L7OK, "(tcp-check)");
}

static void
test_connections(void)
{
	unsigned before = fake_opened;
	struct check *chk = fake_begin("twice/s");

	is_u64(fake_opened, before + 1);
	say(chk, "a");
	is_u64(fake_opened, before + 2);
	say(chk, "a");		/* of the first connection nothing is left */
	ok(chk->is_running);
	say(chk, "b");
	ended(chk, CHECK_S_L7OK, "(tcp-check)");
}

static void
test_late(void)
{
	struct check *chk = fake_begin("order/s");

	fake_late(chk);
	ended(chk, CHECK_S_L7TOUT, "");
	chk = fake_begin("order/s");
	say(chk, "1.2.");
	fake_late(chk);
	ended(chk, CHECK_S_L7TOUT, "");
	chk = fake_begin("twice/s");
	say(chk, "ab");
	fake_late(chk);
	ended(chk, CHECK_S_L6TOUT, "");
}

static void
test_min_recv(void)
{
	struct check *chk = fake_begin("absent/s");

	say(chk, "a ba");
	ok(chk->is_running);
	say(chk, "rn");
	ended(chk, CHECK_S_L7OK, "(tcp-check)");
	chk = fake_begin("absent/s");
	say(chk, "a bad");
	ok(chk->is_running);
	fake_end(chk);		/* fewer bytes, but all there will be */
	ended(chk, CHECK_S_L7RSP, "TCPCHK matched unwanted content 'bad' at step 1");
	chk = fake_begin("absent/s");
	fake_end(chk);
	ended(chk, CHECK_S_L7RSP, "TCPCHK got an empty response at step 1");
}

/* Bytes beyond what is kept are not looked at, and not waited for. */
static void
test_too_long(void)
{
	static char much[20000];
	struct check *chk = fake_begin("regex/s");

	memset(much, 'x', sizeof(much));
	fake_say(chk, much, 16000);
	ok(chk->is_running);
	fake_say(chk, much, 384);	/* 16,384 are there */
	ended(chk, CHECK_S_L7RSP, "TCPCHK did not match content (regex) at step 1");
	chk = fake_begin("regex/s");
	memcpy(much + 16381, "end", 3);
	fake_say(chk, much, 16384);
	ended(chk, CHECK_S_L7OK, "(tcp-check)");
	chk = fake_begin("regex/s");
	memmove(much + 16384, much + 16381, 3);
	memset(much + 16381, 'x', 3);
	fake_say(chk, much, sizeof(much));
	ended(chk, CHECK_S_L7RSP, "TCPCHK did not match content (regex) at step 1");
}

static void
test_bytewise(void)
{
	static const char all[] = "220-a\r\n220 b\r\n";
	struct check *chk = fake_begin("smtp/s");

	for (size_t i = 0; i < sizeof(all) - 1; i++) {
		is_str(sent(), "");
		fake_say(chk, all + i, 1);
	}
	is_str(sent(), "HELO localhost\r\n");
	say(chk, "250");
	ok(chk->is_running);
	say(chk, " fine\r\n");
	is_str(sent(), "QUIT\r\n");
	say(chk, "221 Bye\r\n");
	ended(chk, CHECK_S_L7OK, "Bye");
	is_u64(chk->code, 221);
	chk = fake_begin("smtp/s");
	say(chk, "220 b\r\n25");
	fake_end(chk);		/* it sends HELO to who has gone */
	ok(chk->status != CHECK_S_L7OK && !chk->is_running);
}

static void
test_http(void)
{
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n";
	static char body[20000];
	struct check *chk = fake_begin("http/s");

	is_str(sent(), "GET /up HTTP/1.0\r\n\r\n");
	for (size_t i = 0; i < sizeof(head) - 1; i++)
		fake_say(chk, head + i, 1);
	memset(body, 'x', sizeof(body));
	fake_say(chk, body, 10000);
	ok(chk->is_running);
	memcpy(body, "ok", 2);
	fake_say(chk, body, 2);
	ended(chk, CHECK_S_L7OK, "");
	is_u64(chk->code, 200);
	chk = fake_begin("http/s");	/* found beyond what is kept: it is not seen */
	say(chk, head);
	memset(body, 'x', sizeof(body));
	memcpy(body + 19998, "ok", 2);
	fake_say(chk, body, sizeof(body));
	ended(chk, CHECK_S_L7RSP, "HTTP content check did not match");
	chk = fake_begin("http/s");	/* cut in its head */
	say(chk, "HTTP/1.1 200 OK\r\nCont");
	ok(chk->is_running);
	fake_end(chk);
	ended(chk, CHECK_S_L7RSP, "");
	chk = fake_begin("http/s");
	say(chk, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok");
	ended(chk, CHECK_S_L7OK, "");
	chk = fake_begin("http/s");
	say(chk, "HTTP/1.1 200 OK\r\n\r\nno");
	ok(chk->is_running);
	fake_late(chk);
	ended(chk, CHECK_S_L7TOUT, "");
}

static void
test_agent(void)
{
	struct check *chk = fake_begin("a:agent/s");

	is_str(sent(), "hi");
	say(chk, "u");
	say(chk, "p 50");
	ok(chk->is_running);
	say(chk, "%\r\nmore");
	ok(!chk->is_running && !chk->has_conn);
	is_str(check_status_name(chk->status), "L7OK");
	is_u64(atomic_load(&chk->live->iweight), 2);
	is_u64(atomic_load(&chk->live->uweight), 1);
	chk = fake_begin("a:agent/s");
	say(chk, "dow");
	fake_end(chk);
	is_str(chk->text, "agent's line has no end : dow");
	chk = fake_begin("a:agent/s");
	fake_late(chk);
	is_str(check_status_name(chk->status), "L7TOUT");
}

int
main(void)
{
	if (!fake_setup(config)) {
		fail("the configuration loads");
		return tap_done();
	}
	test_order();
	test_connections();
	test_late();
	test_min_recv();
	test_too_long();
	test_bytewise();
	test_http();
	test_agent();
	return tap_done();
}
