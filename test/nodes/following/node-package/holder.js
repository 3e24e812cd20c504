/** Nodes that do what the test says, when it says so. */
const holders = new Map();
globalThis[Symbol.for("vcon-test.holders")] = holders;

const closing = [];
globalThis[Symbol.for("vcon-test.closing")] = closing;

module.exports = (RED) => {
  /** Keeps each message that comes until the test says that it is done with it. */
  function Holder(config) {
    RED.nodes.createNode(this, config);
    const held = [];
    holders.set(this.id, held);
    this.on("input", (msg, send, done) => held.push({ msg, send, done }));
  }
  RED.nodes.registerType("test-holder", Holder);

  /** Is not closed before the test says so. */
  function SlowToClose(config) {
    RED.nodes.createNode(this, config);
    this.on("close", (done) => closing.push(done));
  }
  RED.nodes.registerType("test-slow-to-close", SlowToClose);
};
