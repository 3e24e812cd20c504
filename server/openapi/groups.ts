/** The groups in which operations are shown, by their paths: the first that fits. */
interface Group {
  name: string;
  description: string;
  paths: RegExp;
}

export const GROUPS: readonly Group[] = [
  { name: "Media", description: "The recordings in a vCon, streamed.", paths: /^\/v1\/vcons\/.*\/media$/ },
  {
    name: "vCons",
    description: "vCons as a whole and in part: sent, found, read, changed and deleted.",
    paths: /^\/v1\/vcons/,
  },
  {
    name: "Queues",
    description: "What waits between the flows, and what these have given up on.",
    paths: /^\/v1\/queues/,
  },
  {
    name: "Watching",
    description: "For those who watch over the process.",
    paths: /^\/(?:ready|metrics|health|version|openapi\.json)$/,
  },
  {
    name: "Conserver: lists",
    description: "As the Python conserver has them: what goes in and out of its lists, and what has failed.",
    paths: /^\/(?:vcon\/(?:ingress|external-ingress|egress|count)|dlq.*|stats\/queue)$/,
  },
  {
    name: "Conserver: vCons",
    description: "As the Python conserver has them.",
    paths: /^\/(?:vcons?(?:\/.*)?|index_vcons)$/,
  },
  {
    name: "Conserver: configuration",
    description: "The flows, told as the Python conserver tells its configuration.",
    paths: /^\/config$/,
  },
];

/** Undefined for a path that nobody has thought of. */
export function groupOf(path: string): string | undefined {
  return GROUPS.find(({ paths }) => paths.test(path))?.name;
}
