/** The parts of the Lua scripts that both layouts share, and the scripts that know no layout. */
import { type Script, script } from "./connection.ts";

/** Takes the arguments one after the other, as the caller lists them. */
export const TAKE_ARGUMENTS = `
local taken = 0
local function take()
  taken = taken + 1
  return ARGV[taken]
end

local function take_list()
  local list = {}
  for i = 1, tonumber(take()) do list[i] = take() end
  return list
end
`;

/**
 * Goes on only with the vCon of one revision, if ARGV begins with a list of it and not with an empty one; else answers
 * "changed". `revision`, which each layout tells in its own way, and `vcon`, a key of the script, come before it.
 */
export const GUARD_REVISION = `
local expected = take_list()[1]
if expected and redis.call('EXISTS', vcon) == 1 and revision() ~= expected then return 'changed' end
`;

/** Enters a new vCon into its indexes and remembers where; `elsewhere` is a key of the script. */
export const ENTER_INDEXES = `
-- The keys from the first on are the indexes themselves or, in a cluster, where those are elsewhere, the list of
-- what waits to be entered: but for the one by creation time, all are sets of UUIDs.
local function enter_indexes(uuid, created_at, names, first)
  for _, name in ipairs(names) do
    redis.call('HSET', elsewhere, name, name == 'vcons' and created_at or '')
  end
  for i = first, #KEYS do
    if KEYS[i] == 'vcons' then
      redis.call('ZADD', KEYS[i], created_at, 'vcon:' .. uuid)
    else
      redis.call('SADD', KEYS[i], uuid)
    end
  end
end
`;

/** Writes a step's events to `trail`; "vcon_enhanced" says that something was added, so it has to be true. */
export const RECORD_EVENTS = `
local function record_events(added, names, events)
  for i, event in ipairs(events) do
    if added or names[i] ~= 'vcon_enhanced' then redis.call('RPUSH', trail, event) end
  end
end
`;

const DELETE_VCON = `
local uuid, event, known, when = take(), take(), tonumber(take()), take()
local FIRST_ELSEWHERE = 6

local function leave(key)
  if key == 'vcons' then
    redis.call('ZREM', key, 'vcon:' .. uuid)
  elseif redis.call('TYPE', key).ok == 'set' then
    redis.call('SREM', key, uuid)
  else
    redis.call('UNLINK', key)
  end
end

-- On a list it waits to be looked up once more.
local function is_all_known()
  if when == 'later' then return true end
  if redis.call('HLEN', elsewhere) ~= known then return false end
  for i = FIRST_ELSEWHERE, #KEYS do
    if redis.call('HEXISTS', elsewhere, KEYS[i]) == 0 then return false end
  end
  return true
end

if redis.call('EXISTS', vcon) == 0 then return 'missing' end
if not is_all_known() then return 'again' end

redis.call('UNLINK', vcon, held, replacement)
if when == 'later' then
  redis.call('SADD', KEYS[FIRST_ELSEWHERE], uuid)
else
  for i = FIRST_ELSEWHERE, #KEYS do leave(KEYS[i]) end
  redis.call('UNLINK', elsewhere)
end
if event ~= '' then redis.call('RPUSH', trail, event) end
return 'deleted'
`;

/**
 * Deletes a vCon and takes it out of everything elsewhere; in a cluster what lies in other slots waits on the list.
 *
 * KEYS: the vCon, its trail, the hash of what is elsewhere, its holders, the name of what replaced it, then all that is
 * elsewhere, or in a cluster the list. ARGV: what `guard` takes, UUID, the event or "", how much is known to be
 * elsewhere, "now" or "later". Answers "deleted", "missing", "again" if something else is elsewhere, or as `guard` does.
 */
function deleting(...guard: string[]): Script {
  const keys = "local vcon, trail, elsewhere, held, replacement = unpack(KEYS, 1, 5)";
  return script(TAKE_ARGUMENTS, keys, ...guard, DELETE_VCON);
}

export const DELETE: Script = deleting();

/** {@link DELETE} of the vCon of one revision. @param revision the piece of a layout's scripts that tells it */
export function deleteAtRevision(...revision: string[]): Script {
  return deleting(...revision, GUARD_REVISION);
}

/**
 * What keeps a vCon from expiring. Beside the holders, each as "by:<holder>", the hash at `held` has under "left" the
 * milliseconds that the vCon, and what lies beside it, had left when it was held first; -1 for what lasts, -2 for what
 * was not there.
 */
const HOLDS = `
local held, vcon = KEYS[1], KEYS[2]
local holder = 'by:' .. ARGV[1]
`;

/**
 * Keeps a vCon that would expire, and what expires with it.
 *
 * KEYS: its holders, the vCon, then what expires with it. ARGV: the holder.
 * Answers "held", "lasting" if it does not expire, or "missing".
 */
export const HOLD: Script = script(
  HOLDS,
  `
if redis.call('EXISTS', vcon) == 0 then
  redis.call('UNLINK', held)
  return 'missing'
end

local left = {}
for i = 2, #KEYS do table.insert(left, redis.call('PTTL', KEYS[i])) end
if left[1] < 0 and redis.call('EXISTS', held) == 0 then return 'lasting' end

redis.call('HSETNX', held, 'left', cjson.encode(left))
redis.call('HSET', held, holder, '')
for i = 2, #KEYS do redis.call('PERSIST', KEYS[i]) end
return 'held'
`,
);

/** Ends a hold; the time of a vCon that nobody holds any more runs again. KEYS and ARGV as of {@link HOLD}. */
export const RELEASE: Script = script(
  HOLDS,
  `
if redis.call('HDEL', held, holder) == 0 or redis.call('HLEN', held) > 1 then return 0 end

local lefts = cjson.decode(redis.call('HGET', held, 'left'))
for i, left in ipairs(lefts) do
  -- What was not there yet goes with the vCon.
  if left == -2 then left = lefts[1] end
  -- Where somebody has set a time since, that is the later wish.
  if left >= 0 and redis.call('PTTL', KEYS[i + 1]) == -1 then
    redis.call('PEXPIRE', KEYS[i + 1], math.max(left, 1))
  end
end
redis.call('UNLINK', held)
return 1
`,
);

/**
 * Takes a vCon off the list of what waits, unless it was made or deleted since its indexes were seen to.
 *
 * KEYS: the vCon, the hash of what is elsewhere, the list. ARGV: UUID, whether the vCon was there ("1" or "0").
 */
export const SETTLED: Script = script(`
local vcon, elsewhere, waiting = KEYS[1], KEYS[2], KEYS[3]
local uuid, was_there = ARGV[1], tonumber(ARGV[2])

if redis.call('EXISTS', vcon) ~= was_there then return 0 end
if was_there == 0 then redis.call('UNLINK', elsewhere) end
redis.call('SREM', waiting, uuid)
return 1
`);
