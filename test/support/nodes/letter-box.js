/** A destination as small as can be: posts the UUIDs of a batch to a server, which says of each what became of it. */
const { destination, register, StepError, statusError, text } = require("../../../dist/kit.js");

const MOST = 10;

module.exports = register(
  destination({
    type: "vcon-letter-box",
    label: "letter box",
    icon: "font-awesome/fa-envelope",
    fields: { url: text({ label: "URL", required: true }) },
    reads: [],
    system: "The letter box",
    batch: { most: MOST, atOnce: 1 },
    draw: ({ vcon }) => ({
      content: vcon.uuid,
      recipient: { vendor: "letter box", host: "example.com", categories: ["uuid"] },
      handle: { box: 1 },
    }),
    send: async ({ config, items, signal }) => {
      const body = JSON.stringify(items.map(({ content }) => content));
      const answer = await fetch(config.url, { method: "POST", body, signal });
      if (answer.status === 422) {
        throw new StepError("One of these letters can't be read.", { code: "422", oneOfBatch: true });
      }
      if (!answer.ok) throw statusError("The letter box", answer.status);
      return (await answer.json()).map(outcome);
    },
    erase: async ({ config, uuid, handle, signal }) => {
      await fetch(`${config.url}/${handle.box}/${uuid}`, { method: "DELETE", signal });
    },
  }),
);

function outcome(said) {
  if (said === "later") return new StepError("The box is full.", { code: "FULL", transient: true });
  if (said === "never") return new StepError("Nobody of that name.", { code: "UNKNOWN" });
  return said === "moved" ? { box: 2 } : undefined;
}
