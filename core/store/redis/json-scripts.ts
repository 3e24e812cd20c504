/**
 * The Lua scripts of the JSON layout, where a vCon is one JSON document in the standard format, which others may
 * have written. Redis does not roll a script back, so each looks first and then writes. Texts that are written come
 * ready from the caller: cjson, which only looks here, knows no difference between [] and {}.
 */
import { LARGE_BODY_BYTES } from "../body.ts";
import { type Script, script } from "./connection.ts";
import {
  deleteAtRevision,
  ENTER_INDEXES,
  GUARD_REVISION,
  RECORD_EVENTS,
  TAKE_ARGUMENTS,
} from "./shared-scripts.ts";

/** What the module counts as memory up to which parts are sent as they are, without asking what is in them. */
const SMALL_BYTES = 4096;

/** Questions to the document at `vcon`, a key of the script. */
const ASK_DOCUMENT = `
-- What stands at a path, as JSON; paths that begin with $ have a list of answers, empty if nothing is there.
local function json_at(path)
  local list = redis.call('JSON.GET', vcon, path)
  if list ~= '[]' then return string.sub(list, 2, -2) end
end

local function value_at(path)
  local json = json_at(path)
  if json and json ~= 'null' then return cjson.decode(json) end
end

local function type_at(path)
  local answer = redis.call('JSON.TYPE', vcon, path)[1]
  return answer and (answer.ok or answer)
end

local function memory_of(path)
  return redis.call('JSON.DEBUG', 'MEMORY', vcon, path)[1] or 0
end

-- "missing", "unsigned", "signed" or "encrypted"; a sealed vCon is known by its members.
local function form_of_vcon()
  local seals = redis.call('JSON.GET', vcon, '$["signatures","recipients"]')
  if seals == '[]' then return 'unsigned' end
  if not seals then return 'missing' end
  if json_at('$.signatures') and type_at('$.payload') then return 'signed' end
  if json_at('$.recipients') and type_at('$["ciphertext","cyphertext"]') then return 'encrypted' end
  return 'unsigned'
end

-- An attachment's type is its purpose, which older drafts called its type.
local function type_of(section, element)
  local purpose = section == 'attachments' and value_at(element .. '.purpose')
  return purpose or value_at(element .. '.type') or ''
end
`;

/** The members of an object in the document at `vcon`. */
const ASK_MEMBERS = String.raw`
local LARGE_BODY_BYTES = ${LARGE_BODY_BYTES}

-- Any name in the form that the module reads for every one of them.
local function member(name)
  local escaped = string.gsub(name, '[%c"\\]', function(character)
    return string.format('\\u%04x', string.byte(character))
  end)
  return '["' .. escaped .. '"]'
end

local function add_members(list, path, names, without)
  for _, name in ipairs(names) do
    if not without[name] then
      table.insert(list, name)
      table.insert(list, json_at(path .. member(name)) or 'null')
    end
  end
  return list
end
`;

/** The revision of the document at `vcon`; the name of what replaced the first one is at `replacement`, a key, too. */
const REVISION = `
-- A text that is not too long for its own members; of one that is, the length.
local function short_at(path)
  local length = redis.call('JSON.STRLEN', vcon, path)[1]
  return length and length > LARGE_BODY_BYTES and length or json_at(path) or 'null'
end

local function element_digest(path)
  local body = short_at(path .. '.body')
  if type(body) ~= 'number' then return json_at(path) end
  return add_members({ body }, path, redis.call('JSON.OBJKEYS', vcon, path)[1], { body = true })
end

-- Drawn from the document, since others write it, too, and know of no revision. Media are not read for it: those that
-- write here give the document another name or add to it, and a conserver changes no body without anything else.
local function revision()
  local seen = { redis.call('GET', replacement) or '' }
  local sections = { dialog = true, attachments = true, analysis = true }
  for _, name in ipairs(redis.call('JSON.OBJKEYS', vcon, '$')[1]) do
    local path = '$' .. member(name)
    table.insert(seen, name)
    if sections[name] and type_at(path) == 'array' then
      for i = 0, redis.call('JSON.ARRLEN', vcon, path)[1] - 1 do
        table.insert(seen, element_digest(path .. '[' .. i .. ']'))
      end
    else
      table.insert(seen, short_at(path))
    end
  end
  return redis.sha1hex(cjson.encode(seen))
end
`;

