-- What wrk sends, and what it tells. wrk … -s load.lua URL -- DEPTH DELAY_MS
--
-- DEPTH requests go out at once, and then their answers are waited for. With a DELAY_MS, each connection waits that long on
-- average before it sends the next: so the rate is given, and not the server's best.

-- What a browser sends at the least; the server has to parse all of it.
wrk.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
wrk.headers["Accept-Encoding"] = "gzip, deflate, br"
wrk.headers["Accept-Language"] = "en-GB,en;q=0.5"
wrk.headers["Connection"] = "keep-alive"
wrk.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

function init(args)
  local depth, delay_ms = tonumber(args[1]), tonumber(args[2])
  local requests = string.rep(wrk.format(), depth)
  -- wrk asks it once. A global function `request` it would call for each.
  wrk.format = function() return requests end
  if delay_ms > 0 then
    -- Not all connections at the same moment.
    delay = function() return math.random(0, 2 * delay_ms) end
  end
end

function done(summary)
  local errors = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
