/**
 * The controller as its users run it: a process started from main.ts, with a directory that may outlive it.
 *
 * @module
 */

import { strictEqual } from "node:assert";
import { type Ended, freePort, type GatewayProcess, runMain, startMain } from "./gateway_process.ts";

export interface ControllerOptions {
  readonly stateDir: string;
  readonly port?: number;
  readonly args?: readonly string[];
  /** Of an operator; for `ask` and `cli`. */
  readonly token?: string;
}

/** What an endpoint answered. */
// deno-lint-ignore no-explicit-any -- a test reads what it expects to be there
export type Json = any;

export class ControllerProcess implements AsyncDisposable {
  readonly process: GatewayProcess;
  readonly port: number;
  readonly #token: string | undefined;

  private constructor(process: GatewayProcess, port: number, token: string | undefined) {
    this.process = process;
    this.port = port;
    this.#token = token;
  }

  /** Starts it and waits until it listens. */
  static async start({ stateDir, port = freePort(), args = [], token }: ControllerOptions): Promise<ControllerProcess> {
    const listen = ["--listen", `127.0.0.1:${port}`, "--state-dir", stateDir];
    const process = await startMain(["controller", ...listen, ...args], "The controller listens");
    return new ControllerProcess(process, port, token);
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  fetch(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`http://${this.address}${path}`, {
      method,
      headers: {
        ...this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` },
        ...body === undefined ? {} : { "content-type": "application/json" },
      },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
    });
  }

  /** @throws {AssertionError} The status is not 200. */
  async ask(method: string, path: string, body?: unknown): Promise<Json> {
    const response = await this.fetch(method, path, body);
    const text = await response.text();
    strictEqual(response.status, 200, `${method} ${path}: ${text}`);
    return JSON.parse(text);
  }

  get(path: string): Promise<Json> {
    return this.ask("GET", path);
  }

  /** Runs `sluice controller …`. */
  cli(...args: string[]): Promise<Ended> {
    const env = this.#token === undefined ? {} : { SLUICE_CONTROLLER_TOKEN: this.#token };
    return runMain(["controller", ...args, "--address", this.address], { env });
  }

  async kill(): Promise<void> {
    await this.process.stop("SIGKILL");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.process[Symbol.asyncDispose]();
  }
}
