/**
 * A client of the admin API.
 *
 * @module
 */

import { ENDPOINTS, type Endpoints } from "../../../routes/admin/endpoints.ts";
import { ApiClient, type ClientOptions } from "../../../routes/api/client.ts";

const WORDS = {
  name: "gateway",
  unreachable: "is it running, with --admin-listen there? Another address: --address or SLUICE_ADMIN_ADDRESS",
  token: "give a token with --token-file or SLUICE_ADMIN_TOKEN",
};

export class AdminClient extends ApiClient<Endpoints> {
  constructor(options: ClientOptions) {
    super(ENDPOINTS, WORDS, options);
  }
}
