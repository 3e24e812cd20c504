/** A transform as small as can be that has a server write the subject: into the vCon's place, or into a copy. */
const { choice, register, statusError, text, transform } = require("../../../dist/kit.js");
const { WHOLE_PARTS, wholeOf } = require("../../../dist/core.js");

const recipient = { vendor: "headline writer", host: "example.com", categories: ["dialog"] };

module.exports = register(
  transform({
    type: "vcon-headline",
    label: "headline",
    icon: "font-awesome/fa-pencil",
    outside: true,
    fields: {
      url: text({ label: "URL", required: true }),
      as: choice({ replace: "In its place", copy: "As a copy" }, { label: "As" }),
    },
    reads: WHOLE_PARTS,
    run: async ({ vcon, config, outside, copyUuid }) => {
      const whole = await wholeOf(vcon);
      const subject = await outside("The headline writer", (signal) => written(config.url, signal), {
        ...recipient,
      });
      const message = { subject };
      return config.as === "replace"
        ? { replace: { ...whole, subject }, message }
        : { copy: { ...whole, subject, uuid: await copyUuid() }, message };
    },
  }),
);

async function written(url, signal) {
  const answer = await fetch(url, { signal });
  if (!answer.ok) throw statusError("The headline writer", answer.status);
  return answer.text();
}
