/**
 * A real Redis for tests: started on a free port, paused, killed, started again.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { connect } from "node:net";
import { missingProgram } from "./real_parts.ts";

/** What answers to Redis's protocol. */
export type RedisProgram = "redis-server" | "valkey-server";

/** What a machine lacks for `startRedis`; undefined when it lacks nothing. */
export function missingForRedis(program: RedisProgram = "redis-server"): Promise<string | undefined> {
  return missingProgram(program);
}

export interface RedisServer {
  /** `127.0.0.1:port`; the same after a restart. */
  readonly endpoint: string;
  /** Sends a command. @returns The answer as it comes. */
  command(...words: readonly string[]): Promise<string>;
  pause(): void;
  resume(): void;
  kill(): Promise<void>;
  start(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** @param args Further options of the server. */
export function startRedis(...args: readonly string[]): Promise<RedisServer> {
  return startStore("redis-server", ...args);
}

/** As `startRedis`, of either program. */
export async function startStore(program: RedisProgram, ...args: readonly string[]): Promise<RedisServer> {
  const port = freePort();
  let child: Deno.ChildProcess | undefined;
  const send = (text: string) => ask(port, text);
  const server: RedisServer = {
    endpoint: `127.0.0.1:${port}`,
    command: (...words) =>
      send(
        words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")
          .replace(/^/, `*${words.length}\r\n`),
      ),
    pause: () => child?.kill("SIGSTOP"),
    resume: () => child?.kill("SIGCONT"),
    async kill() {
      child?.kill("SIGKILL");
      await child?.status;
      child = undefined;
    },
    async start() {
      child = new Deno.Command(program, {
        args: ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", ...args],
        stdout: "null",
        stderr: "null",
      }).spawn();
      for (let tries = 0; tries < 200; tries++) {
        if (await send("PING\r\n").then(() => true, () => false)) return;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      throw new Error(`Cannot start ${program}: it does not answer`);
    },
    [Symbol.asyncDispose]: () => server.kill(),
  };
  await server.start();
  return server;
}

function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

function ask(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.once("data", (bytes) => {
      resolve(bytes.toString());
      socket.destroy();
    });
    socket.once("error", reject);
  });
}
