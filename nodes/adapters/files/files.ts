/** Gathers vCons that exist as files, or that a message holds, into the store: one message each. */
import { realpath } from "node:fs/promises";
import { resolve } from "node:path";
import { type ConfigOf, choice, collector, number, StepError, text, toggle, typed } from "../../kit/index.ts";
import { type Afterwards, afterwardsOf } from "./afterwards.ts";
import { foundFile } from "./found-file.ts";
import { foundIn } from "./found-in.ts";
import { type Chosen, chosenBy, filesAt } from "./paths.ts";
import { type Watching, watchFolder } from "./watch.ts";

const MB = 1_000_000;

const whenFiles = { from: ["files", "folder"] };

const fields = {
  from: choice(
    { message: "What the message holds", files: "Files, when a message comes", folder: "A watched folder" },
    { label: "From", icon: "sign-in" },
  ),
  content: typed({
    label: "vCons",
    icon: "file-code-o",
    types: ["msg", "jsonata"],
    default: "msg:payload",
    hint: "a buffer, a text or an object, or a list of them",
    shownWhen: { from: "message" },
  }),
  path: typed({
    label: "Path",
    icon: "files-o",
    types: ["msg", "str", "jsonata"],
    default: "msg:payload",
    hint: "a file, a folder, or a pattern such as exports/**/*.json",
    shownWhen: { from: "files" },
  }),
  folder: text({
    label: "Folder",
    icon: "folder-open-o",
    required: true,
    placeholder: "/var/lib/vcons/in",
    shownWhen: { from: "folder" },
  }),
  names: text({
    label: "Names",
    icon: "filter",
    required: true,
    default: "*.{json,vcon,gz}",
    hint: "of the files in a folder",
    shownWhen: whenFiles,
  }),
  subfolders: toggle({
    label: "Subfolders",
    icon: "sitemap",
    hint: "also what lies in folders of the folder",
    shownWhen: whenFiles,
  }),
  afterwards: choice(
    { leave: "Leave the file", move: "Move it to a folder", delete: "Delete it" },
    { label: "Afterwards", icon: "check-square-o", shownWhen: whenFiles },
  ),
  moveTo: text({
    label: "Move to",
    icon: "folder-o",
    required: true,
    placeholder: "/var/lib/vcons/done",
    hint: `what is no vCon is moved to its folder "failed"`,
    shownWhen: { ...whenFiles, afterwards: "move" },
  }),
  limit: number({
    label: "Limit",
    icon: "arrows-v",
    default: 200,
    min: 1,
    max: 500,
    hint: "MB a vCon, also once it is unpacked",
  }),
};
type Config = ConfigOf<typeof fields>;

export default collector({
  type: "vcon-files",
  label: "vCon files",
  icon: "vcon-files.svg",
  fields,
  collect: ({ config, workingFolder, signal }) =>
    config.from === "message"
      ? foundIn(config.content, config.limit * MB)
      : foundAt(config, workingFolder, signal),
  watch: ({ config, workingFolder, ...watching }) =>
    config.from === "folder" ? foundBy(config, workingFolder, watching) : undefined,
});

async function* foundAt(config: Config, workingFolder: string, signal: AbortSignal) {
  const { from, path, limit } = config;
  if (from === "folder") {
    throw new StepError(
      "This node watches its folder by itself and takes no messages. Remove the wire to it.",
      {
        code: "BAD_INPUT",
      },
    );
  }
  const { afterwards, chosen } = await settingsOf(config, workingFolder);
  for await (const file of filesAt(path, workingFolder, chosen)) {
    yield foundFile({ ...file, afterwards, maxBytes: limit * MB, again: true, signal });
  }
}

/** What lies in a folder for good is not sent anew with every start; what is moved or deleted is, until it is gone. */
async function* foundBy(config: Config, workingFolder: string, watching: Watching) {
  const { limit, afterwards: after } = config;
  const { signal } = watching;
  const { afterwards, chosen } = await settingsOf(config, workingFolder);
  const folder = await real(resolve(workingFolder, config.folder));
  if (chosen.isLeftOut(folder)) {
    throw new StepError(`"Move to" is the folder that is watched. Open the node and choose another.`, {
      code: "NOT_CONFIGURED",
    });
  }
  for await (const file of watchFolder(folder, chosen, watching)) {
    yield foundFile({ ...file, afterwards, maxBytes: limit * MB, again: after !== "leave", signal });
  }
}

async function settingsOf(
  config: Config,
  workingFolder: string,
): Promise<{ afterwards: Afterwards; chosen: Chosen }> {
  const moves = config.afterwards === "move";
  const moveTo = moves ? await real(resolve(workingFolder, config.moveTo)) : undefined;
  return { afterwards: afterwardsOf(config.afterwards, moveTo), chosen: chosenBy(config, moveTo) };
}

/** Two ways to one folder must not pass for two folders. What is not there yet has one way only. */
function real(folder: string): Promise<string> {
  return realpath(folder).catch(() => folder);
}
