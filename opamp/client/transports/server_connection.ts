/**
 * How the server is reached, and what an offer of OpAMP connection settings makes of it.
 *
 * Source: opamp-spec "OpAMPConnectionSettings", "Connection Settings Management".
 *
 * @module
 */

import type { OpAMPConnectionSettings, TLSCertificate, TLSConnectionSettings } from "../../protocol/messages.ts";

/** What an endpoint without a path means. */
const DEFAULT_PATH = "/v1/opamp";

/** No interval is longer, milliseconds. */
export const MAX_INTERVAL_MS = 86_400_000;

/** TLS of a client. Certificates and keys as PEM, "" = none. */
export interface ClientTls {
  /** Who may sign the server's certificate; "" = the platform's authorities. */
  readonly caPem: string;
  /** Whether the platform's authorities count beside `caPem`. */
  readonly includeSystemCas: boolean;
  readonly certPem: string;
  readonly keyPem: string;
  readonly insecureSkipVerify: boolean;
  /** "1.0" to "1.3"; "" = the platform's. */
  readonly minVersion: string;
  readonly maxVersion: string;
  readonly cipherSuites: readonly string[];
  /** Name that the server's certificate must have; "" = the endpoint's host. */
  readonly serverName: string;
}

export const DEFAULT_CLIENT_TLS: ClientTls = {
  caPem: "",
  includeSystemCas: false,
  certPem: "",
  keyPem: "",
  insecureSkipVerify: false,
  minVersion: "1.2",
  maxVersion: "",
  cipherSuites: [],
  serverName: "",
};

/** Names and values; a name may come twice. */
export type HeaderList = readonly (readonly [name: string, value: string])[];

/** An HTTP proxy that tunnels with CONNECT. */
export interface Proxy {
  /** http or https; user and password in it become Proxy-Authorization. */
  readonly url: string;
  readonly headers: HeaderList;
}

/** All that a connection to a server needs. */
export interface ServerConnection {
  /** ws, wss, http or https; the scheme chooses the transport. */
  readonly endpoint: string;
  readonly headers: HeaderList;
  readonly tls: ClientTls;
  readonly proxy: Proxy | undefined;
  /** As the server wants it, milliseconds; 0 = none. undefined: it has not said. */
  readonly heartbeatIntervalMs: number | undefined;
}

export type TransportKind = "websocket" | "http";

/** Which transport an endpoint means; undefined when it is no such URL. */
export function transportOf(endpoint: string): TransportKind | undefined {
  if (!URL.canParse(endpoint)) return undefined;
  const { protocol } = new URL(endpoint);
  if (protocol === "ws:" || protocol === "wss:") return "websocket";
  return protocol === "http:" || protocol === "https:" ? "http" : undefined;
}

/** The URL to connect to: the endpoint, with the default path when it has none. */
export function endpointUrl(endpoint: string): URL {
  const url = new URL(endpoint);
  if (url.pathname === "/" || url.pathname === "") url.pathname = DEFAULT_PATH;
  return url;
}

/** What an offer would make of a connection. */
export type MergedOffer =
  | { readonly candidate: ServerConnection; readonly problem?: undefined }
  | { readonly candidate?: undefined; readonly problem: string };

/**
 * The connection that `offer` describes.
 *
 * Endpoint, headers, TLS and proxy that are not in the offer stay; a certificate that is not in it is used no more, but
 * an offer of nothing than an interval leaves everything else alone. The interval is always the offer's: absent is 0.
 *
 * @param keyPem The private key for a certificate that comes without one: made for a certificate request, or in use.
 */
export function mergeOffer(current: ServerConnection, offer: OpAMPConnectionSettings, keyPem: string): MergedOffer {
  const heartbeatIntervalMs = Math.min((offer.heartbeatIntervalSeconds ?? 0) * 1_000, MAX_INTERVAL_MS);
  if (isIntervalAlone(offer)) return { candidate: { ...current, heartbeatIntervalMs } };
  const endpoint = offer.destinationEndpoint || current.endpoint;
  if (transportOf(endpoint) === undefined) return { problem: "destination_endpoint is no ws, wss, http or https URL" };
  const certificate = readCertificate(offer.certificate, keyPem);
  if (certificate.problem !== undefined) return certificate;
  const tls = mergeTls(current.tls, offer.tls);
  if (tls === undefined) return { problem: "tls has a version that is none of 1.0 to 1.3" };
  return {
    candidate: {
      endpoint,
      headers: offer.headers === undefined ? current.headers : headerList(offer.headers),
      tls: { ...tls, certPem: certificate.certPem, keyPem: certificate.keyPem },
      proxy: offer.proxy === undefined ? current.proxy : readProxy(offer.proxy),
      heartbeatIntervalMs,
    },
  };
}

/** Whether two connections differ in more than the interval, so that the new one must be tried. */
export function needsReconnect(a: ServerConnection, b: ServerConnection): boolean {
  const withoutInterval = (connection: ServerConnection) => JSON.stringify({ ...connection, heartbeatIntervalMs: 0 });
  return withoutInterval(a) !== withoutInterval(b);
}

/** Header values of the protocol's form. */
export function headerList(headers: OpAMPConnectionSettings["headers"]): HeaderList {
  return (headers?.headers ?? []).map(({ key = "", value = "" }) => [key, value] as const);
}

/** Whether an offer is of nothing but an interval. */
export function isIntervalAlone(
  { destinationEndpoint, headers, certificate, tls, proxy }: OpAMPConnectionSettings,
): boolean {
  return !destinationEndpoint && [headers, certificate, tls, proxy].every((part) => part === undefined);
}

type CertificatePair =
  | { readonly certPem: string; readonly keyPem: string; readonly problem?: undefined }
  | { readonly problem: string };

function readCertificate(certificate: TLSCertificate | undefined, localKeyPem: string): CertificatePair {
  if (certificate === undefined) return { certPem: "", keyPem: "" };
  const keyPem = pemText(certificate.privateKey) || localKeyPem;
  const certPem = pemText(certificate.cert);
  if (certPem === "") return { problem: "certificate has no cert" };
  if (keyPem === "") return { problem: "certificate has no private_key, and no request for one was made here" };
  // The authority's own goes along as a part of the chain; it is not trusted for anything else.
  return { certPem: [certPem, pemText(certificate.caCert)].filter((pem) => pem !== "").join("\n"), keyPem };
}

function pemText(pem: Uint8Array | undefined): string {
  return new TextDecoder().decode(pem);
}

function mergeTls(current: ClientTls, offer: TLSConnectionSettings | undefined): ClientTls | undefined {
  if (offer === undefined) return current;
  const minVersion = readVersion(offer.minVersion ?? "", "1.2");
  const maxVersion = readVersion(offer.maxVersion ?? "", "");
  if (minVersion === undefined || maxVersion === undefined) return undefined;
  return {
    ...current,
    caPem: offer.caPemContents ?? "",
    includeSystemCas: offer.includeSystemCaCertsPool ?? false,
    insecureSkipVerify: offer.insecureSkipVerify ?? false,
    minVersion,
    maxVersion,
    cipherSuites: offer.cipherSuites ?? [],
  };
}

/** "1.2" and "TLSv1.2" are the same. */
function readVersion(version: string, otherwise: string): string | undefined {
  if (version === "") return otherwise;
  return /^(?:TLSv)?(1\.[0-3])$/.exec(version)?.[1];
}

function readProxy({ url = "", connectHeaders }: NonNullable<OpAMPConnectionSettings["proxy"]>): Proxy | undefined {
  return url === "" ? undefined : { url, headers: headerList(connectHeaders) };
}
