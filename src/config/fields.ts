/**
 * Fields that many connectors share: the same idea has the same name, unit, default and words everywhere.
 *
 * Each is a zod schema with its description, so that validation, types, JSON Schema, docs and help come from one place.
 */
import { z } from "zod";
import { Secret } from "../core/secret.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of "250ms", "30s", "5m", "2h", "1d" or a number; `undefined` where it is none of these. */
export function parseDuration(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined;
  if (typeof value !== "string") return undefined;
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(value.trim());
  return match === null ? undefined : Number(match[1]) * UNITS[match[2]!]!;
}

/** Milliseconds as a number, or text with a unit. */
export function duration(description: string): z.ZodType<number, number | string> {
  return z
    .union([z.number().min(0), z.string().regex(/^\d+(\.\d+)?(ms|s|m|h|d)$/, { abort: true })], {
      error: 'expected milliseconds or text like "30s" (ms, s, m, h, d)',
    })
    .transform((value) => parseDuration(value)!)
    .meta({ description: `${description} Milliseconds, or text like "30s".` });
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
};

/** Bytes as a number, or text with a unit. */
export function bytes(description: string): z.ZodType<number, number | string> {
  return z
    .union([z.int().min(0), z.string().regex(/^\d+(\.\d+)?(B|KB|MB|GB|KiB|MiB|GiB)$/, { abort: true })], {
      error: 'expected bytes or text like "10MiB" (B, KB, MB, GB, KiB, MiB, GiB)',
    })
    .transform((value) => {
      if (typeof value === "number") return value;
      const [, amount, unit] = /^([\d.]+)([A-Za-z]+)$/.exec(value)!;
      return Math.floor(Number(amount) * BYTE_UNITS[unit!]!);
    })
    .meta({ description: `${description} Bytes, or text like "10MiB".` });
}

/** A credential: text in, `Secret` out. Everything that renders settings leaves it out or shows `[redacted]`. */
export function secret(description: string): z.ZodType<Secret, string | Secret> {
  return z
    .union([z.string().min(1), z.instanceof(Secret)], { error: "expected text" })
    .transform((value) => (value instanceof Secret ? value : new Secret(value)))
    .meta({ description, secret: true });
}

/** A TCP port. */
export function port(standard: number): z.ZodDefault<z.ZodInt> {
  return z.int().min(1).max(65_535).default(standard).meta({ description: "TCP port." });
}

/** What TLS takes beside being on; for systems whose address says whether it is. */
export const tlsDetails = z.strictObject({
  mode: z.enum(["require", "verify-full"]).default("verify-full").meta({
    description: "`verify-full` checks certificate and host name; `require` encrypts but checks neither.",
  }),
  ca: z.string().optional().meta({ description: "Certificate of the authority, PEM text." }),
  cert: z.string().optional().meta({ description: "Client certificate, PEM text." }),
  key: secret("Key of the client certificate, PEM text.").optional(),
  passphrase: secret("Passphrase of that key, where it is encrypted.").optional(),
  servername: z.string().optional().meta({ description: "Name to check and to send, where it is not the host." }),
});

/** How TLS is used, for systems that speak TLS on the same port. */
export const tls = z.union([z.boolean(), z.enum(["disable", "require", "verify-full"]), tlsDetails]).meta({
  description:
    "TLS: true or `verify-full` checks the server's certificate; `require` only encrypts; false or `disable` is off.",
});

/**
 * A switch that lets a system's own environment variables be read, when the settings are; off unless said, and then they
 * are not looked at. `read` answers with what they say, or with what is wrong with them, without their values.
 */
export function fromEnvironment<T extends object>(
  description: string,
  read: (variables: Readonly<Record<string, string | undefined>>) => T | string,
): z.ZodType<T | undefined, boolean | undefined> {
  return z
    .boolean()
    .transform((isAsked, context): T | undefined => {
      const found = isAsked ? read(process.env) : undefined;
      if (typeof found !== "string") return found;
      context.addIssue({ code: "custom", message: found });
      return z.NEVER;
    })
    .optional()
    .meta({ description, default: false });
}

/** Settings that are another name for one that stands directly under `options`. */
export const otherNames = z.registry<{ readonly of: string }>();

/** The size of a pool where nothing is said. */
const POOL_SIZE = 10;

/** Fields of a connector that holds a pool of connections. */
export const pool = {
  maxConnections: z.int().min(1).optional().meta({ description: `Most connections at a time.`, default: POOL_SIZE }),
  poolSize: z
    .int()
    .min(1)
    .optional()
    .meta({ description: "Another name for `maxConnections`." })
    .register(otherNames, { of: "maxConnections" }),
  connectionTimeout: duration("How long making one connection may take.").default(5_000),
  idleTimeout: duration("After how long without use a connection is closed; 0 keeps it.").default(300_000),
};

/** The pool's size, however it was named. */
export function poolSize(options: { maxConnections?: number | undefined; poolSize?: number | undefined }): number {
  return options.maxConnections ?? options.poolSize ?? POOL_SIZE;
}

/** Refuses a pool whose size is given twice and differs. */
export function checkPoolSize(
  options: { maxConnections?: number | undefined; poolSize?: number | undefined },
  context: z.RefinementCtx,
): void {
  const { maxConnections, poolSize: other } = options;
  if (maxConnections === undefined || other === undefined || maxConnections === other) return;
  context.addIssue({
    code: "custom",
    path: ["poolSize"],
    message: "says the same as maxConnections and differs from it; keep one",
  });
}
