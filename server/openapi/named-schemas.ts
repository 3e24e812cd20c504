/** Schemas that have a title stand once, under that, among the components; wherever else they are used is a reference. */
import { isDeepStrictEqual } from "node:util";

export type Json = Record<string, unknown>;

export class NamedSchemas {
  readonly #named = new Map<string, Json>();

  /** The schema, what is titled in it replaced. @throws Error for two that have the same title and differ */
  referring(schema: object): Json {
    const told = Object.fromEntries(
      Object.entries(schema).map(([keyword, value]) => [
        keyword,
        keyword === "examples" ? value : this.#inside(value),
      ]),
    );
    const { title } = told;
    return typeof title === "string" ? this.#reference(title, told) : told;
  }

  /** All that were referred to, by their titles. */
  all(): Json {
    return Object.fromEntries([...this.#named].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #inside(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#inside(one));
    return typeof value === "object" && value !== null ? this.referring(value) : value;
  }

  #reference(title: string, schema: Json): Json {
    const known = this.#named.get(title);
    if (known !== undefined && !isDeepStrictEqual(known, schema)) {
      throw new Error(`two schemas have the title ${title}`);
    }
    this.#named.set(title, schema);
    return { $ref: `#/components/schemas/${title}` };
  }
}
