/** Vendors' clients that are too heavy to come with the package: Node-RED installs them with the flow that needs them. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { StepError } from "./errors.ts";

/** Node-RED's settings for modules that flows bring along. */
interface InstallSettings {
  externalModules?: {
    modules?: { allowInstall?: boolean; allowList?: string[]; denyList?: string[] };
  };
}

/**
 * Whether Node-RED may install the module. Where it may not, it must not be asked to: it would start no flow at all.
 * Decided as Node-RED does (`checkModuleAllowed` in @node-red/registry/lib/util.js): the rule that names it more
 * closely counts, and a list that is not given beside the other one names everything.
 */
export function mayInstall(settings: object, module: string): boolean {
  const {
    allowInstall = true,
    allowList,
    denyList,
  } = (settings as InstallSettings).externalModules?.modules ?? {};
  if (!allowInstall) return false;
  if (!allowList && !denyList) return true;
  const [allowed, denied] = [firstRule(allowList, module), firstRule(denyList, module)];
  if (!allowed || !denied) return !denied;
  const nearer = beforeWildcard(allowed) - beforeWildcard(denied) || allowed.length - denied.length;
  return nearer > 0;
}

/** The first that fits the module, as a pattern. One for a version fits no module that is asked for by a range. */
function firstRule(rules: readonly string[] = ["*"], module: string): string | undefined {
  return rules
    .map((rule) => /^(.+?)(?:@(.*))?$/.exec(rule)!)
    .filter(([, , version]) => !version)
    .map(([, name]) => name!.replaceAll("*", ".*"))
    .find((pattern) => new RegExp(`^${pattern}$`).test(module));
}

function beforeWildcard(pattern: string): number {
  const at = pattern.indexOf(".*");
  return at === -1 ? Number.MAX_SAFE_INTEGER : at;
}

/**
 * Imports the client, or a part of it: from Node-RED's user directory, where modules are installed, or from beside
 * the package.
 * @throws StepError with the command that installs it
 */
export async function loadClient<Module>(
  { module, version }: { module: string; version: string },
  path: string,
  userFolder: string,
): Promise<Module> {
  try {
    const installed = createRequire(join(userFolder, "package.json"));
    return await import(pathToFileURL(installed.resolve(path)).href);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  try {
    return await import(path);
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new StepError(
      `The module ${module} is not installed. Run "npm install ${module}@${version}" in ${userFolder}, and deploy again.`,
      { code: "MODULE_MISSING" },
    );
  }
}

function isMissing(error: unknown): boolean {
  return ["MODULE_NOT_FOUND", "ERR_MODULE_NOT_FOUND"].includes((error as { code?: string }).code ?? "");
}
