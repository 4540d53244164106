-- One POST again and again, or one after another of several paths; says what came of it as a line of JSON.
wrk.method = "POST"
wrk.body = os.getenv("BENCH_BODY")
for name, value in os.getenv("BENCH_HEADERS"):gmatch("([^:\n]+): ([^\n]*)") do
  wrk.headers[name] = value
end

local paths = os.getenv("BENCH_PATHS")
if paths then
  local requests, count, turn = {}, 0, 0
  init = function()
    for path in paths:gmatch("[^\n]+") do
      count = count + 1
      requests[count] = wrk.format(nil, path)
    end
  end
  request = function()
    turn = turn % count + 1
    return requests[turn]
  end
end

done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "duration_us": %d, "not_2xx": %d, "broken": %d, "timeouts": %d, "p50_us": %d, "p99_us": %d, "max_us": %d}\n',
    summary.requests, summary.duration, errors.status, errors.connect + errors.read + errors.write, errors.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
