/** Which core node passes messages how, as tests: when the job is acknowledged, and how it ends. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FlowNode } from "../../support/node-red.ts";
import { catcher, Jobs, last } from "./jobs.ts";

const folder = mkdtempSync(join(tmpdir(), "vcon-following-"));

type Settings = Record<string, unknown>;

/** The node that gets the jobs, wired to the last one. */
const first = (type: string, settings: Settings = {}): FlowNode => ({
  id: "first",
  type,
  wires: [["last"]],
  ...settings,
});
const next = (id: string, type: string, settings: Settings = {}): FlowNode => ({
  ...first(type, settings),
  id,
});
const fn = (func: string, settings: Settings = {}): FlowNode =>
  first("function", { func, outputs: 1, ...settings });
const rule = (t: string, v = "", vt = "str") => ({ t, v, vt });
const switchOn = (rules: object[], settings: Settings = {}): FlowNode =>
  first("switch", { property: "payload", propertyType: "msg", rules, checkall: "true", ...settings });
const delay = (pauseType: string, settings: Settings): FlowNode =>
  first("delay", {
    pauseType,
    timeout: "50",
    timeoutUnits: "milliseconds",
    rate: "20",
    nbRateUnits: "1",
    rateUnits: "second",
    randomFirst: "20",
    randomLast: "50",
    randomUnits: "milliseconds",
    drop: false,
    allowrate: false,
    outputs: 1,
    ...settings,
  });
const trigger = (settings: Settings): FlowNode =>
  first("trigger", {
    op1: "1",
    op1type: "str",
    op2: "0",
    op2type: "str",
    duration: "60",
    units: "ms",
    extend: "false",
    bytopic: "all",
    topic: "topic",
    outputs: 1,
    ...settings,
  });
/** Makes three messages of one. */
const split = (wires: string): FlowNode[] => [
  fn("msg.payload = [1, 2, 3]; return msg;", { wires: [["split"]] }),
  next("split", "split", { arraySplt: 1, arraySpltType: "len", wires: [[wires]] }),
];
const join3 = (settings: Settings): FlowNode =>
  next("join", "join", {
    mode: "custom",
    build: "array",
    property: "payload",
    propertyType: "msg",
    count: "3",
    joiner: "\\n",
    ...settings,
  });
const http = (url: string, settings: Settings = {}): FlowNode =>
  first("http request", { method: "GET", ret: "txt", url, ...settings });
const exec = (command: string, settings: Settings = {}): FlowNode =>
  first("exec", {
    command,
    addpay: "",
    append: "",
    useSpawn: "false",
    timer: "",
    wires: [["last"], [], []],
    ...settings,
  });
const text = (payload: string, node: FlowNode): FlowNode[] => [
  fn(`msg.payload = ${JSON.stringify(payload)}; return msg;`, { wires: [["node"]] }),
  { ...node, id: "node" },
];
const linkCall = (settings: Settings): FlowNode =>
  first("link call", { links: ["in2"], linkType: "static", timeout: "30", ...settings });
const subroutine = (...body: FlowNode[]): FlowNode[] => [
  { id: "in2", type: "link in", name: "subroutine", wires: [[body[0]?.id ?? "return"]] },
  ...body,
  { id: "return", type: "link out", mode: "return", wires: [] },
];
/** A subflow of these nodes, which begins with the first of them and ends with the last. */
const subflow = (id: string, nodes: FlowNode[], settings: Settings = {}): FlowNode[] => [
  {
    id,
    type: "subflow",
    name: id,
    in: [{ x: 0, y: 0, wires: [{ id: nodes[0]!.id }] }],
    out: [{ x: 0, y: 0, wires: [{ id: nodes.at(-1)!.id, port: 0 }] }],
    ...settings,
  },
  ...nodes.map((node) => ({ ...node, z: id })),
];

interface Row {
  name: string;
  nodes: FlowNode[];
  /** One if not given. */
  jobs?: number;
  /** How many messages arrive; as many as there are jobs if not given. */
  arrive?: number;
}

