/** The conserver's configuration, which here is drawn: told from the running flows, and not changed over HTTP. */
import Type, { type Static } from "typebox";
import { json } from "../answer.ts";
import type { RunningNode } from "../call.ts";
import { ApiError } from "../errors.ts";
import { route } from "../route.ts";
import { type Chain, chainsIn } from "./chains.ts";

const Names = Type.Array(Type.String());
const Modules = Type.Record(Type.String(), Type.Object({ module: Type.String() }));

/** Names and types of nodes and names of lists, and nothing else that is set. */
const Configuration = Type.Object({
  links: Modules,
  storages: Modules,
  chains: Type.Record(
    Type.String(),
    Type.Object({
      ingress_lists: Names,
      links: Names,
      storages: Names,
      egress_lists: Names,
      enabled: Type.Integer(),
    }),
  ),
});

export const config = [
  route({
    method: "GET",
    path: "/config",
    style: "conserver",
    operation: "getConfiguration",
    summary: "The running flows in the shape of a conserver's configuration.",
    more: "What takes from a queue or list begins a chain; links, storages and egress lists are what is wired behind it. Nothing else of the nodes' settings is shown.",
    access: "admin",
    answers: { 200: { says: "The configuration.", content: [{ schema: Configuration }] } },
    run: ({ api }) => json(200, configurationOf(chainsIn(api.flows.nodes()))),
  }),
  route({
    method: "POST",
    path: "/config",
    style: "conserver",
    operation: "setConfiguration",
    summary: "Always refused: flows are changed in Node-RED.",
    access: "admin",
    answers: { 403: { says: "What to do instead." } },
    run: () => {
      throw new ApiError(
        403,
        "CONFIGURATION_IN_FLOWS",
        "Chains are flows: change them in Node-RED's editor and deploy, or send them to Node-RED's Admin API (POST /flows).",
      );
    },
  }),
];

function configurationOf(chains: readonly Chain[]): Static<typeof Configuration> {
  const links = chains.flatMap((chain) => chain.links);
  const storages = chains.flatMap((chain) => chain.storages);
  const names = namesFor([
    ...chains.map(({ begins, ingress }) => ({ ...begins, name: begins.name || ingress })),
    ...links,
    ...storages,
  ]);
  const named = (nodes: RunningNode[]) => nodes.map(({ id }) => names.get(id)!);
  const modules = (nodes: RunningNode[]) =>
    Object.fromEntries(nodes.map(({ id, type }) => [names.get(id)!, { module: type }]));
  return {
    links: modules(links),
    storages: modules(storages),
    chains: Object.fromEntries(
      chains.map((chain) => [
        names.get(chain.begins.id)!,
        {
          ingress_lists: [chain.ingress],
          links: named(chain.links),
          storages: named(chain.storages),
          egress_lists: chain.egress,
          enabled: 1,
        },
      ]),
    ),
  };
}

/** By id: a node's name, else its type; with its id where another has the same. */
function namesFor(nodes: readonly RunningNode[]): Map<string, string> {
  const shown = new Map(nodes.map(({ id, name, type }) => [id, name || type]));
  const bearers = new Map<string, number>();
  for (const name of shown.values()) bearers.set(name, (bearers.get(name) ?? 0) + 1);
  return new Map([...shown].map(([id, name]) => [id, bearers.get(name) === 1 ? name : `${name} (${id})`]));
}
