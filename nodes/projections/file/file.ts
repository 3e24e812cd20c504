/** Writes the vCon, or the row that a projection drew, into a file on this machine. */
import { access } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, extname, join, resolve } from "node:path";
import { createGzip } from "node:zlib";
import { type Handle, type Row, streamVcon, type VconView, WHOLE_PARTS } from "../../../core/index.ts";
import {
  type ConfigOf,
  choice,
  destination,
  type Item,
  inTurn,
  type Outcome,
  StepError,
  text,
  toggle,
} from "../../kit/index.ts";
import { projectionField, ROWS, rowOf } from "../row.ts";
import { createdAt, SYNTAXES, syntaxField, wholeIn } from "../whole-vcon.ts";
import { fileError } from "./file-error.ts";
import { dayFolder, liesWithin, safeName } from "./paths.ts";
import { UUID_COLUMN } from "./row-format.ts";
import { ROW_FORMATS, tableAt } from "./table.ts";
import { removeWhole, writeWhole } from "./whole-file.ts";

const EXTENSIONS = { json: ".json", gzip: ".json.gz", csv: ".csv", lines: ".jsonl" };
type Format = keyof typeof EXTENSIONS;

const ROWS_TOGETHER = 500;
/** A disk is no faster with more. */
const FILES_AT_ONCE = 4;

const fields = {
  folder: text({ label: "Folder", icon: "folder-open", required: true, placeholder: "vcons" }),
  format: choice(
    {
      json: "vCon, JSON",
      gzip: "vCon, JSON, gzip",
      csv: "projection, CSV",
      lines: "projection, JSON Lines",
    },
    { label: "Format", icon: "file-text-o" },
  ),
  syntax: { ...syntaxField, shownWhen: { format: ["json", "gzip"] } },
  projection: { ...projectionField, shownWhen: { format: ["csv", "lines"] } },
  daily: toggle({ label: "Daily", icon: "calendar", default: true, hint: "a folder for each day" }),
};
type Config = ConfigOf<typeof fields>;

export default destination({
  type: "vcon-file",
  label: "file",
  icon: "vcon-file.svg",
  fields,
  reads: ({ format }) => (rowFormatOf(format) ? ["head", ROWS] : WHOLE_PARTS),
  system: "The file system",
  batch: { most: ({ format }) => (rowFormatOf(format) ? ROWS_TOGETHER : 1), atOnce: FILES_AT_ONCE },
  draw: async ({ vcon, config, workingFolder, before }) => {
    const { format } = config;
    const { name, content, version, categories, created } = await drawn(vcon, config);
    const folder = join(resolve(workingFolder, config.folder), config.daily ? dayFolder(created) : "");
    const handle = { path: join(folder, `${name}${EXTENSIONS[format]}`), version };
    const last = await before();
    const isKnown = last?.["path"] === handle.path && last["version"] === version;
    if (isKnown && (await isThere(vcon.uuid, handle))) return undefined;
    return { content, recipient: { vendor: "file system", host: hostname(), categories }, handle };
  },
  send: ({ config, items, signal }) =>
    rowFormatOf(config.format)
      ? writeRows(items as Item<Row>[], signal)
      : writeVcons(items as Item<VconView>[], config, signal),
  erase: async ({ config, uuid, handle, workingFolder, signal }) => {
    if (!(await liesIn(resolve(workingFolder, config.folder), uuid, String(handle["path"])))) return;
    await inFile(handle, (path) => (isOfRows(path) ? tableAt(path).erase(uuid, signal) : removeWhole(path)));
  },
});

const rowFormatOf = (format: Format) => ROW_FORMATS[EXTENSIONS[format]];
const isOfRows = (path: string) => extname(path) in ROW_FORMATS;

interface Drawn {
  /** Of the file, without its extension. */
  name: string;
  content: VconView | Row;
  /** Tells this state of the vCon from an earlier or a later one. */
  version: string | number;
  categories: string[];
  /** When the vCon was made. */
  created: unknown;
}

async function drawn(vcon: VconView, { format, projection, syntax }: Config): Promise<Drawn> {
  const rowFormat = rowFormatOf(format);
  if (rowFormat === undefined) {
    return { name: vcon.uuid, content: vcon, ...wholeIn(SYNTAXES[syntax], vcon), created: createdAt(vcon) };
  }
  const { row, index } = await rowOf(vcon, projection);
  const content: Row = { ...row, [UUID_COLUMN]: vcon.uuid };
  rowFormat.check(content);
  const created = vcon.head.created_at;
  return { name: safeName(projection), content, version: index, categories: ["projection"], created };
}

function isThere(uuid: string, handle: Handle): Promise<boolean> {
  return inFile(handle, async (path) => {
    if (isOfRows(path)) return tableAt(path).has(uuid);
    return access(path).then(
      () => true,
      () => false,
    );
  });
}

async function writeVcons(items: readonly Item<VconView>[], { format, syntax }: Config, signal: AbortSignal) {
  for (const { content, handle } of items) {
    const through = format === "gzip" ? [createGzip()] : [];
    await inFile(handle, (path) =>
      writeWhole({ path, content: streamVcon(content, { syntax: SYNTAXES[syntax] }), through, signal }),
    );
  }
  return undefined;
}

/** Those of one file in one write. A file that fails does not keep the others from theirs. */
async function writeRows(items: readonly Item<Row>[], signal: AbortSignal): Promise<Outcome[]> {
  const outcomes = new Map<unknown, Outcome>();
  for (const [file, those] of Map.groupBy(items, ({ handle }) => handle["path"])) {
    const rows = new Map(those.map(({ uuid, content }) => [uuid, content]));
    const writing = inFile(those[0]!.handle, (path) => tableAt(path).write(rows, signal));
    outcomes.set(file, await writing.catch((error) => error));
  }
  return items.map(({ handle }) => outcomes.get(handle["path"]));
}

/** Does the work on the handle's file in turn with all other work on it, and says in our words why it fails. */
async function inFile<Result>(handle: Handle, work: (path: string) => Promise<Result>): Promise<Result> {
  const path = String(handle["path"]);
  try {
    return await inTurn(path, () => work(path));
  } catch (error) {
    throw fileError(error, path);
  }
}

/**
 * Whether the copy, should it still be there, lies in the folder.
 * @throws StepError where it is none that this node could have written there
 */
async function liesIn(folder: string, uuid: string, path: string): Promise<boolean> {
  const isOurs = isOfRows(path) || [`${uuid}.json`, `${uuid}.json.gz`].includes(basename(path));
  const isWithin = isOurs && (await liesWithin(folder, path).catch((error) => refuse(error, folder)));
  if (isWithin !== false) return isWithin === true;
  throw new StepError(
    `The copy at ${path} is not erased: it does not lie in this node's folder. Set "Folder" to where it lies.`,
    { code: "OTHER_FOLDER" },
  );
}

/** A folder that is not there may lie on a disk that will come back, with the copy. */
function refuse(error: { code?: string }, folder: string): never {
  if (error.code !== "ENOENT") throw fileError(error, folder);
  throw new StepError(
    `The folder ${folder} is not there, so nothing in it can be erased. Connect its disk, or make it.`,
    { code: "NO_FOLDER" },
  );
}
