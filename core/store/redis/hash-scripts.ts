/**
 * The Lua scripts of the hash layout. Redis does not roll a script back, so each looks first and then writes.
 * The fields of a vCon's hash:
 *
 *     form                    "unsigned", "signed" or "encrypted"
 *     head                    JSON of all members; the parties and the arrays of elements are empty in it
 *     parties                 JSON, if the vCon has any
 *     updated_at              when something was last added
 *     revision                another text after each change; missing in vCons that older versions wrote
 *     extensions              JSON texts of the names added since the creation, with commas between
 *     extension:<name>        a mark for each of these
 *     dialog                  how many dialogs there are; likewise attachments and analysis
 *     dialog:0                JSON of the first one, without its body if that is large
 *     dialog:0:body           kind, size and id of its large body: "text 1048576 k3J..."
 *     dialog:type:text        the positions of the dialogs of type "text": "0 3 4"
 *     identity:<identity>     how many analyses have this identity
 *     tags                    the position of the attachment that takes new tags
 *     attachments:2:tags      its body: JSON texts of the tags, with commas between
 *     tag:<name>:<value>      a mark for each tag
 */
import { type Script, script } from "./connection.ts";
import {
  deleteAtRevision,
  ENTER_INDEXES,
  GUARD_REVISION,
  RECORD_EVENTS,
  TAKE_ARGUMENTS,
} from "./shared-scripts.ts";

const REVISION = `
local function revision()
  return redis.call('HGET', vcon, 'revision') or ''
end
`;

/** Adds elements; `vcon` and `elsewhere` are keys of the script. */
const ADD_ELEMENTS = `
local function take_elements()
  local elements = {}
  for i = 1, tonumber(take()) do
    local element = { section = take(), type = take(), json = take(), identity = take() }
    element.body, element.body_key = take(), KEYS[tonumber(take())]
    element.takes_tags, element.tags_json, element.tags = take() == 'yes', take(), take_list()
    elements[i] = element
  end
  return elements
end

-- Lists are kept as text, so that adding to one neither reads nor changes what is in it.
local function extend(field, separator, text)
  local list = redis.call('HGET', vcon, field)
  local extended = (list and list ~= '') and (list .. separator .. text) or text
  redis.call('HSET', vcon, field, extended)
end

local function add_element(element)
  local position = redis.call('HINCRBY', vcon, element.section, 1) - 1
  local field = element.section .. ':' .. position
  redis.call('HSET', vcon, field, element.json)
  if element.section == 'analysis' then
    redis.call('HINCRBY', vcon, 'identity:' .. element.identity, 1)
  end
  if element.body_key then
    redis.call('HSET', vcon, field .. ':body', element.body)
    redis.call('PERSIST', element.body_key)
    redis.call('HSET', elsewhere, element.body_key, '')
  end
  if element.takes_tags then
    redis.call('HSETNX', vcon, 'tags', position)
    redis.call('HSET', vcon, field .. ':tags', element.tags_json)
    for _, tag in ipairs(element.tags) do redis.call('HSET', vcon, 'tag:' .. tag, '') end
  end
  return position
end

local function add_elements(elements)
  local positions = {}
  for _, element in ipairs(elements) do
    local field = element.section .. ':type:' .. element.type
    positions[field] = positions[field] or {}
    table.insert(positions[field], add_element(element))
  end
  for field, list in pairs(positions) do extend(field, ' ', table.concat(list, ' ')) end
end

local function drop_bodies(elements)
  for _, element in ipairs(elements) do
    if element.body_key then redis.call('UNLINK', element.body_key) end
  end
end

-- Bodies are written ahead of their elements, and expire, or those of a process that died would stay for ever.
local function are_bodies_there(elements)
  for _, element in ipairs(elements) do
    if element.body_key and redis.call('EXISTS', element.body_key) == 0 then return false end
  end
  return true
end
`;

/**
 * KEYS: the vCon, its trail, the hash of what is elsewhere, its holders, the staged bodies, then the indexes or their list.
 * ARGV: UUID, creation time in seconds, names of the indexes, which key is the first of them, event or "",
 * fields and their values, elements. Answers "created", "there" or "expired".
 */
export const CREATE: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, trail, elsewhere, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4]",
  ADD_ELEMENTS,
  ENTER_INDEXES,
  `
local uuid, created_at, indexes, first_index, event = take(), take(), take_list(), tonumber(take()), take()
local fields, elements = take_list(), take_elements()

if redis.call('EXISTS', vcon) == 1 then
  drop_bodies(elements)
  return 'there'
end
if not are_bodies_there(elements) then return 'expired' end

redis.call('HSET', vcon, unpack(fields))
redis.call('UNLINK', held)
add_elements(elements)
enter_indexes(uuid, created_at, indexes, first_index)
if event ~= '' then redis.call('RPUSH', trail, event) end
return 'created'
`,
);

