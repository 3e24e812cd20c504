/** The Lua scripts that read and mend the indexes. */
import { type Script, script } from "./connection.ts";
import { ENTER_INDEXES, TAKE_ARGUMENTS } from "./shared-scripts.ts";

/**
 * Gives the members of the index by creation time that follow on one another, newest first, and first brings them into
 * the one form that has an order: `vcon:<uuid>`, at a whole millisecond. A conserver enters bare UUIDs, too, and
 * microseconds. Times are cut off, never rounded up, so that no vCon moves to a page that was already given.
 *
 * KEYS: the index. ARGV: at most how many; the first score wanted; the score from which on none is wanted; score and
 * member behind which to begin, or twice "". Answers with members and scores, or with nothing if it has mended
 * something, which is to be asked again: what one call does is bounded.
 */
export const FOLLOWING: Script = script(`
local index = KEYS[1]
local count, since, before, score, member = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local function count_between(low, high)
  return redis.call('ZCOUNT', index, low, high)
end

-- As the newest is 0. Among those of the same score it is sought, since thousands may have it.
local function place_behind()
  local low, high = count_between('(' .. score, '+inf'), count_between(score, '+inf')
  while low < high do
    local middle = math.floor((low + high) / 2)
    if redis.call('ZREVRANGE', index, middle, middle)[1] < member then high = middle else low = middle + 1 end
  end
  return low
end

local function key_of(entered)
  return string.sub(entered, 1, 5) == 'vcon:' and entered or 'vcon:' .. entered
end

-- The whole millisecond, in seconds, that is as great or the next smaller.
local function moment_of(seconds)
  local moment = math.floor(seconds * 1000) + 1
  while moment / 1000 > seconds do moment = moment - 1 end
  return moment / 1000
end

local has_mended = false
local function mend(list)
  for i = 1, #list, 2 do
    local entered, seconds = list[i], tonumber(list[i + 1])
    local key, moment = key_of(entered), moment_of(seconds)
    if key ~= entered or moment ~= seconds then
      redis.call('ZREM', index, entered)
      redis.call('ZADD', index, 'NX', string.format('%.17g', moment), key)
      has_mended = true
    end
  end
end

-- Of one score, bare UUIDs stand behind all others, maybe beyond what is asked for.
local function mend_bare(seconds)
  local last = redis.call('ZRANGEBYSCORE', index, seconds, seconds, 'LIMIT', 0, 1)[1]
  if last ~= key_of(last) then
    mend(redis.call('ZRANGEBYSCORE', index, seconds, seconds, 'WITHSCORES', 'LIMIT', 0, count))
  end
end

local first = count_between(before, '+inf')
if member ~= '' then first = math.max(first, place_behind()) end
local last = math.min(first + count, count_between(since, '+inf')) - 1
if first > last then return {} end

local found = redis.call('ZREVRANGE', index, first, last, 'WITHSCORES')
mend(found)
if not has_mended then mend_bare(found[#found]) end
if has_mended then return nil end
return found
`);

/**
 * Takes vCons that are gone out of indexes.
 * KEYS: the indexes, then the vCons. ARGV: how many indexes. Answers with 1 or 0 for each vCon: whether it is there.
 */
export const WEED: Script = script(`
local indexes = tonumber(ARGV[1])

local function leave(index, vcon)
  if index == 'vcons' then
    redis.call('ZREM', index, vcon)
  else
    redis.call('SREM', index, string.sub(vcon, 6))
  end
end

local there = {}
for i = indexes + 1, #KEYS do
  there[i - indexes] = redis.call('EXISTS', KEYS[i])
  if there[i - indexes] == 0 then
    for index = 1, indexes do leave(KEYS[index], KEYS[i]) end
  end
end
return there
`);

/**
 * Enters a vCon that is there into its indexes, which last from then on: a conserver lets its own expire.
 * KEYS: the vCon, the hash of what is elsewhere, then the indexes or their list. ARGV: UUID, creation time in seconds,
 * names of the indexes. Answers whether the vCon is there.
 */
export const ENTER: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, elsewhere = KEYS[1], KEYS[2]",
  ENTER_INDEXES,
  `
local uuid, created_at, names = take(), take(), take_list()
local lifetime = redis.call('PTTL', vcon)
if lifetime == -2 then return 0 end

enter_indexes(uuid, created_at, names, 3)
for i = 3, #KEYS do redis.call('PERSIST', KEYS[i]) end
if lifetime > 0 then redis.call('PEXPIRE', elsewhere, lifetime) end
return 1
`,
);
