/** Makes a vCon of a call when FreeSWITCH says that it has ended. */
import {
  addAttachment,
  addDialog,
  addParty,
  buildNew,
  type Dialog,
  encodeBase64Url,
  type Party,
} from "../../../core/index.ts";
import { adapter, number, text, typed } from "../../kit/index.ts";
import { type EndedCall, readEvent } from "./event.ts";
import { readRecording } from "./recording.ts";

const fields = {
  event: typed({ label: "Event", icon: "phone", types: ["msg"], default: "msg:payload" }),
  folder: text({
    label: "Folder",
    icon: "folder-open-o",
    placeholder: "/var/lib/freeswitch/recordings",
    hint: "the recordings, as this machine sees them",
  }),
  origin: text({
    label: "Allowed origin",
    icon: "globe",
    placeholder: "https://pbx.example.com",
    hint: "of recordings that the event names by address",
  }),
  largest: number({
    label: "Largest",
    icon: "arrows-v",
    default: 100,
    min: 1,
    max: 350,
    hint: "MB a recording",
  }),
  recording: text({
    label: "Recording in",
    icon: "file-audio-o",
    default: "record_file_path",
    required: true,
  }),
  customerName: text({ label: "Customer in", icon: "user-o", default: "customer_name" }),
  agentName: text({ label: "Agent in", icon: "headphones", default: "agent_name" }),
  agentMailto: text({
    label: "Agent mail in",
    icon: "at",
    default: "agent_email",
    hint: "these four are variables that the dialplan sets",
  }),
};

export default adapter({
  type: "vcon-telephone-event",
  label: "telephone event",
  icon: "vcon-telephone-event.svg",
  outside: true,
  fields,
  source: ({ config }) => readEvent(config.event).id,
  run: async ({ config, uuid, outside }) => {
    const call = readEvent(config.event);
    const vcon = buildNew({ uuid, created_at: call.began });
    addParty(vcon, customerOf(call, config.customerName));
    addParty(vcon, agentOf(call, config.agentName, config.agentMailto));
    addDialog(vcon, {
      ...dialogOf(call),
      ...(await contentOf(call, config, outside)),
    });
    addAttachment(vcon, {
      purpose: "ingress_info",
      party: 1,
      mediatype: "application/json",
      encoding: "json",
      body: {
        source: "freeswitch",
        call: call.id,
        direction: call.direction,
        hangup_cause: call.hangupCause,
        converted_at: new Date().toISOString(),
      },
    });
    return vcon;
  },
});

/** The far end: it called, or it was called. */
function customerOf(call: EndedCall, nameVariable: string): Party {
  const name = call.variable(nameVariable) ?? call.customer.name;
  return partyOf("customer", name, { tel: call.customer.tel });
}

function agentOf(call: EndedCall, nameVariable: string, mailtoVariable: string): Party {
  const mailto = call.variable(mailtoVariable);
  return partyOf("agent", call.variable(nameVariable), { tel: call.agent.tel, mailto });
}

function partyOf(
  role: string,
  name: string | undefined,
  address: Partial<Record<"tel" | "mailto", string | undefined>>,
): Party {
  const known = Object.entries(address).filter(([, value]) => value !== undefined);
  // FreeSWITCH names a caller that it does not know by the number.
  const named = name !== undefined && name !== address.tel;
  return { role, ...(named ? { name, validation: "none" } : {}), ...Object.fromEntries(known) };
}

function dialogOf(call: EndedCall): Dialog {
  if (call.answered === undefined) {
    return {
      type: "incomplete",
      start: call.began,
      parties: [0, 1],
      originator: call.originator,
      disposition: call.disposition,
    };
  }
  return {
    type: "recording",
    start: call.answered,
    ...(call.seconds === undefined ? {} : { duration: call.seconds }),
    // A stereo recording has the far end on its first channel; a mono one has both on its only one.
    parties: call.stereo ? [0, 1] : [[0, 1]],
    originator: call.originator,
  };
}

async function contentOf(
  call: EndedCall,
  config: { recording: string; folder: string; origin: string; largest: number },
  outside: Parameters<typeof readRecording>[2],
): Promise<Partial<Dialog>> {
  const location = call.variable(config.recording);
  if (call.answered === undefined || location === undefined) return {};
  const { bytes, mediatype, filename } = await readRecording(location, config, outside);
  return {
    mediatype,
    ...(filename === "" ? {} : { filename }),
    encoding: "base64url",
    body: encodeBase64Url(bytes),
  };
}
