# The benchmark: weir beside Debian's haproxy and nginx on this machine.
#
#   make bench                     all rows, some 15 minutes
#   make bench S="S1 S4" ROUNDS=5 SECS=2.5 BENCH_FLAGS="--markdown --json FILE"
#   make bench-instr               user-space instructions per request (callgrind)
#   make bench-syscalls            system calls per request (strace)
#   make bench-ticks               what a second costs the control thread (S15, S16)
#   make bench-top                 what weirtop costs (T1 to T4), TOP_SECS=60 a row
#   make bench-tools               only the load generator and the backend
#
# All of them always use the release variant; S names rows, all without it.

ROUNDS ?= 5
SECS   ?= 2.5
BT     := build/bench

TOP_SECS ?= 60

.PHONY: bench-top bench-ticks bench bench-instr bench-syscalls bench-tools bench-ready

bench: bench-ready
	@t/bench/run --rows '$(S)' --rounds $(ROUNDS) --secs $(SECS) $(BENCH_FLAGS)
	$(if $(S),,+@$(AGAIN) bench-ticks bench-top)
bench-instr: bench-ready
	@t/bench/run --mode instr --rows '$(S)' $(BENCH_FLAGS)
bench-syscalls: bench-ready
	@t/bench/run --mode syscalls --rows '$(S)' $(BENCH_FLAGS)

bench-ticks: bench-ready
	+@$(AGAIN) VARIANT=release build/release/t/unit/metric_tick
	@t/bench/ticks build/release/weir build/release/t/unit/metric_tick

bench-top: bench-ready $(BT)/pty
	@t/bench/top build/release/weir build/release/weirtop $(BT)/pty $(TOP_SECS) $(filter T%,$(S))

# Packages come before compiling, so this make calls itself.
bench-ready:
	+@$(AGAIN) deps DEPS='$(DEPS_BUILD) $(DEPS_BENCH)'
	+@$(AGAIN) VARIANT=release all bench-tools

bench-tools: $(BT)/load $(BT)/backend

BENCH_CC = $(CC) $(WARN) -std=gnu11 -D_GNU_SOURCE -pthread -O2 -g $(LDFLAGS) -o $@ $(filter %.c,$^)

$(BT)/load: $(wildcard t/bench/load*.c) t/bench/load.h t/bench/hist.h
	@mkdir -p $(@D)
	$(BENCH_CC) -lssl -lcrypto
$(BT)/pty: t/bench/pty.c
	@mkdir -p $(@D)
	$(BENCH_CC) -lutil
$(BT)/backend: t/bench/backend.c
	@mkdir -p $(@D)
	$(BENCH_CC)
