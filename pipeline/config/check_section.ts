/**
 * One section against its schema: the typed config, or its problems with their places.
 *
 * @module
 */

import type { z } from "zod";
import { errorAt, type Problem, sortProblems, warningAt } from "./problem.ts";
import { OF_A_LEAF, parseDurationMs } from "./schema.ts";
import { childSchemas, type LeafMeta, schemaForm } from "./schema_form.ts";
import type { ConfigSchema } from "./schema.ts";
import { MAX_SUGGESTED, suggestion } from "./suggest.ts";
import { pruned } from "./tree/prune.ts";
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
  /** For further checks. undefined: without what is wrong it is none either. */
  readonly judged: Judged<Config> | undefined;
}

/** A section, or what of one can be judged: all but the values that are wrong. */
export interface Judged<Config> {
  readonly config: Config;
  /** @returns Where a problem below the section is told; undefined when it may come of what was left out. */
  locate(below: NodePath): Located | undefined;
}

export interface Located {
  readonly node: ConfigNode;
  /** From the root of the configuration. */
  readonly path: NodePath;
}

/** How often a section is judged anew without what was wrong before. */
const MAX_ROUNDS = 4;

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
  if (result.success) return { config: result.data, problems: warnings, judged: wholly(result.data, node, path) };
  const frame = { node, schema, path };
  const { problems: more, judged } = judgeRest(result.error.issues, frame);
  const problems = sortProblems([...result.error.issues.flatMap((issue) => issueProblems(issue, frame)), ...more]);
  // What could not be expanded is reported already.
  const broken = [...brokenPaths(node, path)];
  const isReported = ({ path }: Problem) => broken.some((each) => path === each || path.startsWith(`${each}::`));
  return { config: undefined, problems: [...problems.filter((problem) => !isReported(problem)), ...warnings], judged };
}

/** A section without errors. */
export function wholly<Config>(config: Config, node: ConfigNode, path: NodePath): Judged<Config> {
  return { config, locate: (below) => ({ node: nearestNode(node, below), path: [...path, ...below] }) };
}

/**
 * A schema looks no further than its first errors: what else is wrong shows in what is left without the values that are
 * wrong by themselves. Of that only what is said of a value that is written there is told, and not of one beside a value
 * that was left out: it may be judged by a default that nobody meant.
 */
function judgeRest<Config>(
  first: readonly z.core.$ZodIssue[],
  { node, schema, path }: Frame & { readonly schema: ConfigSchema<Config> },
): { readonly problems: readonly Problem[]; readonly judged: Judged<Config> | undefined } {
  const problems: Problem[] = [];
  const wrong: Wrong[] = [];
  let issues = first.flatMap(flatIssues);
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const ofLeaves = issues.filter(isOfLeaf);
    wrong.push(...(ofLeaves.length > 0 ? ofLeaves : issues).flatMap(wrongIn));
    const rest = pruned(node, wrong.map((each) => each.path));
    if (rest === undefined) break;
    const locate = (below: NodePath): Located | undefined => {
      const whole = rest.pathInWhole(below);
      const found = childAt(rest.node, below);
      if (found === undefined || wrong.some((each) => mayDecide(each, whole))) return undefined;
      return { node: found, path: [...path, ...whole] };
    };
    const result = schema.safeParse(toPlain(rest.node));
    if (result.success) return { problems, judged: { config: result.data, locate } };
    const found = result.error.issues.flatMap(flatIssues);
    const told = found.filter((issue) => ofLeaves.length > 0 && locate(pathOf(issue)) !== undefined);
    const inWhole = (issue: z.core.$ZodIssue) => ({ ...issue, path: [...rest.pathInWhole(pathOf(issue))] });
    problems.push(...told.map(inWhole).flatMap((issue) => issueProblems(issue, { node, schema, path })));
    issues = found.map(inWhole);
  }
  return { problems, judged: undefined };
}

/** What was left out. */
interface Wrong {
  readonly path: NodePath;
  /** A key that the schema does not know decides nothing. */
  readonly isKnown: boolean;
}

function wrongIn(issue: z.core.$ZodIssue): Wrong[] {
  const path = pathOf(issue);
  if (issue.code !== "unrecognized_keys") return [{ path, isKnown: true }];
  return issue.keys.map((key) => ({ path: [...path, key], isKnown: false }));
}

/** Whether what is said of `path` may come of what was left out: that was in it, or was another key beside it. */
function mayDecide({ path: wrong, isKnown }: Wrong, path: NodePath): boolean {
  const isBeside = isKnown && path.length === wrong.length && typeof path.at(-1) === "string";
  const shared = isBeside ? path.slice(0, -1) : path;
  return shared.length <= wrong.length && shared.every((key, at) => key === wrong[at]);
}

/** Whether it is about a value by itself, whatever stands beside it. */
function isOfLeaf(issue: z.core.$ZodIssue): boolean {
  return issue.code !== "custom" || issue.params === OF_A_LEAF;
}

/** What an issue's path counts from. */
interface Frame {
  readonly node: ConfigNode;
  readonly schema: z.core.$ZodType;
  readonly path: NodePath;
}

function issueProblems(issue: z.core.$ZodIssue, frame: Frame): Problem[] {
  return flatIssues(issue).flatMap((flat) => flatProblems(flat, frame));
}

function flatProblems(issue: z.core.$ZodIssue, frame: Frame): Problem[] {
  const below = pathOf(issue);
  const node = nearestNode(frame.node, below);
  const path = [...frame.path, ...below];
  switch (issue.code) {
    case "unrecognized_keys":
      return unknownKeys(issue.keys, node, path, knownKeys(frame.schema, below));
    case "invalid_type":
      return [errorAt(node.place, path, typeMessage(issue.expected, childAt(frame.node, below)))];
    case "invalid_union":
      return [errorAt(node.place, path, "fits none of the forms that it may have")];
    default:
      return [errorAt(node.place, path, issue.message)];
  }
}

function pathOf({ path }: z.core.$ZodIssue): (string | number)[] {
  return path.map((key) => typeof key === "symbol" ? String(key) : key);
}

/** Of the forms that a value may have, the one that it fits deepest is the one that was meant. */
function flatIssues(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
  if (issue.code !== "invalid_union") return [issue];
  const depth = (issues: readonly z.core.$ZodIssue[]) => Math.min(...issues.map((each) => each.path.length));
  const [best] = issue.errors.toSorted((a, b) => depth(b) - depth(a) || a.length - b.length);
  if (best === undefined) return [issue];
  return best.flatMap((inner) => flatIssues({ ...inner, path: [...issue.path, ...inner.path] }));
}

function childAt(root: ConfigNode, path: NodePath): ConfigNode | undefined {
  return path.reduce<ConfigNode | undefined>((node, key) => childNode(node, key), root);
}

/** The first of them one by one, and how many more there are. */
function unknownKeys(keys: readonly string[], node: ConfigNode, path: NodePath, known: readonly string[]): Problem[] {
  const told = keys.slice(0, MAX_SUGGESTED).map((key) => unknownKey(key, node, path, known));
  const more = keys.length - told.length;
  return more === 0 ? told : [...told, errorAt(node.place, path, `has ${more} more unknown keys`)];
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
