/** The widgets that the nodes' forms share; a plugin loads it before any node. */
import { addMenuEntry } from "./api-menu.ts";

interface Widget {
  kind: string;
  required?: boolean;
  min?: number;
  max?: number;
  shownWhen?: Record<string, string | boolean | (string | boolean)[]>;
  types?: string[];
  options?: string[];
  default?: unknown;
  columns?: Widgets;
}
type Widgets = Record<string, Widget>;
type Row = Record<string, unknown>;
// The editor's node and jQuery have no types that fit both versions of Node-RED.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Loose = any;
declare const $: Loose;

addMenuEntry();

/** Sets up the fields that plain HTML can't. */
export function prepare(node: Loose): void {
  const widgets: Widgets = node._def.vconFields;
  for (const [name, widget] of Object.entries(widgets)) {
    const input = $(`#${prefix(node)}-${name}`);
    if (widget.kind === "typed" || widget.kind === "drawn")
      prepareTyped(node, `fields.${name}`, input, widget, "calc(100% - 116px)");
    if (widget.kind === "secret") prepareSecret(node, name);
    if (widget.kind === "list") prepareList(container(node, name), node[name]);
    if (widget.kind === "several") prepareSeveral(node, name, widget.options!);
    if (widget.kind === "rows") prepareRows(node, name, widget.columns!);
  }
  showFitting(widgets, $("#dialog-form, #node-config-dialog-edit-form").last());
}

/** Takes over what the editor can't read out of the form by itself. */
export function save(node: Loose): void {
  for (const [name, { kind, columns }] of Object.entries(node._def.vconFields as Widgets)) {
    if (kind === "list") node[name] = listValues(container(node, name));
    if (kind === "several") node[name] = checkedValues(container(node, name));
    if (kind === "rows") node[name] = rowValues(container(node, name), columns!);
  }
}

/** Whether the node can be deployed with this value. One that the form hides counts for nothing. */
export function valid(node: Loose, name: string, value: unknown): boolean {
  const widget: Widget = node._def.vconFields[name];
  if (!fits(widget, (other) => node[other])) return true;
  if (widget.kind === "number") return isNumber(widget, value);
  if (["list", "rows", "several"].includes(widget.kind)) return isList(widget, value);
  return !widget.required || value !== "";
}

/** A number in its range, or an environment variable that will hold one. */
function isNumber(
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Widget,
  value: unknown,
): boolean {
  const number = Number(value);
  return /^\$\{\w+\}$/.test(String(value)) || (value !== "" && number >= min && number <= max);
}

/** A list that must not be empty has an entry, and in each row what must not be empty is filled in. */
function isList({ required, columns = {} }: Widget, value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const filled = Object.keys(columns).filter((column) => columns[column]!.required);
  return (
    (!required || value.length > 0) && value.every((row) => filled.every((column) => row[column] !== ""))
  );
}

function fits({ shownWhen = {} }: Widget, read: (field: string) => unknown): boolean {
  return Object.entries(shownWhen).every(([field, values]) =>
    [values].flat().includes(read(field) as string),
  );
}

function prefix(node: Loose): string {
  return node._def.category === "config" ? "node-config-input" : "node-input";
}

function container(node: Loose, name: string): Loose {
  return $(`#${prefix(node)}-${name}-container`);
}

function text(node: Loose, key: string): string {
  return node._(`${node.type}.${key}`);
}

function prepareTyped(node: Loose, key: string, input: Loose, widget: Widget, width?: string): void {
  const own = (widget.options ?? []).map((value) => ({
    value,
    label: text(node, `${key}.options.${value}`),
    hasValue: false,
  }));
  const types = widget.kind === "drawn" ? [...own, "jsonata"] : widget.types;
  input.typedInput({ types, typeField: input.next("input[type=hidden]") });
  if (width) input.typedInput("width", width);
}

/** A node that never had a credential comes without the mark for "none", and would count as changed on Done. */
function prepareSecret(node: Loose, name: string): void {
  node.credentials ??= {};
  node.credentials[`has_${name}`] ??= false;
}

