/** Writes, at build time, the editor's half of a node: its registration, its form and its English catalogue. */
import { type Family, leadsOut, type NodeDefinition, outputsOf, takesMessages } from "./definition.ts";
import type { Field, Fields, TextField } from "./fields.ts";
import { kitFields } from "./kit-fields.ts";

/** One muted hue a family, from Node-RED's own palette. */
const COLOURS: Record<Family, string> = {
  config: "#E6E0F8",
  adapters: "#C0DEED",
  transforms: "#C7E9C0",
  filters: "#E2D96E",
  projections: "#FDD0A2",
  delivery: "#D8BFD8",
};

type Json = string | number | boolean | null | undefined | Json[] | { [name: string]: Json };

/** Every field of the form, in its order; the name is Node-RED's own. */
function formFields(definition: NodeDefinition): Fields {
  return { ...definition.fields, ...(kitFields(definition) as Fields) };
}

/** The `.html` beside the node's `.js`. */
export function editorPage(definition: NodeDefinition, help: string): string {
  const { type } = definition;
  return `<script type="text/javascript">
RED.nodes.registerType("${type}", ${registration(definition)});
</script>

<script type="text/html" data-template-name="${type}">
${form(definition)}
</script>

<script type="text/markdown" data-help-name="${type}">
${help.trim()}
</script>
`;
}

/** Its texts, as \`locales/en-US/<set>.json\` holds them. */
export function catalogue(definition: NodeDefinition): Json {
  const { type, label } = definition;
  refuseTakenNames(definition);
  const outputs =
    "outputs" in definition ? { outputs: Object.fromEntries(definition.outputs.entries()) } : {};
  return { [type]: { label, name: "Name", fields: fieldTexts(formFields(definition)), ...outputs } };
}

/** What Node-RED itself keeps in a node's settings: a field of such a name would write over it. */
const TAKEN_NAMES = "id type name x y z g d l wires inputs outputs credentials users env info".split(" ");

function refuseTakenNames({ type, fields }: NodeDefinition): void {
  const taken = Object.keys(fields).find((name) => TAKEN_NAMES.includes(name));
  if (taken !== undefined)
    throw new Error(`${type}: a field can't be called "${taken}", which is Node-RED's own.`);
}

function fieldTexts(fields: Fields): Json {
  const texts = Object.entries(fields).map(([name, field]) => [
    name,
    {
      label: field.label,
      hint: field.hint,
      ...("placeholder" in field ? { placeholder: field.placeholder } : {}),
      ...("options" in field ? { options: { ...field.options } } : {}),
      ...(field.kind === "rows" ? { item: field.item, columns: fieldTexts(field.columns) } : {}),
    },
  ]);
  return Object.fromEntries(texts);
}

function registration(definition: NodeDefinition): string {
  const { family, type, icon } = definition;
  const isConfig = family === "config";
  const fields = formFields(definition);
  const members = [
    `category: ${JSON.stringify(isConfig ? "config" : "vCon")}`,
    `color: ${JSON.stringify(COLOURS[family])}`,
    `icon: ${JSON.stringify(icon)}`,
    `defaults: {\n    ${['name: { value: "" }', ...Object.entries(fields).flatMap(defaultsOf), ...modulesOf(definition)].join(",\n    ")}\n  }`,
    ...credentialsOf(fields),
    // Otherwise the editor would warn at each deploy that nobody uses it.
    ...("byItself" in definition ? ["hasUsers: false"] : []),
    ...(isConfig
      ? []
      : [`inputs: ${takesMessages(definition) ? 1 : 0}`, `outputs: ${outputsOf(definition).length}`]),
    `paletteLabel: function () { return this._(${JSON.stringify(`${type}.label`)}); }`,
    `label: function () { return this.name || ${labelOf(definition)}; }`,
    `labelStyle: function () { return this.name ? "node_label_italic" : ""; }`,
    ...("outputs" in definition
      ? [`outputLabels: function (index) { return this._("${type}.outputs." + index); }`]
      : []),
    ...(leadsOut(definition) ? [`align: "right"`] : []),
    `vconFields: ${JSON.stringify(widgetsOf(fields))}`,
    `oneditprepare: function () { vconEditor.prepare(this); }`,
    `oneditsave: function () { vconEditor.save(this); }`,
  ];
  return `{\n  ${members.join(",\n  ")}\n}`;
}

/** An unnamed config node is told by its first field, any other node by its type. */
function labelOf({ family, type, fields }: NodeDefinition): string {
  const typeLabel = `this._(${JSON.stringify(`${type}.label`)})`;
  const first = Object.keys(fields)[0];
  if (family !== "config" || first === undefined) return typeLabel;
  // Somebody may have written a password into the URL.
  return `(this.${first} || "").replace(/\\/\\/[^@]*@/, "//") || ${typeLabel}`;
}

/** What the editor can't check by itself. */
const CHECKED_KINDS = new Set<Field["kind"]>(["number", "list", "rows", "several"]);