/** Makes the document, or the one at `staged` if it is "", the vCon. */
const WRITE_DOCUMENT = `
local function write_document(document)
  if document ~= '' then
    redis.call('JSON.SET', vcon, '$', document)
    return true
  end
  if redis.call('PERSIST', staged) == 0 then return false end
  redis.call('RENAME', staged, vcon)
  return true
end
`;

/** Gives the document at `vcon` a name, at `replacement`, by which what was read of the former one is told from it. */
const NAME_DOCUMENT = `
local function name_document(name, lifetime)
  redis.call('SET', replacement, name)
  -- What a conserver has put here for a while stays for no longer.
  if lifetime > 0 then redis.call('PEXPIRE', replacement, lifetime) end
  redis.call('HSET', elsewhere, replacement, '')
end
`;

/**
 * KEYS: the vCon, its trail, the hash of what is elsewhere, the staged document, its holders, then the indexes or their
 * list.
 * ARGV: UUID, creation time in seconds, names of the indexes, event or "", the document or "" if it is staged.
 * Answers "created", "there" or "expired".
 */
export const CREATE: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, trail, elsewhere, staged, held = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]",
  WRITE_DOCUMENT,
  ENTER_INDEXES,
  `
local uuid, created_at, indexes, event, document = take(), take(), take_list(), take(), take()

if redis.call('EXISTS', vcon) == 1 then
  redis.call('UNLINK', staged)
  return 'there'
end
if not write_document(document) then return 'expired' end
redis.call('UNLINK', held)
enter_indexes(uuid, created_at, indexes, 6)
if event ~= '' then redis.call('RPUSH', trail, event) end
return 'created'
`,
);

const ADD = `
local now, seen, identities, analyses = take(), tonumber(take()), take_list(), take_list()
local attachments = take_list()
local tags, tags_json, tags_attachment = take_list(), take_list(), take()
local extensions, extensions_json = take_list(), take_list()
local event_names, events = take_list(), take_list()
local malformed

local BODIES_OF_TAGS = '$.attachments[?(@.purpose=="tags")].body'

-- Whether an array is there to be appended to; what Python wrote may hold null in its place.
local function is_array(member)
  local kind = type_at('$.' .. member) or 'null'
  if kind ~= 'array' and kind ~= 'null' then malformed = member end
  return kind == 'array'
end

-- Type, vendor, product, dialogs and a schema as one text; 3 and [3] name the same dialog.
local function identity_at(path)
  local members = { path .. '.type', path .. '.vendor', path .. '.product', path .. '.dialog', path .. '.schema' }
  local found = cjson.decode(redis.call('JSON.GET', vcon, unpack(members)))
  local identity = {}
  for i, member in ipairs(members) do identity[i] = found[member][1] end
  if identity[4] ~= nil and type(identity[4]) ~= 'table' then identity[4] = { identity[4] } end
  for i = 1, 4 do identity[i] = identity[i] or cjson.null end
  if type(identity[5]) ~= 'string' then identity[5] = nil end
  return cjson.encode(identity)
end

local function new_analyses()
  local count, new = {}, {}
  if #analyses == 0 then return new end
  for i = 1, redis.call('JSON.ARRLEN', vcon, '$.analysis')[1] or 0 do
    local identity = identity_at('$.analysis[' .. (i - 1) .. ']')
    count[identity] = (count[identity] or 0) + 1
  end
  for i, analysis in ipairs(analyses) do
    local identity = cjson.encode(cjson.decode(identities[i]))
    count[identity] = count[identity] or 0
    if count[identity] <= seen then
      table.insert(new, analysis)
      count[identity] = count[identity] + 1
    end
  end
  return new
end

-- The JSON of those texts that are not known; they are from then on.
local function unknown(known, texts, texts_json)
  local new = {}
  for i, text in ipairs(texts) do
    if not known[text] then table.insert(new, texts_json[i]) end
    known[text] = true
  end
  return new
end

local function learn(known, list)
  for _, text in ipairs(list) do known[text] = true end
end

-- The path of the list that takes new tags, the known tags, and the position of tags that are not in a list.
local function find_tags()
  local path, known, unlisted = nil, {}, nil
  for i = 0, (redis.call('JSON.ARRLEN', vcon, '$.attachments')[1] or 0) - 1 do
    local element = '$.attachments[' .. i .. ']'
    if type_of('attachments', element) == 'tags' then
      local body = element .. '.body'
      local kind = type_at(body)
      if kind == 'array' then
        path = path or body
        learn(known, value_at(body))
      elseif kind == 'string' or kind == 'object' then
        unlisted = i
      end
    end
  end
  return path, known, unlisted
end

-- Most vCons have no tags or one list of them: this is told with a question or two, without looking around.
local function find_tags_fast()
  local bodies = redis.call('JSON.GET', vcon, BODIES_OF_TAGS)
  if bodies == '[]' and redis.call('JSON.GET', vcon, '$.attachments[?(@.type=="tags")].body') == '[]' then
    return nil, {}
  end
  local lists = string.sub(bodies, 1, 2) == '[[' and cjson.decode(bodies)
  if not lists or #lists > 1 then return find_tags() end
  local known = {}
  learn(known, lists[1])
  return BODIES_OF_TAGS, known
end

local function append(path, elements)
  for _, element in ipairs(elements) do redis.call('JSON.ARRAPPEND', vcon, path, element) end
end

local function append_to(member, is_there, elements)
  if #elements > 0 and not is_there then redis.call('JSON.SET', vcon, '$.' .. member, '[]') end
  append('$.' .. member, elements)
end

local function add_extensions()
  local path, known = '$.extensions', {}
  local is_there = type_at(path) == 'array'
  if is_there then learn(known, value_at(path)) end
  append_to('extensions', is_there, unknown(known, extensions, extensions_json))
end

local form = form_of_vcon()
if form == 'missing' then return { form } end
if form ~= 'unsigned' and (#analyses > 0 or #attachments > 0 or #tags > 0) then return { form } end

local path, known, unlisted
if #tags > 0 then path, known, unlisted = find_tags_fast() end
local has_analysis = #analyses > 0 and is_array('analysis')
local has_attachments = (#attachments > 0 or not path) and is_array('attachments')
if malformed then return { 'malformed', malformed } end
if unlisted then return { 'convert', unlisted, json_at('$.attachments[' .. unlisted .. '].body') } end
local to_add = new_analyses()

append_to('analysis', has_analysis, to_add)
append_to('attachments', has_attachments, attachments)
if #tags > 0 and #attachments > 0 then path, known = find_tags() end
local new_tags = #tags > 0 and unknown(known, tags, tags_json) or {}
if #new_tags > 0 and not path then
  append_to('attachments', has_attachments or #attachments > 0, { tags_attachment })
  path = BODIES_OF_TAGS
end
append(path, new_tags)

local added = #to_add + #attachments + #new_tags > 0
if added then
  redis.call('JSON.SET', vcon, '$.updated_at', now)
  if #extensions > 0 then add_extensions() end
end
record_events(added, event_names, events)
return { added and 'added' or 'nothing' }
`;

