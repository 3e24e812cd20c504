/**
 * The nodes of the benchmarks' flows: where messages start and end, one that sees them pass, and the simplest filter that
 * the kit can make.
 */
const { filter, register } = require("../../dist/kit.js");

const pass = filter({
  type: "vcon-bench-pass",
  label: "pass",
  icon: "font-awesome/fa-arrow-right",
  fields: {},
  reads: [],
  outputs: ["passed"],
  run: () => "passed",
});

module.exports = (RED) => {
  RED.nodes.registerType("bench-source", function Source(config) {
    RED.nodes.createNode(this, config);
  });
  RED.nodes.registerType("bench-sink", function Sink(config) {
    RED.nodes.createNode(this, config);
    this.on("input", (message, _send, done) => {
      this.arrived?.(message);
      done();
    });
  });
  RED.nodes.registerType("bench-tap", function Tap(config) {
    RED.nodes.createNode(this, config);
    this.on("input", (message, send, done) => {
      this.arrived?.(message);
      send(message);
      done();
    });
  });
  register(pass)(RED);
};
