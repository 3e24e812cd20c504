import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { InProcessChannel } from "../../core/delivery/in-process-channel.ts";
import { type Channel, newUuid, openStore, type Subscription, type VconStore } from "../../core/index.ts";
import { startHoldingProxy } from "../support/holding-proxy.ts";
import { startCluster, startRedis, type TestRedis } from "../support/redis.ts";
import { startSentinel, type TestSentinel } from "../support/sentinel.ts";
import { until } from "./taker.ts";

let names = 0;
let subscriptions: Subscription[];

beforeEach(() => {
  subscriptions = [];
});

afterEach(async () => {
  await Promise.all(subscriptions.map((subscription) => subscription.stop()));
});

/** What one listener hears, and what it is told of faults. */
function listen(channel: Channel, hear: (text: string) => void = () => {}) {
  const heard: string[] = [];
  const faults: (Error | undefined)[] = [];
  const subscription = channel.subscribe({
    hear: (text) => {
      heard.push(text);
      hear(text);
    },
    fault: (error) => faults.push(error),
  });
  subscriptions.push(subscription);
  return { heard, faults, stop: () => subscription.stop() };
}

/** Publishes until one has come, since nobody keeps what is published before a listener is ready. */
async function untilHeard(channel: Channel, ...listeners: { heard: string[] }[]): Promise<void> {
  await until(async () => {
    await channel.publish("ready?");
    return listeners.every(({ heard }) => heard.length > 0);
  });
}

function hears(open: () => Channel): void {
  test("every listener hears every UUID, in the order in which they were published", async () => {
    const channel = open();
    const [one, two] = [listen(channel), listen(channel)];
    await untilHeard(channel, one, two);
    const uuids = Array.from({ length: 50 }, newUuid);
    for (const uuid of uuids) await channel.publish(uuid);
    await until(() => [one, two].every(({ heard }) => heard.includes(uuids[49]!)));
    for (const { heard } of [one, two]) expect(heard.filter((text) => text !== "ready?")).toEqual(uuids);
    expect([...one.faults, ...two.faults]).toEqual([]);
  });

  test("a listener hears nothing before publish has returned", async () => {
    const channel = open();
    const one = listen(channel);
    await untilHeard(channel, one);
    await until(async () => {
      const before = one.heard.length;
      await new Promise((resolve) => setTimeout(resolve, 20));
      return one.heard.length === before;
    });
    const before = one.heard.length;
    const published = channel.publish(newUuid());
    expect(one.heard.length).toBe(before);
    await published;
    await until(() => one.heard.length > before);
  });

  test("a listener that throws disturbs nobody, itself included", async () => {
    const channel = open();
    const angry = listen(channel, () => {
      throw new Error("Not this one.");
    });
    const calm = listen(channel);
    await untilHeard(channel, angry, calm);
    const uuid = newUuid();
    await channel.publish(uuid);
    await until(() => [angry, calm].every(({ heard }) => heard.includes(uuid)));
  });

  test("who has stopped hears no more, and the others go on", async () => {
    const channel = open();
    const [one, two] = [listen(channel), listen(channel)];
    await untilHeard(channel, one, two);
    await one.stop();
    await one.stop();
    const uuid = newUuid();
    await channel.publish(uuid);
    await until(() => two.heard.includes(uuid));
    expect(one.heard).not.toContain(uuid);
  });

  test("who listens twice with the same functions stops each by itself", async () => {
    const channel = open();
    const heard: string[] = [];
    const options = { hear: (text: string) => void heard.push(text), fault: () => {} };
    const [first, second] = [channel.subscribe(options), channel.subscribe(options)];
    subscriptions.push(first, second);
    await untilHeard(channel, { heard });
    await first.stop();
    const uuid = newUuid();
    await channel.publish(uuid);
    await until(() => heard.includes(uuid));
    expect(heard.filter((text) => text === uuid)).toHaveLength(1);
  });
}

describe("within one process", () => {
  hears(() => new InProcessChannel());

  test("who stops before it is told does not hear", async () => {
    const channel = new InProcessChannel();
    const [one, two] = [listen(channel), listen(channel)];
    await channel.publish("x");
    await one.stop();
    await until(() => two.heard.length > 0);
    expect(one.heard).toEqual([]);
  });
});

