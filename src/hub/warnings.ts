/** What about a connector's settings contradicts itself, and where it was written. */
import { poolSize } from "../config/fields.ts";
import { formatOrigin, type Origin } from "../config/origin.ts";
import type { NamedSetting, SettingPath } from "../policies/contradiction-rule.ts";
import { contradictions } from "../policies/contradictions.ts";
import type { LoadedConnector } from "./loaded-connector.ts";

export interface Warning {
  /** Names each setting with its value and its place, says what comes of them, and what to do. */
  readonly message: string;
  /** The settings, as `explain()` has them. */
  readonly settings: readonly { readonly path: readonly string[]; readonly origin: Origin }[];
}

type Checked = Pick<LoadedConnector, "definition" | "settings" | "origin">;

/** Nothing of it keeps the connector from being made. */
export function warningsOf({ definition, settings, origin }: Checked): Warning[] {
  const { policies, options } = settings;
  const originOf = (path: SettingPath): Origin => origin(["options", ...path]);
  const isWritten = (path: SettingPath): boolean => originOf(path).from !== "default";
  const hasPool = Object.hasOwn(definition.options?.shape ?? {}, "maxConnections");
  const size: unknown = hasPool ? poolSize(options) : undefined;
  const inForce = { policies, options, isWritten, poolSize: typeof size === "number" ? size : undefined };
  return contradictions(inForce).map(({ settings: named, says }) => {
    const placed = named.map(({ names, value }: NamedSetting) => {
      const path = names.find(isWritten) ?? names[0]!;
      return { path, value, origin: originOf(path) };
    });
    const shown = placed.map(({ path, value, origin: at }) => `${path.join(".")} (${value}, ${formatOrigin(at)})`);
    return {
      message: says(...shown),
      settings: placed.map(({ path, origin: at }) => ({ path: ["options", ...path], origin: at })),
    };
  });
}
