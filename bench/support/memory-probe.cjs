/** Loaded into a Node-RED of its own process: answers every message with the memory in use, in bytes. */
process.on("message", () => {
  const { rss } = process.memoryUsage();
  globalThis.gc();
  process.send({ rss, heap: process.memoryUsage().heapUsed });
});
// A channel to the parent is no reason to stay alive.
process.channel.unref();
