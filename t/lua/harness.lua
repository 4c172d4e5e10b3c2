-- A stand-in for weir: loads a script with plain Lua and calls its functions with
-- whatever a test says the world is like. Prints TAP.
--
--	local t = dofile("t/lua/harness.lua")
--	local s = t.load("lua/policies/x.lua", "argument")
--	t.is(s:policy("x", { group = { desired = 2 }, metrics = { Latency = { 1, 2, 3 } } }), "+1 ...")
local t, n, failed = {}, 0, 0

function t.ok(cond, name)
	n = n + 1
	if not cond then failed = failed + 1 end
	print((cond and "ok " or "not ok ") .. n .. " - " .. name)
end

function t.is(got, want, name)
	t.ok(got == want, name)
	if got ~= want then
		print("#      got: " .. tostring(got) .. "\n# expected: " .. tostring(want))
	end
end

function t.done()
	print("1.." .. n)
	os.exit(failed == 0)
end

local methods = {}
methods.__index = methods

function methods:all(fn)
	for _, p in ipairs(self.points) do if not fn(p.v, p.t) then return false end end
	return #self.points > 0
end

function methods:any(fn)
	for _, p in ipairs(self.points) do if fn(p.v, p.t) then return true end end
	return false
end

function methods:max()
	local max
	for _, p in ipairs(self.points) do max = math.max(max or p.v, p.v) end
	return max
end

-- values: the newest last; false is a hole. `at`: points by hand.
local function metric(world, name, o)
	local m = setmetatable({ points = {}, missing = 0 }, methods)
	local values = world.metrics[name] or {}
	local count = o.count or 1

	if values.at and o.period == "1h" then
		m.points = values.at
		return m
	end
	for i = #values - count + 1, #values do
		if values[i] then
			m.points[#m.points + 1] = { v = values[i], t = i * 60 }
		else
			m.missing = m.missing + 1
		end
	end
	m.value = values[#values] or nil
	return m
end

local function decision(sign)
	return function(_, a, b)
		if sign == "hold" then return "hold " .. (a or "") end
		return string.format(sign, a) .. " " .. (b or "")
	end
end

local script = {}
script.__index = script

function script:policy(name, world)
	local f = assert(self.policies[name], name)
	local p = { now = world.now or 0, params = {}, state = world.state or {},
	    group = world.group or {} }

	for k, v in pairs(f.opts.params or {}) do p.params[k] = v end
	for k, v in pairs(world.params or {}) do p.params[k] = v end
	world.metrics = world.metrics or {}
	p.group.name = p.group.name or "web"
	p.group.busy = p.group.busy or false
	p.group.cooldown_left = p.group.cooldown_left or 0
	p.group.terminating = p.group.terminating or 0
	p.metric = function(_, ...) return metric(world, ...) end
	p.date = function() return world.date end
	p.forecast = function() return world.forecast end
	p.set, p.add, p.hold = decision("%d"), decision("%+d"), decision("hold")
	return f.fn(p)
end

function script:termination(name, instances)
	return self.terminations[name]({ instances = instances, count = #instances })
end

function t.load(file, ...)
	local s = setmetatable({ policies = {}, terminations = {} }, script)
	local env = setmetatable({ weir = {
		policy = function(name, opts, fn) s.policies[name] = { opts = opts, fn = fn } end,
		termination = function(name, fn) s.terminations[name] = fn end,
		validate = function(fn) assert(fn()) end,
	} }, { __index = _G })

	assert(loadfile(file, "t", env))(...)
	return s
end

return t
