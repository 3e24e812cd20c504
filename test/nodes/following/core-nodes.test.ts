import { followsCoreNodes } from "./core-nodes.ts";

followsCoreNodes("Node-RED 5");
