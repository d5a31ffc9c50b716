import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  formatOrigin,
  loadConfig,
  problemsOf,
  type ConnectorError,
  type LoadedConfig,
  type LoadOptions,
} from "../index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "busbar-config-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes a file below the test's folder. */
const file = async (name: string, text: string | Uint8Array): Promise<string> => {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  return path;
};
const load = async (text: string, env: Record<string, string> = {}, options: LoadOptions = {}): Promise<LoadedConfig> =>
  loadConfig(await file("c.yaml", text), { env, ...options });
/** What is wrong, with the folder's name cut off. */
const wrong = async (loading: Promise<unknown>): Promise<string[]> => {
  const error = await loading.then(
    () => undefined,
    (thrown: unknown) => thrown as ConnectorError,
  );
  expect(error).toMatchObject({ name: "ConnectorError", kind: "config_invalid", outcome: "none" });
  const text = error!.message.replaceAll(`${folder}/`, "");
  expect(problemsOf(error).length).toBe(text.split("\n").length > 1 ? text.split("\n").length - 1 : 1);
  const [first, ...rest] = text.split("\n");
  return rest.length > 0 ? rest.map((line) => line.trim()) : [first!.replace("Invalid configuration: ", "")];
};
const connector = (settings: string, name = "api"): string =>
  `connectors:\n  - name: ${name}\n    type: rest-api\n${settings.replace(/^/gm, "    ")}\n`;
const API = "connection: { baseURL: https://api.example }";

test("the configuration of the documentation loads as it stands there", async () => {
  const text = `# connectors.yaml
connectors:
  - name: primary-database
    type: database
    provider: postgresql
    connection: { host: localhost, port: 5432, database: myapp, username: "\${DB_USERNAME}", password: "\${DB_PASSWORD}" }
    options: { maxConnections: 20, connectionTimeout: 5000, idleTimeout: 300000 }
  - name: external-api
    type: rest-api
    connection: { baseURL: https://api.example.com, apiKey: "\${API_KEY}" }
    options: { timeout: 30000, retryAttempts: 3, rateLimit: { requests: 100, window: 60000 } }
`;
  const { connectors } = await load(text, { DB_USERNAME: "ada", DB_PASSWORD: "12345", API_KEY: "k" });
  expect(connectors).toMatchObject([
    {
      name: "primary-database",
      provider: "postgresql",
      settings: {
        connection: { host: "localhost", port: 5432, database: "myapp", username: "ada" },
        options: { maxConnections: 20, connectionTimeout: 5_000, idleTimeout: 300_000 },
        policies: { timeout: 30_000 },
      },
    },
    {
      name: "external-api",
      provider: "rest",
      settings: { policies: { timeout: 30_000, retryAttempts: 3, rateLimit: { requests: 100, window: 60_000 } } },
    },
  ]);
  expect(await wrong(load(text))).toEqual([
    "c.yaml:6:76: primary-database.connection.username: variable DB_USERNAME is not set",
    "c.yaml:6:104: primary-database.connection.password: variable DB_PASSWORD is not set",
    "c.yaml:10:62: external-api.connection.apiKey: variable API_KEY is not set",
  ]);
});

