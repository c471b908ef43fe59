/**
 * Whether anybody keeps the headers that others ask for.
 *
 * @module
 */

import type { Leaf } from "../check_section.ts";
import type { ComponentSection } from "../gateway_config.ts";
import { type Problem, warningAt } from "../problem.ts";
import type { ConfigNode } from "../tree/node.ts";
import type { Configured } from "./connections.ts";

interface WithLeaves extends Configured {
  /** Every value that its schema describes. */
  readonly leaves: () => readonly Leaf[];
}

type Sections = Readonly<Record<ComponentSection, ReadonlyMap<string, WithLeaves>>>;

/**
 * Without a receiver that keeps headers, whoever asks for them finds none, and says nothing.
 *
 * @param users By which pipelines a component is used, by its id.
 */
export function metadataWarnings(
  { receivers, ...others }: Sections,
  users: Readonly<Record<ComponentSection, { has(id: string): boolean }>>,
): Problem[] {
  if ([...receivers.values()].some(keepsMetadata)) return [];
  return (Object.entries(others) as [ComponentSection, Sections[ComponentSection]][]).flatMap(([section, components]) =>
    [...components.values()].filter((component) => users[section].has(component.id) && asksMetadata(component)).map(
      ({ keyPlace, path }) => {
        const message = "asks for client metadata, and no receiver keeps it: it will find none, " +
          "wanted include_metadata: true at the receiver";
        return warningAt(keyPlace, path, message);
      },
    )
  );
}

function keepsMetadata(component: WithLeaves): boolean {
  return component.leaves().some(({ node, meta }) =>
    meta.keepsMetadata === true && node.kind === "scalar" && node.value === true
  );
}

function asksMetadata(component: WithLeaves): boolean {
  return component.leaves().some(({ node, meta: { asksMetadata: asks } }) =>
    asks !== undefined && textsIn(node).some((text) => asks(text))
  );
}

/** A scalar's text, or those of a list's scalars. */
function textsIn(node: ConfigNode): string[] {
  if (node.kind === "scalar") return [node.text];
  return node.kind === "list" ? node.items.flatMap((item) => item.kind === "scalar" ? [item.text] : []) : [];
}
