import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../core/index.ts";
import { COUNTRY, contract } from "./contract.ts";

const folder = mkdtempSync(join(tmpdir(), "vcon-sqlite-"));

contract("SQLite", {
  keepsLoneSurrogates: true,
  open: () => openStore("sqlite:vcon.db", { folder, country: COUNTRY }),
  stop: async () => rmSync(folder, { recursive: true, force: true }),
});