/** What is sent on is waited for. */
const passing = (url: string): Row[] => [
  { name: "function: the same object", nodes: [fn("return msg;")] },
  { name: "function: a fresh object", nodes: [fn("return { payload: 1 };")] },
  {
    name: "function: several messages",
    nodes: [fn("return [[msg, { payload: 2 }, { payload: 3 }]];")],
    arrive: 3,
  },
  { name: "function: several wires", nodes: [fn("return msg;", { wires: [["last", "last"]] })], arrive: 2 },
  {
    name: "function: several outputs",
    nodes: [fn("return [msg, { payload: 2 }];", { outputs: 2, wires: [["last"], ["last"]] })],
    arrive: 2,
  },
  { name: "function: that waits", nodes: [fn("await new Promise((go) => setTimeout(go, 50)); return msg;")] },
  {
    name: "function: that waits and returns a fresh object",
    nodes: [fn("await new Promise((go) => setTimeout(go, 50)); return { payload: 1 };")],
  },
  {
    name: "function: that sends later and then says that it is done",
    nodes: [fn("setTimeout(() => { node.send({ payload: 1 }); node.done(); }, 50);")],
  },
  {
    name: "function: that sends by timers and never says that it is done",
    nodes: [fn("for (const ms of [20, 90]) setTimeout(() => node.send({ payload: ms }), ms);")],
    arrive: 2,
  },
  {
    name: "function: that sends by an interval that it ends",
    nodes: [fn("const timer = setInterval(() => { clearInterval(timer); node.send(msg); }, 50);")],
  },
  {
    name: "function: that begins with a timer of its own",
    nodes: [fn("return msg;", { initialize: "setInterval(() => node.send(null), 10);" })],
  },
  { name: "switch: that matches", nodes: [switchOn([rule("nnull")])] },
  {
    name: "switch: several outputs",
    nodes: [switchOn([rule("nnull"), rule("true"), rule("else")], { wires: [["last"], ["last"], ["last"]] })],
  },
  {
    name: "switch: all of several outputs",
    nodes: [switchOn([rule("nnull"), rule("nempty")], { wires: [["last"], ["last"]] })],
    arrive: 2,
  },
  {
    name: "switch: a property by JSONata",
    nodes: [switchOn([rule("gt", "1", "num")], { property: "$length(payload)", propertyType: "jsonata" })],
  },
  {
    name: "switch: a rule by JSONata",
    nodes: [switchOn([rule("jsonata_exp", "$length(payload) > 1", "jsonata")])],
  },
  {
    name: "switch: a rule by JSONata that reads the flow's context",
    nodes: [switchOn([rule("jsonata_exp", "$not($exists($flowContext('nothing')))", "jsonata")])],
  },
  { name: "switch: many jobs at once", nodes: [switchOn([rule("nnull")])], jobs: 50 },
  {
    name: "switch: many jobs at once, by JSONata",
    nodes: [switchOn([rule("jsonata_exp", "$length(payload) > 1", "jsonata")])],
    jobs: 50,
  },
  {
    name: "switch: the last of a sequence",
    nodes: [...split("switch"), { ...switchOn([{ t: "tail", v: "2", vt: "num" }]), id: "switch" }],
    arrive: 2,
  },
  {
    name: "switch: that puts a sequence in order",
    nodes: [...split("switch"), { ...switchOn([rule("gt", "1", "num")], { repair: true }), id: "switch" }],
    arrive: 2,
  },
  {
    name: "change",
    nodes: [first("change", { rules: [{ t: "set", p: "topic", pt: "msg", to: "x", tot: "str" }] })],
  },
  {
    name: "change: by JSONata",
    nodes: [
      first("change", { rules: [{ t: "set", p: "topic", pt: "msg", to: "payload & 'x'", tot: "jsonata" }] }),
    ],
  },
  {
    name: "change: that replaces the message",
    nodes: [
      fn("msg.other = { payload: 7 }; return msg;", { wires: [["change"]] }),
      next("change", "change", {
        rules: [
          { t: "set", p: "payload", pt: "msg", to: "other", tot: "msg" },
          { t: "delete", p: "other", pt: "msg" },
        ],
      }),
    ],
  },
  {
    name: "range",
    nodes: [
      fn("msg.payload = 5; return msg;", { wires: [["range"]] }),
      next("range", "range", { minin: 0, maxin: 10, minout: 0, maxout: 1, action: "scale" }),
    ],
  },
  {
    name: "template",
    nodes: [
      first("template", {
        field: "payload",
        fieldType: "msg",
        format: "handlebars",
        syntax: "mustache",
        template: "It is {{payload}}.",
        output: "str",
      }),
    ],
  },
  { name: "filter (rbe)", nodes: [first("rbe", { func: "rbe", property: "payload" })] },
  { name: "junction", nodes: [first("junction")] },
  {
    name: "link out and link in",
    nodes: [
      first("link out", { mode: "link", links: ["in2"], wires: [] }),
      { id: "in2", type: "link in", links: ["first"], wires: [["last"]] },
    ],
  },
  { name: "link call", nodes: [linkCall({}), ...subroutine()] },
  {
    name: "link call: by name",
    nodes: [
      fn("msg.target = 'subroutine'; return msg;", { wires: [["call"]] }),
      { ...linkCall({ links: [], linkType: "dynamic" }), id: "call" },
      ...subroutine(),
    ],
  },
  {
    name: "link call: a subroutine that takes its time",
    nodes: [linkCall({}), ...subroutine({ ...delay("delay", {}), id: "wait", wires: [["return"]] })],
  },
  {
    name: "link call: a subroutine that sends on and answers",
    nodes: [linkCall({}), ...subroutine(next("both", "junction", { wires: [["return", "last"]] }))],
    arrive: 2,
  },
  { name: "delay: fixed", nodes: [delay("delay", {})], jobs: 3 },
  { name: "delay: by the message", nodes: [delay("delayv", {})], jobs: 3 },
  { name: "delay: random", nodes: [delay("random", {})], jobs: 3 },
  { name: "delay: rate limit", nodes: [delay("rate", {})], jobs: 3 },
  {
    name: "delay: rate limit with an output for the others",
    nodes: [delay("rate", { drop: true, outputs: 2, wires: [["last"], ["last"]] })],
    jobs: 3,
  },
  { name: "delay: one of each topic at a time", nodes: [delay("queue", {})] },
  { name: "delay: all topics at intervals", nodes: [delay("timed", {})] },
  { name: "trigger: at once and again", nodes: [trigger({})], arrive: 2 },
  {
    name: "trigger: at once and again by the second output",
    nodes: [trigger({ outputs: 2, wires: [["last"], ["last"]] })],
    arrive: 2,
  },
  { name: "trigger: at once only", nodes: [trigger({ op2type: "nul" })] },
  { name: "trigger: until it is reset", nodes: [trigger({ duration: "0" })] },
  { name: "trigger: once quiet", nodes: [trigger({ op1type: "nul", op2type: "payl", extend: "true" })] },
  { name: "split", nodes: split("last"), arrive: 3 },
  {
    name: "split: a text",
    nodes: text("a\nb\nc", next("", "split", { splt: "\\n", spltType: "str" })),
    arrive: 3,
  },
  {
    name: "split: an object",
    nodes: [
      fn("msg.payload = { a: 1, b: 2 }; return msg;", { wires: [["split"]] }),
      next("split", "split", { addname: "topic" }),
    ],
    arrive: 2,
  },
  { name: "split and join", nodes: [...split("join"), next("join", "join", { mode: "auto" })], arrive: 1 },
  { name: "split and join: by number", nodes: [...split("join"), join3({ useparts: false })], arrive: 1 },
  {
    name: "split and join: after a time",
    nodes: [...split("join"), join3({ count: "", timeout: "0.05", useparts: false })],
    arrive: 1,
  },
  {
    name: "split and join: by JSONata",
    nodes: [
      ...split("join"),
      join3({
        mode: "reduce",
        reduceExp: "$A + payload",
        reduceInit: "0",
        reduceInitType: "num",
        reduceFixup: "",
      }),
    ],
    arrive: 1,
  },
  {
    name: "split and sort",
    nodes: [
      ...split("sort"),
      next("sort", "sort", {
        order: "descending",
        target: "payload",
        targetType: "seq",
        seqKey: "payload",
        seqKeyType: "msg",
      }),
    ],
    arrive: 3,
  },
  {
    name: "sort: what is in the message",
    nodes: [
      fn("msg.payload = [2, 1]; return msg;", { wires: [["sort"]] }),
      next("sort", "sort", {
        order: "ascending",
        target: "payload",
        targetType: "msg",
        msgKey: "payload",
        msgKeyType: "elem",
      }),
    ],
  },
  { name: "batch: by number", nodes: [first("batch", { mode: "count", count: 3, overlap: 0 })], jobs: 3 },
  { name: "batch: at intervals", nodes: [first("batch", { mode: "interval", interval: 0.05 })], jobs: 3 },
  { name: "http request", nodes: [http(`${url}/soon`)], jobs: 3 },
  { name: "http request: slow", nodes: [http(`${url}/slow`)] },
  { name: "http request: that the server refuses", nodes: [http(`${url}/refused`)] },
  { name: "exec", nodes: [exec("echo done")] },
  {
    name: "exec: all three outputs",
    nodes: [exec("echo done; echo oh >&2", { oldrc: "false", wires: [["last"], ["last"], ["last"]] })],
    arrive: 3,
  },
  {
    name: "exec: as it comes",
    nodes: [exec("echo done", { useSpawn: "true", oldrc: "false", wires: [["last"], ["last"], ["last"]] })],
    arrive: 2,
  },
  {
    name: "debug beside it",
    nodes: [
      first("junction", { wires: [["last", "debug"]] }),
      {
        id: "debug",
        type: "debug",
        active: true,
        tosidebar: false,
        console: false,
        complete: "true",
        tostatus: true,
        statusType: "auto",
      },
    ],
  },
  {
    name: "file and read file",
    nodes: [
      fn(`msg.payload = "a\\nb"; return msg;`, { wires: [["file"]] }),
      next("file", "file", {
        filename: join(folder, "written"),
        filenameType: "str",
        overwriteFile: "true",
        appendNewline: false,
        wires: [["read"]],
      }),
      next("read", "file in", { filename: join(folder, "written"), filenameType: "str", format: "utf8" }),
    ],
  },
  {
    name: "file: several at once",
    nodes: [
      first("file", {
        filename: join(folder, "appended"),
        filenameType: "str",
        overwriteFile: "false",
        appendNewline: true,
      }),
    ],
    jobs: 5,
  },
  {
    name: "read file: by lines, each a fresh message",
    nodes: [
      first("file in", {
        filename: join(folder, "lines"),
        filenameType: "str",
        format: "lines",
        allProps: false,
      }),
    ],
    arrive: 3,
  },
  { name: "json", nodes: text('{"a":1}', next("", "json", { property: "payload", action: "" })) },
  {
    name: "csv",
    nodes: text(
      "a,b\n1,2\n3,4\n",
      next("", "csv", { sep: ",", hdrin: true, multi: "one", temp: "", skip: "0", ret: "\\n" }),
    ),
    arrive: 2,
  },
  { name: "xml", nodes: text("<a>1</a>", next("", "xml", { property: "payload" })) },
  { name: "yaml", nodes: text("a: 1", next("", "yaml", { property: "payload" })) },
  {
    name: "html",
    nodes: text(
      "<p>1</p><p>2</p>",
      next("", "html", { property: "payload", outproperty: "payload", tag: "p", ret: "text", as: "multi" }),
    ),
    arrive: 2,
  },
  {
    name: "complete",
    nodes: [
      fn("return null;", { wires: [[]] }),
      { id: "complete", type: "complete", scope: ["first"], uncaught: false, wires: [["last"]] },
    ],
  },
  {
    name: "subflow",
    nodes: [
      ...subflow("sub", [
        next("a", "junction", { wires: [["b"]] }),
        { ...fn("return { payload: 1 };"), id: "b", wires: [[]] },
      ]),
      first("subflow:sub"),
    ],
  },
  {
    name: "subflow: in a subflow",
    nodes: [
      ...subflow("inner", [{ ...fn("return msg;"), id: "a", wires: [[]] }]),
      ...subflow("outer", [next("b", "subflow:inner", { wires: [[]] })]),
      first("subflow:outer"),
    ],
  },
  {
    name: "subflow: with a status",
    nodes: [
      ...subflow("sub", [next("a", "junction", { wires: [[]] })], {
        status: { x: 0, y: 0, wires: [{ id: "a", port: 0 }] },
      }),
      first("subflow:sub"),
    ],
  },
  {
    name: "subflow: its input wired to its output",
    nodes: [
      {
        id: "sub",
        type: "subflow",
        name: "sub",
        in: [{ x: 0, y: 0, wires: [] }],
        out: [{ x: 0, y: 0, wires: [{ id: "sub", port: 0 }] }],
      },
      first("subflow:sub"),
    ],
  },
  {
    name: "group",
    nodes: [{ id: "group", type: "group", nodes: ["first"] }, first("junction", { g: "group" })],
  },
  {
    name: "a loop",
    nodes: [
      fn("msg.round = (msg.round ?? 0) + 1; return msg.round < 20 ? [msg, null] : [null, msg];", {
        outputs: 2,
        wires: [["first"], ["last"]],
      }),
    ],
  },
];

