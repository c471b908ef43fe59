/**
 * Agents of node:http that reach a server directly or through a proxy, with or without TLS; for both transports.
 *
 * Source: RFC 9110, 9.3.6 (CONNECT), 11.7 (proxy credentials).
 *
 * @module
 */

import { Buffer } from "node:buffer";
import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";
import tls from "node:tls";
import type { ClientTls, HeaderList, Proxy, ServerConnection } from "./server_connection.ts";

/** How long a proxy may take to open a tunnel, milliseconds. */
const TUNNEL_TIMEOUT_MS = 10_000;

type TlsVersion = "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";
const TLS_VERSIONS: Readonly<Record<string, TlsVersion>> = {
  "1.0": "TLSv1",
  "1.1": "TLSv1.1",
  "1.2": "TLSv1.2",
  "1.3": "TLSv1.3",
};

/** An agent that keeps one connection to the server; `destroy` it when it is no longer needed. */
export function createAgent({ endpoint, tls, proxy }: ServerConnection): http.Agent {
  const isSecure = /^(?:wss|https):/i.test(endpoint);
  const keep = { keepAlive: true, maxSockets: 1 };
  const secure = isSecure ? tlsOptions(tls) : {};
  if (proxy !== undefined) return new TunnelAgent(proxy, isSecure, { ...keep, ...secure });
  return isSecure ? new https.Agent({ ...keep, ...secure }) : new http.Agent(keep);
}

/** Several values of one name become a list. */
export function headerRecord(headers: HeaderList): Record<string, string | string[]> {
  const record: Record<string, string | string[]> = {};
  for (const [name, value] of headers) {
    const earlier = record[name];
    record[name] = earlier === undefined ? value : [earlier, value].flat();
  }
  return record;
}

function tlsOptions(settings: ClientTls): tls.ConnectionOptions {
  const { caPem, includeSystemCas, certPem, keyPem, insecureSkipVerify, cipherSuites, serverName } = settings;
  const options: Record<string, unknown> = {
    ca: caPem === "" ? undefined : includeSystemCas ? [caPem, ...tls.rootCertificates] : [caPem],
    cert: certPem || undefined,
    key: keyPem || undefined,
    rejectUnauthorized: !insecureSkipVerify,
    minVersion: TLS_VERSIONS[settings.minVersion],
    maxVersion: TLS_VERSIONS[settings.maxVersion],
    ciphers: cipherSuites.length > 0 ? cipherSuites.join(":") : undefined,
    servername: serverName || undefined,
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

type OnSocket = (error: Error | null, socket?: Duplex) => void;

/** Opens a tunnel through the proxy, and TLS inside it. */
class TunnelAgent extends https.Agent {
  readonly #proxy: Proxy;
  readonly #isSecure: boolean;

  constructor(proxy: Proxy, isSecure: boolean, options: https.AgentOptions) {
    super(options);
    this.#proxy = proxy;
    this.#isSecure = isSecure;
    // A plain request takes no agent of another protocol.
    Object.assign(this, { protocol: isSecure ? "https:" : "http:" });
  }

  override createConnection(options: tls.ConnectionOptions, onSocket: OnSocket): undefined {
    const target = `${options.host}:${options.port}`;
    openTunnel(this.#proxy, target, (error, socket) => {
      if (socket === undefined) return onSocket(error);
      if (!this.#isSecure) return onSocket(null, socket);
      onSocket(null, tls.connect({ servername: options.host, ...options, socket } as tls.ConnectionOptions));
    });
    return undefined;
  }
}

function openTunnel(proxy: Proxy, target: string, onSocket: OnSocket): void {
  const { protocol, hostname, port, username, password } = new URL(proxy.url);
  const isSecure = protocol === "https:";
  const credentials = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
  const request = (isSecure ? https : http).request({
    host: hostname,
    port: port || (isSecure ? 443 : 80),
    method: "CONNECT",
    path: target,
    headers: {
      host: target,
      ...(username === "" ? {} : { "proxy-authorization": `Basic ${credentials}` }),
      ...headerRecord(proxy.headers),
    },
    agent: false,
    timeout: TUNNEL_TIMEOUT_MS,
  });
  request.once("connect", ({ statusCode }, socket) => {
    if (statusCode === 200) return onSocket(null, socket);
    socket.destroy();
    onSocket(new Error(`Cannot open a tunnel: the proxy answered with status ${statusCode}`));
  });
  request.once("timeout", () => request.destroy(new Error("Cannot open a tunnel: the proxy does not answer")));
  request.once("error", (error) => onSocket(error));
  request.end();
}
