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
 */
export function mayInstall(settings: object, module: string): boolean {
  const {
    allowInstall = true,
    allowList,
    denyList = [],
  } = (settings as InstallSettings).externalModules?.modules ?? {};
  const isNamed = (list: string[]) => list.some((entry) => entry === "*" || entry.split("@")[0] === module);
  if (!allowInstall || isNamed(denyList)) return false;
  return allowList === undefined || isNamed(allowList);
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
