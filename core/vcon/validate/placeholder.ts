/** Empty elements, which keep the indices of those after them true where one was redacted (core-04 section 4.1.8). */
import { isEmpty, isObject } from "../json.ts";
import { type Check, core } from "./check.ts";

const PLACEHOLDER = [
  core.fault("4.1.8", "info", "placeholder", "A placeholder: what stood here was redacted."),
];

/**
 * The draft asks for the empty object and at the same time for the members that an element must have; in a redacted
 * vCon the placeholder is right.
 */
export function orPlaceholder(element: Check): Check {
  return (value, around, index) =>
    around.isRedacted && isObject(value) && isEmpty(value) ? PLACEHOLDER : element(value, around, index);
}
