/** `PG*` variables of this process (PostgreSQL manual, "Environment Variables"), for those who ask for them. */
import { readKeywords, type Keyword, type Said } from "./keywords.ts";

const VARIABLES: Readonly<Record<string, Keyword>> = {
  PGHOST: "host",
  PGPORT: "port",
  PGDATABASE: "dbname",
  PGUSER: "user",
  PGPASSWORD: "password",
  PGPASSFILE: "passfile",
  PGSSLMODE: "sslmode",
  PGSSLROOTCERT: "sslrootcert",
  PGSSLCERT: "sslcert",
  PGSSLKEY: "sslkey",
  PGCHANNELBINDING: "channel_binding",
  PGTARGETSESSIONATTRS: "target_session_attrs",
  PGAPPNAME: "application_name",
  PGCONNECT_TIMEOUT: "connect_timeout",
};

/** They lead elsewhere, or keep a connection safe: not to heed them would be worse than to refuse. */
const UNHEEDED = [
  "PGHOSTADDR",
  "PGSERVICE",
  "PGOPTIONS",
  "PGREQUIREAUTH",
  "PGREQUIREPEER",
  "PGREQUIRESSL",
  "PGSSLCRL",
  "PGSSLCRLDIR",
  "PGSSLNEGOTIATION",
  "PGSSLMINPROTOCOLVERSION",
  "PGSSLMAXPROTOCOLVERSION",
];

/** What the variables say, or what is wrong with one, without its value. An empty one is not set. */
export function readEnvironment(variables: Readonly<Record<string, string | undefined>>): Said | string {
  const unheeded = UNHEEDED.find((name) => variables[name]);
  if (unheeded !== undefined) return `finds ${unheeded}, which is not understood; unset it`;
  const found = Object.entries(VARIABLES).flatMap(([name, keyword]) =>
    variables[name] ? [[keyword, variables[name]] as const] : [],
  );
  const said = readKeywords(Object.fromEntries(found));
  if (!("problem" in said)) return said;
  const name = Object.keys(VARIABLES).find((each) => VARIABLES[each] === said.keyword);
  return `finds ${name}, which ${said.problem}`;
}