const ADD = `
local now, revision, seen, elements = take(), take(), tonumber(take()), take_elements()
local tags, tags_json, attachment = take_list(), take_list(), take()
local extensions, extensions_json = take_list(), take_list()
local event_names, events = take_list(), take_list()

-- Parts the elements into those to add and those that are there already.
local function sort_out()
  local new, known, count = {}, {}, {}
  for _, element in ipairs(elements) do
    local identity = element.section == 'analysis' and element.identity
    if identity then
      count[identity] = count[identity] or tonumber(redis.call('HGET', vcon, 'identity:' .. identity) or 0)
    end
    if identity and count[identity] > seen then
      table.insert(known, element)
    else
      table.insert(new, element)
      if identity then count[identity] = count[identity] + 1 end
    end
  end
  return new, known
end

-- Marks those texts that have no mark yet, and answers with their JSON.
local function mark_new(kind, texts, texts_json)
  local new = {}
  for i, text in ipairs(texts) do
    if redis.call('HSETNX', vcon, kind .. ':' .. text, '') == 1 then table.insert(new, texts_json[i]) end
  end
  return table.concat(new, ',')
end

local function add_tags()
  local new = mark_new('tag', tags, tags_json)
  if new == '' then return false end
  if redis.call('HEXISTS', vcon, 'tags') == 0 then
    add_elements({
      { section = 'attachments', type = 'tags', json = attachment, takes_tags = true, tags_json = '', tags = {} }
    })
  end
  extend('attachments:' .. redis.call('HGET', vcon, 'tags') .. ':tags', ',', new)
  return true
end

local form = redis.call('HGET', vcon, 'form')
if not form then return 'missing' end
if form ~= 'unsigned' and (#elements > 0 or #tags > 0) then return form end
if not are_bodies_there(elements) then return 'expired' end

local new, known = sort_out()
add_elements(new)
drop_bodies(known)
local has_new_tags = add_tags()
local added = #new > 0 or has_new_tags
if added then
  redis.call('HSET', vcon, 'updated_at', now, 'revision', revision)
  local new_extensions = mark_new('extension', extensions, extensions_json)
  if new_extensions ~= '' then extend('extensions', ',', new_extensions) end
end
record_events(added, event_names, events)
return added and 'added' or 'nothing'
`;

/**
 * KEYS: the vCon, its trail, the hash of what is elsewhere, its holders, then the staged bodies.
 * ARGV: now, the new revision, how many analyses of the same identity are known, the elements; the tags as texts and as JSON texts,
 * JSON of an attachment for them; the extensions as texts and as JSON texts; the events' names and the events.
 * Answers "added", "nothing", "missing", "expired" or the form of a sealed vCon.
 */
export const APPEND: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, trail, elsewhere = KEYS[1], KEYS[2], KEYS[3]",
  ADD_ELEMENTS,
  RECORD_EVENTS,
  ADD,
);

/** {@link APPEND} to the vCon of one revision. ARGV: first a list of it. Answers also "changed". */
export const APPEND_AT_REVISION: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, trail, elsewhere = KEYS[1], KEYS[2], KEYS[3]",
  REVISION,
  GUARD_REVISION,
  ADD_ELEMENTS,
  RECORD_EVENTS,
  ADD,
);

/** KEYS and ARGV as {@link deleteAtRevision} takes them, the latter with a list of the revision first. */
export const DELETE_AT_REVISION: Script = deleteAtRevision(REVISION);

/**
 * KEYS: the vCon, its trail, the hash of what is elsewhere, the new body where it is staged, the old one if there is one
 * in a key of its own. ARGV: a list of the revision that it has to have, or an empty one; position of the dialog, JSON
 * of it and what says of its large body, both as they were; the same as they are to be; now, the new revision, the events.
 * What says of a body is "" where there is no large one.
 * Answers "set", "changed", "missing", the form of a sealed vCon, "no dialog" or "expired"; or "other" with JSON of the
 * dialog and what says of its large body, as they are, and nothing written.
 */
