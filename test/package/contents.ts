/** What `npm pack --json` says of a tarball. */
export interface Packed {
  readonly filename: string;
  readonly paths: readonly string[];
  readonly kilobytes: number;
  readonly unpackedKilobytes: number;
}

interface Report {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

export function contentsOf(report: string): Packed {
  const [{ filename, size, unpackedSize, files }] = JSON.parse(report) as [Report];
  return {
    filename,
    paths: files.map(({ path }) => path),
    kilobytes: Math.round(size / 1000),
    unpackedKilobytes: Math.round(unpackedSize / 1000),
  };
}
