/**
 * One section against its schema: the typed config, or its problems with their places.
 *
 * @module
 */

import type { z } from "zod";
import { errorAt, type Problem, warningAt } from "./problem.ts";
import { parseDurationMs } from "./schema.ts";
import { childSchemas, type LeafMeta, schemaForm } from "./schema_form.ts";
import type { ConfigSchema } from "./schema.ts";
import { suggestion } from "./suggest.ts";
import {
  childNode,
  children,
  type ConfigNode,
  formatPath,
  nearestNode,
  nodeKind,
  type NodePath,
  type Place,
  toPlain,
} from "./tree/node.ts";

/** What came of a check: `config` is undefined when there is an error. */
export interface CheckedSection<Config> {
  readonly config: Config | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Checks the section at `path` of `tree`.
 *
 * @param path Where the section stands, for the problems' paths.
 * @param known Its leaves, where somebody has looked for them already.
 */
export function checkSection<Config>(
  node: ConfigNode,
  schema: ConfigSchema<Config>,
  path: NodePath,
  known: Iterable<Leaf> = leaves(node, [schema], path),
): CheckedSection<Config> {
  const warnings = durationWarnings(known);
  const result = schema.safeParse(toPlain(node));
  if (result.success) return { config: result.data, problems: warnings };
  const problems = result.error.issues.flatMap((issue) => issueProblems(issue, { node, schema, path }));
  // What could not be expanded is reported already.
  const broken = [...brokenPaths(node, path)];
  const isReported = ({ path }: Problem) => broken.some((each) => path === each || path.startsWith(`${each}::`));
  return { config: undefined, problems: [...problems.filter((problem) => !isReported(problem)), ...warnings] };
}

/** What an issue's path counts from. */
interface Frame {
  readonly node: ConfigNode;
  readonly schema: z.core.$ZodType;
  readonly path: NodePath;
}

function issueProblems(issue: z.core.$ZodIssue, frame: Frame): Problem[] {
  const below = issue.path.map((key) => typeof key === "symbol" ? String(key) : key);
  const node = nearestNode(frame.node, below);
  const path = [...frame.path, ...below];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(key, node, path, knownKeys(frame.schema, below)));
    case "invalid_type":
      return [errorAt(node.place, path, typeMessage(issue.expected, childAt(frame.node, below)))];
    case "invalid_union":
      return unionProblems(issue, frame, node, path);
    default:
      return [errorAt(node.place, path, issue.message)];
  }
}

function childAt(root: ConfigNode, path: NodePath): ConfigNode | undefined {
  return path.reduce<ConfigNode | undefined>((node, key) => childNode(node, key), root);
}

function unknownKey(key: string, node: ConfigNode, path: NodePath, known: readonly string[]): Problem {
  const place = (node.kind === "map" ? node.entries.get(key)?.keyPlace : undefined) ?? node.place;
  return errorAt(place, [...path, key], `is an unknown key, ${suggestion(key, known)}`);
}

function knownKeys(schema: z.core.$ZodType, path: NodePath): readonly string[] {
  const schemas = path.reduce<readonly z.core.$ZodType[]>(
    (parents, key) => parents.flatMap((parent) => childSchemas(parent, key)),
    [schema],
  );
  return schemas.flatMap((found) => sectionKeys(found));
}

function sectionKeys(schema: z.core.$ZodType): readonly string[] {
  const form = schemaForm(schema);
  if (form.kind === "union") return form.options.flatMap(sectionKeys);
  return form.kind === "section" ? Object.keys(form.keys) : [];
}

/** Only the kind of what is there is told: a secret may have landed here. */
function typeMessage(expected: string, node: ConfigNode | undefined): string {
  const wanted = { object: "a map", record: "a map", array: "a list" }[expected] ?? `a ${expected}`;
  return node === undefined ? `is missing, wanted ${wanted}` : `is ${nodeKind(node)}, wanted ${wanted}`;
}

/** Of the forms that a value may have, the one that it fits deepest is the one that was meant. */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, frame: Frame, node: ConfigNode, path: NodePath): Problem[] {
  const depth = (issues: readonly z.core.$ZodIssue[]) => Math.min(...issues.map((each) => each.path.length));
  const [best] = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length);
  if (best === undefined) return [errorAt(node.place, path, "fits none of the forms that it may have")];
  const below = issue.path.map((key) => typeof key === "symbol" ? String(key) : key);
  return best.flatMap((inner) => issueProblems({ ...inner, path: [...below, ...inner.path] }, frame));
}

/** The paths of what could not be expanded. */
function* brokenPaths(node: ConfigNode, path: NodePath): Generator<string> {
  if (node.kind === "scalar" && node.broken === true) yield formatPath(path);
  for (const [key, child] of children(node)) yield* brokenPaths(child, [...path, key]);
}

/** A scalar, or a value with a leaf schema, with what the schemas say of it. */
export interface Leaf {
  readonly node: ConfigNode;
  readonly path: NodePath;
  readonly meta: LeafMeta;
}

/** Every value of `node` that a leaf of its schema describes. */
export function* leaves(node: ConfigNode, schemas: readonly z.core.$ZodType[], path: NodePath): Generator<Leaf> {
  for (const schema of schemas) {
    const form = schemaForm(schema);
    if (form.kind === "leaf") yield { node, path, meta: form.meta };
    else if (form.kind === "union") yield* leaves(node, form.options, path);
  }
  for (const [key, child] of children(node)) {
    yield* leaves(child, schemas.flatMap((schema) => childSchemas(schema, key)), [...path, key]);
  }
}

function durationWarnings(leaves: Iterable<Leaf>): Problem[] {
  const isBare = (leaf: Leaf): leaf is Leaf & { node: { place: Place; value: number } } =>
    leaf.meta.kind === "duration" && leaf.node.kind === "scalar" && typeof leaf.node.value === "number" &&
    leaf.node.value !== 0 && parseDurationMs(leaf.node.text) !== undefined;
  return [...leaves].filter(isBare).map(({ node: { place, value }, path }) =>
    warningAt(place, path, `is ${value} nanoseconds, as in the collector: did you mean ${value}s or ${value}ms?`)
  );
}
