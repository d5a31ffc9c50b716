/** From what a configuration names as `provider` to a class: a registered name, a package, a path, or the class itself. */
import { stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { isConnectorClass } from "../connectors/define.ts";
import { DefinedConnector } from "../connectors/defined.ts";
import { registry, type RegisteredProvider } from "../connectors/registry.ts";
import { BaseConnector } from "../core/connector.ts";
import type { Definition } from "../core/definition.ts";
import { didYouMean } from "../core/issues.ts";
import type { Connectable } from "./adopt.ts";
import { fileOf, findPackage, isPath } from "./find-module.ts";

/** A class with the four methods of a connector, made by `defineConnector` or written by hand. */
export type AnyConnectorClass = new (config: never) => Connectable;

/** A class made by `defineConnector`, as the hub uses it. */
export interface DefinedClass {
  readonly definition: Definition;
  new (config: Readonly<Record<string, unknown>>, environment: object): DefinedConnector;
}

export type ResolvedProvider =
  | { readonly provider: string; readonly defined: DefinedClass }
  | { readonly provider: string; readonly byHand: AnyConnectorClass };

/** What is wrong, in words that follow the place. */
export interface Refusal {
  readonly refusal: string;
}

export interface ProviderQuestion {
  /** A name, a class, or `undefined` where it was left out. */
  readonly provider: unknown;
  /** The entry's type, as written. */
  readonly type: string;
  /** Where paths and packages are looked for. */
  readonly folder: string;
}

/** The class that a configuration means. */
export async function resolveProvider(question: ProviderQuestion): Promise<ResolvedProvider | Refusal> {
  const { provider, type, folder } = question;
  if (typeof provider === "function") return classOf(provider, nameOf(provider));
  if (provider === undefined) return registeredClass(type);
  if (typeof provider !== "string" || provider === "") return { refusal: "expected a name, a path or a class" };
  const registered = registry.find((each) => each.provider === provider);
  if (registered !== undefined) return load(registered);
  if (isPath(provider)) {
    const file = fileOf(provider, folder);
    const isThere = await stat(file).then(
      (stats) => stats.isFile(),
      () => false,
    );
    if (!isThere) return { refusal: `there is no file ${provider}` };
    return imported(provider, pathToFileURL(file).href);
  }
  const url = await findPackage(provider, folder);
  if (url === undefined) return { refusal: unknownProvider(provider) };
  const found = await imported(provider, url);
  // Any installed package can bear a provider's misspelt name; only one that looks like a connector is taken for it.
  if ("byHand" in found && typeof (found.byHand.prototype as Partial<Connectable>).execute !== "function")
    return { refusal: unknownProvider(provider) };
  return found;
}

function unknownProvider(provider: string): string {
  const names = registry.map((each) => each.provider);
  const allowed = `allowed: ${names.join(", ")}, an installed package, or a path such as ./connector.js`;
  return `unknown provider "${provider}"${didYouMean(provider, names)}; ${allowed}`;
}

async function registeredClass(type: string): Promise<ResolvedProvider | Refusal> {
  const fitting = registry.filter((each) => each.type === type);
  const standard = fitting.find((each) => each.isDefault);
  if (standard !== undefined) return load(standard);
  const names = [...fitting.map((each) => each.provider), "a package", "or a path such as ./connector.js"];
  return { refusal: `is missing; for type "${type}" it is ${names.join(", ")}` };
}

async function load(registered: RegisteredProvider): Promise<ResolvedProvider | Refusal> {
  return classOf((await registered.load()).default, registered.provider);
}

async function imported(provider: string, url: string): Promise<ResolvedProvider | Refusal> {
  let module: { readonly default?: unknown };
  try {
    module = (await import(/* @vite-ignore */ url)) as typeof module;
  } catch (error) {
    return { refusal: `"${provider}" cannot be loaded: ${reasonOf(error)}` };
  }
  const found = module.default;
  // A CommonJS module compiled from ESM keeps its default export one level deeper.
  const inner = typeof found === "object" && found !== null ? (found as { readonly default?: unknown }).default : found;
  return classOf(inner ?? found, provider);
}

function classOf(found: unknown, provider: string): ResolvedProvider | Refusal {
  const names = registry.map((each) => each.provider);
  const none = `"${provider}" has no class of a connector as its default export${didYouMean(provider, names)}`;
  if (isDefinition(found)) return { refusal: `"${provider}" exports a definition; wrap it in defineConnector(…)` };
  if (typeof found !== "function" || found === BaseConnector || found === DefinedConnector) return { refusal: none };
  // The class has been checked by `isConnectorClass`; its precise types do not matter to the hub.
  if (isConnectorClass(found)) return { provider, defined: found as unknown as DefinedClass };
  if (isDefinition((found as { readonly definition?: unknown }).definition))
    return { refusal: `"${provider}" was made with another copy of busbar; it must have busbar as a peer dependency` };
  if (!isConstructor(found)) return { refusal: none };
  return { provider, byHand: found as AnyConnectorClass };
}

function isDefinition(value: unknown): value is Definition {
  return typeof value === "object" && value !== null && "operations" in value && "open" in value;
}

/** Classes and old-style constructors; not arrow functions and methods. */
function isConstructor(value: object): boolean {
  return "prototype" in value && typeof value.prototype === "object";
}

function nameOf(type: { readonly name: string; readonly definition?: unknown }): string {
  return isDefinition(type.definition) ? type.definition.provider : type.name === "" ? "custom" : type.name;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ((error as NodeJS.ErrnoException).code === "ERR_UNKNOWN_FILE_EXTENSION")
    return "this version of Node cannot import it; name a .js file, or run with a loader for TypeScript";
  return error.message.split("\n")[0]!;
}
