/** For every operation of the API requests that are right, and some whose refusal it describes by itself. */
import { type AnyVcon, type Failure, newUuid, type VconStore, writeVcon } from "../../core/index.ts";
import { call, chat, inline, signed, stored } from "../support/vcons.ts";

export interface Example {
  /** What is answered. */
  status: number;
  path?: Record<string, string>;
  query?: Record<string, string | number | readonly string[]>;
  headers?: Record<string, string>;
  /** An object is sent as JSON. */
  body?: string | Uint8Array | object;
}

export const QUEUE = "calls";
/** The name of a node that makes copies. */
export const STORAGE = "archive";
export const INGRESS_LIST = "partner";

const JSON_TYPE = { "content-type": "application/json" };
const VCON_TYPE = { "content-type": "application/vcon+json" };
const NDJSON = "application/x-ndjson";
const PATCH_TYPE = { "content-type": "application/json-patch+json" };
const ANY = { "if-match": "*" };
const OTHER = { "if-match": '"another one"' };
const NO_ETAG = { "if-match": "no-etag" };

/** By operationId. */
export const EXAMPLES: Record<string, (store: VconStore) => Promise<Example[]>> = {
  version: async () => [{ status: 200 }],
  health: async () => [{ status: 200 }],
  queueStatistics: async () => [{ status: 200, query: { list_name: QUEUE } }],

  storeVcon: async () => {
    const body = chat("Good morning.");
    const query = { ingress_lists: `${QUEUE},other` };
    return [
      { status: 201, query, headers: JSON_TYPE, body },
      { status: 201, query: { version: "0.0.1" }, headers: JSON_TYPE, body },
      { status: 201, query, headers: { ...JSON_TYPE, "idempotency-key": body.uuid }, body },
      { status: 201, headers: JSON_TYPE, body: signed() },
      { status: 406, headers: { ...JSON_TYPE, accept: "application/vcon+json; version=9" }, body },
    ];
  },
  listVcons: async () => [
    {
      status: 200,
      query: { page: 1, size: 2, since: "2026-01-01T00:00:00Z", until: "2027-01-01T00:00:00Z" },
    },
  ],
  conserverGetVcon: (store) => readings(store),
  conserverDeleteVcon: async (store) => [
    { status: 204, path: { uuid: await stored(store, chat("Good morning.")) } },
  ],
  getVcons: async (store): Promise<Example[]> => {
    const uuids = [await stored(store, chat("Good morning.")), newUuid(), await stored(store, signed())];
    return [
      { status: 200, query: { vcon_uuids: uuids, uuids: uuids.join(",") } },
      { status: 200, query: { uuids, version: "0.3.0" } },
      { status: 406, query: { uuids, version: "9" } },
    ];
  },
  findVcons: async (store) => {
    await stored(store, chat("Good morning."));
    const query = { tel: "(202) 555-0101", mailto: "ALICE@example.com", name: "Alice Archer" };
    return [{ status: 200, query }, { status: 400 }];
  },
  indexVcons: async () => [{ status: 200 }],

  addToIngress: async (store) => {
    const uuids = [await stored(store, chat("Good morning.")), newUuid()];
    const query = { ingress_list: QUEUE };
    return [
      { status: 204, query, headers: JSON_TYPE, body: uuids },
      { status: 204, query, headers: JSON_TYPE, body: { uuids } },
    ];
  },
  externalIngress: async () => [
    { status: 204, query: { ingress_list: INGRESS_LIST }, headers: JSON_TYPE, body: chat("Good morning.") },
  ],
  takeFromEgress: async (store) => {
    await (await store.delivery()).queue("out").add(await stored(store, chat("Good morning.")));
    return [{ status: 200, query: { egress_list: "out", limit: 2 } }];
  },
  countEgress: async () => [{ status: 200, query: { egress_list: QUEUE } }],

  conserverListDeadLetters: async (store) => {
    await failed(store);
    return [{ status: 200, query: { ingress_list: QUEUE } }];
  },
  reprocessDeadLetters: async (store) => {
    await failed(store);
    return [{ status: 200, query: { ingress_list: QUEUE, count: 1 } }];
  },
  listStorageDeadLetters: async (store): Promise<Example[]> => {
    await failed(store);
    return [
      { status: 200, query: { storage_name: STORAGE } },
      { status: 404, query: { storage_name: "nowhere" } },
    ];
  },
  reprocessStorageDeadLetters: async (store): Promise<Example[]> => {
    await failed(store);
    return [
      { status: 200, query: { storage_name: STORAGE, count: 1 } },
      { status: 404, query: { storage_name: "nowhere" } },
    ];
  },

  getConfiguration: async () => [{ status: 200 }],
  setConfiguration: async () => [{ status: 403 }],

  ready: async () => [{ status: 200 }],
  metrics: async () => [{ status: 200 }],
  openApi: async () => [{ status: 200 }],

  createVcon: async () => {
    const body = chat("Good morning.");
    const one = { query: { queue: [QUEUE] }, headers: VCON_TYPE };
    const lines = [writeVcon(chat("Good morning.")), "no vCon", ""].join("\n");
    return [
      { ...one, status: 201, body },
      { ...one, status: 200, body },
      { ...one, status: 201, headers: { ...JSON_TYPE, "idempotency-key": `"${newUuid()}"` }, body: signed() },
      { ...one, status: 200, headers: { "content-type": NDJSON }, body: lines },
      { ...one, status: 409, body: { ...body, subject: "Another" } },
      { ...one, status: 400, headers: { ...VCON_TYPE, "idempotency-key": "" }, body },
    ];
  },
  searchVcons: async (store): Promise<Example[]> => {
    await stored(store, chat("Good morning."));
    await stored(store, chat("Good morning."));
    const party = { tel: "+12025550101", name: "Carol Carter" };
    const others = {
      mailto: "carol@example.com",
      sip: "carol@example.com",
      did: "did:example:carol",
      tag: ["about:refund", "urgent"],
      analysis: ["transcript", "summary"],
    };
    const period = { since: "2026-01-01T00:00:00Z", until: "2027-01-01T00:00:00Z" };
    const query = { ...party, ...period, text: "morning", limit: 1 };
    return [
      { status: 200, query },
      { status: 200, query: { ...party, ...others } },
      { status: 200, query: { ...query, version: "0.0.1" }, headers: { accept: NDJSON } },
      { status: 400, query: { cursor: "none" } },
      { status: 406, query: { version: "9" }, headers: { accept: NDJSON } },
    ];
  },
  getVcon: async (store) => {
    const uuid = await stored(store, chat("Good morning."));
    const { revision } = await store.read(uuid, ["sealed"]);
    return [
      ...(await readings(store)),
      { status: 304, path: { uuid }, headers: { "if-none-match": `"${revision}"` } },
    ];
  },
  replaceVcon: async (store) => {
    const vcon = chat("Good morning.");
    const path = { uuid: await stored(store, vcon) };
    const body = { ...vcon, subject: "A refund" };
    const unknown = chat("Good morning.");
    return [
      { status: 204, path, headers: { ...VCON_TYPE, ...ANY }, body },
      { status: 404, path: { uuid: unknown.uuid }, headers: { ...VCON_TYPE, ...ANY }, body: unknown },
      { status: 400, path, headers: { ...VCON_TYPE, ...NO_ETAG }, body },
      { status: 412, path, headers: { ...VCON_TYPE, ...OTHER }, body },
      { status: 428, path, headers: VCON_TYPE, body },
    ];
  },
  deleteVcon: async (store) => {
    const path = { uuid: await stored(store, chat("Good morning.")) };
    return [
      { status: 400, path, headers: NO_ETAG },
      { status: 412, path, headers: OTHER },
      { status: 204, path, headers: ANY },
      { status: 404, path: { uuid: newUuid() } },
      { status: 502, path: { uuid: await copied(store) } },
    ];
  },
  patchVcon: async (store) => {
    const path = { uuid: await stored(store, chat("Good morning.")) };
    const headers = { ...PATCH_TYPE, ...ANY };
    const body = [{ op: "add", path: "/subject", value: "A refund" }];
    return [
      { status: 204, path, headers, body },
      { status: 409, path, headers, body: [{ op: "test", path: "/subject", value: "Another" }] },
      { status: 404, path: { uuid: newUuid() }, headers, body },
      { status: 400, path, headers: { ...PATCH_TYPE, ...NO_ETAG }, body },
      { status: 412, path, headers: { ...PATCH_TYPE, ...OTHER }, body },
      { status: 415, path, headers: { ...JSON_TYPE, ...ANY }, body },
      { status: 428, path, headers: PATCH_TYPE, body },
    ];
  },
  getTrail: async (store) => {
    const uuid = await copied(store);
    return [
      { status: 200, path: { uuid } },
      { status: 404, path: { uuid: newUuid() } },
    ];
  },
  addAnalysis: (store) =>
    additions(store, {
      type: "summary",
      vendor: "example",
      dialog: 0,
      encoding: "none",
      body: "A greeting.",
    }),
  addAttachment: async (store) => {
    const body = { purpose: "note", party: 0, dialog: 0, encoding: "none", body: "A greeting." };
    // There may be two that are the same, so it is never there already.
    return (await additions(store, body)).filter(({ status }) => status !== 200);
  },
  addTags: (store) => additions(store, { tags: ["about:refund"] }),

  readMedia: async (store): Promise<Example[]> => {
    const path = await recorded(store);
    const { revision } = await store.read(path.uuid, ["sealed"]);
    const range = (bytes: string) => ({ range: `bytes=${bytes}` });
    return [
      { status: 200, path },
      { status: 206, path, headers: { ...range("1-2"), "if-range": `"${revision}.0"` } },
      { status: 304, path, headers: { "if-none-match": `"${revision}.0"` } },
      { status: 416, path, headers: range("99-") },
      { status: 404, path: { ...path, index: "9" } },
      { status: 409, path: { uuid: await stored(store, signed()), index: "0" } },
    ];
  },
  writeMedia: async (store) => {
    const path = await recorded(store);
    const audio = { "content-type": "audio/x-wav" };
    const body = new Uint8Array([1, 2, 3]);
    const file = { ...audio, ...ANY, "content-disposition": 'attachment; filename="call.wav"' };
    return [
      { status: 204, path, headers: file, body },
      { status: 400, path, headers: { ...audio, ...NO_ETAG }, body },
      { status: 404, path: { ...path, index: "9" }, headers: audio, body },
      { status: 409, path: { uuid: await stored(store, signed()), index: "0" }, headers: audio, body },
      { status: 412, path, headers: { ...audio, ...OTHER }, body },
      { status: 415, path, headers: { "content-type": "multipart/form-data" }, body },
    ];
  },

  listQueues: async () => [{ status: 200 }],
  queueCounts: async () => [
    { status: 200, path: { name: QUEUE } },
    { status: 200, path: { name: "nobody's" }, query: { kind: "queue" } },
  ],
  listDeadLetters: async (store) => {
    await failed(store);
    return [{ status: 200, path: { name: QUEUE }, query: { limit: 10, offset: 0 } }];
  },
  replayDeadLetters: async (store) => {
    await failed(store);
    const one = { path: { name: QUEUE }, headers: JSON_TYPE };
    return [
      { ...one, status: 200, body: { ids: ["nobody's"] } },
      { ...one, status: 200, body: { ids: "all", from: "failed" } },
      { ...one, status: 400, headers: { ...JSON_TYPE, "idempotency-key": "" }, body: { ids: [] } },
    ];
  },
  dropDeadLetters: async (store) => {
    await failed(store);
    const one = { path: { name: QUEUE }, headers: JSON_TYPE };
    return [
      { ...one, status: 200, body: { ids: "all" } },
      { ...one, status: 400, headers: { ...JSON_TYPE, "idempotency-key": "" }, body: { ids: [] } },
    ];
  },
};

