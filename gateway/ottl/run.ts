/**
 * `sluice ottl run`: statements, or a component of a configuration, over OTLP/JSON.
 *
 * @module
 */

import { ConditionList, type ErrorMode, StatementSequence } from "../../ottl/mod.ts";
import { payloadToJson } from "../../pipeline/otlp/json_encode.ts";
import type { Payload } from "../../pipeline/otlp/payload.ts";
import { walk } from "../../pipeline/otlp/ottl/mod.ts";
import { writeLine } from "../console.ts";
import { type Asked, groupsFor, openTexts, readAskedComponent, readInputOf, readTexts } from "./asked.ts";
import type { OttlComponent } from "./component.ts";
import { type Delivered, openComponent } from "./component_run.ts";
import { diffLines, flatten } from "./item_text.ts";
import type { Input } from "./payload_source.ts";
import type { Session } from "./session.ts";
import { tellFailure } from "./usage_error.ts";

export interface RunFlags extends Asked {
  readonly errorMode: ErrorMode;
}

/** What comes of one payload, and what went wrong. */
interface Ran {
  readonly delivered: readonly Delivered[];
  readonly failures: readonly string[];
}

/** Prints the payloads as they are after the statements, and to standard error what they changed. */
export function runStatements(flags: RunFlags): Promise<number> {
  return tellFailure(() => run(flags));
}

async function run(flags: RunFlags): Promise<number> {
  const component = await readAskedComponent(flags);
  const texts = component === undefined ? await readTexts(flags) : undefined;
  const input = await readInputOf(flags);
  const { signal } = input.payloads[0]!;
  const runOne = component === undefined
    ? statementsOver(openTexts(texts!, flags, signal), flags.errorMode)
    : componentOver(component, input);
  for (const payload of input.payloads) {
    // Lines of other signals are as they were.
    const ran = payload.signal === signal ? await runOne(payload) : asItWas(payload);
    print(payload, ran, input);
  }
  return 0;
}

function asItWas(payload: Payload): Ran {
  return { delivered: [{ pipeline: undefined, payload }], failures: [] };
}

function statementsOver(session: Session, errorMode: ErrorMode): (payload: Payload) => Ran {
  return (payload) => {
    const { changed, failures } = runOver(payload, session, errorMode);
    return { delivered: [{ pipeline: undefined, payload: changed }], failures };
  };
}

function componentOver(component: OttlComponent, { payloads }: Input): (payload: Payload) => Promise<Ran> {
  const { signal } = payloads[0]!;
  groupsFor(component, signal);
  const failures: string[] = [];
  const opened = openComponent(component, signal, (line) => failures.push(line));
  return async (payload) => {
    failures.length = 0;
    return { delivered: await opened.run(payload), failures: [...failures] };
  };
}

function print(payload: Payload, { delivered, failures }: Ran, { isLines }: Input): void {
  const before = flatten(jsonOf(payload));
  if (delivered.length === 0) writeLine(Deno.stderr, "nothing is left");
  for (const { pipeline, payload: after } of delivered) {
    const json = jsonOf(after);
    writeLine(Deno.stdout, isLines ? JSON.stringify(json) : JSON.stringify(json, null, 2));
    if (pipeline !== undefined) writeLine(Deno.stderr, `to ${pipeline}: ${after.itemCount} of ${payload.itemCount}`);
    else for (const line of diffLines(before, flatten(json))) writeLine(Deno.stderr, line);
  }
  for (const line of failures) writeLine(Deno.stderr, line);
}

/**
 * The payload after the statements, and one line for each text that failed.
 *
 * @param check Called for each item; what it throws ends the run.
 */
export function runOver(payload: Payload, session: Session, errorMode: ErrorMode, check = () => {}) {
  const when = new ConditionList(session.conditions, errorMode);
  const sequence = new StatementSequence(session.statements, errorMode);
  const changed = walk(payload, session.cursor, {
    visit: {
      [session.context]: (item: object) => {
        check();
        if (session.conditions.length === 0 || when.matches(item)) sequence.run(item);
        return true;
      },
    },
  });
  const failures = [...when.drainFailures(), ...sequence.drainFailures()];
  return { changed, failures: failures.map(({ text, count, error }) => `failed ${count}x: ${text}: ${error.message}`) };
}

export function jsonOf(payload: Payload): unknown {
  return JSON.parse(new TextDecoder().decode(payloadToJson(payload)));
}
