/** What the signature of a certificate is, as far as channel binding wants to know. */

/** Of OIDs that begin so, Ed25519 and Ed448 are the signatures (RFC 8410): 1.3.101. */
const EDWARDS = Buffer.from([0x2b, 0x65]);

/** Whether the signature of a certificate (X.509, DER) is one of those that channel binding is defined for. */
export function isBindable(der: Buffer | undefined): boolean {
  if (der === undefined) return true;
  try {
    const certificate = elementAt(der, 0);
    const body = elementAt(der, certificate.start);
    const algorithm = elementAt(der, body.end);
    const oid = elementAt(der, algorithm.start);
    return !der.subarray(oid.start, oid.end).subarray(0, 2).equals(EDWARDS);
  } catch {
    // Whatever it is, the driver says so.
    return true;
  }
}

/** Where the content of a DER element begins and ends. */
function elementAt(der: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = der.readUInt8(at + 1);
  if (first < 0x80) return { start: at + 2, end: at + 2 + first };
  const width = first & 0x7f;
  const start = at + 2 + width;
  return { start, end: start + der.readUIntBE(at + 2, width) };
}
