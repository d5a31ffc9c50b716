/** The two systems of the demonstration, started on free ports of this machine; they end with this process at the latest. */
import { postgresql, type RestService, type Service, startRestService, startService } from "busbar/testkit";

/** Short, so that a token ends while somebody watches. */
export const TOKEN_LIFETIME_MS = 800;

export interface Systems extends AsyncDisposable {
  readonly database: Service;
  readonly api: RestService;
  /** What `connectors.yaml` refers to as `${…}`. */
  readonly variables: Readonly<Record<string, string>>;
}

export async function startSystems(): Promise<Systems> {
  const clientSecret = crypto.randomUUID();
  const [database, api] = await Promise.all([
    startDatabase(),
    startRestService({ clientId: "quickstart", clientSecret, tokenLifetimeMs: TOKEN_LIFETIME_MS }),
  ]);
  return {
    database,
    api,
    variables: {
      DB_HOST: database.host,
      DB_PORT: String(database.port),
      DB_NAME: database.database,
      DB_USERNAME: database.username,
      DB_PASSWORD: database.password,
      API_URL: `${api.url}/private`,
      TOKEN_URL: `${api.url}/token`,
      CLIENT_SECRET: clientSecret,
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([database.destroy(), api.close()]);
    },
  };
}

/** The PostgreSQL that comes inside an npm package, else one that is installed on this machine. */
async function startDatabase(): Promise<Service> {
  const embedded = postgresql({ source: "embedded" });
  return startService((await embedded.findBinaries()) === undefined ? postgresql() : embedded);
}
