process.env["VCON_TEST_HOST"] = "node-red-4";
const { followsCoreNodes } = await import("./core-nodes.ts");

followsCoreNodes("Node-RED 4");
