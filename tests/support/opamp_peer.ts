/**
 * The reference OpAMP server (tests/peers/opampserver) for tests, driven through its control API.
 *
 * @module
 */

import { freePort } from "./gateway_process.ts";
import { type PeerProcess, startPeer } from "./peers.ts";

/** One AgentToServer as the server got it, or what it could not read. */
export interface PeerEvent {
  readonly n: number;
  readonly uid: string;
  readonly transport: "ws" | "http";
  readonly kinds: readonly string[];
  readonly error?: string;
  /** protojson. */
  readonly message?: Readonly<Record<string, unknown>>;
}

/** An agent as the server sees it. */
export interface PeerAgent {
  readonly uid: string;
  readonly transport: "ws" | "http";
  readonly connected: boolean;
  readonly sequenceNum: number;
  readonly gaps: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly desiredHash: string;
  readonly reportedHash: string;
  readonly remoteConfigStatus: string;
  readonly error: string;
  readonly state: Readonly<Record<string, unknown>>;
}

export interface OpampServerPeer extends PeerProcess {
  /** For WebSockets; with "http" for polling. */
  endpoint(scheme?: "ws" | "http" | "wss" | "https"): string;
  /** @param path Under the control API: "agents/all/config". */
  post(path: string, body?: unknown): Promise<unknown>;
  agents(): Promise<PeerAgent[]>;
  events(): Promise<PeerEvent[]>;
}

export async function startOpampServer(...args: string[]): Promise<OpampServerPeer> {
  const [port, controlPort] = [freePort(), freePort()];
  const control = `http://127.0.0.1:${controlPort}/`;
  const peer = await startPeer(
    "opampserver",
    ["-listen", `127.0.0.1:${port}`, "-control", `127.0.0.1:${controlPort}`, ...args],
    controlPort,
  );
  const call = async (path: string, init?: RequestInit) => {
    const response = await fetch(control + path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot ${path}: status ${response.status}, ${text}`);
    return JSON.parse(text) as unknown;
  };
  return {
    ...peer,
    endpoint: (scheme = "ws") => `${scheme}://127.0.0.1:${port}/v1/opamp`,
    post: (path, body) =>
      call(path, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body ?? {}) }),
    agents: async () => await call("agents") as PeerAgent[],
    events: async () => (await call("events") as { events: PeerEvent[] }).events,
  };
}
