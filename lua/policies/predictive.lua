-- Scales before the load comes: what the coming hour had on the days before, per instance
-- that it may have. Where a predictive policy of the group has a forecast, that is taken.
-- It never scales in below what the last minutes need.
--
--	lua-policy lua/policies/predictive.lua yourLB
--	policy ahead lua predictive param each=600
local balancer = ...
local HOUR, DAY = 3600, 86400

-- The mean of the requests of the hour that `at` is in, on the days before; nil = not known.
local function of_days_before(p, at)
	local m = p:metric("RequestCount",
	    { stat = "Sum", period = "1h", count = 7 * 24, balancer = balancer })
	local sum, n = 0, 0

	for _, point in ipairs(m.points) do
		if (at - at % HOUR - point.t) % DAY == 0 then
			sum, n = sum + point.v, n + 1
		end
	end
	return n > 0 and sum / n / 60 or nil, n
end

-- params: each = requests a minute that one instance can take; ahead in seconds.
weir.policy("predictive", { every = "60s", params = { each = 600, ahead = 900 } }, function(p)
	local q = p.params
	local now = p:metric("RequestCount",
	    { stat = "Sum", period = "60s", count = 5, balancer = balancer })
	local f = p:forecast("RequestCount", q.ahead)
	local coming, days = of_days_before(p, p.now + q.ahead)

	if f then
		coming = f.high / 60
	end
	if coming == nil and #now.points == 0 then
		return p:hold("nothing is known yet")
	end
	local load = math.max(coming or 0, now:max() or 0)
	local want = math.max(1, math.ceil(load / q.each))
	if want == p.group.desired then
		return p:hold("as many as are needed")
	end
	return p:set(want, string.format("%.0f requests a minute are coming (%d days), %.0f now",
	    coming or 0, days, now:max() or 0))
end)
