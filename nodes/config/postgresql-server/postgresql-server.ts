/** A PostgreSQL database, as a pool of connections. */
import type { Pool } from "pg";
import { config, StepError, secret, text } from "../../kit/index.ts";

const MOST_CONNECTIONS = 10;
const CONNECT_TIME_LIMIT_MS = 10_000;

export default config({
  type: "vcon-postgresql-server",
  label: "PostgreSQL server",
  icon: "font-awesome/fa-server",
  fields: {
    url: text({
      label: "URL",
      icon: "globe",
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how Node-RED names an environment variable
      default: "${DATABASE_URL}",
      required: true,
      placeholder: "postgres://user@host:5432/database",
    }),
    password: secret({ label: "Password", icon: "key", hint: "in place of one in the URL" }),
  },
  open: async ({ url, password }) => {
    const address = parse(url);
    if (password) address.password = encodeURIComponent(password);
    const { default: pg } = await import("pg");
    const pool = new pg.Pool({
      connectionString: address.href,
      max: MOST_CONNECTIONS,
      connectionTimeoutMillis: CONNECT_TIME_LIMIT_MS,
    });
    // An idle connection that breaks is replaced at the next query; unheard, the event would end Node-RED.
    pool.on("error", () => undefined);
    return { pool, host: address.host, database: `${address.host}${address.pathname}` };
  },
  close: ({ pool }: { pool: Pool }) => pool.end(),
});

function parse(url: string): URL {
  const address = URL.parse(url);
  if (address?.protocol === "postgres:" || address?.protocol === "postgresql:") return address;
  throw new StepError("The database's URL can't be used. Example: postgres://user@host:5432/database", {
    code: "NOT_CONFIGURED",
  });
}
