/** A strict reader of Prometheus' text format (version 0.0.4). */

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

interface Family {
  name: string;
  type: string;
  samples: Sample[];
}

const NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const HELP = new RegExp(`^# HELP (${NAME}) .+$`);
const TYPE = new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram)$`);
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.+)\\})? (\\S+)$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/y;

/** All samples of a text. @throws Error for what the format does not allow */
export function readPrometheus(text: string): Sample[] {
  if (!text.endsWith("\n")) throw new Error("the last line has no end");
  const families: Family[] = [];
  let told = "";
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const help = HELP.exec(line);
    const type = TYPE.exec(line);
    if (help) told = help[1]!;
    else if (type) families.push(begin(type[1]!, type[2]!, told, families));
    else families.at(-1)!.samples.push(sampleIn(line, families.at(-1)!));
  }
  for (const family of families) check(family);
  return families.flatMap(({ samples }) => samples);
}

function begin(name: string, type: string, told: string, families: readonly Family[]): Family {
  if (told !== name) throw new Error(`no help for ${name}`);
  if (families.some((other) => other.name === name)) throw new Error(`${name} comes twice`);
  return { name, type, samples: [] };
}

function sampleIn(line: string, { name: family, type }: Family): Sample {
  const match = SAMPLE.exec(line);
  if (!match) throw new Error(`no sample: ${line}`);
  const name = match[1]!;
  const names = type === "histogram" ? ["_bucket", "_sum", "_count"].map((end) => family + end) : [family];
  if (!names.includes(name)) throw new Error(`${name} stands among ${family}`);
  return { name, labels: labelsIn(match[2] ?? ""), value: numberIn(match[3]!) };
}

function labelsIn(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (!match || match[1]! in labels) throw new Error(`labels that can't be read: ${text}`);
    labels[match[1]!] = match[2]!;
  }
  return labels;
}

function numberIn(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (Number.isNaN(value) && text.toLowerCase() !== "nan") throw new Error(`no number: ${text}`);
  return value;
}

function check({ name, type, samples }: Family): void {
  const series = samples.map(
    (sample) => `${sample.name} ${JSON.stringify(Object.entries(sample.labels).sort())}`,
  );
  if (new Set(series).size < series.length) throw new Error(`${name} has the same labels twice`);
  if (type === "counter" && !name.endsWith("_total")) throw new Error(`${name} does not end in _total`);
  if (type === "histogram") checkBuckets(name, samples);
}

/** In every series the buckets rise, and the last one is its count. */
function checkBuckets(name: string, samples: readonly Sample[]): void {
  for (const { labels, value } of samples.filter((sample) => sample.name === `${name}_count`)) {
    const own = samples.filter(
      (sample) =>
        sample.name === `${name}_bucket` &&
        Object.keys(labels).every((label) => sample.labels[label] === labels[label]),
    );
    const bounds = own.map((bucket) => numberIn(bucket.labels["le"]!));
    const counts = own.map((bucket) => bucket.value);
    const isRising = (values: number[]) => values.every((each, i) => i === 0 || values[i - 1]! <= each);
    if (!isRising(bounds) || !isRising(counts)) throw new Error(`the buckets of ${name} do not rise`);
    if (bounds.at(-1) !== Number.POSITIVE_INFINITY || counts.at(-1) !== value)
      throw new Error(`the last bucket of ${name} is not its count`);
  }
}