/** What goes no further has ended. */
const ending = (url: string): Row[] => [
  { name: "function: that returns nothing", nodes: [fn("return null;")], jobs: 3 },
  {
    name: "function: that sets a timer that sends nothing",
    nodes: [fn("setTimeout(() => context.set('seen', 1), 600000);")],
  },
  { name: "switch: that matches nothing", nodes: [switchOn([rule("null")])], jobs: 50 },
  {
    name: "switch: that matches nothing, by JSONata",
    nodes: [switchOn([rule("jsonata_exp", "payload = 1", "jsonata")])],
    jobs: 50,
  },
  { name: "switch: without wires", nodes: [switchOn([rule("nnull")], { wires: [[]] })], jobs: 3 },
  {
    name: "switch: a sequence of which nothing matches",
    nodes: [...split("switch"), { ...switchOn([rule("gt", "5", "num")], { repair: true }), id: "switch" }],
  },
  {
    name: "filter (rbe): that knows it already",
    nodes: [
      fn("msg.payload = 1; return msg;", { wires: [["rbe"]] }),
      next("rbe", "rbe", { func: "rbei", property: "payload" }),
    ],
    jobs: 3,
  },
  {
    name: "range: that drops",
    nodes: [
      fn("msg.payload = 50; return msg;", { wires: [["range"]] }),
      next("range", "range", { minin: 0, maxin: 10, minout: 0, maxout: 1, action: "drop" }),
    ],
  },
  {
    name: "split: nothing",
    nodes: [
      fn("msg.payload = []; return msg;", { wires: [["split"]] }),
      next("split", "split", { arraySplt: 1 }),
    ],
  },
  { name: "link out to nowhere", nodes: [first("link out", { mode: "link", links: [], wires: [] })] },
  {
    name: "a node that is disabled",
    nodes: [
      first("junction", { wires: [["off"]] }),
      { id: "off", type: "function", func: "return msg;", d: true, wires: [["last"]] },
    ],
  },
  {
    name: "subflow: that ends within",
    nodes: [
      ...subflow("sub", [
        next("a", "junction", { wires: [["b"]] }),
        { ...fn("return null;"), id: "b", wires: [[]] },
      ]),
      first("subflow:sub", { wires: [[]] }),
    ],
  },
  {
    name: "subflow: whose input leads nowhere",
    nodes: [
      { id: "sub", type: "subflow", name: "sub", in: [{ x: 0, y: 0, wires: [] }], out: [] },
      first("subflow:sub", { wires: [] }),
    ],
  },
  { name: "http request: without wires", nodes: [http(`${url}/soon`, { wires: [[]] })] },
  {
    name: "debug",
    nodes: [{ id: "first", type: "debug", active: true, tosidebar: false, console: false, complete: "true" }],
  },
  { name: "comment beside it", nodes: [{ id: "comment", type: "comment", name: "x" }, fn("return null;")] },
];