/**
 * KEYS: the vCon, its trail. ARGV: now as JSON, how many analyses of the same identity are known, the identities and
 * JSON of the analyses, JSON of the attachments, the tags as texts and as JSON, JSON of an attachment for them with an
 * empty list, the extensions as texts and as JSON, the events' names and the events.
 * Answers with one or more words: "added", "nothing", "missing" or the form of a sealed vCon; "malformed" and the
 * member that is not an array; or "convert", position and JSON of a body of tags that is not a list yet.
 */
export const APPEND: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, trail = KEYS[1], KEYS[2]",
  ASK_DOCUMENT,
  RECORD_EVENTS,
  ADD,
);

/**
 * {@link APPEND} to the vCon of one revision. KEYS: then the name of what replaced it. ARGV: first a list of the
 * revision. Answers also "changed".
 */
export const APPEND_AT_REVISION: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, trail, replacement = KEYS[1], KEYS[2], KEYS[3]",
  ASK_DOCUMENT,
  ASK_MEMBERS,
  REVISION,
  GUARD_REVISION,
  RECORD_EVENTS,
  ADD,
);

/** KEYS and ARGV as {@link deleteAtRevision} takes them, the latter with a list of the revision first. */
export const DELETE_AT_REVISION: Script = deleteAtRevision(ASK_DOCUMENT, ASK_MEMBERS, REVISION);

/**
 * Makes a list of tags that others wrote as an object or as text, unless somebody was faster.
 * KEYS: the vCon, the name of what replaced it. ARGV: a list of the revision that it has to have, or an empty one;
 * position of the attachment, JSON of its body as it was, JSON of the list.
 * Answers "changed" or, if a revision is given, the one that the vCon has now.
 */
