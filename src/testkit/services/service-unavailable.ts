import type { ServiceSpec } from "./service-spec.ts";

/** A server is not on this machine and was not installed. The message says how to get it. */
export class ServiceUnavailable extends Error {
  override readonly name = "ServiceUnavailable";
  readonly service: string;

  constructor(spec: ServiceSpec, reason?: string, options?: ErrorOptions) {
    const why = reason ? ` (${reason})` : "";
    super(`The test service ${spec.name} is not available${why}. ${spec.howToGet}`, options);
    this.service = spec.name;
  }
}
