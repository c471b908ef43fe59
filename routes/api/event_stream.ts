/**
 * Server-Sent Events out of values that come one by one.
 *
 * Source: HTML standard, "Server-sent events".
 *
 * @module
 */

/** What has a type names its event by it. */
interface Typed {
  readonly type: string;
}

/**
 * An answer that is written as fast as the client takes it and no faster; what it does not take is not asked for. Ends
 * when `events` does, and tells `events` to end when the client leaves.
 */
export function eventStream(events: AsyncIterable<Typed>): Response {
  const encoder = new TextEncoder();
  const iterator = events[Symbol.asyncIterator]();
  let greeted = false;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (!greeted) {
        greeted = true; // the client sees that it is answered before there is a sample
        return controller.enqueue(encoder.encode(": begins\n\n"));
      }
      const { value, done } = await iterator.next();
      if (done) controller.close();
      else controller.enqueue(encoder.encode(`event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`));
    },
    async cancel() {
      await iterator.return?.();
    },
  }, { highWaterMark: 1 });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}
