/** Nodes as others write them, with the habits of many years. */
const { EventEmitter } = require("node:events");

module.exports = (RED) => {
  const type = (name, onInput) =>
    RED.nodes.registerType(name, function (config) {
      RED.nodes.createNode(this, config);
      this.on("input", onInput(this));
    });

  // They take no `done`.
  type("test-silent", (node) => (msg) => node.send(msg));
  type("test-silent-later", (node) => (msg) => setTimeout(() => node.send({ payload: msg.payload }), 30));
  type("test-silent-end", () => (_msg) => {});
  type("test-silent-error", (node) => (msg) => node.error("no luck", msg));

  type("test-silent-second", (node) => (msg) => {
    if (msg.payload === 2) node.send(msg);
  });

  // They do.
  type("test-twice", () => (msg, send, done) => {
    send(msg);
    done();
    done();
  });
  type("test-done-first", () => async (msg, send, done) => {
    done();
    await null;
    send(msg);
  });
  type("test-busy", (node) => (_msg, send, done) => {
    node.status({ text: "busy" });
    send({ payload: "fresh" });
    done();
  });
  type("test-thrower", () => (_msg, _send, _done) => {
    throw new Error("it broke");
  });
  type("test-error-only", (node) => (msg, _send, _done) => node.error("no luck", msg));
  type("test-never", () => (_msg, _send, _done) => {});
  type("test-late-sender", () => (_msg, send, done) => {
    send({ payload: 1 });
    setTimeout(() => {
      send({ payload: 2 });
      done();
    }, 30);
  });

  // Has another node report an error that concerns nobody's message.
  type("test-grumbler", () => (msg, send, done) => {
    RED.nodes.getNode("last").error("something else is wrong");
    send(msg);
    done();
  });

  // Answers come by a connection that the first message has opened: what happens then happens in its name.
  const connection = new EventEmitter();
  type("test-connection", () => (msg, send, done) => {
    const { _msgid } = msg;
    if (connection.listenerCount("answer") === 0) setInterval(() => connection.emit("answer"), 20).unref();
    connection.once("answer", () => {
      send({ payload: "answer", _msgid });
      done();
    });
  });
};
