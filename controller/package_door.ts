/**
 * Where agents download packages that are kept here: `GET /packages/HASH`, whole or from a byte on.
 *
 * Source: opamp-spec, "Downloading Packages"; RFC 9110, 14 (ranges).
 *
 * @module
 */

import type { PackageCatalog } from "../opamp/server/fleet/package_catalog.ts";
import { PACKAGES_PATH } from "../opamp/server/fleet/package_catalog.ts";
import { toGatewayError } from "../pipeline/core/errors.ts";
import type { AgentSecret } from "./agent_secret.ts";

/** Answers a download. */
export function packageDoor(catalog: PackageCatalog, secret: AgentSecret): (request: Request) => Response {
  return (request) => {
    if (request.method !== "GET" && request.method !== "HEAD") return answer(405);
    if (!secret.isShownBy(request)) return answer(401);
    const [, hash] = /^([0-9a-f]{64})$/.exec(new URL(request.url).pathname.slice(PACKAGES_PATH.length)) ?? [];
    try {
      const content = hash === undefined ? undefined : catalog.content(hash);
      return content === undefined ? answer(404) : answerContent(content, request);
    } catch (thrown) {
      return answer(toGatewayError(thrown).httpStatus);
    }
  };
}

/** Of ranges `bytes=N-` alone, which is how a download goes on; others get the whole. */
function answerContent(content: Uint8Array, { method, headers }: Request): Response {
  const [, digits] = /^bytes=(\d{1,15})-$/.exec(headers.get("range") ?? "") ?? [];
  const from = Number(digits ?? 0);
  const shared = { "content-type": "application/octet-stream", "accept-ranges": "bytes" };
  if (from >= content.length && from > 0) return answer(416, { "content-range": `bytes */${content.length}` });
  const body = method === "HEAD" ? null : content.slice(from);
  const length = { "content-length": String(content.length - from) };
  if (digits === undefined) return new Response(body, { headers: { ...shared, ...length } });
  const range = { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` };
  return new Response(body, { status: 206, headers: { ...shared, ...length, ...range } });
}

function answer(status: number, headers: Record<string, string> = {}): Response {
  return new Response(null, { status, headers });
}
