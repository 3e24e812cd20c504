import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, it } from "vitest";
import { inTurn } from "../../../nodes/kit/index.ts";

it("work on one place is done one after the other, and the others' is not waited for", async () => {
  const log: string[] = [];
  const work = (name: string, place: string) =>
    inTurn(place, async () => {
      log.push(`${name} begins`);
      await nextTurn();
      log.push(`${name} ends`);
      return name;
    });
  const done = await Promise.all([work("one", "here"), work("two", "here"), work("other", "there")]);
  expect(done).toEqual(["one", "two", "other"]);
  expect(log.filter((line) => !line.startsWith("other"))).toEqual([
    "one begins",
    "one ends",
    "two begins",
    "two ends",
  ]);
  expect(log.indexOf("other begins")).toBeLessThan(log.indexOf("one ends"));
});

it("work that fails is its own affair: the next one has its turn", async () => {
  const failing = inTurn("here", () => Promise.reject(new Error("no")));
  const next = inTurn("here", async () => "done");
  await expect(failing).rejects.toThrow("no");
  expect(await next).toBe("done");
});