describe("a file", () => {
  test("gives connectors with their settings, and the place of each", async () => {
    const { connectors, files } = await load(
      `# a comment\nconnectors:\n  - name: api\n    type: rest-api\n    connection:\n      baseURL: https://api.example\n      apiKey: \${KEY}\n    options: { timeout: 5s, retry: { delay: 10 } }\n`,
      { KEY: "12345" },
    );
    const [api] = connectors;
    expect(api).toMatchObject({ name: "api", type: "rest-api", provider: "rest", required: true, connect: undefined });
    expect(files).toEqual([join(folder, "c.yaml")]);
    const place = (...path: string[]): string => formatOrigin(api!.origin(path)).replace(`${folder}/`, "");
    expect(place()).toBe("c.yaml:3:5");
    expect(place("connection", "apiKey")).toBe("c.yaml:7:15");
    expect(place("options", "timeout")).toBe("c.yaml:8:25");
    expect(place("options", "retry", "delay")).toBe("c.yaml:8:45");
    expect(place("options", "retry", "maxDelay")).toBe("default");
    const settings = api!.explain().map(({ path, value, origin }) => [path.join("."), inspect(value), origin.from]);
    expect(settings).toContainEqual(["connection.apiKey", "[redacted]", "file"]);
    expect(settings).toContainEqual(["options.timeout", "5000", "file"]);
    expect(settings).toContainEqual(["options.retry.maxDelay", "10000", "default"]);
    expect(settings).toContainEqual(["options.retryAttempts", "3", "default"]);
  });

  test("explains a setting once, by the name under which it was written", async () => {
    const [api] = (await load(connector(`${API}\noptions: { poolSize: 4, retry: { attempts: 2 } }`))).connectors;
    const settings = api!.explain().map(({ path, value }) => `${path.join(".")}=${String(value)}`);
    expect(settings).toContain("options.poolSize=4");
    expect(settings).toContain("options.retry.attempts=2");
    expect(settings.filter((each) => /maxConnections|retryAttempts/.test(each))).toEqual([]);
  });

  test("may be named by a URL", async () => {
    const path = await file("c.yaml", connector(API));
    expect((await loadConfig(pathToFileURL(path))).connectors).toHaveLength(1);
  });

  test("may use anchors, aliases and merge keys", async () => {
    const { connectors } = await load(
      `connectors:\n  - { name: a, type: rest-api, connection: &c { baseURL: "https://a.example" }, options: &o { timeout: 1s, retryAttempts: 2 } }\n` +
        `  - { name: b, type: rest-api, connection: *c, options: { <<: *o, timeout: 2s } }\n`,
    );
    expect(connectors.map(({ settings }) => [settings.policies.timeout, settings.policies.retryAttempts])).toEqual([
      [1_000, 2],
      [2_000, 2],
    ]);
  });
});

describe("a file that cannot be read", () => {
  test.each<[string, string | Uint8Array, string]>([
    ["empty", "", "c.yaml:1:1: the file is empty; it begins with `connectors:`"],
    ["only comments", "# nothing\n", "c.yaml:1:1: the file is empty; it begins with `connectors:`"],
    ["a list", "- name: a\n", "c.yaml:1:1: expected a map that begins with `connectors:`, found a list"],
    ["a text", "hello", "c.yaml:1:1: expected a map that begins with `connectors:`, found text"],
    ["without connectors", "{}", "c.yaml:1:1: connectors: is missing; expected a list of connectors"],
    [
      "with connectors as a map",
      "connectors:\n  a: {}\n",
      "c.yaml:1:1: connectors: expected a list, each item of which begins with `- name:`, found a map",
    ],
    ["without any connector", "connectors: []", "c.yaml:1:1: connectors: must have at least 1 item"],
    [
      "with nothing under connectors",
      "connectors:\n",
      "c.yaml:1:1: connectors: expected a list, each item of which begins with `- name:`, found nothing",
    ],
    ["not UTF-8", Uint8Array.of(0x61, 0x3a, 0xff, 0xfe), "c.yaml:1:1: the file is not UTF-8 text"],
    ["UTF-16", Buffer.from("\uFEFFconnectors: []", "utf16le"), "c.yaml:1:1: the file is not UTF-8 text"],
    ["binary", Uint8Array.of(0x61, 0x00, 0x62), "c.yaml:1:2: contains a control character; is it a text file?"],
    ["larger than 16 MiB", "#".repeat(16 * 2 ** 20 + 1), "c.yaml:1:1: the file is larger than 16 MiB"],
  ])("%s", async (_, text, message) => {
    expect(await wrong(loadConfig(await file("c.yaml", text)))).toEqual([message]);
  });

  test("that is missing, a directory, or has no name", async () => {
    expect(await wrong(loadConfig(join(folder, "none.yaml")))).toEqual(["none.yaml:1:1: the file does not exist"]);
    await mkdir(join(folder, "dir.yaml"));
    expect(await wrong(loadConfig(join(folder, "dir.yaml")))).toEqual(["dir.yaml:1:1: the file is a directory"]);
    expect(await wrong(loadConfig([]))).toEqual([expect.stringContaining("expected the path of a file")]);
    expect(await wrong(loadConfig(""))).toEqual([expect.stringContaining("expected the path of a file")]);
    expect(await wrong(loadConfig(new URL("https://h.example/c.yaml")))).toHaveLength(1);
    expect(await wrong(loadConfig(join(folder, "a\0b")))).toEqual([expect.stringContaining("is not a path")]);
  });

  test("every broken file is told", async () => {
    const broken = [await file("a.yaml", "a: b: c"), join(folder, "b.yaml"), await file("c.yaml", "")];
    expect(await wrong(loadConfig(broken))).toEqual([
      expect.stringMatching(/^a\.yaml:1:4: not valid YAML/),
      "b.yaml:1:1: the file does not exist",
      expect.stringMatching(/^c\.yaml:1:1: the file is empty/),
    ]);
  });
});

