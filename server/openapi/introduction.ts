/** What has to be known of the whole API, in Markdown. */
export const introduction = (keyHeader: string): string =>
  `
A store of conversations (vCons) over HTTP. The routes of the Python conserver answer as programs written for it expect,
also outside of the API's path where the settings say so; those below \`/v1\` are for new programs.

**Keys.** A key comes in the header \`${keyHeader}\` or as \`Authorization: Bearer\`. It has the right read, write or admin,
or several; admin has all. An ingress key sends to the one list that it is for. An API that the settings make open asks
for no key.

**vCons** are taken in every form (unsigned, signed, encrypted) and syntax, gzipped or not, and kept in the newest syntax.

**Errors** below \`/v1\` are problem details (RFC 9457) with a stable \`code\`, elsewhere \`{"detail": …}\` as the conserver
has them. They hold nothing of a conversation, and no key.

**Every answer** has the headers \`X-Vcon-Server-Version\` and \`X-Vcon-Server-Commit\`. HEAD is answered where GET
needs no more than the right to read.

**Lists in a query** may be repeated parameters (\`a=1&a=2\`), have commas in between (\`a=1,2\`), or both.
`.trim();
