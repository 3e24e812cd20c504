/**
 * What moves UUIDs between a list and those who have taken them. A claim is the text "failures endings item": how often
 * the item has failed, how often a process ended while it had it, and what stood on the list, byte for byte.
 */
import { script } from "../../store/redis/connection.ts";

/** How often an item has failed before is remembered for so long while it stands on the list again. */
const PAST_SECONDS = 7 * 24 * 60 * 60;

const READ_CLAIM = `
local function read_claim(claim)
  local failures, endings, item = string.match(claim, '^(%d+) (%d+) (.*)$')
  return tonumber(failures), tonumber(endings), item
end
`;

/** Puts a claim back to the head of the list, and remembers what has happened to its item. */
const PUT_BACK = `
local function put_back(list, taken, past, id, ended)
  local failures, endings, item = read_claim(redis.call('HGET', taken, id))
  redis.call('LPUSH', list, item)
  endings = endings + ended
  if failures + endings > 0 then
    local name = redis.sha1hex(item)
    local known = redis.call('HGET', past, name)
    if known then
      local known_failures, known_endings = read_claim(known .. ' ')
      failures = math.max(failures, known_failures)
      endings = math.max(endings, known_endings)
    end
    redis.call('HSET', past, name, failures .. ' ' .. endings)
    redis.call('EXPIRE', past, ${PAST_SECONDS})
  end
  redis.call('HDEL', taken, id)
end
`;

/**
 * Claims what is at the head of the list.
 *
 * KEYS: the list, the claims of the consumer, the consumers, what has happened to items before.
 * ARGV: the consumer, the id of the first claim, how many at most.
 * Answers the claims, ids ascending.
 */
export const TAKE = script(`
local list, taken, consumers, past = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local consumer, first, at_most = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local items = redis.call('LRANGE', list, 0, at_most - 1)
if #items == 0 then return {} end
-- Whoever has claims is known, or nobody would look after them.
redis.call('HSETNX', consumers, consumer, 0)
local claims = {}
for i, item in ipairs(items) do
  local name = redis.sha1hex(item)
  local history = redis.call('HGET', past, name)
  if history then redis.call('HDEL', past, name) end
  claims[i] = (history or '0 0') .. ' ' .. item
  redis.call('HSET', taken, string.format('%d', first + i - 1), claims[i])
end
redis.call('LTRIM', list, #items, -1)
return claims
`);

/**
 * Says that a consumer is alive.
 *
 * KEYS: the consumers, the claims of this one. ARGV: the consumer.
 * Answers how often each consumer has said so, and the ids of this one's claims.
 */
export const BEAT = script(`
redis.call('HINCRBY', KEYS[1], ARGV[1], 1)
return {redis.call('HGETALL', KEYS[1]), redis.call('HKEYS', KEYS[2])}
`);

/** KEYS: the claims. ARGV: id, how often the item has failed now. Answers 0 if there is no such claim any more. */
export const FAILED = script(
  READ_CLAIM,
  `
local taken, id, failures = KEYS[1], ARGV[1], ARGV[2]
local claim = redis.call('HGET', taken, id)
if not claim then return 0 end
local _, endings, item = read_claim(claim)
redis.call('HSET', taken, id, failures .. ' ' .. endings .. ' ' .. item)
return 1
`,
);

/** KEYS: the claims, the list of what has failed. ARGV: id. */
export const BURY = script(
  READ_CLAIM,
  `
local taken, dead, id = KEYS[1], KEYS[2], ARGV[1]
local claim = redis.call('HGET', taken, id)
if not claim then return 0 end
local _, _, item = read_claim(claim)
redis.call('RPUSH', dead, item)
redis.call('HDEL', taken, id)
return 1
`,
);

/**
 * Puts what has failed back to the end of the list, the one that has been there longest first.
 *
 * KEYS: the list of what has failed, the list. ARGV: how many at most. Answers how many.
 */
export const REPLAY = script(`
local dead, list, at_most = KEYS[1], KEYS[2], tonumber(ARGV[1])
for moved = 0, at_most - 1 do
  if not redis.call('LMOVE', dead, list, 'LEFT', 'RIGHT') then return moved end
end
return at_most
`);

/** What would expire sooner expires in so many seconds. KEYS: any. ARGV: seconds. */
export const KEEP = script(`
for _, key in ipairs(KEYS) do
  local left = redis.call('TTL', key)
  if left >= 0 and left < tonumber(ARGV[1]) then redis.call('EXPIRE', key, ARGV[1]) end
end
`);

/** KEYS: the list, the claims, what has happened to items before. ARGV: id. */
export const RETURN = script(
  READ_CLAIM,
  PUT_BACK,
  `
local list, taken, past, id = KEYS[1], KEYS[2], KEYS[3], ARGV[1]
if redis.call('HEXISTS', taken, id) == 0 then return 0 end
put_back(list, taken, past, id, 0)
return 1
`,
);

/**
 * Ends a consumer: all that it has goes back to the head of the list in the order in which it was taken.
 *
 * KEYS: the list, the claims of the consumer, what has happened to items before, the consumers.
 * ARGV: the consumer; "left", or "ended" if its process did; how often it was alive when it was last looked at, and
 * nothing happens if it has been since, or "".
 */
export const END = script(
  READ_CLAIM,
  PUT_BACK,
  `
local list, taken, past, consumers = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local consumer, how, beats = ARGV[1], ARGV[2], ARGV[3]
if beats ~= '' and redis.call('HGET', consumers, consumer) ~= beats then return 0 end
local ids = redis.call('HKEYS', taken)
table.sort(ids, function(a, b) return tonumber(a) > tonumber(b) end)
for _, id in ipairs(ids) do put_back(list, taken, past, id, how == 'ended' and 1 or 0) end
redis.call('HDEL', consumers, consumer)
return 1
`,
);