describe("everything that is wrong is told in one go, with its line", () => {
  test("names, types and values", async () => {
    expect(
      await wrong(
        load(`conectors: []
connectors:
  - name: api
    type: rest-ap
    connection: { baseURL: https://api.example, apiKey: 12345, timeout: 5 }
    options: { timeot: 30000, retryAttempts: "3", rateLimit: { request: 100, window: "1 parsec" } }
  - name: api
    type: rest-api
    conection: {}
    provider: rset
  - name: "two words"
    type: rest-api
    required: maybe
    connect: eagre
    connection: { baseURL: https://api.example }
  - just text
  - type: database
`),
      ),
    ).toEqual([
      'c.yaml:1:1: unknown name "conectors"; did you mean "connectors"?; allowed: connectors',
      'c.yaml:4:11: api.type: expected "database", "rest-api", "message-queue", "file-system" or "custom", found "rest-ap"; did you mean "rest-api"?',
      "c.yaml:5:57: api.connection.apiKey: expected text, found a number; put it in quotes",
      'c.yaml:5:64: api.connection.timeout: belongs under "options", not under "connection"',
      expect.stringMatching(
        /^c\.yaml:6:16: api\.options\.timeot: unknown name "timeot"; did you mean "timeout"\?; allowed: /,
      ),
      "c.yaml:6:46: api.options.retryAttempts: expected a number, found text; remove the quotes",
      'c.yaml:6:51: api.options.rateLimit.requests: is missing; expected a number, or "learned"',
      expect.stringMatching(
        /^c\.yaml:6:64: api\.options\.rateLimit\.request: unknown name "request"; did you mean "requests"\?/,
      ),
      expect.stringMatching(/^c\.yaml:6:86: api\.options\.rateLimit\.window: expected milliseconds or text like "30s"/),
      'c.yaml:7:11: api: the name "api" is taken already, at c.yaml:3:11',
      expect.stringMatching(/^c\.yaml:9:5: api\.conection: unknown name "conection"; did you mean "connection"\?/),
      expect.stringMatching(
        /^c\.yaml:10:15: api\.provider: unknown provider "rset"; did you mean "rest"\?; allowed: .*rest, /,
      ),
      "c.yaml:11:11: two words.name: must be letters, digits, - and _, the first a letter or digit",
      "c.yaml:13:15: two words.required: expected true or false, found text",
      'c.yaml:14:14: two words.connect: expected "lazy" or "eager", found "eagre"; did you mean "eager"?',
      "c.yaml:16:5: expected a map that begins with `name:`, found text",
      "c.yaml:17:5: name: is missing; expected text",
      expect.stringMatching(/^c\.yaml:17:5: provider: is missing; for type "database" it is mysql, postgresql, sqlite/),
    ]);
  });

  test("two settings of one name, and a tag", async () => {
    expect(await wrong(load(connector(`${API}\noptions:\n  timeout: 1\n  timeout: 2\n  retryAttempts: !x 3`)))).toEqual(
      [
        'c.yaml:7:7: "timeout" stands here twice; first in line 6',
        "c.yaml:8:25: tags are not supported; write the value without it",
      ],
    );
  });

  test("a setting that is missing points at the map that lacks it", async () => {
    expect(await wrong(load(connector("connection:\n  apiKey: k")))).toEqual([
      expect.stringMatching(/^c\.yaml:4:5: api\.connection\.baseURL: is missing; expected an http or https URL$/),
    ]);
    expect(await wrong(load(connector("required: true")))).toEqual([
      expect.stringMatching(/^c\.yaml:2:5: api\.connection\.baseURL: is missing/),
    ]);
  });

  test("a half that is no map, or empty", async () => {
    expect(await wrong(load(connector(`${API}\noptions: [1]`)))).toEqual([
      "c.yaml:5:5: api.options: expected a map, found a list",
    ]);
    expect((await load(connector(`${API}\noptions:`))).connectors).toHaveLength(1);
  });
});

