/** The flows of the editor's Import menu. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type FlowNode, root } from "../support/node-red.ts";

export interface Example {
  /** In the menu. */
  name: string;
  text: string;
  nodes: FlowNode[];
}

export function readExamples(): Example[] {
  const files = readdirSync(join(root, "examples"), { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".json"))
    .map((file) => {
      const text = readFileSync(join(root, "examples", file), "utf8");
      return { name: file.replace(/\.json$/, ""), text, nodes: JSON.parse(text) };
    });
}
