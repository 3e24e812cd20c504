/** The same on Node-RED 4, whose editor answers preflights and parses bodies before the API sees them. */
process.env["VCON_TEST_HOST"] = "node-red-4";
await import("./access.test.ts");
