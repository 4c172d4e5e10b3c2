# The benchmark: weir beside Debian's haproxy and nginx, on this machine.
#
#   make bench                     all rows, some 15 minutes
#   make bench S="S1 S4" ROUNDS=5 SECS=3 BENCHFLAGS=--markdown
#   make bench-instr               user-space instructions per request (callgrind)
#   make bench-syscalls            system calls per request (strace)
#   make bench-tools               only the load generator and the backend
#
# The tools are always built optimised, whatever VARIANT is.

DEPS_BENCH := haproxy nginx libnginx-mod-stream valgrind strace openssl perl util-linux libssl-dev

BT       := build/bench
BENCH_CF := -std=gnu11 -D_GNU_SOURCE -pthread -O2 -g $(WARN)

.PHONY: bench bench-instr bench-syscalls bench-tools bench-deps bench-weir
bench-tools: $(BT)/load $(BT)/backend

$(BT)/load: $(wildcard t/bench/load*.c) t/bench/load.h t/bench/hist.h
	@mkdir -p $(@D)
	$(CC) $(BENCH_CF) $(LDFLAGS) -o $@ $(filter %.c,$^) -lssl -lcrypto

$(BT)/backend: t/bench/backend.c
	@mkdir -p $(@D)
	$(CC) $(BENCH_CF) $(LDFLAGS) -o $@ $<
