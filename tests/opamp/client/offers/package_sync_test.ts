import { deepStrictEqual, strictEqual } from "node:assert";
import { fetchDownloader } from "../../../../opamp/client/offers/fetch_downloader.ts";
import {
  DEFAULT_PACKAGE_POLICY,
  type Downloader,
  type PackagePolicy,
  PackageSync,
} from "../../../../opamp/client/offers/package_sync.ts";
import { nameOf, PackageStatusEnum } from "../../../../opamp/protocol/capabilities.ts";
import { sha256 } from "../../../../opamp/protocol/hashes.ts";
import type { PackageAvailable, PackagesAvailable, PackageStatuses } from "../../../../opamp/protocol/messages.ts";
import { FakeClock, settle } from "../../../support/fake_clock.ts";
import { MemoryPackageStore } from "../../../support/memory_packages.ts";

const utf8 = (text: string) => new TextEncoder().encode(text);

function available(content: string, version = "1"): PackageAvailable {
  return {
    type: 1,
    version,
    hash: utf8(`hash of ${version} ${content}`),
    file: {
      downloadUrl: `http://files/${content}`,
      contentHash: sha256(utf8(content)),
      headers: { headers: [{ key: "X-Token", value: "t" }] },
    },
  };
}

const offerOf = (hash: string, packages: Record<string, PackageAvailable>): PackagesAvailable => ({
  allPackagesHash: utf8(hash),
  packages: new Map(Object.entries(packages)),
});

/** Answers of a file server, one a request; the last stays. */
type Answer = { readonly status?: number; readonly chunks?: readonly string[]; readonly breaks?: boolean };

class Fixture {
  readonly clock = new FakeClock(1);
  readonly store = new MemoryPackageStore();
  readonly requests: string[] = [];
  readonly reports: PackageStatuses[] = [];
  readonly sync: PackageSync;
  readonly #abort = new AbortController();

  constructor(answers: readonly Answer[], policy: Partial<PackagePolicy> = {}) {
    const downloader: Downloader = {
      get: (url, headers, fromByte) => {
        this.requests.push(`${url} ${headers.map((header) => header.join("=")).join()} from ${fromByte}`);
        const { status = 200, chunks = [], breaks = false } = answers[this.requests.length - 1] ?? answers.at(-1) ?? {};
        return Promise.resolve({ status, body: bodyOf(chunks, breaks), totalBytes: 100 });
      },
    };
    this.sync = new PackageSync({
      store: this.store,
      downloader,
      clock: this.clock,
      policy: { ...DEFAULT_PACKAGE_POLICY, ...policy },
      report: (statuses) => void this.reports.push(statuses),
    });
  }

  async take(offer: PackagesAvailable): Promise<string | undefined> {
    let result: string | undefined | false = false;
    this.sync.sync(offer, this.#abort.signal).then((problem) => result = problem);
    while (result === false) await this.clock.advance(100);
    return result;
  }

  abort(): void {
    this.#abort.abort();
  }

  /** "name status has/offered error" of the last report. */
  get told(): string[] {
    return describe(this.reports.at(-1));
  }
}

function describe(statuses: PackageStatuses | undefined): string[] {
  return Array.from(
    statuses?.packages ?? [],
    ([name, { status, agentHasVersion = "-", serverOfferedVersion = "-", errorMessage }]) =>
      [name, nameOf(PackageStatusEnum, status), `${agentHasVersion}/${serverOfferedVersion}`, errorMessage ?? ""]
        .join(" ").trim(),
  );
}

async function* bodyOf(chunks: readonly string[], breaks: boolean): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) {
    await Promise.resolve();
    yield utf8(chunk);
  }
  if (breaks) throw new Error("connection reset");
}

Deno.test("C74, C76, C78, C79: packages come, with the offered headers, and all is told", async () => {
  const fixture = new Fixture([{ chunks: ["con", "tent"] }]);
  strictEqual(await fixture.take(offerOf("p1", { a: available("content") })), undefined);
  deepStrictEqual(fixture.requests, ["http://files/content X-Token=t from 0"]);
  deepStrictEqual(fixture.told, ["a Installed 1/1"]);
  deepStrictEqual([...new Set(fixture.reports.flatMap(describe))], [
    "a Downloading -/1",
    "a Installing -/1",
    "a Installed 1/1",
  ]);
  deepStrictEqual(fixture.reports.at(-1)?.serverProvidedAllPackagesHash, utf8("p1"));
  deepStrictEqual(fixture.store.allPackagesHash, utf8("p1"));
  strictEqual(fixture.store.partials.size, 0);
});

