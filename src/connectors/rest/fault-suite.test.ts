import { runFaultSuite } from "../../testkit/index.ts";
import { orderCount, orderService } from "../../testkit/rest-service/order-service.ts";
import { RESTAPIConnector } from "./index.ts";

await runFaultSuite({
  connector: "rest",
  target: "embedded",
  server: orderService,
  lacks: { stream: "HTTP answers are taken whole; no operation answers with many items." },
  start: async (service) => ({
    make: ({ host, port, ...settings }, environment) =>
      new RESTAPIConnector({ baseURL: `http://${host}:${port}`, ...settings }, environment),
    read: (api, options) => api.get({ path: "/orders" }, options),
    write: (api, options) => api.post({ path: "/orders", data: {} }, options),
    effects: async () => orderCount(service),
  }),
});
