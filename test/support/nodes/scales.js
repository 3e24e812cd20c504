/** A filter as small as can be: tells a light vCon from a heavy one by what the message says, and says so on it. */
const { filter, register, text } = require("../../../dist/kit.js");

module.exports = register(
  filter({
    type: "vcon-scales",
    label: "scales",
    icon: "font-awesome/fa-balance-scale",
    fields: { property: text({ label: "Property", default: "weight.kg" }) },
    outputs: ["light", "heavy"],
    reads: [],
    run: ({ message, config }) => {
      const kg = message.topic.length;
      return { output: kg < 5 ? "light" : "heavy", message: { [config.property]: kg } };
    },
  }),
);
