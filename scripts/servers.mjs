/** The servers that the tests run against: under `CI=true` what is missing is installed, elsewhere it is named. */
import { areServicesAvailable } from "../dist/testkit/services/install.js";
import { mariadb } from "../dist/testkit/services/mariadb.js";
import { postgresql } from "../dist/testkit/services/postgresql.js";

await areServicesAvailable(postgresql(), mariadb());
