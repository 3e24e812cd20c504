/** Runs the demo: Node-RED with the demo flow, and a local service for each outside one that is not set up. */
import { spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { root } from "./bootstrap.mjs";

const data = resolve(process.env.VCON_DATA ?? join(root, "data"));
const children = [];
let ending = false;

prepareFolder();
const { HOST = "127.0.0.1", PORT = "1880" } = process.env;
const environment = {
  ...process.env,
  HOST,
  PORT,
  // Where the flow that plays the telephone system posts its events.
  VCON_DEMO_URL: `http://${["0.0.0.0", "::"].includes(HOST) ? "127.0.0.1" : HOST}:${PORT}`,
  VCON_STORE: process.env.REDIS_URL ?? "sqlite:vcon.sqlite",
  VCON_CONVERSATIONS: join(root, "flows", "conversations"),
  VCON_RESULTS: join(data, "results"),
  VCON_CREDENTIAL_SECRET: kept(".credential-secret"),
  VCON_API_KEY: process.env.VCON_API_KEY || apiKey(),
  ...(await database()),
  ...(await speech()),
  ...(await language()),
};
const nodeRed = start(
  join(root, "hosts/node-red-5/node_modules/node-red/red.js"),
  ["--userDir", data, "--settings", join(root, "flows/settings.cjs")],
  { env: environment, stdio: ["ignore", "inherit", "inherit"] },
);
nodeRed.on("exit", (code) => endAll(code ?? 1));
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    ending = true;
    nodeRed.kill("SIGTERM");
  });
}

/** Makes the folder a user directory of Node-RED's in which the package is installed. */
function prepareFolder() {
  const packages = { "@vcon/node-red": root, pg: join(root, "node_modules", "pg") };
  mkdirSync(join(data, "node_modules", "@vcon"), { recursive: true });
  for (const [name, target] of Object.entries(packages)) {
    const link = join(data, "node_modules", name);
    rmSync(link, { recursive: true, force: true });
    symlinkSync(target, link, "junction");
  }
  const manifest = join(data, "package.json");
  if (!existsSync(manifest)) {
    const dependencies = Object.entries(packages).map(([name, target]) => [
      name,
      `file:${relative(data, target)}`,
    ]);
    const contents = { name: "vcon-demo", private: true, dependencies: Object.fromEntries(dependencies) };
    writeFileSync(manifest, `${JSON.stringify(contents, null, 2)}\n`);
  }
  copyFlow();
}

/** Copies the demo flow, unless somebody has changed the copy. */
function copyFlow() {
  const [shipped, copy, marker] = [
    join(root, "flows/demo.json"),
    join(data, "flows.json"),
    join(data, ".flows.copied"),
  ];
  const untouched = existsSync(copy) && existsSync(marker) && digest(copy) === readFileSync(marker, "utf8");
  if (existsSync(copy) && !untouched) return;
  writeFileSync(copy, readFileSync(shipped));
  writeFileSync(marker, digest(copy));
}

function digest(file) {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** A secret of this folder's own, such as the one that encrypts the credentials that are typed into the editor. */
function kept(name) {
  const file = join(data, name);
  if (!existsSync(file)) writeFileSync(file, randomBytes(32).toString("hex"), { mode: 0o600 });
  return readFileSync(file, "utf8");
}

/** Made at the first start, and shown then alone. */
function apiKey() {
  const isNew = !existsSync(join(data, ".api-key"));
  const key = kept(".api-key");
  if (isNew) console.log(`The key of the vCon API at /api, kept in ${join(data, ".api-key")}: ${key}`);
  return key;
}

async function database() {
  if (process.env.DATABASE_URL) return {};
  const url = await service("flows/stand-ins/postgres.mjs", [join(data, "postgres")]);
  return { DATABASE_URL: url };
}

async function speech() {
  if (process.env.DEEPGRAM_API_KEY)
    return { DEEPGRAM_URL: process.env.DEEPGRAM_URL ?? "https://api.deepgram.com" };
  const url = await service("flows/stand-ins/speech.ts", []);
  return { DEEPGRAM_URL: url, DEEPGRAM_API_KEY: "the stand-in takes any key" };
}

async function language() {
  if (process.env.OPENAI_API_KEY) {
    return { OPENAI_URL: process.env.OPENAI_URL ?? "https://api.openai.com/v1" };
  }
  const url = await service("flows/stand-ins/language.ts", []);
  return { OPENAI_URL: url, OPENAI_API_KEY: "the stand-in takes any key" };
}

/** Starts a service of this machine's own and waits for the URL that it prints. */
async function service(script, words) {
  const child = start(join(root, script), words, { stdio: ["pipe", "pipe", "inherit"] });
  child.on("exit", (code) => {
    if (ending) return;
    console.error(`${script} ended by itself (${code}).`);
    endAll(1);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    console.log(line);
    return line.split(" ").at(-1);
  }
  throw new Error(`${script} did not start; what it says stands above.`);
}

function start(script, words, options) {
  const child = spawn(process.execPath, [script, ...words], { cwd: root, ...options });
  children.push(child);
  return child;
}

/** The services close their files when their standard input ends. */
function endAll(code) {
  ending = true;
  process.exitCode = code;
  for (const child of children) {
    child.stdin?.end();
    if (child.exitCode === null) child.kill("SIGTERM");
  }
}
