/** Which URLs may be asked at all, before anything is looked up or connected to. */
import { checkLiteral } from "./addresses.ts";
import { refused } from "./failures.ts";

interface Allowed {
  allowHttp?: boolean;
  allowPrivate?: boolean;
}

/** The longest name that DNS knows (RFC 1035 section 2.3.4). */
const LONGEST_NAME = 253;
const WEB_PORTS = new Set(["80", "443"]);

/**
 * @param text what a vCon or an answer holds in its place, so anything at all
 * @param base the URL that redirects to this one
 * @throws VconError `MEDIA_REFUSED`
 */
export function checkedUrl(text: unknown, { allowHttp, allowPrivate = false }: Allowed, base?: URL): URL {
  const url = typeof text === "string" ? URL.parse(text, base?.href) : null;
  const name = base === undefined ? "The media's URL" : `A redirect of ${base.hostname}`;
  const says = url === null ? "can't be read" : faultOf(url, allowHttp);
  if (url === null || says !== undefined) throw refused(`${name} ${says}.`);
  checkLiteral(url.hostname, allowPrivate);
  return url;
}

function faultOf({ protocol, hostname, port, username, password }: URL, allowHttp = false) {
  if (protocol === "http:" && !allowHttp)
    return "leads to http, which anyone on the way can read and change. Allow http only if the server is your own";
  if (protocol !== "https:" && protocol !== "http:") return "is not one of https";
  if (username !== "" || password !== "") return "holds a user name or a password, which a vCon must not";
  if (hostname.length > LONGEST_NAME) return "has a host whose name is too long";
  if (port !== "" && Number(port) < 1024 && !WEB_PORTS.has(port))
    return `has port ${port}, which belongs to another protocol`;
  return undefined;
}