interface Servers {
  url: string;
  servers: TestRedis[];
  stop(): Promise<void>;
}

async function oneServer(): Promise<Servers> {
  const server = await startRedis();
  return { url: server.url, servers: [server], stop: server.stop };
}

async function cluster(): Promise<Servers> {
  const started = await startCluster();
  return {
    ...started,
    stop: async () => {
      await Promise.all(started.servers.map((server) => server.stop()));
    },
  };
}

describe.each([
  ["one Redis", oneServer],
  ["Redis Cluster", cluster],
])("%s", (_, start) => {
  let redis: Servers;
  let store: VconStore;
  let name: string;
  let channel: Channel;
  /** Another program, on any of the servers. */
  let other: Redis;

  beforeAll(async () => {
    redis = await start();
    other = new Redis(redis.servers.at(-1)!.port, "127.0.0.1");
    other.on("error", () => {});
  });

  afterAll(async () => {
    other.disconnect();
    await redis.stop();
  });

  beforeEach(async () => {
    name = `Gespräche ${names++}`;
    store = await openStore(redis.url);
    channel = (await store.delivery()).channel(name);
  });

  afterEach(async () => {
    await Promise.all(subscriptions.map((subscription) => subscription.stop()));
    await store.close();
  });

  hears(() => channel);

  test("another program hears the UUID and nothing else, on a channel of exactly this name", async () => {
    const program = new Redis(redis.servers[0]!.port, "127.0.0.1");
    const heard: string[][] = [];
    program.on("message", (...message: string[]) => heard.push(message));
    await program.subscribe(name);
    const uuid = newUuid();
    await channel.publish(uuid);
    await until(() => heard.length > 0);
    expect(heard).toEqual([[name, uuid]]);
    program.disconnect();
  });

  test("what another program says comes as it is", async () => {
    const one = listen(channel);
    await untilHeard(channel, one);
    for (const said of [" no uuid ", "", "x".repeat(100_000), "été 🎧", Buffer.from([0xff, 0, 0xfe, 0x0a])]) {
      await other.publish(name, said);
    }
    const uuid = newUuid();
    await other.publish(name, uuid);
    await until(() => one.heard.includes(uuid));
    expect(one.heard.filter((text) => text !== "ready?")).toEqual([
      " no uuid ",
      "",
      "x".repeat(100_000),
      "été 🎧",
      Buffer.from([0xff, 0, 0xfe, 0x0a]).toString(),
      uuid,
    ]);
  });

  test("stores and channels of other names do not mix, and other stores hear", async () => {
    const second = await openStore(redis.url);
    const delivery = await second.delivery();
    const [there, elsewhere] = [listen(delivery.channel(name)), listen(delivery.channel(`${name} not`))];
    const here = listen(channel);
    await untilHeard(channel, here, there);
    await untilHeard(delivery.channel(`${name} not`), elsewhere);
    const uuid = newUuid();
    await delivery.channel(name).publish(uuid);
    await until(() => [here, there].every(({ heard }) => heard.includes(uuid)));
    await delivery.channel(`${name} not`).publish("last");
    await until(() => elsewhere.heard.includes("last"));
    expect(elsewhere.heard).not.toContain(uuid);
    for (const { stop } of [there, elsewhere]) await stop();
    await second.close();
  });

  test("all that listen by one store share one connection, which ends with the last of them", async () => {
    const delivery = await store.delivery();
    const subscribing = () =>
      Promise.all(redis.servers.map(countSubscribing)).then((counts) => counts.reduce(sum));
    const before = await subscribing();
    const listeners = [name, name, `${name} 2`, `${name} 3`].map((each) => listen(delivery.channel(each)));
    for (const each of [name, `${name} 2`, `${name} 3`])
      await untilHeard(delivery.channel(each), listeners[0]!);
    await until(async () => (await subscribing()) === before + 1);
    await untilHeard(delivery.channel(`${name} 3`), listeners[3]!);
    expect(await subscribing()).toBe(before + 1);
    for (const { stop } of listeners) await stop();
    await until(async () => (await subscribing()) === before);
    const again = listen(channel);
    await untilHeard(channel, again);
  });

  test("who begins just when the last has stopped hears, and is told of no fault", async () => {
    const one = listen(channel);
    await untilHeard(channel, one);
    const stopped = one.stop();
    const two = listen(channel);
    await stopped;
    await untilHeard(channel, two);
    expect(two.faults).toEqual([]);
  });

  test("who listens is told that Redis is away, once for each reason, and hears again when it is back", async () => {
    const one = listen(channel);
    await untilHeard(channel, one);
    await Promise.all(redis.servers.map((server) => server.kill()));
    await until(() => one.faults.length > 0);
    const late = listen(channel);
    await until(() => late.faults.length > 0);
    await expect(channel.publish(newUuid())).rejects.toMatchObject({
      code: "STORE_UNAVAILABLE",
      transient: true,
    });
    await Promise.all(redis.servers.map((server) => server.start()));
    await until(() => [one, late].every(({ faults }) => faults.at(-1) === undefined));
    for (const { heard } of [one, late]) heard.length = 0;
    const uuid = newUuid();
    await until(() =>
      channel.publish(uuid).then(
        () => true,
        () => false,
      ),
    );
    await until(() => [one, late].every(({ heard }) => heard.includes(uuid)));
    for (const { faults } of [one, late]) {
      expect(faults.slice(0, -1).every((error) => error?.message.startsWith("The store's Redis"))).toBe(true);
      const reasons = faults.map((error) => error?.message);
      expect(reasons.some((reason, i) => i > 0 && reason === reasons[i - 1])).toBe(false);
    }
  });

  test("who stops while Redis is away is not held up", async () => {
    const one = listen(channel);
    await untilHeard(channel, one);
    await Promise.all(redis.servers.map((server) => server.kill()));
    await one.stop();
    await Promise.all(redis.servers.map((server) => server.start()));
    await until(() =>
      store.ping().then(
        () => true,
        () => false,
      ),
    );
  });
});

