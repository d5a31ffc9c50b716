import { postgresql, type Service, startService } from "busbar/testkit";

/** A private PostgreSQL: the system's where there is one, else the one that comes with the development dependencies. */
export async function startDatabase(): Promise<Service> {
  const system = postgresql();
  return startService((await system.findBinaries()) === undefined ? postgresql({ source: "embedded" }) : system);
}
