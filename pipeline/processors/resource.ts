/**
 * Processor `resource`: edits the attributes of resources.
 *
 * Source: the collector's resourceprocessor v0.157; collector reference 6.4.
 *
 * @module
 */

import type { z } from "zod";
import { section } from "../config/schema.ts";
import type { ProcessorFactory } from "../contract/component.ts";
import { Cursor } from "../otlp/ottl/mod.ts";
import { SIGNAL_NAMES } from "../otlp/signals.ts";
import { attributeActions } from "../statements/attribute_actions.ts";
import { AttributeEditor } from "../statements/attribute_editor.ts";

const resourceSchema = section({ attributes: attributeActions() });

export type ResourceConfig = z.output<typeof resourceSchema>;

export const resourceFactory: ProcessorFactory<ResourceConfig> = {
  type: "resource",
  summary: "Inserts, updates, deletes, hashes, extracts and converts attributes of resources.",
  signals: SIGNAL_NAMES,
  schema: resourceSchema,
  create: ({ attributes: actions }, deps, next) =>
    new AttributeEditor({ context: "resource", actions, selection: undefined }, new Cursor(deps.signal), deps, next),
};
