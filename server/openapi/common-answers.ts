/** The errors that many routes have in common: told once, among the components, and referred to. */
import type { AnswerTold, Route } from "../route.ts";
import { ERROR_CONTENT } from "./errors.ts";

interface CommonAnswer extends AnswerTold {
  status: string;
  name: string;
  /** Both, if not given. */
  style?: Route["style"];
  isOf(route: Route): boolean;
}

const RETRY_AFTER = { "Retry-After": "In how many seconds to ask again." };

const COMMON: readonly CommonAnswer[] = [
  {
    status: "401",
    name: "Unauthorized",
    style: "v1",
    says: "The key is missing or wrong.",
    headers: { "WWW-Authenticate": "Bearer." },
    isOf: needsKey,
  },
  {
    status: "403",
    name: "Forbidden",
    style: "v1",
    says: "The key does not have the right that this needs, or the body is not signed by the secret of the settings.",
    isOf: needsKey,
  },
  {
    status: "403",
    name: "Forbidden",
    style: "conserver",
    says: "The key is missing, wrong or without the right that this needs, or the body is not signed by the secret of the settings.",
    isOf: needsKey,
  },
  {
    status: "408",
    name: "RequestTooSlow",
    says: "The body did not arrive within the time limit of the settings.",
    isOf: hasBody,
  },
  {
    status: "413",
    name: "TooLarge",
    says: "The body, or what is packed in it, is larger than the settings allow.",
    isOf: hasBody,
  },
  {
    status: "422",
    name: "Invalid",
    says: "A parameter or the body can't be used; what is told says which, where and why.",
    isOf: (route) => hasBody(route) || route.params !== undefined || route.query !== undefined,
  },
  {
    status: "429",
    name: "TooMany",
    says: "Too many requests in a minute: of this key, of this address without a key, or with wrong keys.",
    headers: RETRY_AFTER,
    isOf: () => true,
  },
  {
    status: "503",
    name: "Unavailable",
    says: "The store is away, the time limit of the settings is over, or the API is being closed.",
    headers: RETRY_AFTER,
    isOf: () => true,
  },
  {
    status: "default",
    name: "Unexpected",
    says: "Another failure, which the log of Node-RED tells more of.",
    isOf: () => true,
  },
];

function needsKey({ access }: Route): boolean {
  return access !== "open";
}

function hasBody({ body }: Route): boolean {
  return body !== undefined;
}

/** By status: the name, among the components, of each that the route has. */
export function commonAnswersOf(route: Route): Record<string, string> {
  const own = COMMON.filter((common) => isOfStyle(common, route.style) && common.isOf(route));
  return Object.fromEntries(own.map(({ status, name }) => [status, nameIn(route.style, name)]));
}

/** All of them by their names. */
export function commonAnswers(): Record<string, AnswerTold> {
  const styles = Object.keys(ERROR_CONTENT) as Route["style"][];
  return Object.fromEntries(
    styles.flatMap((style) =>
      COMMON.filter((common) => isOfStyle(common, style)).map(({ name, says, headers = {} }) => [
        nameIn(style, name),
        { says, headers, content: ERROR_CONTENT[style] },
      ]),
    ),
  );
}

function isOfStyle(common: CommonAnswer, style: Route["style"]): boolean {
  return (common.style ?? style) === style;
}

function nameIn(style: Route["style"], name: string): string {
  return style === "v1" ? name : `Conserver${name}`;
}
