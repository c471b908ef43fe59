/**
 * A client of the admin API.
 *
 * @module
 */

import { ENDPOINTS, type Endpoints } from "../../../routes/admin/endpoints.ts";
import { type TapEvent, tapEventSchema } from "../../../routes/admin/schemas.ts";
import { ApiClient, ApiFailure, type ClientOptions, type Request } from "../../../routes/api/client.ts";

/** Of an answer without end, characters. */
const MAX_EVENT_CHARS = 1024 * 1024;

const WORDS = {
  name: "gateway",
  unreachable: "is it running, with --admin-listen?",
  token: "give a token with --token-file or SLUICE_ADMIN_TOKEN",
};

export class AdminClient extends ApiClient<Endpoints> {
  constructor(options: ClientOptions) {
    super(ENDPOINTS, WORDS, options);
  }

  /** @throws {ApiFailure} */
  async *tap(params: { readonly id: string }, query: Request["query"]): AsyncGenerator<TapEvent> {
    const response = await this.send("tapNode", { params, ...query === undefined ? {} : { query } });
    let text = "";
    for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += part;
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      if (text.length > MAX_EVENT_CHARS) throw new ApiFailure("The answer is of another form: an event has no end");
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) yield tapEventSchema.parse(JSON.parse(data));
      }
    }
  }
}
