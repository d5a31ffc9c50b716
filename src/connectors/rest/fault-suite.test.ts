import { runFaultSuite } from "../../testkit/index.ts";
import { orderCount, orderService, secureOrderService } from "../../testkit/rest-service/order-service.ts";
import { RESTAPIConnector } from "./index.ts";

await runFaultSuite({
  connector: "rest",
  target: "embedded",
  server: orderService,
  secureServer: secureOrderService,
  lacks: { stream: "HTTP answers are taken whole; no operation answers with many items." },
  start: async (service, ca) => ({
    make({ host, port, ...settings }, environment) {
      const where =
        ca === undefined ? { baseURL: `http://${host}:${port}` } : { baseURL: `https://${host}:${port}`, tls: { ca } };
      return new RESTAPIConnector({ ...where, ...settings }, environment);
    },
    read: (api, options) => api.get({ path: "/orders" }, options),
    write: (api, options) => api.post({ path: "/orders", data: {} }, options),
    effects: async () => orderCount(service),
  }),
});
