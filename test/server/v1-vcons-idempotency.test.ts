/** When a request with an Idempotency-Key may be done again: where it has failed here, and where nobody knows. */

import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { openStore, type VconStore } from "../../core/index.ts";
import { type Answer, json } from "../../server/answer.ts";
import { type Route, route } from "../../server/route.ts";
import { idempotent } from "../../server/v1/idempotency.ts";

const folder = mkdtempSync(join(tmpdir(), "vcon-idempotency-"));
let store: VconStore;

beforeAll(async () => {
  store = await openStore("sqlite:test.sqlite", { folder });
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(() => vi.useRealTimers());

/** A route that does what it is told, and how its requests are made. */
function routeThat(run: () => Promise<Answer> | Answer) {
  const heeding = idempotent(
    route({
      method: "POST",
      path: "/v1/x",
      style: "v1",
      operation: "x",
      summary: "",
      access: "write",
      answers: {},
      run,
    }),
  );
  type Call = Parameters<Route["run"]>[0];
  const call: Partial<Call> = {
    api: { store: async () => store, settings: { maxBytes: 1000 } } as Call["api"],
    request: { method: "POST", url: "/api/v1/x" } as IncomingMessage,
    holder: { name: "writer", rights: new Set() },
    header: (name) => (name === "idempotency-key" ? `"${expect.getState().currentTestName}"` : undefined),
    bytes: async () => Buffer.from("{}"),
  };
  return async () => heeding.run(call as Call);
}

test("where it has failed by no fault of the request, it is done again", async () => {
  let count = 0;
  const ask = routeThat(() => {
    if (++count === 1) throw new Error("the disk is full");
    return json(201, { count });
  });
  await expect(ask()).rejects.toThrow("the disk is full");
  expect(await ask()).toMatchObject({ status: 201, body: '{"count":2}' });
  expect(await ask()).toMatchObject({ status: 201, body: '{"count":2}' });
});

test("while it is being done it is not done again; if its process has ended, it is after a minute", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const begun = Promise.withResolvers<void>();
  const hanging = routeThat(() => {
    begun.resolve();
    return new Promise(() => {});
  });
  void hanging();
  await begun.promise;
  const ask = routeThat(() => json(201, {}));
  await expect(ask()).rejects.toMatchObject({ status: 409, code: "STILL_RUNNING" });
  vi.setSystemTime(Date.now() + 61_000);
  expect(await ask()).toMatchObject({ status: 201 });
});

test("it is not done again however long it takes", async () => {
  vi.useFakeTimers({ toFake: ["Date", "setInterval", "clearInterval"] });
  const begun = Promise.withResolvers<void>();
  const finish = Promise.withResolvers<void>();
  const ask = routeThat(async () => {
    begun.resolve();
    await finish.promise;
    return json(201, {});
  });
  const first = ask();
  await begun.promise;
  for (let minute = 0; minute < 5; minute++) {
    vi.advanceTimersByTime(60_000);
    await expect(ask()).rejects.toMatchObject({ status: 409, code: "STILL_RUNNING" });
  }
  finish.resolve();
  const answer = await first;
  expect(await ask()).toEqual(answer);
  expect(vi.getTimerCount()).toBe(0);
});

test("after a day the key is free", async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  let count = 0;
  const ask = routeThat(() => json(201, { count: ++count }));
  expect(await ask()).toEqual(await ask());
  vi.setSystemTime(Date.now() + 24 * 60 * 60 * 1000 + 1000);
  expect(await ask()).toMatchObject({ body: '{"count":2}' });
});