function prepareList(list: Loose, values: string[]): void {
  list.editableList({
    addItem(row: Loose, _index: number, data: { value?: string }) {
      $("<input>", { type: "text", class: "vcon-list-value" })
        .val(data.value ?? "")
        .appendTo(row);
    },
    removable: true,
    sortable: true,
    height: "auto",
  });
  for (const value of values ?? []) list.editableList("addItem", { value });
}

function listValues(list: Loose): string[] {
  const values: string[] = list
    .editableList("items")
    .toArray()
    .map((item: Loose) => String($(item).find(".vcon-list-value").val()).trim());
  return values.filter((value) => value !== "");
}

function prepareSeveral(node: Loose, name: string, options: string[]): void {
  for (const value of options) {
    const label = $("<label>", { class: "vcon-check" }).appendTo(container(node, name));
    $("<input>", { type: "checkbox", value }).prop("checked", node[name].includes(value)).appendTo(label);
    $("<span>")
      .text(text(node, `fields.${name}.options.${value}`))
      .appendTo(label);
  }
}

function checkedValues(list: Loose): string[] {
  return list
    .find("input:checked")
    .toArray()
    .map((input: Loose) => $(input).val());
}

function prepareRows(node: Loose, name: string, columns: Widgets): void {
  const list = container(node, name);
  list.editableList({
    addItem(row: Loose, _index: number, data: Row) {
      row.addClass("vcon-item");
      for (const [column, widget] of Object.entries(columns)) {
        addColumn(node, `fields.${name}.columns.${column}`, row, column, widget, data);
      }
      showFitting(columns, row);
    },
    addButton: `${text(node, `fields.${name}.item`)}`,
    removable: true,
    sortable: true,
    height: "auto",
  });
  for (const row of node[name] ?? []) list.editableList("addItem", row);
}

function addColumn(node: Loose, key: string, row: Loose, column: string, widget: Widget, data: Row): void {
  const line = $("<div>", { class: "vcon-line", "data-vcon-field": column }).appendTo(row);
  $("<label>")
    .text(text(node, `${key}.label`))
    .appendTo(line);
  if (widget.kind === "choice") {
    const select = $("<select>", { class: "vcon-value" }).appendTo(line);
    for (const value of widget.options!)
      $("<option>", { value })
        .text(text(node, `${key}.options.${value}`))
        .appendTo(select);
    select.val(data[column] ?? widget.default);
    return;
  }
  const input = $("<input>", { type: "text", class: "vcon-value" }).appendTo(line);
  if (widget.kind !== "typed" && widget.kind !== "drawn") {
    input.val(data[column] ?? "");
    return;
  }
  const [type, value] = String(widget.default).split(/:(.*)/s);
  input.val(data[column] ?? value);
  $("<input>", { type: "hidden", class: "vcon-type" })
    .val(data[`${column}Type`] ?? type)
    .appendTo(line);
  prepareTyped(node, key, input, widget);
}

function rowValues(list: Loose, columns: Widgets): Row[] {
  return list
    .editableList("items")
    .toArray()
    .map((item: Loose) => rowValue($(item), columns));
}

function rowValue(row: Loose, columns: Widgets): Row {
  const values: Row = {};
  for (const [column, { kind }] of Object.entries(columns)) {
    const line = row.find(`[data-vcon-field="${column}"]`);
    const input = line.find(".vcon-value");
    if (kind === "typed" || kind === "drawn") {
      values[column] = input.typedInput("value");
      values[`${column}Type`] = input.typedInput("type");
    } else {
      values[column] = input.val();
    }
  }
  return values;
}

/** Shows each field only while the fields that it depends on have the values that it is for. */
function showFitting(widgets: Widgets, form: Loose): void {
  const read = (name: string) => {
    const field = form.find(`[data-vcon-field="${name}"]`).find("select, input").first();
    return field.is(":checkbox") ? field.prop("checked") : field.val();
  };
  const update = () => {
    for (const [name, widget] of Object.entries(widgets)) {
      if (widget.shownWhen) form.find(`[data-vcon-field="${name}"]`).toggle(fits(widget, read));
    }
  };
  const others = new Set(Object.values(widgets).flatMap(({ shownWhen }) => Object.keys(shownWhen ?? {})));
  for (const other of others) form.find(`[data-vcon-field="${other}"]`).on("change", update);
  update();
}