Deno.test("C74: what is there is not fetched again", async (t) => {
  const fixture = new Fixture([{ chunks: ["content"] }]);
  await fixture.take(offerOf("p1", { a: available("content") }));
  await t.step("the same offer", async () => {
    await fixture.take(offerOf("p1", { a: available("content") }));
    deepStrictEqual(fixture.told, ["a Installed 1/1"]);
  });
  await t.step("the same package in another offer", async () => {
    await fixture.take(offerOf("p2", { a: available("content") }));
    deepStrictEqual(fixture.store.allPackagesHash, utf8("p2"));
  });
  await t.step("the same content in another package", async () => {
    await fixture.take(offerOf("p3", { a: available("content", "2") }));
    deepStrictEqual(fixture.told, ["a Installed 2/2"]);
  });
  strictEqual(fixture.requests.length, 1);
});

Deno.test("C75: what is not offered is removed", async () => {
  const fixture = new Fixture([{ chunks: ["a"] }, { chunks: ["b"] }]);
  await fixture.take(offerOf("p1", { a: available("a"), b: available("b") }));
  await fixture.take(offerOf("p2", { b: available("b") }));
  deepStrictEqual([...fixture.store.packages.keys()], ["b"]);
  deepStrictEqual(fixture.told, ["b Installed 1/1"]);
});

Deno.test("C77: what does not check out is not installed", async (t) => {
  const cases: { name: string; answers: Answer[]; policy?: Partial<PackagePolicy>; want: string; requests: number }[] =
    [
      {
        name: "another content",
        answers: [{ chunks: ["content!"] }],
        want: "its content does not have the offered hash",
        requests: 1,
      },
      {
        name: "signature",
        answers: [{ chunks: ["content"] }],
        policy: { verify: (_name, _content, signature) => Promise.resolve(signature ? undefined : "it is not signed") },
        want: "it is not signed",
        requests: 1,
      },
      {
        name: "one byte too large",
        answers: [{ chunks: ["conten", "t"] }],
        policy: { maxBytes: 6 },
        want: "its content is larger than 6 bytes",
        requests: 1,
      },
      {
        name: "local view",
        answers: [{}],
        policy: { check: () => "the host is not allowed" },
        want: "the host is not allowed",
        requests: 0,
      },
      { name: "404", answers: [{ status: 404 }], want: "the download was answered with status 404", requests: 1 },
      { name: "500", answers: [{ status: 500 }], want: "the download was answered with status 500", requests: 3 },
      { name: "redirect", answers: [{ status: 302 }], want: "the download was answered with status 302", requests: 1 },
    ];
  for (const { name, answers, policy, want, requests } of cases) {
    await t.step(name, async () => {
      const fixture = new Fixture(answers, policy);
      strictEqual(await fixture.take(offerOf("p1", { a: available("content") })), `a: ${want}`);
      deepStrictEqual(fixture.told, [`a InstallFailed -/1 ${want}`]);
      strictEqual(fixture.requests.length, requests);
      strictEqual(fixture.store.packages.size, 0);
      strictEqual(fixture.store.allPackagesHash, undefined);
      deepStrictEqual(fixture.reports.at(-1)?.serverProvidedAllPackagesHash, utf8("p1"), "it is not offered again");
    });
  }
  await t.step("exactly the largest size", async () => {
    const fixture = new Fixture([{ chunks: ["content"] }], { maxBytes: 7 });
    strictEqual(await fixture.take(offerOf("p1", { a: available("content") })), undefined);
  });
});

Deno.test("a download that breaks", async (t) => {
  const broken = { chunks: ["con"], breaks: true };
  await t.step("goes on where it broke", async () => {
    const fixture = new Fixture([broken, { status: 206, chunks: ["tent"] }]);
    strictEqual(await fixture.take(offerOf("p1", { a: available("content") })), undefined);
    deepStrictEqual(fixture.requests.map((request) => request.split(" ").at(-1)), ["0", "3"]);
  });
  await t.step("begins anew with a server that knows no ranges", async () => {
    const fixture = new Fixture([broken, { chunks: ["content"] }]);
    strictEqual(await fixture.take(offerOf("p1", { a: available("content") })), undefined);
  });
  await t.step("begins anew when the parts do not make the content", async () => {
    const fixture = new Fixture([{ chunks: ["xxx"], breaks: true }, { status: 206, chunks: ["tent"] }, {
      chunks: ["content"],
    }]);
    strictEqual(await fixture.take(offerOf("p1", { a: available("content") })), undefined);
    deepStrictEqual(fixture.requests.map((request) => request.split(" ").at(-1)), ["0", "3", "0"]);
  });
  await t.step("begins anew when there is no more to get", async () => {
    const fixture = new Fixture([{ chunks: ["xxxxxxxxxx"], breaks: true }, { status: 416 }, { chunks: ["content"] }]);
    strictEqual(await fixture.take(offerOf("p1", { a: available("content") })), undefined);
  });
  await t.step("is given up after three times; the next offer goes on", async () => {
    const fixture = new Fixture([broken, { status: 206, breaks: true }, { status: 206, breaks: true }, {
      status: 206,
      chunks: ["tent"],
    }]);
    strictEqual(
      await fixture.take(offerOf("p1", { a: available("content") })),
      "a: the download broke: connection reset",
    );
    strictEqual(await fixture.take(offerOf("p2", { a: available("content") })), undefined);
    strictEqual(fixture.requests.at(-1)?.split(" ").at(-1), "3");
  });
});

