import { describe, expect, test } from "vitest";
import { openStore } from "../../core/index.ts";
import { parseRedisUrl } from "../../core/store/redis/address.ts";

describe("store URLs", () => {
  test.each([
    ["redis://host", { kind: "single", hosts: [{ host: "host", port: 6379 }], database: 0, tls: false }],
    [
      "rediss://host:6380/3",
      { kind: "single", hosts: [{ host: "host", port: 6380 }], database: 3, tls: true },
    ],
    ["redis://:se%3Acret@host", { username: undefined, password: "se:cret" }],
    [
      "redis://user:a:b@c@[::1]:7000/",
      { username: "user", password: "a:b@c", hosts: [{ host: "::1", port: 7000 }] },
    ],
    [
      "redis+cluster://u:p@a:7000,b,c:7002",
      {
        kind: "cluster",
        username: "u",
        hosts: [
          { host: "a", port: 7000 },
          { host: "b", port: 6379 },
          { host: "c", port: 7002 },
        ],
      },
    ],
    [
      "rediss+sentinel://:p@a,b:26380/main/2",
      {
        kind: "sentinel",
        tls: true,
        password: "p",
        master: "main",
        database: 2,
        hosts: [
          { host: "a", port: 26379 },
          { host: "b", port: 26380 },
        ],
      },
    ],
  ])("%s", (url, address) => {
    expect(parseRedisUrl(url)).toMatchObject(address);
  });

  test.each([
    "",
    "vcon.db",
    "sqlite:",
    "postgres://hunter2@host",
    "redis:hunter2@host",
    "redis://",
    "redis://:hunter2@host:port",
    "redis://:hunter2@host:99999",
    "redis://:hunter2@host/db",
    "redis://:hunter2%@host",
    "redis+cluster://:hunter2@host:1,host:2/3",
    "redis+cluster://:hunter2@host:1,,host:2",
    "redis+sentinel://:hunter2@host:1",
  ])("%j is refused without being quoted", async (url) => {
    const error = await openStore(url).catch((reason) => reason);
    expect(error).toMatchObject({ code: "STORE_URL_MALFORMED" });
    expect(error.message).not.toContain("hunter2");
    expect(error.message).toContain("redis+sentinel://");
  });
});
