/** Keeps each message that comes until the test says that it is done with it. */
const holders = new Map();
globalThis[Symbol.for("vcon-test.holders")] = holders;

module.exports = (RED) => {
  function Holder(config) {
    RED.nodes.createNode(this, config);
    const held = [];
    holders.set(this.id, held);
    this.on("input", (msg, send, done) => held.push({ msg, send, done }));
  }
  RED.nodes.registerType("test-holder", Holder);
};