interface FailingRow {
  name: string;
  nodes: FlowNode[];
  reason: string | RegExp;
  /** The one that fails, if it is not "first". */
  node?: string;
  /** Whether the message goes on all the same. */
  passes?: boolean;
  /** How often a Catch node is told; once if not given. */
  caught?: number;
}

const failing: FailingRow[] = [
  { name: "function: that throws", nodes: [fn("throw new Error('no luck');")], reason: /no luck/ },
  { name: "function: that throws a text", nodes: [fn("throw 'no luck';")], reason: /no luck/ },
  {
    name: "function: that waits and throws",
    nodes: [fn("await new Promise((go) => setTimeout(go, 30)); throw new Error('no luck');")],
    reason: /no luck/,
  },
  {
    name: "function: node.error with the message",
    nodes: [fn("node.error('no luck', msg);")],
    reason: "no luck",
  },
  {
    name: "function: node.error with the message, later",
    nodes: [fn("setTimeout(() => { node.error('no luck', msg); node.done(); }, 30);")],
    reason: "no luck",
  },
  {
    name: "function: node.error, and on",
    nodes: [fn("node.error('no luck', msg); return msg;")],
    reason: "no luck",
    passes: true,
  },
  {
    name: "function: done with an error",
    nodes: [fn("node.done(new Error('no luck'));")],
    reason: "no luck",
  },
  {
    name: "function: a timer of it that throws",
    nodes: [fn("setTimeout(() => { if (msg) throw new Error('no luck'); node.send(msg); }, 30);")],
    reason: /no luck/,
  },
  {
    name: "switch: a rule that can't be read",
    nodes: [switchOn([rule("regex", "[", "str")])],
    reason: /regular expression/i,
  },
  {
    name: "change: a JSONata that fails",
    nodes: [
      first("change", {
        rules: [{ t: "set", p: "topic", pt: "msg", to: "$number(payload)", tot: "jsonata" }],
      }),
    ],
    reason: /number/,
  },
  {
    name: "json: no JSON",
    nodes: text("{", next("", "json", { property: "payload", action: "obj" })),
    node: "node",
    reason: /JSON/,
  },
  {
    name: "xml: no XML",
    nodes: text("<a>", next("", "xml", { property: "payload" })),
    node: "node",
    reason: /tag/i,
  },
  {
    name: "link call: a subroutine that never answers",
    nodes: [
      linkCall({ timeout: "0.05" }),
      ...subroutine({ id: "end", type: "function", func: "return null;", wires: [[]] }),
    ],
    reason: "timeout",
  },
  { name: "link call: no subroutine", nodes: [linkCall({ links: ["nobody"] })], reason: /not found/ },
  {
    name: "link call: a subroutine that fails",
    nodes: [
      linkCall({ timeout: "0.05" }),
      ...subroutine({ id: "end", type: "function", func: "throw new Error('no luck');", wires: [[]] }),
    ],
    node: "end",
    reason: /no luck/,
    caught: 2,
  },
  {
    name: "http request: nobody there",
    nodes: [http("http://127.0.0.1:1", { senderr: true })],
    reason: /ECONNREFUSED/,
  },
  {
    name: "http request: nobody there, and on",
    nodes: [http("http://127.0.0.1:1")],
    reason: /ECONNREFUSED/,
    passes: true,
  },
  { name: "http request: no address", nodes: [http("")], reason: /url/i },
  {
    name: "file: a folder that is not there",
    nodes: [
      first("file", {
        filename: join(folder, "none", "x"),
        filenameType: "str",
        overwriteFile: "true",
        appendNewline: false,
      }),
    ],
    reason: /ENOENT/,
  },
  {
    name: "read file: no such file",
    nodes: [
      first("file in", {
        filename: join(folder, "none"),
        filenameType: "str",
        format: "utf8",
        sendError: false,
      }),
    ],
    reason: /ENOENT/,
  },
  {
    name: "batch: what belongs to no sequence",
    nodes: [
      fn("msg.topic = 'a'; return msg;", { wires: [["batch"]] }),
      next("batch", "batch", { mode: "concat", topics: [{ topic: "a" }] }),
    ],
    node: "batch",
    reason: /parts/,
  },
  {
    name: "sort: a JSONata that fails",
    nodes: [
      fn("msg.payload = ['a', 'b']; return msg;", { wires: [["sort"]] }),
      next("sort", "sort", {
        order: "ascending",
        target: "payload",
        targetType: "msg",
        msgKey: "$number($)",
        msgKeyType: "jsonata",
      }),
    ],
    node: "sort",
    reason: /JSONata/,
  },
  {
    name: "subflow: a node in it that fails",
    nodes: [
      ...subflow("sub", [{ ...fn("throw new Error('no luck');"), id: "a", wires: [[]] }]),
      first("subflow:sub"),
    ],
    node: "first-a",
    reason: /no luck/,
  },
];

