/**
 * Lists that an API gives a page at a time.
 *
 * @module
 */

interface Page<Item> {
  readonly body: { readonly items: readonly Item[]; readonly next_cursor: string | null };
}

/** Every item of a list. */
export async function all<Item>(
  ask: (page: { limit: number; cursor?: string }) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | null | undefined = undefined;
  do {
    const { body }: Page<Item> = await ask({ limit: 500, ...cursor === undefined ? {} : { cursor } });
    items.push(...body.items);
    cursor = body.next_cursor ?? null;
  } while (cursor !== null);
  return items;
}
