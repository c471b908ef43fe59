/**
 * The admin API and its pages as a Hono app.
 *
 * @module
 */

import type { Hono } from "hono";
import { createApi } from "../api/app.ts";
import type { GuardOptions } from "../api/guard.ts";
import type { AdminControl } from "./control.ts";
import { ENDPOINTS } from "./endpoints.ts";
import { createHandlers } from "./handlers.ts";
import { adminDocument } from "./openapi.ts";
import { adminPage } from "./pages/admin_page.ts";
import { docsPage } from "./pages/docs_page.ts";
import type { Page } from "./pages/page.ts";

export interface AdminAppOptions extends GuardOptions {
  /** Of the gateway. */
  readonly version: string;
}

/** An app whose `fetch` serves the API below /api/v1/, the operators' page at / and the API's own page at /docs. */
export function createAdminApp(control: AdminControl, { version, ...guard }: AdminAppOptions): Hono {
  const app = createApi({
    ...guard,
    endpoints: ENDPOINTS,
    handlers: createHandlers(control),
    audit: control.audit,
    document: adminDocument(version),
  });
  app.get("/", () => pageAnswer(adminPage));
  app.get("/docs", () => pageAnswer(docsPage));
  return app;
}

function pageAnswer({ html, contentSecurityPolicy }: Page): Response {
  return new Response(html, {
    headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": contentSecurityPolicy },
  });
}