Deno.test("one that fails keeps no other from coming, and the old one stays", async () => {
  const fixture = new Fixture([{ chunks: ["a1"] }, { chunks: ["a2"] }, { chunks: ["b"] }]);
  await fixture.take(offerOf("p1", { a: available("a1") }));
  fixture.store.refuses.add("a");
  strictEqual(
    await fixture.take(offerOf("p2", { a: available("a2", "2"), b: available("b") })),
    "a: it does not start",
  );
  deepStrictEqual(fixture.told, ["a InstallFailed 1/2 it does not start", "b Installed 1/1"]);
  deepStrictEqual(fixture.store.contents.get("a"), utf8("a1"));
  deepStrictEqual(fixture.store.allPackagesHash, utf8("p1"));
});

Deno.test("an offer of too many packages is refused whole", async () => {
  const fixture = new Fixture([{ chunks: ["a"] }], { maxPackages: 1 });
  const problem = await fixture.take(offerOf("p1", { a: available("a"), b: available("b") }));
  strictEqual(problem, "it has 2 packages, wanted 1 at the most");
  strictEqual(fixture.reports.at(-1)?.errorMessage, problem);
  strictEqual(fixture.requests.length, 0);
});

Deno.test("a newer offer ends the download; no failure is told", async () => {
  const fixture = new Fixture([{ status: 500 }]);
  const taken = fixture.take(offerOf("p1", { a: available("content") }));
  await settle();
  fixture.abort();
  await taken;
  deepStrictEqual(fixture.told, ["a Downloading -/1"]);
  strictEqual(fixture.requests.length, 1);
});

Deno.test("progress is told once a second, while downloading alone", async () => {
  const fixture = new Fixture([]);
  const slow: Downloader = {
    get: () =>
      Promise.resolve({
        status: 200,
        totalBytes: 8,
        body: (async function* () {
          for (const chunk of ["abcd", "efgh"]) {
            await fixture.clock.advance(1_000);
            yield utf8(chunk);
          }
        })(),
      }),
  };
  const sync = new PackageSync({
    store: fixture.store,
    downloader: slow,
    clock: fixture.clock,
    policy: DEFAULT_PACKAGE_POLICY,
    report: (statuses) => void fixture.reports.push(statuses),
  });
  await sync.sync(offerOf("p1", { a: available("abcdefgh") }), new AbortController().signal);
  deepStrictEqual(
    fixture.reports.map(({ packages }) => packages?.get("a")?.downloadDetails).filter((details) => details),
    [
      { downloadPercent: 50, downloadBytesPerSecond: 4 },
      { downloadPercent: 100, downloadBytesPerSecond: 4 },
    ],
  );
  strictEqual(fixture.reports.at(-1)?.packages?.get("a")?.downloadDetails, undefined);
});

Deno.test("what is installed is told at the start", async () => {
  const fixture = new Fixture([{ chunks: ["a"] }]);
  await fixture.take(offerOf("p1", { a: available("a") }));
  await fixture.sync.reportInstalled();
  deepStrictEqual(fixture.reports.at(-1)?.serverProvidedAllPackagesHash, utf8("p1"));
  strictEqual(fixture.told.length, 1);
});

Deno.test("fetchDownloader", async (t) => {
  const seen: (string | null)[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, ({ url, headers }) => {
    seen.push(headers.get("range"), headers.get("x-token"));
    const path = new URL(url).pathname;
    if (path === "/away") return Response.redirect("http://127.0.0.1:9/", 302);
    if (path === "/none") return new Response("no", { status: 404 });
    return headers.has("range") ? new Response("tent", { status: 206 }) : new Response("content");
  });
  const base = `http://127.0.0.1:${server.addr.port}`;
  const get = async (path: string, fromByte: number) => {
    const { status, body, totalBytes } = await fetchDownloader.get(
      base + path,
      [["X-Token", "t"]],
      fromByte,
      new AbortController().signal,
    );
    let text = "";
    if (status < 300) { for await (const chunk of body) text += new TextDecoder().decode(chunk); }
    return { status, text, totalBytes };
  };
  await t.step(
    "whole",
    async () => deepStrictEqual(await get("/", 0), { status: 200, text: "content", totalBytes: 7 }),
  );
  await t.step("a range", async () => deepStrictEqual(await get("/", 3), { status: 206, text: "tent", totalBytes: 7 }));
  await t.step("redirect", async () => strictEqual((await get("/away", 0)).status, 302));
  await t.step("none", async () => strictEqual((await get("/none", 0)).status, 404));
  deepStrictEqual(seen.slice(0, 4), [null, "t", "bytes=3-", "t"]);
  await server.shutdown();
});