async function readings(store: VconStore): Promise<Example[]> {
  const uuid = await stored(store, chat("Good morning."));
  const sealed = await stored(store, signed());
  const older = { accept: "application/vcon+json; version=0.0.1" };
  return [
    { status: 200, path: { uuid } },
    { status: 200, path: { uuid }, query: { version: "0.3.0" } },
    { status: 200, path: { uuid }, headers: older },
    { status: 200, path: { uuid: sealed } },
    { status: 404, path: { uuid: newUuid() } },
    { status: 406, path: { uuid }, query: { version: "9" } },
    { status: 409, path: { uuid: sealed }, headers: older },
  ];
}

/** Of something to a vCon, which has it already when it comes again. */
async function additions(store: VconStore, body: object): Promise<Example[]> {
  const path = { uuid: await stored(store, chat("Good morning.")) };
  return [
    { status: 201, path, headers: { ...JSON_TYPE, ...ANY }, body },
    { status: 200, path, headers: JSON_TYPE, body },
    { status: 400, path, headers: { ...JSON_TYPE, ...NO_ETAG }, body },
    { status: 404, path: { uuid: newUuid() }, headers: JSON_TYPE, body },
    { status: 409, path: { uuid: await stored(store, signed()) }, headers: JSON_TYPE, body },
    { status: 412, path, headers: { ...JSON_TYPE, ...OTHER }, body },
  ];
}

