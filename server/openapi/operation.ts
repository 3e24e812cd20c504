/** One route as an operation of OpenAPI. */
import type { TObject, TSchema } from "typebox";
import type { AnswerTold, Content, Route } from "../route.ts";
import { commonAnswersOf } from "./common-answers.ts";
import { ERROR_CONTENT } from "./errors.ts";
import { groupOf } from "./groups.ts";
import type { Json, NamedSchemas } from "./named-schemas.ts";

/** OpenAPI has no parameters of these names: it tells of them by content and security alone. */
const NO_PARAMETERS = ["Accept", "Content-Type", "Authorization"];

/** Name of the parameter that all operations with a body have. */
export const SIGNATURE = "Signature";

/** @param routes all of them, some of which are named */
export function operationOf(route: Route, routes: readonly Route[], schemas: NamedSchemas): Json {
  const { operation, summary, access, body, path } = route;
  return {
    operationId: operation,
    tags: [groupOf(path)],
    summary,
    description: descriptionOf(route, routes),
    security: securityOf(access),
    parameters: parametersOf(route, schemas),
    ...(body && { requestBody: { required: true, content: contentOf(body, schemas) } }),
    responses: responsesOf(route, schemas),
  };
}

/** With its parameters in OpenAPI's form. */
export function pathOf({ path }: Route): string {
  return path.replace(/:(\w+)/g, "{$1}");
}

/** For what anybody may ask, too, a key counts: its holder has a limit of their own. */
function securityOf(access: Route["access"]): Json[] {
  const roles = access === "open" ? [] : [access];
  const byKey = [{ key: roles }, { bearer: roles }];
  return access === "open" ? [{}, ...byKey] : byKey;
}

const RIGHTS: Record<Route["access"], string> = {
  read: "Needs the right **read**.",
  write: "Needs the right **write**.",
  admin: "Needs the right **admin**.",
  ingress: "Needs a key of the list itself; a key with rights does not open it.",
  open: "Open: needs no key.",
};

function descriptionOf(route: Route, routes: readonly Route[]): string {
  const { more, headers, access, operation, successor } = route;
  const untold = Object.entries(headers ?? {}).filter(([name]) => NO_PARAMETERS.includes(name));
  const paragraphs = [
    more,
    ...untold.map(([name, does]) => `\`${name}\`: ${does}`),
    RIGHTS[access],
    ...routes
      .filter((other) => other.operation === successor)
      .map((other) => `New programs: ${called(other)}.`),
    ...routes
      .filter((other) => other.successor === operation)
      .map((other) => `Of the conserver's: ${called(other)}.`),
  ];
  return paragraphs.filter((text) => text !== undefined).join("\n\n");
}

function called({ method, operation, ...route }: Route): string {
  return `\`${method} ${pathOf(route as Route)}\` (${operation})`;
}

function parametersOf({ params, query, headers, headersNeeded, body }: Route, schemas: NamedSchemas): Json[] {
  return [
    ...membersOf(params).map((member) => ({ ...parameterOf(member, schemas), in: "path", required: true })),
    ...membersOf(query).map((member) => ({ ...parameterOf(member, schemas), in: "query" })),
    ...headerParameters(headersNeeded, true),
    ...headerParameters(headers, false),
    ...(body ? [{ $ref: `#/components/parameters/${SIGNATURE}` }] : []),
  ];
}

interface Member {
  name: string;
  schema: TSchema;
  required: boolean;
}

/** What has a default may be left out. */
function membersOf(schema: TObject | undefined): Member[] {
  const required = (schema?.["required"] ?? []) as readonly string[];
  return Object.entries(schema?.properties ?? {}).map(([name, member]) => ({
    name,
    schema: member as TSchema,
    required: required.includes(name) && !("default" in (member as object)),
  }));
}

function parameterOf({ name, schema, required }: Member, schemas: NamedSchemas): Json {
  const { description, ...told } = schemas.referring(schema);
  return { name, required, description, schema: told };
}

function headerParameters(headers: Record<string, string> = {}, required: boolean): Json[] {
  return Object.entries(headers)
    .filter(([name]) => !NO_PARAMETERS.includes(name))
    .map(([name, description]) => ({
      name,
      in: "header",
      required,
      description,
      schema: { type: "string" },
    }));
}

function responsesOf(route: Route, schemas: NamedSchemas): Json {
  const common = commonAnswersOf(route);
  const references = Object.entries(common).map(([status, name]) => [
    status,
    { $ref: `#/components/responses/${name}` },
  ]);
  const own = Object.entries(route.answers).map(([status, answer]) => {
    const content = Number(status) < 400 ? [] : ERROR_CONTENT[route.style];
    // What is told of a status that other routes have, too, is another answer beside theirs.
    const both = status in common ? [...content, ...(answer.content ?? [])] : (answer.content ?? content);
    return [status, responseOf({ ...answer, content: both }, schemas)];
  });
  return Object.fromEntries([...references, ...own]);
}

export function responseOf(
  { says, content = [], headers, headersMaybe }: AnswerTold,
  schemas: NamedSchemas,
): Json {
  return {
    description: says,
    headers: { ...headersOf(headers, true), ...headersOf(headersMaybe, false) },
    ...(content.length > 0 && { content: contentOf(content, schemas) }),
  };
}

function contentOf(content: readonly Content[], schemas: NamedSchemas): Json {
  return Object.fromEntries(
    content.map(({ type = "application/json", schema }) => [type, { schema: schemas.referring(schema) }]),
  );
}

function headersOf(headers: Record<string, string> = {}, required: boolean): Json {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [
      name,
      { description, required, schema: { type: "string" } },
    ]),
  );
}
