/** The fields that a node's form can have. Each declares the type of its value, which `ConfigOf` collects. */

interface FieldOptions {
  /** What stands before the field in the form. */
  label: string;
  /** Font Awesome 4.7 icon before the label, without `fa-`. */
  icon?: string;
  required?: boolean;
  /** A line of advice below the field. */
  hint?: string;
  /** Shown only while the named choice or switch has one of these values. */
  shownWhen?: Record<string, string | boolean | readonly (string | boolean)[]>;
}

interface FieldOf<Kind extends string, Value, Stored = Value> extends FieldOptions {
  kind: Kind;
  default: Stored;
  /** Carries the type of the value; never set. */
  value?: Value;
}

export interface TextField extends FieldOf<"text", string> {
  placeholder?: string;
  /** How many lines the form shows of a text that may have several. */
  lines?: number;
}
export interface NumberField extends FieldOf<"number", number> {
  min?: number;
  max?: number;
}
export interface ChoiceField<Key extends string = string> extends FieldOf<"choice", Key> {
  options: Record<Key, string>;
}
export interface SeveralField<Key extends string = string> extends FieldOf<"several", Key[]> {
  options: Record<Key, string>;
}
export type ToggleField = FieldOf<"toggle", boolean>;
export interface ListField extends FieldOf<"list", string[]> {
  placeholder?: string;
}
export interface RowsField<Columns extends Fields = Fields>
  extends FieldOf<"rows", ConfigOf<Columns>[], object[]> {
  columns: Columns;
  /** What the button below the rows adds: "party", "column". */
  item: string;
}
/** Node-RED's typed input: evaluated for every message, so that `run` gets the value. */
export interface TypedField extends FieldOf<"typed", unknown, string> {
  types: readonly TypedInputType[];
}
/** Ready-made choices, or a JSONata expression over the vCon that `run` evaluates. */
export interface DrawnField<Key extends string = string> extends FieldOf<"drawn", Drawn<Key>, string> {
  options: Record<Key, string>;
}
/** A config node; `run` gets a function that opens it, so that a step with nothing to do needs no account. */
export interface ServiceField<Service = unknown> extends FieldOf<"service", () => Promise<Service>, ""> {
  type: string;
}
export type SecretField = FieldOf<"secret", string>;

export type TypedInputType = "msg" | "str" | "jsonata";
export type Drawn<Key extends string> = { type: Key; value: "" } | { type: "jsonata"; value: string };

export type Field =
  | TextField
  | NumberField
  | ChoiceField
  | SeveralField
  | ToggleField
  | ListField
  | RowsField
  | TypedField
  | DrawnField
  | ServiceField
  | SecretField;
export type Fields = Record<string, Field>;

/** What `run` gets for these fields. */
export type ConfigOf<F extends Fields> = { [Name in keyof F]: NonNullable<F[Name]["value"]> };

export const text = (
  options: FieldOptions & { default?: string; placeholder?: string; lines?: number },
): TextField => ({
  kind: "text",
  default: "",
  ...options,
});

export const number = (
  options: FieldOptions & { default: number; min?: number; max?: number },
): NumberField => ({ kind: "number", ...options });

/** One of several values; the first is the default. */
export const choice = <Key extends string>(
  options: Record<Key, string>,
  more: FieldOptions & { default?: NoInfer<Key> },
): ChoiceField<Key> => ({ kind: "choice", default: Object.keys(options)[0] as Key, options, ...more });

/** Any number of several values. */
export const several = <Key extends string>(
  options: Record<Key, string>,
  more: FieldOptions & { default: NoInfer<Key>[] },
): SeveralField<Key> => ({ kind: "several", options, ...more });

export const toggle = (options: FieldOptions & { default?: boolean }): ToggleField => ({
  kind: "toggle",
  default: false,
  ...options,
});

/** A list of short texts. */
export const list = (options: FieldOptions & { placeholder?: string }): ListField => ({
  kind: "list",
  default: [],
  ...options,
});

/** A list of rows that have the same fields. */
export const rows = <Columns extends Fields>(
  columns: Columns,
  options: FieldOptions & { item: string; default?: object[] },
): RowsField<Columns> => ({ kind: "rows", default: [], columns, ...options });

/** A value that is typed in or taken from the message; `default` is written as "type:value". */
export const typed = (
  options: FieldOptions & { types?: readonly TypedInputType[]; default?: `${TypedInputType}:${string}` },
): TypedField => ({ kind: "typed", types: ["msg", "str", "jsonata"], default: "str:", ...options });

/** A value that is drawn from the vCon: one of the ready-made choices or an expression. */
export const drawn = <Key extends string>(
  options: Record<Key, string>,
  more: FieldOptions,
): DrawnField<Key> => ({ kind: "drawn", default: `${Object.keys(options)[0]}:`, options, ...more });

/** A config node of this type, to choose or to make. */
export const service = <Service>(type: string, options: FieldOptions): ServiceField<Service> => ({
  kind: "service",
  default: "",
  type,
  required: true,
  ...options,
});

/** A credential: kept out of flows, exports and logs. The default counts where none is set. */
export const secret = (options: FieldOptions & { default?: string }): SecretField => ({
  kind: "secret",
  default: "",
  ...options,
});
