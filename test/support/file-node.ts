/** A file node in a real Node-RED, and the folder that it writes. */
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, beforeEach, expect } from "vitest";
import type { Handle, Row, VconStore } from "../../core/index.ts";
import { PROJECTION, withRow } from "./destination.ts";
import { type Arrival, ends, startNodeRed, type TestNodeRed } from "./node-red.ts";
import { storeNode, storeOf } from "./vcons.ts";

export interface FileNode {
  nodeRed: TestNodeRed;
  store: VconStore;
  /** What the node is set to write: every test has one of its own, which is not there yet. */
  folder: string;
  /** Deploys file nodes with these settings, the first as "node"; rows as CSV unless they say otherwise. */
  deploy(...nodes: object[]): Promise<void>;
  /** Sends the vCon through, which must work. */
  sent(payload: string, node?: string): Promise<string>;
  /** Sends it, which must fail. */
  refused(payload: string): Promise<NonNullable<Arrival["message"]["error"]>>;
  /** Stores a vCon with this row. */
  row(members?: Row): Promise<string>;
  handleOf(uuid: string): Promise<Handle>;
  /** Has the node erase the copy, by its handle in the trail unless another is given. */
  erase(uuid: string, handle?: Handle): Promise<void>;
  /** Every file in the folder, hidden ones too. */
  files(): string[];
  csvFile(): string;
  csvRows(): Record<string, string>[];
  linesFile(): string;
  lines(): Record<string, unknown>[];
}

/** To be called once in a test file. */
export function useFileNode(): FileNode {
  let root: string;
  let count = 0;
  const place: FileNode = {
    nodeRed: undefined as never,
    store: undefined as never,
    folder: "",
    async deploy(...nodes) {
      const deployed = (nodes.length > 0 ? nodes : [{}]).map((settings) => ({
        id: "node",
        type: "vcon-file",
        store: "store",
        folder: place.folder,
        format: "csv",
        projection: PROJECTION,
        daily: false,
        timeLimit: 30,
        wires: [["out"]],
        ...settings,
      }));
      await place.nodeRed.deploy([storeNode, ...deployed, ...ends]);
    },
    async sent(payload, node = "node") {
      const { at, message } = await place.nodeRed.through(node, { payload, topic: "kept" });
      expect(at, message.error?.message ?? "").toBe("out");
      expect(message).toMatchObject({ payload, topic: "kept" });
      return payload;
    },
    async refused(payload) {
      const { at, message } = await place.nodeRed.through("node", { payload });
      expect(at).toBe("failure");
      expect(message.payload).toBe(payload);
      return message.error!;
    },
    row: (members = { text: "x" }) => withRow(place.store, members),
    handleOf: async (uuid) => (await place.store.trail(uuid)).at(-1)!.handle!,
    erase: async (uuid, handle) => place.nodeRed.erase("node", uuid, handle ?? (await place.handleOf(uuid))),
    files: () =>
      readdirSync(place.folder, { recursive: true, withFileTypes: true })
        .filter((entry) => !entry.isDirectory())
        .map((entry) => relative(place.folder, join(entry.parentPath, entry.name)))
        .sort(),
    csvFile: () => join(place.folder, `${PROJECTION}.csv`),
    csvRows: () => parse(readFileSync(place.csvFile()), { columns: true }),
    linesFile: () => join(place.folder, `${PROJECTION}.jsonl`),
    lines: () =>
      readFileSync(place.linesFile(), "utf8")
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line)),
  };

  beforeAll(async () => {
    place.nodeRed = await startNodeRed();
    place.store = await storeOf(place.nodeRed);
    root = realpathSync(mkdtempSync(join(tmpdir(), "vcon-files-")));
  });
  beforeEach(() => {
    place.folder = join(root, `test ${count++}`);
  });
  afterAll(async () => {
    await place.store.close();
    await place.nodeRed.stop();
    rmSync(root, { recursive: true });
  });
  return place;
}