describe("variables", () => {
  const api = connector(
    "connection: { baseURL: 'https://${HOST}', apiKey: \"${KEY}\" }\noptions: { timeout: ${T:-5000}, retryAttempts: 2 }".replace(
      "${T:-5000}",
      '"${T:-5000}"',
    ),
  );

  test("trap 18: are expanded in values; never in names and comments", async () => {
    const text = `# \${IN_A_COMMENT}\n${api}    # apiKey: \${IN_ANOTHER}\n`;
    const { connectors } = await load(text, { HOST: "api.example", KEY: "k" });
    expect(connectors[0]!.settings.connection["baseURL"]).toBe("https://api.example");
    expect(await wrong(load(connector(`${API}\n"\${KEY}": x`), { KEY: "provider" }))).toEqual([
      expect.stringMatching(/^c\.yaml:5:5: api\.\$\{KEY\}: unknown name "\$\{KEY\}"/),
    ]);
  });

  test("trap 18: that are missing are told all at once, each with line and column, and nothing else is made of it", async () => {
    expect(await wrong(load(api.replace("T:-5000", "TIMEOUT:?in ms"), {}))).toEqual([
      "c.yaml:4:37: api.connection.baseURL: variable HOST is not set",
      "c.yaml:4:56: api.connection.apiKey: variable KEY is not set",
      "c.yaml:5:26: api.options.timeout: variable TIMEOUT is not set: in ms",
    ]);
  });

  test("keep rules between settings silent, which could only guess", async () => {
    const text =
      'connectors: [{ name: db, type: database, provider: postgresql, connection: { url: "${URL}", hots: h } }]';
    expect(await wrong(load(text))).toEqual([
      "c.yaml:1:84: db.connection.url: variable URL is not set",
      expect.stringMatching(/db\.connection\.hots: unknown name "hots"/),
    ]);
  });

  test("a thousand of them are a thousand lines, at once", async () => {
    const entries = Array.from(
      { length: 1_000 },
      (_, at) => `  - { name: c${at}, type: rest-api, connection: { baseURL: "\${HOST_${at}}" } }`,
    );
    const problems = await wrong(load(`connectors:\n${entries.join("\n")}`, { HOME: "/" }));
    expect(problems).toHaveLength(1_000);
    expect(problems[999]).toMatch(/^c\.yaml:1001:\d+: c999\.connection\.baseURL: variable HOST_999 is not set/);
  });

  test("a misspelt one is told with the one that was meant", async () => {
    expect(await wrong(load(api, { HOST: "h.example", KEYS: "k" }))).toEqual([
      "c.yaml:4:56: api.connection.apiKey: variable KEY is not set; did you mean KEYS?",
    ]);
  });

  test("become numbers and booleans where these are wanted, and stay text where text is", async () => {
    const text = connector(
      'required: "${REQUIRED}"\nconnection: { baseURL: https://h.example, apiKey: "${KEY}" }\noptions: { timeout: "${T}", maxConnections: "${MAX}", rateLimit: { requests: "${N}", window: "${W}" } }',
    );
    const env = { REQUIRED: "false", KEY: "12345", T: "5000", MAX: "7", N: "100", W: "1m" };
    const [found] = (await load(text, env)).connectors;
    expect(found!.required).toBe(false);
    expect((found!.settings.connection["apiKey"] as { reveal(): string }).reveal()).toBe("12345");
    expect(found!.settings.options["maxConnections"]).toBe(7);
    expect(found!.settings.policies).toMatchObject({ timeout: 5_000, rateLimit: { requests: 100, window: 60_000 } });
    expect(await wrong(load(text, { ...env, MAX: "many", REQUIRED: "yes" }))).toEqual([
      "c.yaml:4:15: api.required: expected true or false, found text",
      "c.yaml:6:49: api.options.maxConnections: expected a number, found text",
    ]);
  });

  test("come from the .env beside the file; the environment wins, also with an empty value", async () => {
    await file(".env", 'HOST=from-dotenv.example\nKEY="from # dotenv"\n');
    const found = async (env: Record<string, string>): Promise<unknown> =>
      (await load(api, env)).connectors[0]!.settings.connection["baseURL"];
    expect(await found({})).toBe("https://from-dotenv.example");
    expect(await found({ HOST: "env.example" })).toBe("https://env.example");
    expect(await wrong(load(connector('connection: { baseURL: "${HOST:?set it}" }'), { HOST: "" }))).toEqual([
      "c.yaml:4:29: api.connection.baseURL: variable HOST is empty: set it",
    ]);
    expect(process.env["HOST"]).not.toBe("from-dotenv.example");
  });

  test("each file has its own .env, and secrets in files are found from the file", async () => {
    await file("a/.env", "HOST=a.example\n");
    await file("b/.env", "HOST=b.example\n");
    await file("b/secret", "key-from-file\n");
    const files = [
      await file("a/base.yaml", connector('connection: { baseURL: "https://${HOST}" }')),
      await file(
        "b/more.yaml",
        connector('connection: { baseURL: "https://${HOST}", apiKey: "${file:./secret}" }', "two"),
      ),
    ];
    const { connectors } = await loadConfig(files, { env: {} });
    expect(connectors.map(({ settings }) => settings.connection["baseURL"])).toEqual([
      "https://a.example",
      "https://b.example",
    ]);
    expect((connectors[1]!.settings.connection["apiKey"] as { reveal(): string }).reveal()).toBe("key-from-file");
  });

  test("a secret's file that is missing, a folder or not text is told", async () => {
    await mkdir(join(folder, "secrets"));
    await file("binary", Uint8Array.of(0xff, 0xfe, 0x00));
    const text = (path: string): string =>
      connector(`connection: { baseURL: https://h.example, apiKey: "\${file:${path}}" }`);
    expect(await wrong(load(text("./none")))).toEqual([
      "c.yaml:4:56: api.connection.apiKey: file ./none: does not exist",
    ]);
    expect(await wrong(load(text("secrets")))).toEqual([expect.stringContaining("file secrets: is a directory")]);
    expect(await wrong(load(text("binary")))).toEqual([expect.stringContaining("file binary: is not UTF-8 text")]);
    expect(await wrong(load(text("/dev/zero")))).toEqual([expect.stringContaining("file /dev/zero: is not a file")]);
  });

  test("a .env that cannot be read is told; a folder of that name is somebody else's", async () => {
    await mkdir(join(folder, ".env"));
    expect((await load(connector(API))).connectors).toHaveLength(1);
    await rm(join(folder, ".env"), { recursive: true });
    await file(".env", Uint8Array.of(0xff));
    expect(await wrong(load(connector(API)))).toEqual([".env:1:1: the file is not UTF-8 text"]);
  });
});