export const CONVERT_TAGS: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, replacement = KEYS[1], KEYS[2]",
  ASK_DOCUMENT,
  ASK_MEMBERS,
  REVISION,
  GUARD_REVISION,
  `
local attachment, before, tags = '$.attachments[' .. take() .. ']', take(), take()

if json_at(attachment .. '.body') == before then
  redis.call('JSON.SET', vcon, attachment .. '.body', tags)
  redis.call('JSON.SET', vcon, attachment .. '.encoding', '"json"')
  redis.call('JSON.SET', vcon, attachment .. '.mediatype', '"application/json"')
end
return expected and revision()
`,
);

/**
 * KEYS: the vCon, its trail, the hash of what is elsewhere, the text of the body where it is staged, the name of what
 * replaced the document. ARGV: a list of the revision that it has to have, or an empty one; position of the dialog;
 * "look" to write nothing, "staged" or "inline", and the text if inline; now as JSON, a new name for the document, the
 * names of members that go, names and JSON of those that come, the events.
 * Answers "set", "ready" to one who only looks, "changed", "missing", the form of a sealed vCon, "no dialog" or "expired".
 */
export const SET_MEDIA: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, trail, elsewhere, staged, replacement = unpack(KEYS)",
  ASK_DOCUMENT,
  ASK_MEMBERS,
  REVISION,
  GUARD_REVISION,
  NAME_DOCUMENT,
  `
local dialog, how, text, now, name = '$.dialog[' .. take() .. ']', take(), take(), take(), take()
local former, names, values, events = take_list(), take_list(), take_list(), take_list()

local form = form_of_vcon()
if form ~= 'unsigned' then return form end
if type_at('$.dialog') ~= 'array' or type_at(dialog) ~= 'object' then return 'no dialog' end
if how == 'look' then return 'ready' end
if how == 'staged' then text = redis.call('GET', staged) end
if not text then return 'expired' end

-- Base64url: nothing in it that JSON escapes.
redis.call('JSON.SET', vcon, dialog .. '.body', '"' .. text .. '"')
redis.call('UNLINK', staged)
for _, member in ipairs(former) do redis.call('JSON.DEL', vcon, dialog .. '.' .. member) end
for i, member in ipairs(names) do redis.call('JSON.SET', vcon, dialog .. '.' .. member, values[i]) end
redis.call('JSON.SET', vcon, '$.updated_at', now)
name_document(name, redis.call('PTTL', vcon))
for _, event in ipairs(events) do redis.call('RPUSH', trail, event) end
return 'set'
`,
);

/**
 * KEYS: the vCon, its trail, the hash of what is elsewhere, the staged document, the name of what replaced it, then the
 * indexes of the new document's parties or their list. ARGV: UUID, the revision that is to be replaced, a name for the
 * new document, names of the indexes, the document or "" if it is staged, the events.
 * Answers "replaced", "changed", "missing" or "expired".
 */
export const REPLACE: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, trail, elsewhere, staged, replacement = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]",
  ASK_DOCUMENT,
  ASK_MEMBERS,
  REVISION,
  WRITE_DOCUMENT,
  NAME_DOCUMENT,
  ENTER_INDEXES,
  `
local uuid, expected, name, indexes, document, events = take(), take(), take(), take_list(), take(), take_list()

local lifetime = redis.call('PTTL', vcon)
local is_there = lifetime ~= -2
if not is_there or revision() ~= expected then
  redis.call('UNLINK', staged)
  return is_there and 'changed' or 'missing'
end
if not write_document(document) then return 'expired' end

if lifetime > 0 then redis.call('PEXPIRE', vcon, lifetime) end
name_document(name, lifetime)
enter_indexes(uuid, nil, indexes, 6)
for _, event in ipairs(events) do redis.call('RPUSH', trail, event) end
return 'replaced'
`,
);

