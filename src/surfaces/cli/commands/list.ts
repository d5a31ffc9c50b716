/** `busbar list`: the connectors of the configuration, or what each of them can do; opens nothing. */
import { loadConfig } from "../../../hub/configuration.ts";
import type { LoadedConnector } from "../../../hub/loaded-connector.ts";
import { findConfig } from "../find-config.ts";
import type { Command } from "../invocation.ts";
import { renderTable } from "../table.ts";

interface ListFacts {
  readonly operations: boolean;
}

export const command: Command<ListFacts> = async ({ operations }, { shared, output }) => {
  const { connectors } = await loadConfig(findConfig(shared.config));
  const found = connectors.map((connector) => ({
    ...factsOf(connector),
    ...(operations ? { operations: operationsOf(connector) } : {}),
  }));
  if (shared.json) return output.write(`${JSON.stringify(found)}\n`);
  const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
    renderTable(titles, rows, { width: output.width, paintTitle: (title) => output.paint("bold", title) });
  await output.write(
    operations
      ? table(
          ["connector", "operation", "effect", "answers", ""],
          found.flatMap(({ name, operations: own = [] }) =>
            own.map((one) => [name, one.name, one.effect, one.stream ? "stream" : "once", one.summary]),
          ),
        )
      : table(
          ["name", "type", "provider", "title"],
          found.map(({ name, type, provider, title }) => [name, type, provider, title]),
        ),
  );
};

function factsOf({ name, type, provider, definition, required }: LoadedConnector): {
  readonly name: string;
  readonly type: string;
  readonly provider: string;
  readonly title: string;
  readonly required: boolean;
} {
  return { name, type, provider, title: definition.title, required };
}

function operationsOf({ definition }: LoadedConnector): readonly {
  readonly name: string;
  readonly effect: string;
  readonly stream: boolean;
  readonly summary: string;
}[] {
  const own = Object.entries(definition.operations);
  return own.map(([name, { effect, stream, summary }]) => ({ name, effect, stream, summary }));
}