describe("several files", () => {
  const two = async (base: string, later: string, env: Record<string, string> = {}): Promise<LoadedConfig> =>
    loadConfig([await file("base.yaml", base), await file("prod.yaml", later)], { env });

  test("are one: maps are merged, texts and lists replaced, nothing takes back; each value keeps its place", async () => {
    const base = connector(
      "connection: { baseURL: https://base.example, headers: { a: '1', b: '2' } }\noptions: { timeout: 1s, retryAttempts: 5, rateLimit: { requests: 1, window: 1s } }",
    );
    const later =
      "connectors:\n  - name: api\n    connection: { baseURL: https://prod.example, headers: { b: '3' } }\n    options: { timeout: 2s, retryAttempts: null, rateLimit: { requests: 9 } }\n  - name: extra\n    type: rest-api\n    connection: { baseURL: https://extra.example }\n";
    const { connectors } = await two(base, later);
    expect(connectors.map(({ name }) => name)).toEqual(["api", "extra"]);
    const [api] = connectors;
    expect(api!.settings.connection).toMatchObject({ baseURL: "https://prod.example" });
    expect(Object.keys(api!.settings.connection["headers"] as object).sort()).toEqual(["a", "b"]);
    expect(api!.settings.policies).toMatchObject({ timeout: 2_000, rateLimit: { requests: 9, window: 1_000 } });
    expect(api!.settings.policies.retryAttempts).toBeUndefined();
    const place = (...path: string[]): string => formatOrigin(api!.origin(path)).replace(`${folder}/`, "");
    expect(place("options", "rateLimit", "requests")).toBe("prod.yaml:4:73");
    expect(place("options", "rateLimit", "window")).toBe("base.yaml:5:81");
    expect(place("connection", "headers", "a")).toBe("base.yaml:4:64");
  });

  test("a value that is replaced needs no variable", async () => {
    const base = connector('connection: { baseURL: "${NOWHERE}" }');
    const { connectors } = await two(base, "connectors: [{ name: api, connection: { baseURL: 'https://p.example' } }]");
    expect(connectors[0]!.settings.connection["baseURL"]).toBe("https://p.example");
  });

  test("a problem points into the file that caused it", async () => {
    expect(await wrong(two(connector(API), "connectors: [{ name: api, options: { timeout: soon } }]"))).toEqual([
      expect.stringMatching(/^prod\.yaml:1:47: api\.options\.timeout: expected milliseconds/),
    ]);
  });

  test("a name that no earlier file has must be a whole connector", async () => {
    expect(await wrong(two(connector(API), "connectors: [{ name: apy, options: { timeout: 1 } }]"))).toEqual([
      expect.stringMatching(
        /^prod\.yaml:1:14: apy\.type: is missing; expected .*, for a connector of its own; did you mean "api"\?$/,
      ),
    ]);
  });
});