export const SET_MEDIA: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, trail, elsewhere, new_body, old_body = unpack(KEYS)",
  REVISION,
  GUARD_REVISION,
  `
local field, json_before, body_before, json, body = 'dialog:' .. take(), take(), take(), take(), take()
local now, new_revision, events = take(), take(), take_list()

local form = redis.call('HGET', vcon, 'form')
if form ~= 'unsigned' then return form or 'missing' end
local json_now, body_now = redis.call('HGET', vcon, field), redis.call('HGET', vcon, field .. ':body') or ''
if not json_now or string.sub(json_now, 1, 1) ~= '{' then return 'no dialog' end
if json_now ~= json_before or body_now ~= body_before then return { 'other', json_now, body_now } end
if body ~= '' and redis.call('PERSIST', new_body) == 0 then return 'expired' end

redis.call('HSET', vcon, field, json, 'updated_at', now, 'revision', new_revision)
if body ~= '' then
  redis.call('HSET', vcon, field .. ':body', body)
  redis.call('HSET', elsewhere, new_body, '')
else
  redis.call('HDEL', vcon, field .. ':body')
end
if old_body then
  redis.call('UNLINK', old_body)
  redis.call('HDEL', elsewhere, old_body)
end
for _, event in ipairs(events) do redis.call('RPUSH', trail, event) end
return 'set'
`,
);

/**
 * KEYS: the vCon, its trail, the hash of what is elsewhere, its holders, the staged bodies, the old bodies, then the
 * indexes of the new document's parties or their list. ARGV: UUID, the revision that is to be replaced, names of the indexes, which key
 * is the first of the old bodies and which of the indexes, fields and their values, elements, the events.
 * Answers "replaced", "changed", "missing" or "expired".
 */
export const REPLACE: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, trail, elsewhere = KEYS[1], KEYS[2], KEYS[3]",
  REVISION,
  ADD_ELEMENTS,
  ENTER_INDEXES,
  `
local uuid, expected, indexes = take(), take(), take_list()
local first_old, first_index = tonumber(take()), tonumber(take())
local fields, elements, events = take_list(), take_elements(), take_list()

local is_there = redis.call('EXISTS', vcon) == 1
if not is_there or revision() ~= expected then
  drop_bodies(elements)
  return is_there and 'changed' or 'missing'
end
if not are_bodies_there(elements) then return 'expired' end

redis.call('UNLINK', vcon)
for i = first_old, first_index - 1 do
  redis.call('UNLINK', KEYS[i])
  redis.call('HDEL', elsewhere, KEYS[i])
end
redis.call('HSET', vcon, unpack(fields))
add_elements(elements)
enter_indexes(uuid, nil, indexes, first_index)
for _, event in ipairs(events) do redis.call('RPUSH', trail, event) end
return 'replaced'
`,
);

/** Adds to `answers` what is asked for of `vcon`, one after the other, and answers with them. */
const READ_PARTS = `
local function positions_of(section, types)
  local positions = {}
  if #types == 0 then
    local length = tonumber(redis.call('HGET', vcon, section) or 0)
    for i = 1, length do positions[i] = i - 1 end
  end
  for _, type in ipairs(types) do
    local list = redis.call('HGET', vcon, section .. ':type:' .. type) or ''
    for position in string.gmatch(list, '%d+') do table.insert(positions, position) end
  end
  return positions
end

local function read_elements(section, types)
  local found = {}
  for _, position in ipairs(positions_of(section, types)) do
    local field = section .. ':' .. position
    local element = redis.call('HMGET', vcon, field, field .. ':body', field .. ':tags')
    table.insert(found, { position, element[1], element[2], element[3] })
  end
  return found
end

while taken < #ARGV do
  local part, types = take(), take_list()
  if part == 'head' then
    table.insert(answers, redis.call('HMGET', vcon, 'head', 'extensions', 'updated_at'))
  elseif part == 'parties' then
    table.insert(answers, redis.call('HGET', vcon, 'parties'))
  else
    table.insert(answers, read_elements(part, types))
  end
end
return answers
`;

/**
 * KEYS: the vCon. ARGV: what is asked for, one after the other: "head", "parties" or a section, each followed by the
 * types wanted of it, none meaning all. Answers with the form ("missing" if there is no vCon) and, if the vCon is
 * not sealed, an answer to each: the head with its extensions and updated_at; the parties; or for each element its
 * position, JSON, large body and tags.
 */
export const READ: Script = script(
  TAKE_ARGUMENTS,
  "local vcon = KEYS[1]",
  `
local answers = { redis.call('HGET', vcon, 'form') or 'missing' }
if answers[1] ~= 'unsigned' or #ARGV == 0 then return answers end
`,
  READ_PARTS,
);

/** Like {@link READ}, but behind the form comes the revision, and of a sealed vCon then the vCon. */
export const READ_SEALED: Script = script(
  TAKE_ARGUMENTS,
  "local vcon = KEYS[1]",
  REVISION,
  `
local form = redis.call('HGET', vcon, 'form')
if not form then return { 'missing' } end
if form ~= 'unsigned' then return { form, revision(), redis.call('HGET', vcon, 'head') } end
local answers = { form, revision() }
`,
  READ_PARTS,
);
