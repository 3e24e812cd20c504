/** The elements of the vCons in an SQLite store: dialogs, attachments and analyses, each in a row. */
import { isObject } from "../../vcon/json.ts";
import { formatTag, type Tag, tagsAttachment } from "../../vcon/tags.ts";
import type { Analysis, JsonObject } from "../../vcon/types.ts";
import { sameIdentity } from "../identity.ts";
import { type ElementPart, toPart } from "../parts.ts";
import type { Section, Wanted } from "../view.ts";
import type { Bodies, BodyId, BodyRow } from "./bodies.ts";
import type { Database } from "./database.ts";

const TAGS = new Set(["tags"]);

export interface ElementRow extends BodyRow {
  section: Section;
  position: number;
  /** Without the body where that is large. */
  json: string;
}

/** All that write do so in a transaction. `id` is the vCon's. */
export class Elements {
  readonly #database: Database;
  readonly #bodies: Bodies;

  constructor(database: Database, bodies: Bodies) {
    this.#database = database;
    this.#bodies = bodies;
  }

  read(id: number, section: Section, wanted: NonNullable<Wanted>): ElementRow[] {
    const ofType = wanted === "all" ? "" : "AND type IN (SELECT value FROM json_each(?))";
    return this.#database.all<ElementRow>(
      `SELECT section, position, json, body, kind, size FROM element LEFT JOIN body ON body.id = element.body
       WHERE vcon = ? AND section = ? ${ofType} ORDER BY position`,
      id,
      section,
      ...(wanted === "all" ? [] : [JSON.stringify([...wanted])]),
    );
  }

  /** Inserts those of a vCon that has none. @param bodies the large body of each, staged */
  insert(id: number, elements: readonly ElementPart[], bodies: readonly BodyId[]): void {
    const next = { dialog: 0, attachments: 0, analysis: 0 };
    elements.forEach((element, i) => {
      this.#insert(id, next[element.section]++, element, bodies[i]);
    });
  }

  /** Puts one behind those that are in its section. */
  append(id: number, element: ElementPart, body: BodyId): void {
    this.#insert(id, this.#length(id, element.section), element, body);
  }

  /** Adds to the first tags attachment that holds a list, or makes one. @returns false if all were there */
  addTags(id: number, tags: readonly Tag[]): boolean {
    if (tags.length === 0) return false;
    const rows = this.read(id, "attachments", TAGS).filter(({ body }) => body === null);
    const lists = rows.map(({ position, json }) => ({ position, attachment: JSON.parse(json) }));
    const list = lists.find(({ attachment }) => Array.isArray(attachment.body));
    const known = new Set(lists.flatMap(({ attachment }) => attachment.body));
    const missing = tags.filter((tag) => {
      const isNew = !known.has(formatTag(tag));
      known.add(formatTag(tag));
      return isNew;
    });
    if (missing.length === 0) return false;
    if (list === undefined) {
      const attachment = tagsAttachment(missing, new Date().toISOString());
      this.append(id, toPart("attachments", attachment), undefined);
    } else {
      list.attachment.body.push(...missing.map(formatTag));
      this.#database.run(
        "UPDATE element SET json = ? WHERE vcon = ? AND section = 'attachments' AND position = ?",
        JSON.stringify(list.attachment),
        id,
        list.position,
      );
    }
    return true;
  }

  /** How many analyses of this one's identity there are. */
  countSame(id: number, analysis: Analysis): number {
    return this.#database
      .all<{ json: string }>(
        "SELECT json FROM element WHERE vcon = ? AND section = 'analysis' AND type = ?",
        id,
        analysis.type,
      )
      .filter(({ json }) => sameIdentity(JSON.parse(json), analysis)).length;
  }

  /** A dialog without its body where that is large; undefined if there is none that is an object. */
  dialog(id: number, position: number): JsonObject | undefined {
    const row = this.#dialogRow(id, position);
    const dialog = row && JSON.parse(row.json);
    return isObject(dialog) ? dialog : undefined;
  }

  /** Puts another dialog in the place of one, whose large body goes. */
  setDialog(id: number, position: number, dialog: JsonObject, body: BodyId): void {
    const former = this.#dialogRow(id, position)?.body ?? undefined;
    this.#database.run(
      "UPDATE element SET json = ?, body = ? WHERE vcon = ? AND section = 'dialog' AND position = ?",
      JSON.stringify(dialog),
      body ?? null,
      id,
      position,
    );
    this.#bodies.keep(body);
    this.#bodies.drop([former]);
  }

  drop(id: number): void {
    const bodies = this.#database.all<{ body: number }>(
      "SELECT body FROM element WHERE vcon = ? AND body NOT NULL",
      id,
    );
    this.#database.run("DELETE FROM element WHERE vcon = ?", id);
    this.#bodies.drop(bodies.map(({ body }) => body));
  }

  #insert(id: number, position: number, { section, type, json }: ElementPart, body: BodyId): void {
    this.#database.run(
      "INSERT INTO element (vcon, section, position, type, json, body) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      section,
      position,
      type,
      json,
      body ?? null,
    );
    this.#bodies.keep(body);
  }

  #length(id: number, section: Section): number {
    return this.#database.get<{ length: number }>(
      "SELECT coalesce(max(position) + 1, 0) AS length FROM element WHERE vcon = ? AND section = ?",
      id,
      section,
    )!.length;
  }

  #dialogRow(id: number, position: number): { json: string; body: number | null } | undefined {
    return this.#database.get(
      "SELECT json, body FROM element WHERE vcon = ? AND section = 'dialog' AND position = ?",
      id,
      position,
    );
  }
}