test("an error tells its connector where it is one's own, and what to do about variables", async () => {
  const one = load(connector('connection: { baseURL: "${NOWHERE}" }'));
  await expect(one).rejects.toMatchObject({
    connector: "api",
    hint: expect.stringMatching(/^Set variables in the environment/),
  });
  const two = load(`${connector("connection: {}")}  - { name: b, type: rest-api }`);
  await expect(two).rejects.toMatchObject({ connector: undefined, hint: undefined });
  expect(problemsOf(new Error("another"))).toEqual([]);
});

test("nothing that a configuration tells is a secret", async () => {
  const canary = "canary-91bc";
  const text = connector('connection: { baseURL: https://h.example, apiKey: "${KEY}" }');
  const config = await load(text, { KEY: canary });
  for (const shown of [config, config.connectors[0]!.explain(), config.connectors[0]!.settings]) {
    expect(inspect(shown, { depth: 7, showHidden: true })).not.toContain(canary);
    expect(JSON.stringify(shown)).not.toContain(canary);
  }
  const broken = connector(
    'type: "${KEY}"\nconnect: "${KEY}"\nconnection: { baseURL: "${KEY}", apiKey: ["${KEY}"] }\noptions: { timeout: "${KEY}", poolSize: "${KEY}" }',
  ).replace("    type: rest-api\n", "");
  const error: unknown = await load(`${broken}    provider: rest\n`, { KEY: canary }).catch(
    (thrown: unknown) => thrown,
  );
  expect(problemsOf(error)).toHaveLength(6);
  expect(inspect([error, problemsOf(error)], { depth: 30 })).not.toContain(canary);
});

