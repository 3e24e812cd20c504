/** A node that hands its messages to the test, which runs in the same process: see `work.ts`. */
module.exports = (RED) => {
  function Work(config) {
    RED.nodes.createNode(this, config);
    this.on("input", (message, send, done) => {
      const pass = () => {
        send(message);
        done();
      };
      globalThis.vconTestWork.emit("task", {
        at: this.id,
        message,
        pass,
        fail: (reason) => done(new Error(reason)),
      });
    });
  }
  RED.nodes.registerType("test-work", Work);
};
