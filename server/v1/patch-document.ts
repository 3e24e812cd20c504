/**
 * JSON Patch (RFC 6902) on a document. The library changes it; before, what the library would let pass is refused: names
 * that every object inherits, indexes that are none, copies without end. It compares by a costly diff, so tests and the
 * order of a move are seen to here.
 */
import { isDeepStrictEqual } from "node:util";
import { applyPatch, type Operation, Pointer } from "rfc6902";
import Type from "typebox";
import { ApiError, type Fault, invalid } from "../errors.ts";
import { bodyReader } from "../parameters.ts";

const PointerText = Type.String({ pattern: "^(?:/(?:[^~/]|~[01])*)*$", examples: ["/subject"] });

/** Operations are done one by one, and each may move every element of an array. */
const MOST_OPERATIONS = 1000;

export const Patch = Type.Array(
  Type.Object({
    op: Type.Enum(["add", "remove", "replace", "move", "copy", "test"]),
    path: PointerText,
    from: Type.Optional(PointerText),
    value: Type.Optional(Type.Any()),
  }),
  {
    maxItems: MOST_OPERATIONS,
    title: "JsonPatch",
    examples: [[{ op: "add", path: "/subject", value: "A refund" }]],
  },
);

/** What an operation needs besides its path. */
const NEEDED: Partial<Record<Operation["op"], "value" | "from">> = {
  add: "value",
  replace: "value",
  test: "value",
  move: "from",
  copy: "from",
};

/** They lead out of a document, and the library passes over them. */
const FOREIGN_NAMES = ["__proto__", "constructor", "prototype"];
const INDEX = /^(?:0|[1-9]\d*)$/;

const readShape = bodyReader(Patch);

/** @throws ApiError 422 */
export function readPatch(sent: unknown): Operation[] {
  const operations = readShape(sent) as Operation[];
  operations.forEach(checkOperation);
  return operations;
}

function checkOperation(operation: Operation, position: number): void {
  const needed = NEEDED[operation.op];
  if (needed !== undefined && !Object.hasOwn(operation, needed)) {
    throw wrong(position, "It is missing.", needed);
  }
  const pointers = "from" in operation ? [operation.from, operation.path] : [operation.path];
  if (pointers.flatMap(tokensOf).some((token) => FOREIGN_NAMES.includes(token))) {
    throw wrong(position, "No member may have this name.");
  }
  if (changedBy(operation).includes("")) {
    throw wrong(position, "It would change the whole vCon: replace that by PUT.");
  }
}

/** Pointers to what the operation changes. */
export function changedBy(operation: Operation): string[] {
  if (operation.op === "test") return [];
  return operation.op === "move" ? [operation.from, operation.path] : [operation.path];
}

/**
 * Changes the document itself; if it throws, the document is half changed and to be thrown away.
 * @param operations as `readPatch` gives them
 * @param maxBytes the most that copies may add, as JSON
 * @throws ApiError 409 where the document is not as the patch takes it to be; 413, 422
 */
export function patchDocument(document: object, operations: readonly Operation[], maxBytes: number): void {
  let room = maxBytes;
  for (const [position, operation] of operations.entries()) {
    try {
      if (operation.op === "copy") room -= sizeOf(valueAt(document, operation.from));
      if (room < 0) throw tooLarge(maxBytes);
      apply(document, operation);
    } catch (error) {
      if (error instanceof Unfit) throw conflict(position, error);
      if (error instanceof RangeError) throw wrong(position, "It nests too deep, or is too large.");
      throw error;
    }
  }
}

function apply(document: object, operation: Operation): void {
  const { path } = operation;
  if (operation.op === "test") {
    if (!isDeepStrictEqual(valueAt(document, path), operation.value)) throw new Unfit("test");
  } else if (operation.op === "move") {
    const value = valueAt(document, operation.from);
    apply(document, { op: "remove", path: operation.from });
    apply(document, { op: "add", path, value });
  } else if (operation.op === "copy") {
    apply(document, { op: "add", path, value: valueAt(document, operation.from) });
  } else {
    if (operation.op === "add") checkPlace(document, path);
    else valueAt(document, path);
    const [failed] = applyPatch(document, [operation]);
    if (failed) throw new Unfit("place");
  }
}

/** The document is not as the patch takes it to be. */
class Unfit extends Error {
  readonly what: "test" | "place";

  constructor(what: "test" | "place") {
    super(what);
    this.what = what;
  }
}

/** What stands at the pointer and is the document's own. @throws Unfit */
function valueAt(document: unknown, pointer: string): unknown {
  return tokensOf(pointer).reduce(memberOf, document);
}

function memberOf(holder: unknown, name: string): unknown {
  if (typeof holder !== "object" || holder === null) throw new Unfit("place");
  if (Array.isArray(holder) ? !isIndex(name, holder.length) : !Object.hasOwn(holder, name)) {
    throw new Unfit("place");
  }
  return (holder as Record<string, unknown>)[name];
}

/** Whether something can be added at the pointer. @throws Unfit */
function checkPlace(document: object, pointer: string): void {
  const tokens = tokensOf(pointer);
  const name = tokens.pop()!;
  const holder = tokens.reduce<unknown>(memberOf, document);
  const isPlace = Array.isArray(holder)
    ? name === "-" || isIndex(name, holder.length + 1)
    : typeof holder === "object" && holder !== null;
  if (!isPlace) throw new Unfit("place");
}

function isIndex(name: string, length: number): boolean {
  return INDEX.test(name) && Number(name) < length;
}

function tokensOf(pointer: string): string[] {
  return Pointer.fromJSON(pointer).tokens.slice(1);
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function wrong(position: number, says: string, ...member: string[]): ApiError {
  return invalid([{ at: ["body", position, ...member], says }]);
}

function conflict(position: number, { what }: Unfit): ApiError {
  const faults: Fault[] = [{ at: ["body", position], says: SAYS[what] }];
  const code = what === "test" ? "TEST_FAILED" : "PLACE_MISSING";
  return new ApiError(409, code, "The vCon is not as the patch takes it to be; nothing is changed.", {
    faults,
  });
}

const SAYS = {
  test: "What it tests is not so.",
  place: "What it names is not there.",
};

function tooLarge(maxBytes: number): ApiError {
  return new ApiError(413, "TOO_LARGE", `The patch would add more than ${maxBytes} bytes by copying.`);
}
