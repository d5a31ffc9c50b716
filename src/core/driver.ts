/** Drivers are optional peers, loaded on first connect; an absent one is named with the command that installs it. */
import { ConnectorError } from "./errors.ts";

/** Runs `load` (a dynamic import written at the call, so that bundlers and types see it) or says what to install. */
export async function loadDriver<T>(packageName: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "ERR_MODULE_NOT_FOUND" || !message.includes(`'${packageName}'`)) throw error;
    throw new ConnectorError("config_invalid", `The driver "${packageName}" is not installed`, {
      hint: `npm i ${packageName}`,
      outcome: "none",
      cause: error,
    });
  }
}
