/** Tells the process that started this Node-RED when a job begins in its flow, and when it ends there. */
module.exports = (RED) => {
  const tell = (news) => process.connected && process.send(news);
  // It never outlives its parent.
  process.on("disconnect", () => process.exit());
  RED.hooks.add("onReceive.reporter", ({ msg, destination }) => {
    if (destination.id === "first") tell({ begun: msg.payload });
  });
  RED.hooks.add("onComplete.reporter", ({ msg, error, node }) => {
    if (error) tell({ failed: msg.payload });
    else if (node.id === "last") tell({ finished: msg.payload });
  });
  RED.events.once("flows:started", () => tell({ started: true }));
};
