/**
 * An admin API at a socket, and a client of it: for tests of what the command line asks for and shows.
 *
 * @module
 */

import { AdminClient } from "../../gateway/admin/cli/client.ts";
import type { View } from "../../gateway/admin/cli/views.ts";
import { createAdminApp } from "../../routes/admin/app.ts";
import { MemoryAdmin } from "./memory_admin.ts";

export interface ServedAdmin extends AsyncDisposable {
  readonly control: MemoryAdmin;
  show(view: View): ReturnType<View>;
}

export function serveAdmin(): ServedAdmin {
  const control = new MemoryAdmin();
  const app = createAdminApp(control, { version: "1.0.0", loopback: true, tokens: undefined });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, app.fetch);
  const client = new AdminClient({ address: `127.0.0.1:${server.addr.port}`, token: undefined });
  return { control, show: (view) => view(client), [Symbol.asyncDispose]: () => server.shutdown() };
}
