/**
 * The script by which Redis or Valkey shares rates among replicas: whole or not at all, many rates at once, at a cost that
 * does not grow with the number of replicas.
 *
 * Of each rate there is a hash: a field a replica, "demand share end", and under the empty name their sums and when to add
 * them up anew, "demand share replicas then". A replica's part is its part of what all ask for; what nobody asks for goes
 * half by demand and half evenly; a hundredth is always even, so that nobody is without. It has never more than is free:
 * what others are to have less, they give back in their own next round. A replica that is not known is put down with what
 * it has, and has its part a round later: so a store that lost everything finds everything as it was.
 *
 * Time is the server's own. Ends that lie further ahead than a lease are of a clock that was set back: they have passed.
 *
 * KEYS: the replicas, then the rates. ARGV: the replica, the lease in milliseconds, then demand and held share of each.
 * Answer: how many replicas, then the share of each rate; -1: what it has.
 *
 * @module
 */

export const LEASE_SCRIPT = `
local WHOLE = 1000000
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local replica, lease = ARGV[1], tonumber(ARGV[2])

local function numbers(text)
  local a, b, c, d = string.match(text, '^(%S+) (%S+) (%S+) ?(%S*)$')
  return tonumber(a), tonumber(b), tonumber(c), tonumber(d)
end

-- Adds up what counts, and forgets what has ended.
local function sum(key)
  local demand, share, count = 0, 0, 0
  local fields = redis.call('HGETALL', key)
  for f = 1, #fields, 2 do
    if fields[f] ~= '' then
      local d, s, ends = numbers(fields[f + 1])
      if ends < now or ends > now + lease then
        redis.call('HDEL', key, fields[f])
      else
        demand, share, count = demand + d, share + s, count + 1
      end
    end
  end
  return demand, share, count, now + lease / 2
end

local function part(demand, all, count)
  local base = WHOLE / count
  if all >= WHOLE then
    base = WHOLE * demand / all
  elseif all > 0 then
    base = demand + (WHOLE - all) * (demand / all + 1 / count) / 2
  end
  return math.floor(0.99 * base + 0.01 * WHOLE / count)
end

redis.call('ZADD', KEYS[1], now, replica)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - lease)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. (now + lease), '+inf')
redis.call('PEXPIRE', KEYS[1], lease * 10)
local answer = { redis.call('ZCARD', KEYS[1]) }

for i = 2, #KEYS do
  local key, demand, held = KEYS[i], tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local sums = redis.call('HGET', key, '')
  local allDemand, allShare, count, addUpAt = 0, 0, 0, 0
  if sums then allDemand, allShare, count, addUpAt = numbers(sums) end
  if now >= addUpAt or addUpAt > now + lease then allDemand, allShare, count, addUpAt = sum(key) end
  local own = redis.call('HGET', key, replica)
  if own then
    local d, s = numbers(own)
    allDemand, allShare, count = allDemand - d, allShare - s, count - 1
  end
  local share
  if demand < 0 then
    redis.call('HDEL', key, replica)
    answer[i] = -1
  else
    local free = math.max(0, WHOLE - allShare)
    count, allDemand = count + 1, allDemand + demand
    if own then
      share = math.min(free, part(demand, allDemand, count))
      answer[i] = share
    else
      share = math.min(free, held)
      answer[i] = -1
    end
    allShare = allShare + share
    redis.call('HSET', key, replica, string.format('%d %d %.0f', demand, share, now + lease))
  end
  redis.call('HSET', key, '', string.format('%d %d %d %.0f', allDemand, allShare, count, addUpAt))
  redis.call('PEXPIRE', key, lease * 10)
end
return answer
`;
