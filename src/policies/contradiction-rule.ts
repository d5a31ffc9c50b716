/** What a rule about contradicting settings is given and says. */
import { durationText } from "../core/duration-text.ts";
import type { PolicySettings } from "./pipeline.ts";

/** What is in force for one connector. */
export interface InForce {
  readonly policies: PolicySettings;
  /** The connector's own options. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Most connections at a time; `undefined` where the connector holds no pool. */
  readonly poolSize: number | undefined;
  /** Whether the setting below `options` was written by somebody. */
  readonly isWritten: (path: SettingPath) => boolean;
}

/** Names from `options` downwards. */
export type SettingPath = readonly string[];

/** A setting, as a contradiction names it. */
export interface NamedSetting {
  /** Its names below `options`; the one that was written is meant, or else the first. */
  readonly names: readonly SettingPath[];
  /** As people read it: `5 s`. */
  readonly value: string;
}

export interface Contradiction {
  readonly settings: readonly NamedSetting[];
  /** The sentence; `shown` are the settings in their order, however they are to be shown. */
  readonly says: (...shown: readonly string[]) => string;
}

export type Rule = (inForce: InForce) => Contradiction | readonly Contradiction[] | undefined;

/** A number, by its names with dots. */
export function number(value: number, ...names: readonly string[]): NamedSetting {
  return { names: names.map((name) => name.split(".")), value: String(value) };
}

/** A time, by its name with dots. */
export function time(ms: number, name: string): NamedSetting {
  return { names: [name.split(".")], value: durationText(ms) };
}

/** The number of tries, which has two names. */
export function attemptsSetting(attempts: number): NamedSetting {
  return number(attempts, "retryAttempts", "retry.attempts");
}
