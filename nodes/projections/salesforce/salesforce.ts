/** Writes the row that a projection drew into Salesforce: as a record of any object, or as a Task on a Contact. */
import {
  choice,
  destination,
  type Item,
  type Outgoing,
  rows,
  service,
  text,
  toggle,
} from "../../kit/index.ts";
import { projectionField, ROWS, rowOf } from "../row.ts";
import {
  apiName,
  cellsOf,
  lastIn,
  type RecordContent,
  recordHandle,
  sendRecords,
  splitKey,
  UUID,
} from "./any-object.ts";
import { eraseRecord } from "./erase.ts";
import type { Org } from "./org.ts";
import { salesforceError } from "./salesforce-error.ts";
import { sendTasks, type TaskContent, taskContent, taskHandle } from "./task.ts";

const ofRecord = { shownWhen: { what: "record" } };
const ofTask = { shownWhen: { what: "task" } };

/** As many as go in one request: what became of them is known at once. */
const RECORDS_TOGETHER = 200;
/** Those that are found again by an external id may be so many that a bulk job is worth its while. */
const UPSERTS_TOGETHER = 5000;

type Content = RecordContent | TaskContent;

export default destination({
  type: "vcon-salesforce",
  label: "Salesforce",
  icon: "vcon-salesforce.svg",
  fields: {
    org: service<Org>("vcon-salesforce-org", { label: "Org", icon: "cloud" }),
    what: choice(
      { record: "Any object", task: "Task on the Contact found by telephone or e-mail" },
      { label: "Write", icon: "pencil" },
    ),
    projection: projectionField,
    object: text({
      label: "Object",
      icon: "cube",
      required: true,
      placeholder: "Case",
      hint: "its API name",
      ...ofRecord,
    }),
    externalId: text({
      label: "External id",
      icon: "key",
      placeholder: "Conversation_Id__c",
      hint: "the field by which the record is found again; empty: create",
      ...ofRecord,
    }),
    fields: rows(
      {
        field: text({ label: "Field", required: true, placeholder: "Description" }),
        column: text({ label: "Column", required: true, placeholder: "transcription" }),
      },
      {
        label: "Fields",
        icon: "exchange",
        item: "field",
        required: true,
        default: [{ field: "Description", column: "transcription" }],
      },
    ),
    status: text({ label: "Status", icon: "check", default: "Completed", required: true, ...ofTask }),
    anyway: toggle({
      label: "Anyway",
      icon: "user-o",
      hint: "make the Task also where no Contact is found",
      ...ofTask,
    }),
  },
  reads: ({ what }) => (what === "task" ? ["head", "parties", ROWS] : [ROWS]),
  system: "Salesforce",
  batch: {
    most: ({ what, externalId }) =>
      what === "record" && externalId !== "" ? UPSERTS_TOGETHER : RECORDS_TOGETHER,
    atOnce: 1,
  },
  draw: async ({ vcon, config, before }): Promise<Outgoing<Content>> => {
    const { what, projection } = config;
    const { row } = await rowOf(vcon, projection);
    const { host } = await config.org();
    const cells = cellsOf(row, vcon.uuid, config.fields, projection);
    const recipient = { vendor: "Salesforce", host };
    if (what === "task") {
      return {
        content: taskContent(vcon, cells, config.status, config.anyway),
        recipient: { ...recipient, product: "Task", categories: ["projection", "parties"] },
        handle: taskHandle(host, vcon.uuid),
      };
    }
    const place = { host, object: apiName(config.object) };
    const { key, others } = splitKey(cells, config.fields, config.externalId, vcon.uuid);
    const last = key?.column === UUID ? undefined : lastIn(place, key, await before());
    return {
      content: { cells: others, key, id: key ? undefined : (last?.["id"] as string | undefined) },
      recipient: { ...recipient, product: place.object, categories: ["projection"] },
      handle: recordHandle(place, key, last),
    };
  },
  send: async ({ config, items, signal }) => {
    const org = await config.org();
    if (config.what === "task") {
      return sendTasks(org, items as readonly Item<TaskContent>[], config.anyway, signal);
    }
    return sendRecords(org, apiName(config.object), items as readonly Item<RecordContent>[], signal);
  },
  erase: async ({ config, uuid, handle, signal }) => {
    const org = await config.org();
    await eraseRecord(org, uuid, handle, signal).catch((error) => {
      throw salesforceError(error);
    });
  },
});
