-- Latency and processor together, over several short periods: out when users wait and the
-- processors are busy, in when they have been idle for five minutes and nobody waits.
--
--	lua-policy lua/policies/cpu_and_latency.lua [yourLB]
--	policy mixed lua cpu_and_latency every 10s param slo=0.3
--
-- The argument is the balancer whose latency counts; that of the group without it. Waiting
-- with idle processors does not scale: more instances would not help against a slow database.
local balancer = ...

weir.policy("cpu_and_latency", { every = "10s", params = { slo = 0.5, high = 70, low = 30 } },
function(p)
	local g, q = p.group, p.params
	local lat = p:metric("Latency",
	    { stat = "p95", period = "10s", count = 3, balancer = balancer or g.balancer })
	local cpu = p:metric("CPUUtilization",
	    { stat = "Average", period = "60s", count = 5, group = g.name })

	if #lat.points == 3 and lat:all(function(v) return v > q.slo end)
	   and (cpu.value or 0) > q.high then
		return p:add(1, string.format("p95 %.2f s > %.2f s in 3 x 10 s, cpu %.0f %%",
		    lat.value, q.slo, cpu.value))
	end
	if cpu.missing == 0 and cpu:all(function(v) return v < q.low end)
	   and not lat:any(function(v) return v > q.slo / 2 end) then
		return p:add(-1, string.format("cpu %.0f %% for 5 min, latency easy", cpu.value))
	end
	return p:hold("between the bounds")
end)

weir.validate(function()
	return balancer == nil or balancer ~= "", "the name of a balancer is empty"
end)
