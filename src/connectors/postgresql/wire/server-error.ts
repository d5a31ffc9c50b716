/** An ErrorResponse as the driver would tell it (PostgreSQL manual, "Error and Notice Message Fields"). */

const FIELDS: Readonly<Record<string, string>> = {
  S: "severity",
  C: "code",
  D: "detail",
  H: "hint",
  P: "position",
  W: "where",
  s: "schema",
  t: "table",
  c: "column",
  d: "dataType",
  n: "constraint",
  F: "file",
  L: "line",
  R: "routine",
};

/** The body of the message stands in `bytes` from `start` to `end`. */
export function serverErrorOf(bytes: Buffer, start: number, end: number): Error {
  const fields: Record<string, string> = {};
  let message = "";
  for (let at = start; at < end && bytes[at] !== 0;) {
    const stop = bytes.indexOf(0, at + 1);
    if (stop === -1 || stop >= end) throw new Error("An error of the server has no end");
    const type = String.fromCharCode(bytes[at]!);
    const text = bytes.toString("utf8", at + 1, stop);
    if (type === "M") message = text;
    const name = FIELDS[type];
    if (name !== undefined) fields[name] = text;
    at = stop + 1;
  }
  return Object.assign(new Error(message), { severity: "ERROR", ...fields });
}
