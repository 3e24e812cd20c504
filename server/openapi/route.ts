/** The description of the API, for programs that read it. */
import { posix } from "node:path";
import Type from "typebox";
import { json } from "../answer.ts";
import { type Route, route } from "../route.ts";
import { openApiDocument } from "./document.ts";

/** @param routes all that are described, once they are there */
export const openApi = (routes: () => readonly Route[]): Route =>
  route({
    method: "GET",
    path: "/openapi.json",
    style: "conserver",
    operation: "openApi",
    summary: "This description.",
    access: "read",
    answers: {
      200: {
        says: "OpenAPI 3.1.",
        content: [{ schema: Type.Object({ openapi: Type.String() }, { additionalProperties: true }) }],
      },
    },
    run: ({ request, api: { settings } }) => {
      const server = serverFrom(request.url ?? "", settings.path);
      return json(200, openApiDocument(routes(), server, settings.keyHeader));
    },
  });

/** The API's path as seen from where this was asked for: what is before it, nobody here knows. */
function serverFrom(asked: string, path: string): string {
  if (path === "") return ".";
  return asked.startsWith(`${path}/`) ? `../${posix.basename(path)}` : `.${path}`;
}