/** Adds to `answers` what is asked for, one after the other, and answers with them. */
const READ_PARTS = `
local SMALL_BYTES = ${SMALL_BYTES}

-- Type and size of a large body. To measure an object it has to be written out; media are strings, which need not.
local function large_body_at(path)
  local kind, size = type_at(path), 0
  if kind == 'string' then
    size = redis.call('JSON.STRLEN', vcon, path)[1]
  elseif memory_of(path) > SMALL_BYTES then
    size = #json_at(path)
  end
  if size > LARGE_BODY_BYTES then return kind, size end
end

local function read_element(path)
  if memory_of(path) <= SMALL_BYTES then return json_at(path) end
  local kind, size = large_body_at(path .. '.body')
  if not kind then return json_at(path) end
  local body = { kind, size, redis.call('GET', replacement) or '' }
  return add_members(body, path, redis.call('JSON.OBJKEYS', vcon, path)[1], { body = true })
end

local function read_section(section, types)
  local path = '$.' .. section
  if memory_of(path) <= SMALL_BYTES then return json_at(path) end
  local wanted, found = {}, {}
  for _, type in ipairs(types) do wanted[type] = true end
  for i = 0, (redis.call('JSON.ARRLEN', vcon, path)[1] or 0) - 1 do
    local element = path .. '[' .. i .. ']'
    if #types == 0 or wanted[type_of(section, element)] then
      table.insert(found, i)
      table.insert(found, read_element(element))
    end
  end
  return found
end

while taken < #ARGV do
  local part, types = take(), take_list()
  if part == 'head' then
    local arrays = { parties = true, dialog = true, attachments = true, analysis = true }
    table.insert(answers, add_members({}, '$', redis.call('JSON.OBJKEYS', vcon, '$')[1], arrays))
  elseif part == 'parties' then
    table.insert(answers, json_at('$.parties') or 'null')
  else
    table.insert(answers, read_section(part, types) or 'null')
  end
end
return answers
`;

/**
 * KEYS: the vCon and, if a section is asked for, the name of what replaced it. ARGV: what is asked for, one after the other: "head", "parties" or a
 * section, each followed by the types wanted of it, none meaning all. Answers with the form ("missing" if there is no
 * vCon) and, if the vCon is not sealed, an answer to each: of the head a list of names and values; the parties; a small
 * section as one; of a large one a list of positions and elements. Values are JSON. An element with a large body is
 * itself a list: type and size of the body and the name of the document that it is in, then names and values of the
 * other members.
 */
export const READ: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, replacement = KEYS[1], KEYS[2]",
  ASK_DOCUMENT,
  `
-- Looked at first: to make the functions that read the parts takes longer than this.
local answers = { form_of_vcon() }
if answers[1] ~= 'unsigned' or #ARGV == 0 then return answers end
`,
  ASK_MEMBERS,
  READ_PARTS,
);

/**
 * A part of a large body. The module gives a value only as a whole, so that what is wanted behind the first bytes is put
 * aside on the way, for whoever comes for the next ones.
 *
 * KEYS: the vCon, the name of what replaced it, the key for what is put aside. ARGV: path, kind, name of the document
 * and size of the body, as they were read; the first byte wanted and the first one not wanted; how many bytes to answer
 * and how many seconds to keep the others. Answers with the bytes, or nil if the body is no longer there.
 */
export const READ_BODY: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, replacement, aside = KEYS[1], KEYS[2], KEYS[3]",
  `
local path, kind, document, size = take(), take(), take(), tonumber(take())
local first, last, length, seconds = tonumber(take()), tonumber(take()), tonumber(take()), take()

if (redis.call('GET', replacement) or '') ~= document then return end
local json = redis.call('JSON.GET', vcon, path)
if not json or (string.sub(json, 2, 2) == '"') ~= (kind == 'text') then return end

-- A copy is what costs here: the brackets of the answers and a text's quotes are skipped instead.
local skipped = kind == 'text' and 2 or 1
if kind == 'text' and string.find(json, '\\\\', 1, true) then json, skipped = cjson.decode(json)[1], 0 end
if #json - 2 * skipped ~= size then return end

local behind = math.min(first + length, last)
if behind < last then
  -- Where Redis has no room for it, the document will be asked again.
  redis.pcall('SET', aside, string.sub(json, skipped + behind + 1, skipped + last), 'EX', seconds)
end
return string.sub(json, skipped + first + 1, skipped + behind)
`,
);

/** Like {@link READ}, but behind the form comes the revision, and of a sealed vCon then the vCon. */
export const READ_SEALED: Script = script(
  TAKE_ARGUMENTS,
  "local vcon, replacement = KEYS[1], KEYS[2]",
  ASK_DOCUMENT,
  ASK_MEMBERS,
  REVISION,
  `
local form = form_of_vcon()
if form == 'missing' then return { form } end
if form ~= 'unsigned' then return { form, revision(), redis.call('JSON.GET', vcon, '.') } end
local answers = { form, revision() }
`,
  READ_PARTS,
);