test("a Redis that is silent is noticed where nothing is published, and heard again once it speaks", async () => {
  const server = await startRedis();
  const proxy = await startHoldingProxy("127.0.0.1", server.port);
  const [store, direct] = [await openStore(`redis://127.0.0.1:${proxy.port}`), await openStore(server.url)];
  const channel = (await direct.delivery()).channel("calls");
  const one = listen((await store.delivery()).channel("calls"));
  await untilHeard(channel, one);
  await proxy.hold("ping");
  await until(() => one.faults.length > 0);
  expect(one.faults[0]).toMatchObject({ code: "STORE_UNAVAILABLE", transient: true });
  proxy.open();
  await until(() => one.faults.at(-1) === undefined);
  one.heard.length = 0;
  await untilHeard(channel, one);
  await one.stop();
  for (const each of [store, direct]) await each.close();
  proxy.close();
  await server.stop();
});

describe("Redis with a sentinel", () => {
  let sentinel: TestSentinel;

  beforeAll(async () => {
    sentinel = await startSentinel();
  });

  afterAll(() => sentinel.stop());

  test("who listens follows to the server that takes the place of one that died", async () => {
    const store = await openStore(sentinel.url);
    const channel = (await store.delivery()).channel("calls");
    const one = listen(channel);
    await untilHeard(channel, one);
    await sentinel.master.kill();
    await until(() => one.faults.length > 0);
    await until(() => one.faults.at(-1) === undefined);
    const uuid = newUuid();
    await until(async () => {
      await channel.publish(uuid).catch(() => {});
      return one.heard.includes(uuid);
    });
    await one.stop();
    await store.close();
  });
});

async function countSubscribing({ port }: TestRedis): Promise<number> {
  const admin = new Redis(port, "127.0.0.1");
  const clients = (await admin.client("LIST")) as string;
  admin.disconnect();
  return [...clients.matchAll(/ sub=([1-9]\d*) /g)].length;
}

const sum = (one: number, two: number): number => one + two;
