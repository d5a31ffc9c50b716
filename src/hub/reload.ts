/**
 * From the connectors that a hub has to those that another configuration names.
 *
 * Each connector is on its own: what is new is opened and proven beside what runs, put in its place, and what it replaces
 * is closed when its calls are over. Where a new one does not work, its connector goes on with the old configuration, the
 * others are not held up, and the reason is told. So at no time is there less than before.
 */
import { configError, type ConfigProblem } from "../config/problem.ts";
import type { DefinedConnector } from "../connectors/defined.ts";
import { toConnectorError } from "../core/classify.ts";
import { type ConnectorError } from "../core/errors.ts";
import { redactError, redactor, secretsIn } from "../core/secret.ts";
import type { LoadedConnector } from "./loaded-connector.ts";
import { Member, type MemberSettings } from "./member.ts";

/** What became of each connector when a configuration was read again. */
export interface Reloaded {
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly unchanged: readonly string[];
  readonly removed: readonly string[];
  /** Their new configuration does not work, and this is why; they go on with the old one. */
  readonly failed: ReadonlyMap<string, ConnectorError>;
}

/** A connector that the hub has no more. */
export type Leaver = Pick<DefinedConnector, "name" | "disconnect">;

/** Makes the members of a configuration that is new. Throws one `config_invalid` where classes refuse theirs. */
export function makeMembers(
  connectors: readonly LoadedConnector[],
  settingsOf: (loaded: LoadedConnector) => MemberSettings,
): Map<string, Member> {
  const problems: ConfigProblem[] = [];
  const members = new Map<string, Member>();
  for (const loaded of connectors)
    try {
      members.set(loaded.name, new Member(loaded, settingsOf(loaded)));
    } catch (error) {
      const { message } = cleaned(error, loaded);
      problems.push({ origin: loaded.origin([]), connector: loaded.name, path: [], message });
    }
  if (problems.length > 0) throw configError(problems);
  return members;
}

/**
 * Turns `members` into those of `connectors`, in their order. Throws `config_invalid`, with nothing changed, as `makeMembers`.
 *
 * @param leave closes, in the background, what the hub has no more.
 */
export async function applyConfiguration(
  members: Map<string, Member>,
  connectors: readonly LoadedConnector[],
  settingsOf: (loaded: LoadedConnector) => MemberSettings,
  leave: (connector: Leaver) => void,
): Promise<Reloaded> {
  const isChanged = (loaded: LoadedConnector): boolean => members.get(loaded.name)?.differsFrom(loaded) !== false;
  // A class may refuse what its schema lets through; all are made before anything is touched.
  const made = makeMembers(connectors.filter(isChanged), settingsOf);
  const names = connectors.map(({ name }) => name);
  const failed = new Map<string, ConnectorError>();
  const before = new Map(members);
  const removed = [...before.keys()].filter((name) => !names.includes(name));
  // At once, so that whoever closes the hub from now on closes the new ones as well.
  members.clear();
  for (const { name } of connectors) members.set(name, before.get(name) ?? made.get(name)!);
  for (const name of removed) leave({ name, disconnect: (options = {}) => before.get(name)!.leave(options) });
  await Promise.all(
    connectors.map(async (loaded) => {
      const { name } = loaded;
      const member = before.get(name);
      if (!made.has(name)) member?.note(loaded);
      else
        try {
          const replaced = await member?.takeOn(loaded);
          if (replaced !== undefined) leave(replaced);
        } catch (error) {
          failed.set(name, cleaned(error, loaded).locate(name));
        }
    }),
  );
  return {
    added: names.filter((name) => !before.has(name)),
    changed: names.filter((name) => before.has(name) && made.has(name) && !failed.has(name)),
    unchanged: names.filter((name) => !made.has(name)),
    removed,
    failed,
  };
}

/** A class written by the user may throw anything when it is made; its configuration's secrets are taken out of it. */
function cleaned(thrown: unknown, { settings }: LoadedConnector): ConnectorError {
  const error = toConnectorError(thrown, () => "config_invalid");
  redactError(error, redactor(secretsIn([settings.connection, settings.options])));
  return error;
}
