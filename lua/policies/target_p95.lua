-- Keeps the 95th percentile of latency at a target: the capacity goes with latency over
-- target, out at once, in by one and only after ten quiet minutes.
--
--	lua-policy lua/policies/target_p95.lua yourLB
--	policy fast lua target_p95 param target=0.2
local balancer = ...

weir.policy("target_p95", { every = "30s", params = { target = 0.25, most = 2 } },
function(p)
	local g, q = p.group, p.params
	local lat = p:metric("Latency",
	    { stat = "p95", period = "60s", count = 10, balancer = balancer })

	if lat.value == nil then
		return p:hold("no requests in the last minute")
	end
	local ratio = lat.value / q.target
	if ratio > 1.1 then
		-- latency grows faster than load: at most `most` times as many at once
		local want = math.ceil(g.desired * math.min(ratio, q.most))
		return p:set(want, string.format("p95 %.3f s, target %.3f s", lat.value, q.target))
	end
	if lat.missing == 0 and lat:all(function(v) return v < q.target * 0.6 end) then
		return p:add(-1, string.format("p95 %.3f s or less for 10 min", lat:max()))
	end
	return p:hold(string.format("p95 %.3f s", lat.value))
end)