/** @param host that `startNodeRed` starts in this process */
export function followsCoreNodes(host: string): void {
  describe(`In ${host}`, () => {
    let jobs: Jobs;
    let server: Server;
    let url: string;

    beforeAll(async () => {
      writeFileSync(join(folder, "lines"), "a\nb\nc");
      server = createServer((request, response) => {
        const answer = () => response.writeHead(request.url === "/refused" ? 500 : 200).end("yes");
        if (request.url === "/slow") setTimeout(answer, 300);
        else answer();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      jobs = await Jobs.start();
    });
    afterAll(async () => {
      await jobs.stop();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    });

    describe("a job is acknowledged when the last of its messages has ended, and not before", () => {
      it.each(passing("http://unknown"))("$name", async ({ name }) => {
        const { nodes, jobs: count = 1, arrive = count } = passing(url).find((row) => row.name === name)!;
        await jobs.deploy([...nodes, last]);
        await jobs.addMany(count);
        await jobs.held(arrive);
        // All but one.
        jobs.release(arrive - 1);
        await jobs.areRunning(1);
        jobs.release();
        await jobs.areDone();
      });
    });

    describe("a job is acknowledged whose message goes no further", () => {
      it.each(ending("http://unknown"))("$name", async ({ name }) => {
        const { nodes, jobs: count = 1 } = ending(url).find((row) => row.name === name)!;
        await jobs.deploy([...nodes, last]);
        await jobs.addMany(count);
        await jobs.areDone();
        expect(await jobs.held(0)).toEqual([]);
      });
    });

    describe("a job fails, and its dead letter names the node and the reason", () => {
      it.each(failing)("$name", async ({ nodes, reason, node = "first", passes = false }) => {
        await jobs.deploy([...nodes, last]);
        await jobs.add();
        if (passes) {
          await jobs.held(1);
          await jobs.areRunning(1);
          jobs.release();
        }
        expect(await jobs.letters()).toMatchObject([
          { reason: typeof reason === "string" ? reason : expect.stringMatching(reason), node: { id: node } },
        ]);
        expect(await jobs.held(0)).toEqual([]);
      });
    });

    describe("a job is acknowledged once the error was handled that a Catch node took", () => {
      const inSubflow = (name: string) => name.startsWith("subflow");
      it.each(failing.filter(({ name }) => !inSubflow(name)))(
        "$name",
        async ({ nodes, passes, caught = 1 }) => {
          await jobs.deploy([...nodes, catcher(), last]);
          await jobs.add();
          const arrive = passes ? caught + 1 : caught;
          await jobs.held(arrive);
          jobs.release(arrive - 1);
          await jobs.areRunning(1);
          jobs.release();
          await jobs.areDone();
        },
      );
    });
  });
}