async function recorded(store: VconStore): Promise<{ uuid: string; index: string }> {
  const recording = { ...inline(new Uint8Array([1, 2, 3, 4])), filename: "call.mp3" };
  return { uuid: await stored(store, call(recording)), index: "0" };
}

/** A vCon of which a node that is gone has made a copy. */
async function copied(store: VconStore): Promise<string> {
  const uuid = await stored(store, chat("Good morning.") as AnyVcon);
  const node = { id: "gone", type: "vcon-file", name: "calls", flow: "tab" };
  const tokens = { input: 10, output: 2 };
  const recipient = { vendor: "Files", product: "CSV", host: "localhost", categories: ["parties"], tokens };
  const at = new Date().toISOString();
  await store.append(uuid, {}, [
    { event: "vcon_sent", at, node, recipient, handle: { path: "calls.csv" }, failed: true, duration: 12.5 },
  ]);
  return uuid;
}

const FAILURE: Failure = {
  reason: "The disk is full.",
  code: "DISK_FULL",
  node: { id: STORAGE, type: "vcon-file", name: STORAGE, flow: "tab" },
  message: { payload: "a UUID" },
};

/** Puts a dead letter into the queue. */
async function failed(store: VconStore): Promise<void> {
  const queue = (await store.delivery()).queue(QUEUE);
  await queue.add(await stored(store, chat("Good morning.")));
  await new Promise<void>((resolve, reject) => {
    const options = { atOnce: 1, attempts: 1, pause: 1, fault: (error?: Error) => error && reject(error) };
    const consumer = queue.consume(options, async (job) => {
      await job.settle({ is: "failed", failure: FAILURE });
      await consumer.stop();
      resolve();
    });
  });
}
