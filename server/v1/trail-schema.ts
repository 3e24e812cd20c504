/** What an event of the trail looks like. */
import Type from "typebox";

const Text = Type.Optional(Type.String());

const Recipient = Type.Object(
  {
    vendor: Type.String(),
    product: Text,
    host: Type.String(),
    categories: Type.Array(Type.String(), {
      description: "Of the data that it saw: recording, text, transcript, parties, projection, …",
    }),
    tokens: Type.Optional(Type.Object({ input: Type.Integer(), output: Type.Integer() })),
  },
  { title: "Recipient", description: "A system outside that has seen data of the vCon." },
);

export const TrailEventSchema = Type.Object(
  {
    event: Type.Enum(["vcon_created", "vcon_enhanced", "vcon_sent", "vcon_received", "vcon_deleted"]),
    at: Type.String({ format: "date-time" }),
    node: Type.Optional(Type.Object({ id: Type.String(), type: Type.String(), name: Text, flow: Text })),
    key: Type.Optional(
      Type.String({ description: "The name of the key by which it was done over the API." }),
    ),
    added: Type.Optional(Type.Array(Type.String(), { description: "Parts: analysis:transcript, …" })),
    form: Type.Optional(Type.Enum(["unsigned", "signed", "encrypted"])),
    source: Type.Optional(Type.String({ description: "UUID of the vCon that this one was made from." })),
    copy: Type.Optional(Type.String({ description: "UUID of the vCon that was made from this one." })),
    recipient: Type.Optional(Recipient),
    handle: Type.Optional(
      Type.Object(
        {},
        { additionalProperties: true, description: "By which the recipient's copy is found and deleted." },
      ),
    ),
    failed: Type.Optional(
      Type.Literal(true, { description: "The recipient did not confirm: it may have the data." }),
    ),
    duration: Type.Optional(Type.Number({ description: "Of the step, in milliseconds." })),
  },
  { title: "TrailEvent" },
);