function defaultsOf([name, field]: [string, Field]): string[] {
  if (field.kind === "secret") return [];
  if (field.kind === "typed" || field.kind === "drawn") {
    const colon = field.default.indexOf(":");
    const [type, value] = [field.default.slice(0, colon), field.default.slice(colon + 1)];
    const check = `validate: RED.validators.typedInput(${JSON.stringify(`${name}Type`)})`;
    return [
      `${name}: { value: ${JSON.stringify(value)}${field.required ? ", required: true" : ""}, ${check} }`,
      `${name}Type: { value: ${JSON.stringify(type)} }`,
    ];
  }
  const parts = [`value: ${JSON.stringify(field.default)}`];
  if (field.kind === "service") parts.push(`type: ${JSON.stringify(field.type)}`);
  if (field.required && field.shownWhen === undefined) parts.push("required: true");
  if ((field.required && field.shownWhen !== undefined) || CHECKED_KINDS.has(field.kind)) {
    const check = `return vconEditor.valid(this, ${JSON.stringify(name)}, value);`;
    parts.push(`validate: function (value) { ${check} }`);
  }
  return [`${name}: { ${parts.join(", ")} }`];
}

/** Node-RED installs what a flow's nodes name here. */
function modulesOf(definition: NodeDefinition): string[] {
  if (!("client" in definition) || definition.client === undefined) return [];
  const { module, version } = definition.client;
  return [`modules: { value: ${JSON.stringify([{ var: module, module: `${module}@${version}` }])} }`];
}

function credentialsOf(fields: Fields): string[] {
  const secrets = Object.entries(fields).filter(([, field]) => field.kind === "secret");
  if (secrets.length === 0) return [];
  return [`credentials: { ${secrets.map(([name]) => `${name}: { type: "password" }`).join(", ")} }`];
}

/** What the shared editor code needs to know to build the fields that plain HTML can't. */
function widgetsOf(fields: Fields): Json {
  const widgets = Object.entries(fields).map(([name, field]) => [
    name,
    {
      kind: field.kind,
      ...(field.required && { required: true }),
      ...(field.kind === "number" && { min: field.min, max: field.max }),
      ...(field.shownWhen && { shownWhen: field.shownWhen as Json }),
      ...("options" in field && { options: Object.keys(field.options) }),
      ...(field.kind === "typed" && { types: [...field.types] }),
      ...(field.kind === "rows" ? { columns: widgetsOf(field.columns) } : { default: field.default }),
    },
  ]);
  return Object.fromEntries(widgets);
}

function form(definition: NodeDefinition): string {
  const prefix = definition.family === "config" ? "node-config-input" : "node-input";
  const { type } = definition;
  const nameRow = row(
    "name",
    `<label for="${prefix}-name"><i class="fa fa-tag"></i> <span data-i18n="${type}.name"></span></label>
    <input type="text" id="${prefix}-name" data-i18n="[placeholder]${type}.name">`,
  );
  const rows = Object.entries(formFields(definition)).map(([name, field]) =>
    row(
      name,
      `${labelFor(type, prefix, name, field)}\n    ${control(type, prefix, name, field)}${hint(type, name, field)}`,
    ),
  );
  return [nameRow, ...rows].join("\n");
}

function row(name: string, content: string): string {
  return `<div class="form-row vcon-row" data-vcon-field="${name}">\n    ${content}\n</div>`;
}

function labelFor(
  type: string,
  prefix: string,
  name: string,
  { icon = "caret-right", label }: Field,
): string {
  if (label === "") return "";
  return `<label for="${prefix}-${name}"><i class="fa fa-${icon}"></i> <span data-i18n="${type}.fields.${name}.label"></span></label>`;
}

function control(type: string, prefix: string, name: string, field: Field): string {
  const id = `${prefix}-${name}`;
  switch (field.kind) {
    case "choice":
      return `<select id="${id}">${Object.keys(field.options)
        .map((key) => `<option value="${key}" data-i18n="${type}.fields.${name}.options.${key}"></option>`)
        .join("")}</select>`;
    case "toggle":
      return `<input type="checkbox" id="${id}" class="vcon-checkbox">`;
    case "number":
      return `<input type="text" inputmode="decimal" id="${id}" class="vcon-number">`;
    case "list":
    case "rows":
      // Not `${id}`: the editor would overwrite the property with that element's value on Done.
      return `<ol id="${id}-container" class="vcon-list"></ol>`;
    case "several":
      return `<div id="${id}-container" class="vcon-several"></div>`;
    case "typed":
    case "drawn":
      return `<input type="text" id="${id}"><input type="hidden" id="${id}Type">`;
    case "secret":
      return `<input type="password" id="${id}" autocomplete="new-password">`;
    default: {
      const { placeholder, lines } = field as TextField;
      const shown = placeholder ? ` data-i18n="[placeholder]${type}.fields.${name}.placeholder"` : "";
      return lines
        ? `<textarea id="${id}" rows="${lines}"${shown}></textarea>`
        : `<input type="text" id="${id}"${shown}>`;
    }
  }
}

function hint(type: string, name: string, field: Field): string {
  if (field.hint === undefined) return "";
  const element = field.kind === "number" || field.kind === "toggle" ? "span" : "div";
  return `\n    <${element} class="vcon-hint" data-i18n="${type}.fields.${name}.hint"></${element}>`;
}
