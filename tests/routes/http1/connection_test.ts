/** What only our own HTTP/1.1 decides; the rest is in the contract of the OTLP bindings and in the listener's tests. */

import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import fc from "fast-check";
import { httpServerShape } from "../../../pipeline/config/network/http_server.ts";
import { section } from "../../../pipeline/config/schema.ts";
import { serveHttp } from "../../../routes/listener.ts";
import { RawConnection } from "../../support/raw_http.ts";

const config = section(httpServerShape("127.0.0.1:0")).parse({});
const echo = async (request: Request) => {
  const body = await request.bytes();
  return new Response("here", { headers: { "x-length": String(body.length), "content-length": "4" } });
};

async function withServer(run: (port: number) => Promise<void>, fetch = echo): Promise<void> {
  const server = await serveHttp(config, { fetch });
  try {
    await run(server.address.port);
  } finally {
    await server.shutdown(AbortSignal.timeout(2_000));
  }
}

const post = (length: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${"b".repeat(length)}`;
const chunked = (...sizes: number[]) =>
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n` +
  [...sizes, 0].map((size) => `${size.toString(16)}\r\n${"c".repeat(size)}${size > 0 ? "\r\n" : ""}`).join("") + "\r\n";

/** @returns The text of each answer's `x-length`. */
async function exchange(port: number, text: string, cuts: readonly number[], answers: number): Promise<string[]> {
  using connection = await RawConnection.open(port);
  let sent = 0;
  for (const cut of [...cuts, text.length].sort((a, b) => a - b)) {
    await connection.send(text.slice(sent, cut));
    sent = Math.max(sent, cut);
  }
  const lengths: string[] = [];
  for (let i = 0; i < answers; i++) lengths.push((await connection.answer())?.headers.get("x-length") ?? "none");
  return lengths;
}

Deno.test("requests of one connection, cut anywhere", () =>
  withServer(async (port) => {
    const request = fc.oneof(
      fc.integer({ min: 0, max: 20_000 }).map((length) => ({ text: post(length), length })),
      fc.array(fc.integer({ min: 1, max: 5_000 }), { maxLength: 4 }).map((sizes) => ({
        text: chunked(...sizes),
        length: sizes.reduce((sum, size) => sum + size, 0),
      })),
    );
    const shares = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 4 }), shares, async (requests, cuts) => {
        const text = requests.map((each) => each.text).join("");
        const found = await exchange(port, text, cuts.map((cut) => Math.floor(cut * text.length)), requests.length);
        deepStrictEqual(found, requests.map(({ length }) => String(length)));
      }),
      { numRuns: 40 },
    );
  }));

Deno.test("a connection", async (t) => {
  await t.step(
    "line ends before a request are read over",
    () =>
      withServer(async (port) =>
        deepStrictEqual(await exchange(port, `\r\n${post(3)}\r\n\r\n${post(4)}`, [1], 2), ["3", "4"])
      ),
  );

  await t.step("HTTP/1.0 closes, unless it asks not to", () =>
    withServer(async (port) => {
      using connection = await RawConnection.open(port);
      await connection.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
      strictEqual((await connection.answer())?.headers.get("connection"), "keep-alive");
      await connection.send("GET / HTTP/1.0\r\n\r\n");
      strictEqual((await connection.answer())?.headers.get("connection"), "close");
      ok(await connection.isClosedByPeer());
    }));

  await t.step("HTTP/1.0 gets no chunks: the close ends a body of unknown length", () =>
    withServer(async (port) => {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await connection.write(new TextEncoder().encode("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
      const text = await new Response(connection.readable).text();
      match(text, /\r\nConnection: close\r\n\r\nstreamed$/);
      ok(!/transfer-encoding/i.test(text));
    }, () => Promise.resolve(new Response(new Blob(["streamed"]).stream()))));

  await t.step("a chunk that announces more than a body may have is refused before it comes", async () => {
    const server = await serveHttp({ ...config, max_request_body_size: 1_000 }, { fetch: echo });
    try {
      using connection = await RawConnection.open(server.address.port);
      await connection.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n100000000\r\n");
      strictEqual((await connection.answer())?.status, 413);
    } finally {
      await server.shutdown(AbortSignal.timeout(2_000));
    }
  });

  await t.step(
    "what is no request is told why, in a line of text without any of what came",
    () =>
      withServer(async (port) => {
        const cases: [sent: string, status: number, why: string][] = [
          ["SECRET\r\n\r\n", 400, "the request line is malformed, wanted METHOD TARGET HTTP/1.1"],
          ["GET / HTTP/1.1\nHost: SECRET\n\n", 400, "a line of the head ends without a carriage return, wanted CR LF"],
          [
            `GET / HTTP/1.1\r\nHost: ${"SECRET".repeat(12_000)}`,
            431,
            "the head is too long, wanted 65536 bytes at the most",
          ],
          ["GET / HTTP/3.0\r\nHost: SECRET\r\n\r\n", 505, "wanted HTTP/1.1 or HTTP/1.0"],
        ];
        for (const [sent, status, why] of cases) {
          using connection = await RawConnection.open(port);
          await connection.send(sent);
          const answer = await connection.answer();
          deepStrictEqual(
            [answer?.status, answer?.headers.get("content-type"), new TextDecoder().decode(answer?.body)],
            [status, "text/plain", `Cannot read the request: ${why}\n`],
          );
        }
      }),
  );
  await t.step("every answer has a date", () =>
    withServer(async (port) => {
      using connection = await RawConnection.open(port);
      await connection.send(post(0));
      match((await connection.answer())?.headers.get("date") ?? "", /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
    }));

  await t.step("1,200 of them with bodies larger than the space they are read into", () =>
    withServer(async (port) => {
      const open = await Promise.all(Array.from({ length: 1_200 }, () => RawConnection.open(port)));
      try {
        for (let turn = 0; turn < 2; turn++) {
          await Promise.all(open.map((connection) => connection.send(post(20_000))));
          const answers = await Promise.all(open.map((connection) => connection.answer()));
          deepStrictEqual([...new Set(answers.map((answer) => answer?.headers.get("x-length")))], ["20000"]);
        }
      } finally {
        for (const connection of open) connection[Symbol.dispose]();
      }
    }));
});
