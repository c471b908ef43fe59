import { deepStrictEqual, strictEqual, throws } from "node:assert";
import fc from "fast-check";
import { HeadCache, HttpParseError, ResponseParser } from "../../../../pipeline/exporters/otlp_http/response_parser.ts";
import { MAX_RESPONSE_BYTES, MAX_RESPONSE_HEAD_BYTES } from "../../../../pipeline/exporters/otlp_http/transport.ts";

const encode = (text: string) => new TextEncoder().encode(text);

interface Want {
  readonly status: number;
  readonly body: string;
  readonly reusable: boolean;
}

const whole: { name: string; text: string; closes?: boolean; want: Want }[] = [
  {
    name: "length",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    want: { status: 200, body: "ok", reusable: true },
  },
  { name: "no body", text: "HTTP/1.1 204 No Content\r\n\r\n", want: { status: 204, body: "", reusable: true } },
  {
    name: "no reason",
    text: "HTTP/1.1 200\r\ncontent-length:0\r\n\r\n",
    want: { status: 200, body: "", reusable: true },
  },
  {
    name: "chunked",
    text: "HTTP/1.1 503 x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;a=b\r\nde\r\n0\r\n\r\n",
    want: { status: 503, body: "abcde", reusable: true },
  },
  {
    name: "chunked with trailers",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nx: y\r\n\r\n",
    want: { status: 200, body: "a", reusable: true },
  },
  {
    name: "until close",
    text: "HTTP/1.1 200 OK\r\n\r\nrest",
    closes: true,
    want: { status: 200, body: "rest", reusable: true },
  },
  {
    name: "connection: close",
    text: "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
    want: { status: 200, body: "", reusable: false },
  },
  {
    name: "HTTP/1.0",
    text: "HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx",
    want: { status: 200, body: "x", reusable: false },
  },
  {
    name: "100 before the answer",
    text: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
    want: { status: 200, body: "x", reusable: true },
  },
  {
    name: "more than it announced",
    text: "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxyz",
    want: { status: 200, body: "x", reusable: false },
  },
];

/** Feeds `bytes` in pieces that end at `cuts`. */
function parse(bytes: Uint8Array, cuts: readonly number[], closes: boolean): ResponseParser | undefined {
  const parser = new ResponseParser(new HeadCache());
  let at = 0;
  for (const end of [...cuts, bytes.length]) {
    if (parser.push(bytes.slice(at, end))) return parser;
    at = end;
  }
  return closes && parser.end() ? parser : undefined;
}

Deno.test("ResponseParser reads whole answers", async (t) => {
  for (const { name, text, closes = false, want } of whole) {
    await t.step(name, () => {
      const parser = parse(encode(text), [], closes);
      const response = parser?.response();
      strictEqual(response?.status, want.status);
      strictEqual(new TextDecoder().decode(response?.body), want.body);
      if (!closes) strictEqual(parser?.reusable, want.reusable);
    });
  }
});

Deno.test("ResponseParser gives the same whatever pieces an answer comes in", () => {
  fc.assert(fc.property(
    fc.constantFrom(...whole.filter(({ name }) => name !== "more than it announced")),
    fc.array(fc.nat(200), { maxLength: 6 }),
    ({ text, closes = false, want }, places) => {
      const bytes = encode(text);
      const cuts = places.filter((place) => place < bytes.length).sort((a, b) => a - b);
      const response = parse(bytes, cuts, closes)?.response();
      deepStrictEqual([response?.status, new TextDecoder().decode(response?.body)], [want.status, want.body]);
    },
  ));
});

Deno.test("ResponseParser refuses what is not HTTP/1.1", async (t) => {
  const cases: { name: string; text: string }[] = [
    { name: "another protocol", text: "SSH-2.0-OpenSSH_9.2\r\n" },
    { name: "HTTP/2 frames", text: "\0\0\x12\x04\0\0\0\0\0\0\0" },
    { name: "no status", text: "HTTP/1.1 OK\r\n\r\n" },
    { name: "header without name", text: "HTTP/1.1 200 OK\r\n: x\r\n\r\n" },
    { name: "length that is no number", text: "HTTP/1.1 200 OK\r\ncontent-length: 1e3\r\n\r\n" },
    { name: "unknown transfer coding", text: "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n" },
    { name: "chunk without size", text: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n" },
    { name: "chunk longer than its size", text: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nab\r\n" },
  ];
  for (const { name, text } of cases) {
    await t.step(name, () => {
      throws(() => new ResponseParser(new HeadCache()).push(encode(text)), HttpParseError);
    });
  }
});

Deno.test("ResponseParser reads each head of a connection for itself", () => {
  const heads = new HeadCache();
  for (const status of [200, 200, 503, 200]) {
    const parser = new ResponseParser(heads);
    strictEqual(parser.push(encode(`HTTP/1.1 ${status} x\r\ncontent-length: 0\r\n\r\n`)), true);
    strictEqual(parser.response().status, status);
  }
});

Deno.test("ResponseParser bounds the head", () => {
  const head = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\nx: ";
  const atLimit = head + "a".repeat(MAX_RESPONSE_HEAD_BYTES - head.length - 4) + "\r\n\r\n";
  strictEqual(new ResponseParser(new HeadCache()).push(encode(atLimit)), true);
  throws(
    () => new ResponseParser(new HeadCache()).push(encode(head + "a".repeat(MAX_RESPONSE_HEAD_BYTES - head.length))),
    HttpParseError,
  );
});

Deno.test("ResponseParser cuts a body past the bound and gives the connection up", async (t) => {
  for (const { extra, reusable } of [{ extra: 0, reusable: true }, { extra: 1, reusable: false }]) {
    await t.step(`${extra} bytes past`, () => {
      const size = MAX_RESPONSE_BYTES + extra;
      const parser = new ResponseParser(new HeadCache());
      strictEqual(parser.push(encode(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n${"b".repeat(size)}`)), true);
      strictEqual(parser.response().body.length, MAX_RESPONSE_BYTES);
      strictEqual(parser.reusable, reusable);
    });
  }
});

Deno.test("ResponseParser is not done by a close in the middle", () => {
  const parser = new ResponseParser(new HeadCache());
  strictEqual(parser.push(encode("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab")), false);
  strictEqual(parser.end(), false);
});
