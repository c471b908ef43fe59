/**
 * A processor that edits the attributes of items: what `attributes` and `resource` are made of.
 *
 * @module
 */

import type { Expression } from "../../ottl/mod.ts";
import type { OttlLimits } from "../../ottl/limits.ts";
import { OttlMap, type Value } from "../../ottl/values/value.ts";
import type { ComponentDeps } from "../contract/component.ts";
import { type Consumer, KEPT, type Outcome } from "../contract/consumer.ts";
import { type ContextName, type Cursor, openContext, type Visitor, walk } from "../otlp/ottl/mod.ts";
import type { Payload } from "../otlp/payload.ts";
import { type AttributeAction, compileActions } from "./attribute_actions.ts";
import { BatchRun } from "./batch_run.ts";
import { createTools } from "./loader.ts";

/** How long one batch may take, milliseconds. Actions are cheap: only regular expressions over long texts come near it. */
const BATCH_LIMIT_MS = 2_000;

/** Which items are edited, where not all are. */
export interface Selection {
  /** What is asked: an item, or what it lies in. */
  readonly context: ContextName;
  /** @throws {OttlError} It cannot be told: the batch is refused. */
  holds(cursor: Cursor): boolean;
}

export interface AttributeEditing {
  /** Of the items. */
  readonly context: ContextName;
  readonly actions: readonly AttributeAction[];
  readonly selection: Selection | undefined;
}

export class AttributeEditor implements Consumer {
  readonly #cursor: Cursor;
  readonly #visit: { readonly [Context in ContextName]?: Visitor };
  readonly #batch: BatchRun;
  readonly #next: Consumer;

  /** @param cursor What the selection asks. */
  constructor({ context, actions, selection }: AttributeEditing, cursor: Cursor, deps: ComponentDeps, next: Consumer) {
    const { limits } = createTools(deps);
    this.#cursor = cursor;
    this.#visit = visitors(context, editing(context, cursor, actions, limits), selection);
    this.#batch = new BatchRun(deps, BATCH_LIMIT_MS, [], limits.budget);
    this.#next = next;
  }

  /** @throws {GatewayError} The selection failed on an item, or a bound is passed; or of the next consumer. */
  consume(payload: Payload, abort: AbortSignal): Promise<Outcome> {
    const { checkDeadline } = this.#batch;
    const options = { visit: this.#visit, checkDeadline };
    const changed = this.#batch.run(payload.byteLength, () => walk(payload, this.#cursor, options));
    return changed.chunks.length === 0 ? Promise.resolve(KEPT) : this.#next.consume(changed, abort);
  }

  admit(bodyBytes: number): void {
    this.#next.admit?.(bodyBytes);
  }
}

/** Edits what the cursor stands at. */
function editing(
  context: ContextName,
  cursor: Cursor,
  actions: readonly AttributeAction[],
  limits: OttlLimits,
): Visitor {
  const { resolver } = openContext(cursor.signal, context, cursor);
  const pathTo = (keys: readonly Expression[]) =>
    resolver.resolve({ context, fields: [{ name: "attributes", keys }], text: `${context}.attributes` });
  const setterOf = (key: string, value: Value) => {
    const path = pathTo([{ constant: key, evaluate: () => key }]);
    const set = path.constantSetter?.(value) ?? ((item: Cursor) => path.set(item, value));
    return () => set(cursor);
  };
  const attributes = pathTo([]).get(cursor);
  if (!(attributes instanceof OttlMap)) throw new TypeError(`Cannot edit ${context}.attributes: it is no map`);
  const edit = compileActions(actions, setterOf, limits);
  return ({ origin }) => {
    edit(attributes, origin);
    return true;
  };
}

function visitors(context: ContextName, edit: Visitor, selection: Selection | undefined) {
  if (selection === undefined) return { [context]: edit };
  if (selection.context === context) {
    return { [context]: (cursor: Cursor) => selection.holds(cursor) ? edit(cursor) : true };
  }
  let isSelected = false;
  return {
    [selection.context]: (cursor: Cursor) => {
      isSelected = selection.holds(cursor);
      return true;
    },
    [context]: (cursor: Cursor) => isSelected ? edit(cursor) : true,
  };
}