describe("overrides", () => {
  test("win over the file, by the flat names of the constructor", async () => {
    const overrides = { api: { baseURL: "https://other.example", timeout: "9s", retry: { delay: 1 } } };
    const [api] = (await load(connector(`${API}\noptions: { timeout: 1s, retry: { maxDelay: 5 } }`), {}, { overrides }))
      .connectors;
    expect(api!.settings.connection["baseURL"]).toBe("https://other.example");
    expect(api!.settings.policies).toMatchObject({ timeout: 9_000, retry: { delay: 1, maxDelay: 5 } });
    expect(formatOrigin(api!.origin(["options", "timeout"]))).toBe("overrides.api.timeout");
  });

  test("are checked as the file is", async () => {
    expect(await wrong(load(connector(API), {}, { overrides: { apy: {}, api: { timeot: 1, timeout: "x" } } }))).toEqual(
      [
        expect.stringMatching(
          /^overrides\.api\.timeot: api\.options\.timeot: unknown name "timeot"; did you mean "timeout"\?/,
        ),
        expect.stringMatching(/^overrides\.api\.timeout: api\.options\.timeout: expected milliseconds/),
        'overrides.apy: there is no connector "apy"; did you mean "api"?',
      ],
    );
  });
});

describe("an object from code", () => {
  test("is taken as it is: nothing in it is expanded", async () => {
    const connection = { baseURL: "https://h.example", apiKey: "${NOT_A_VARIABLE}" };
    const { connectors } = await loadConfig(
      { connectors: [{ name: "api", type: "rest-api", connection }] },
      { env: {} },
    );
    expect((connectors[0]!.settings.connection["apiKey"] as { reveal(): string }).reveal()).toBe("${NOT_A_VARIABLE}");
    expect(formatOrigin(connectors[0]!.origin(["connection", "apiKey"]))).toBe("connectors[0].connection.apiKey");
  });

  test("is told what is wrong with it by its path", async () => {
    const entry = {
      name: "api",
      type: "rest-api",
      connection: { baseURL: 5 },
      options: { timeout: undefined },
    } as const;
    expect(await wrong(loadConfig({ connectors: [entry, entry] }))).toEqual([
      'connectors[1].name: api: the name "api" is taken already, at connectors[0].name',
      expect.stringMatching(
        /^connectors\[0\]\.connection\.baseURL: api\.connection\.baseURL: expected an http or https URL/,
      ),
      expect.stringMatching(/^connectors\[1\]\.connection\.baseURL: /),
    ]);
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    expect(
      await wrong(loadConfig({ connectors: [{ name: "a", type: "rest-api", connection: circle }] })),
    ).toContainEqual(expect.stringContaining("nested deeper than 64 levels"));
  });

  test.each([[undefined], [null], [7], [{}], [{ connectors: {} }], [[7]]])("%j is none", async (source) => {
    await expect(loadConfig(source as never)).rejects.toMatchObject({ kind: "config_invalid" });
  });
});
