-- The worked examples of lua/policies, decision by decision.
local t = dofile("t/lua/harness.lua")

local s = t.load("lua/policies/cpu_and_latency.lua", "lb")
local function mixed(lat, cpu)
	return s:policy("cpu_and_latency", { metrics = { Latency = lat, CPUUtilization = cpu } })
end
local idle, busy = { 10, 12, 11, 10, 9 }, { 80, 85, 90, 88, 91 }
t.is(mixed({ 0.6, 0.7, 0.8 }, busy), "+1 p95 0.80 s > 0.50 s in 3 x 10 s, cpu 91 %", "slow and busy")
t.is(mixed({ 0.6, 0.7, 0.8 }, idle), "hold between the bounds", "slow, but not busy")
t.is(mixed({ 0.6, false, 0.8 }, busy), "hold between the bounds", "a hole is no evidence")
t.is(mixed({ 0.1, 0.1, 0.1 }, idle), "-1 cpu 9 % for 5 min, latency easy", "idle")
t.is(mixed({ 0.1, 0.3, 0.1 }, idle), "hold between the bounds", "idle, but somebody waits")
t.is(mixed({}, {}), "hold between the bounds", "nothing is known")

s = t.load("lua/policies/target_p95.lua", "lb")
local function target(lat, desired)
	return s:policy("target_p95", { metrics = { Latency = lat }, group = { desired = desired } })
end
local quiet = { .1, .1, .1, .1, .1, .1, .1, .1, .1, .12 }
t.is(target({ 0.3 }, 10), "12 p95 0.300 s, target 0.250 s", "above the target")
t.is(target({ 3 }, 10), "20 p95 3.000 s, target 0.250 s", "twice as many at most")
t.is(target({ 0.26 }, 10), "hold p95 0.260 s", "near it")
t.is(target(quiet, 10), "-1 p95 0.120 s or less for 10 min", "quiet")
t.is(target({ 0.1 }, 10), "hold p95 0.100 s", "not for long enough")
t.is(target({}, 10), "hold no requests in the last minute", "no requests")

s = t.load("lua/policies/hours.lua")
local state = {}
local function hours(wday, hour, desired, busy_now)
	return s:policy("hours", { state = state, date = { wday = wday, hour = hour, min = 5 },
	    group = { desired = desired, busy = busy_now } })
end
t.is(hours(2, 6, 3), "1 06:05 UTC, span 0", "before work")
t.is(hours(2, 6, 1), "hold the same span", "once")
t.is(hours(2, 7, 1, true), "4 07:05 UTC, span 1", "work begins, while busy")
t.is(hours(2, 7, 1), "4 07:05 UTC, span 1", "again")
t.is(hours(2, 8, 9), "hold the same span", "then others may do what they want")
t.is(hours(7, 10, 5), "hold 10:05 UTC, span 2", "enough already")
t.is(hours(7, 16, 5), "1 16:05 UTC, span 0", "and back")

s = t.load("lua/policies/predictive.lua", "lb")
local function at(day, hour, v) return { t = day * 86400 + hour * 3600, v = v } end
local week = { 300, 310, at = { at(1, 9, 180000), at(2, 9, 108000), at(2, 10, 1), at(3, 8, 5) } }
local function ahead(now, requests, forecast)
	return s:policy("predictive", { now = now, group = { desired = 2 }, forecast = forecast,
	    metrics = { RequestCount = requests } })
end
t.is(ahead(8 * 86400 + 8.9 * 3600, week), "4 2400 requests a minute are coming (2 days), 310 now", "the days before")
t.is(ahead(8 * 86400 + 8.9 * 3600, week),
    "4 2400 requests a minute are coming (2 days), 310 now", "the days before")
t.is(ahead(8 * 86400 + 12 * 3600, { 1200 }), "hold as many as are needed", "what is there counts")
t.is(ahead(8 * 86400, { 60 }, { high = 360000 }), "10 6000 requests a minute are coming (0 days), 60 now", "a forecast")
t.is(ahead(8 * 86400, {}), "hold nothing is known yet", "nothing at all")

s = t.load("lua/policies/drain_aware.lua")
local function one(id, n, age) return { id = id, in_flight = n, age = age, lifecycle = "InService" } end
local function calm(cpu, instances, group)
	group = group or {}
	group.instances = instances
	return s:policy("drain_aware", { metrics = { CPUUtilization = cpu }, group = group })
end
t.is(calm(idle, { one("a", 12, 1), one("b", 3, 1) }), "-1 cpu 9 % for 5 min, 3 in flight", "little to do")
t.is(calm(idle, { one("a", 12, 1), one("b", 30, 1) }), "hold 12 in flight at least", "too much in flight")
t.is(calm(busy, { one("a", 0, 1) }), "hold busy, or not known", "busy")
t.is(calm(idle, {}), "hold nobody may go", "nobody")
t.is(calm(idle, { one("a", 0, 1) }, { busy = true }), "hold somebody is leaving or coming", "one at a time")
t.is(table.concat(s:termination("least_in_flight", { one("a", 5, 1), one("b", 0, 1),
    one("c", 0, 9) }), " "), "c b a", "who has least goes first, the oldest of them")
t.done()
