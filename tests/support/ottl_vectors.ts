/**
 * The recorded answers of the reference engine: tests/golden/ottl/README.md tells their form.
 *
 * @module
 */

export interface VectorError {
  readonly stage: string;
  readonly category: string;
}

export interface Vector {
  readonly id: string;
  readonly about: string;
  readonly op: "transform" | "filter" | "route" | "condition" | "value" | "parse";
  readonly context?: string;
  readonly expr?: string;
  readonly statement?: string;
  readonly condition?: string;
  readonly value?: string;
  readonly input?: string;
  readonly signal?: string;
  readonly error_mode?: string;
  readonly statements?: readonly string[];
  readonly conditions?: readonly string[];
  readonly groups?: readonly unknown[];
  readonly config?: unknown;
  readonly want: Readonly<Record<string, unknown>> & { readonly error?: VectorError };
  readonly check?: "shape";
  readonly unordered?: boolean;
  readonly zone?: string;
  readonly note?: string;
}

const FOLDER = new URL("../golden/ottl/", import.meta.url);

/** Names of the files, without ".jsonl". */
export function vectorFiles(): string[] {
  return Array.from(Deno.readDirSync(FOLDER), ({ name }) => name).filter((name) => name.endsWith(".jsonl"))
    .map((name) => name.slice(0, -".jsonl".length)).sort();
}

export function readVectors(file: string): Vector[] {
  return Deno.readTextFileSync(new URL(`${file}.jsonl`, FOLDER)).trimEnd().split("\n").map((line) => JSON.parse(line));
}

/** A payload of the cases, as protobuf. */
export function readVectorInput(name: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromBase64(Deno.readTextFileSync(new URL(`inputs/${name}.pb.base64`, FOLDER)).trim());
}
