/**
 * A page in one piece: its style and script stand in it, and the policy names them by their hashes, so that nothing
 * else can run in it and nothing is fetched from elsewhere.
 *
 * @module
 */

import { createHash } from "node:crypto";

export interface Page {
  readonly html: string;
  readonly contentSecurityPolicy: string;
}

export interface PageParts {
  readonly title: string;
  readonly style: string;
  /** HTML of the body. */
  readonly body: string;
  /** A module. */
  readonly script: string;
}

export function makePage({ title, style, body, script }: PageParts): Page {
  const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
${body}
<script type="module">${script}</script>
</body>
</html>
`;
  const policy = [
    "default-src 'none'",
    `style-src '${hashOf(style)}'`,
    `script-src '${hashOf(script)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return { html, contentSecurityPolicy: policy.join("; ") };
}

function hashOf(text: string): string {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}
