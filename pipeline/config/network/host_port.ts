/**
 * `host:port` of a server that a component connects to. Where one listens is another matter: `http_server.ts`, where an
 * empty host is every address and port 0 any port.
 *
 * @module
 */

import { leaf, readText } from "../schema.ts";

export interface HostPort {
  /** A name or an address, an IPv6 one without its brackets. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** A key that holds `host:port`. */
export const hostPort = () =>
  leaf("string", "host:port", (input) => {
    const text = readText(input);
    return text !== undefined && parseHostPort(text) !== undefined ? text : undefined;
  }, { reaches: "host" });

/** `redis:6379`, `[::1]:6379`; spaces around it do not count. @returns undefined: it is none. */
export function parseHostPort(text: string): HostPort | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const port = Number(digits);
  const host = bracketed ?? plain;
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}
