/**
 * Messages without their secrets, for logs, stores and people.
 *
 * Header values, private keys and the credentials of URLs are secrets; certificates, endpoints and header names are not.
 *
 * @module
 */

import type {
  ConnectionSettingsOffers,
  Headers,
  OpAMPConnectionSettings,
  OtherConnectionSettings,
  ProxyConnectionSettings,
  TelemetryConnectionSettings,
  TLSCertificate,
} from "./types.ts";

/** What stands for a secret. */
export const REDACTED = "[REDACTED]";

const REDACTED_BYTES = new TextEncoder().encode(REDACTED);

/** An offer of connection settings as it may be shown. */
export function redactConnectionSettings(offers: ConnectionSettingsOffers): ConnectionSettingsOffers {
  const { otherConnections } = offers;
  return {
    ...offers,
    opamp: redactSettings(offers.opamp),
    ownMetrics: redactSettings(offers.ownMetrics),
    ownTraces: redactSettings(offers.ownTraces),
    ownLogs: redactSettings(offers.ownLogs),
    otherConnections: otherConnections &&
      new Map(Array.from(otherConnections, ([name, settings]) => [name, redactOther(settings)])),
  };
}

/** A URL without user and password; as it is when it is no URL. */
export function redactUrl(url: string): string {
  if (!URL.canParse(url)) return url;
  const parsed = new URL(url);
  if (parsed.username === "" && parsed.password === "") return url;
  parsed.username = REDACTED;
  parsed.password = "";
  return parsed.href;
}

function redactOther(settings: OtherConnectionSettings): OtherConnectionSettings {
  const { otherSettings } = settings;
  return {
    ...redactSettings(settings),
    otherSettings: otherSettings && new Map(Array.from(otherSettings.keys(), (key) => [key, REDACTED])),
  };
}

function redactSettings<Settings extends OpAMPConnectionSettings | TelemetryConnectionSettings>(
  settings: Settings,
): Settings;
function redactSettings<Settings extends OpAMPConnectionSettings | TelemetryConnectionSettings>(
  settings: Settings | undefined,
): Settings | undefined;
function redactSettings<Settings extends OpAMPConnectionSettings | TelemetryConnectionSettings>(
  settings: Settings | undefined,
): Settings | undefined {
  if (settings === undefined) return undefined;
  return {
    ...settings,
    destinationEndpoint: settings.destinationEndpoint && redactUrl(settings.destinationEndpoint),
    headers: redactHeaders(settings.headers),
    certificate: redactCertificate(settings.certificate),
    proxy: redactProxy(settings.proxy),
  };
}

function redactHeaders(headers: Headers | undefined): Headers | undefined {
  return headers && { headers: headers.headers?.map(({ key }) => ({ key, value: REDACTED })) };
}

function redactCertificate(certificate: TLSCertificate | undefined): TLSCertificate | undefined {
  return certificate?.privateKey === undefined ? certificate : { ...certificate, privateKey: REDACTED_BYTES };
}

function redactProxy(proxy: ProxyConnectionSettings | undefined): ProxyConnectionSettings | undefined {
  return proxy && { url: proxy.url && redactUrl(proxy.url), connectHeaders: redactHeaders(proxy.connectHeaders) };
}
