-- Shrinks only when little is in flight, and lets the instance go first that has least to
-- finish: nobody's download is waited for at the end of the drain time.
--
--	policy calm lua drain_aware param low=20
--	termination lua least_in_flight
weir.policy("drain_aware", { every = "30s", params = { low = 30, in_flight = 10 } },
function(p)
	local g, q = p.group, p.params
	local cpu = p:metric("CPUUtilization", { period = "60s", count = 5, group = g.name })
	local least

	if g.busy or g.terminating > 0 then
		return p:hold("somebody is leaving or coming")
	end
	if cpu.missing > 0 or not cpu:all(function(v) return v < q.low end) then
		return p:hold("busy, or not known")
	end
	for _, i in ipairs(g.instances) do
		if i.lifecycle == "InService" and not i.protected
		   and (least == nil or i.in_flight < least) then
			least = i.in_flight
		end
	end
	if least == nil then
		return p:hold("nobody may go")
	elseif least > q.in_flight then
		return p:hold(string.format("%d in flight at least", least))
	end
	return p:add(-1, string.format("cpu %.0f %% for 5 min, %d in flight", cpu.value, least))
end)

weir.termination("least_in_flight", function(t)
	local all, ids = {}, {}

	for _, i in ipairs(t.instances) do
		all[#all + 1] = i
	end
	table.sort(all, function(a, b)
		if a.in_flight ~= b.in_flight then
			return a.in_flight < b.in_flight
		end
		return a.age > b.age or (a.age == b.age and a.id < b.id)
	end)
	for n, i in ipairs(all) do
		ids[n] = i.id
	end
	return ids
end)
