/** What a config node may ask of the flows that run beside it. */
import type { Node, NodeAPI, NodeDef } from "node-red";
import type { Handle } from "../../core/index.ts";
import { withEnvironment } from "./settings.ts";

type Settings = NodeDef & Record<string, unknown>;
type RunningNode = Settings & { isDestination: boolean };
type Destination = Node & { isDestination?: boolean; erase?: Erase };

export class RunningFlows {
  readonly #RED: NodeAPI;

  constructor(RED: NodeAPI) {
    this.#RED = RED;
  }

  /**
   * What is set in every node that runs, environment variables put in, without credentials; and whether it makes copies
   * of vCons elsewhere.
   */
  nodes(): RunningNode[] {
    const found: RunningNode[] = [];
    this.#RED.nodes.eachNode((raw) => {
      const node = this.#RED.nodes.getNode(raw.id) as Destination | null;
      if (!node) return;
      const settings = Object.entries(raw as Settings).map(([name, value]) => [
        name,
        typeof value === "string"
          ? withEnvironment(this.#RED, node, value, (missing) => `\${${missing}}`)
          : value,
      ]);
      found.push({ ...Object.fromEntries(settings), isDestination: node.isDestination === true });
    });
    return found;
  }

  /**
   * Has a destination erase the copy that it has made of a vCon.
   * @returns false if there is no such node. @throws what keeps it from being erased
   */
  async erase(node: string, uuid: string, handle: Handle): Promise<boolean> {
    const destination = this.#RED.nodes.getNode(node) as Destination | null;
    if (!destination?.erase) return false;
    await destination.erase(uuid, handle);
    return true;
  }
}

type Erase = (uuid: string, handle: Handle) => Promise<void>;
