/** An entry in the editor's main menu for the vCon API: no node uses that config node, so no form leads to it. */

// The editor's RED has no types that fit both versions of Node-RED.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Loose = any;
declare const $: Loose;
declare const RED: Loose;

const TYPE = "vcon-api";
const ACTION = "vcon:edit-api";
const ITEM = "menu-item-vcon-api";

/** Puts it beside the entry for config nodes, once the nodes' types and texts are there. */
export function addMenuEntry(): void {
  const add = () => {
    RED.events.off("flows:loaded", add);
    const definition = RED.nodes.getType(TYPE);
    if (!definition) return;
    RED.actions.add(ACTION, edit);
    RED.menu.addItem("red-ui-header-button-sidemenu", {
      id: ITEM,
      label: definition._(`${TYPE}.label`),
      onselect: ACTION,
    });
    $(`#${ITEM}`).parent().insertAfter($("#menu-item-config-nodes").parent());
  };
  RED.events.on("flows:loaded", add);
}

/** Opens the form of the one that there is, or of a new one. */
function edit(): void {
  let known = "_ADD_";
  RED.nodes.eachConfig((node: { type: string; id: string }) => {
    if (node.type === TYPE) known = node.id;
  });
  RED.editor.editConfig("", TYPE, known);
}
