/** The description of the API as OpenAPI 3.1, drawn from the routes themselves. */
import manifest from "../../package.json" with { type: "json" };
import type { Route } from "../route.ts";
import { commonAnswers } from "./common-answers.ts";
import { GROUPS } from "./groups.ts";
import { introduction } from "./introduction.ts";
import { type Json, NamedSchemas } from "./named-schemas.ts";
import { operationOf, pathOf, responseOf, SIGNATURE } from "./operation.ts";

/**
 * @param server where the routes answer, relative to where this is read
 * @param keyHeader the header for the key
 */
export function openApiDocument(routes: readonly Route[], server: string, keyHeader: string): Json {
  const schemas = new NamedSchemas();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const operation = operationOf(route, routes, schemas);
    paths[pathOf(route)] = { ...paths[pathOf(route)], [route.method.toLowerCase()]: operation };
  }
  const responses = Object.fromEntries(
    Object.entries(commonAnswers()).map(([name, answer]) => [name, responseOf(answer, schemas)]),
  );
  return {
    openapi: "3.1.1",
    info: {
      title: "vCon API",
      version: manifest.version,
      description: introduction(keyHeader),
      license: { name: manifest.license, identifier: manifest.license },
    },
    externalDocs: {
      description: "The vCon, by the IETF's working group",
      url: "https://datatracker.ietf.org/wg/vcon/about/",
    },
    servers: [{ url: server }],
    tags: GROUPS.map(({ name, description }) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        key: { type: "apiKey", in: "header", name: keyHeader },
        bearer: { type: "http", scheme: "bearer" },
      },
      parameters: {
        [SIGNATURE]: {
          name: "X-Hub-Signature-256",
          in: "header",
          description:
            "`sha256=` and the HMAC-SHA-256 of the body in hexadecimal. Needed where a secret is set, else not looked at.",
          schema: { type: "string" },
        },
      },
      responses,
      schemas: schemas.all(),
    },
  };
}
