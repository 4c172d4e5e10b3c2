-- Sizes by the hour and the day of the week, in a time zone; between them other policies
-- may do what they want: it acts once, when a span begins.
--
--	policy office lua hours param zone=Europe/Vienna
local week = {
	-- days from 1 (Sunday), hours from, to; at least so many
	{ days = { 2, 3, 4, 5, 6 }, from = 7, to = 19, least = 4 },
	{ days = { 1, 7 }, from = 10, to = 16, least = 2 },
}

local function span_of(d)
	for i, span in ipairs(week) do
		for _, day in ipairs(span.days) do
			if day == d.wday and d.hour >= span.from and d.hour < span.to then
				return i, span.least
			end
		end
	end
	return 0, 1
end

weir.policy("hours", { every = "60s", params = { zone = "UTC" } }, function(p)
	local d = p:date(p.params.zone)
	local i, least = span_of(d)
	local was = p.state.span

	if was == i then
		return p:hold("the same span")
	end
	local reason = string.format("%02d:%02d %s, span %d", d.hour, d.min, p.params.zone, i)
	if i == 0 or p.group.desired < least then
		if not p.group.busy and p.group.cooldown_left == 0 then
			p.state.span = i	-- else again in a minute
		end
		return p:set(least, reason)
	end
	p.state.span = i
	return p:hold(reason)
end)
