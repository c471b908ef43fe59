import { strictEqual } from "node:assert/strict";
import {
  FileWatch,
  type Look,
  lookAtFile,
  MAX_HOLLOW_LOOKS,
  WATCH_INTERVAL_MS,
} from "../../../gateway/config/file_watch.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const whole = (mark: string): Look => ({ size: 10, mark });
const EMPTY: Look = { size: 0, mark: "empty" };

/** How often a change was told after each of the looks but the first, which is what has been told. */
const cases: { name: string; looks: readonly Look[]; want: readonly number[] }[] = [
  { name: "nothing changes", looks: [whole("a"), whole("a"), whole("a")], want: [0, 0] },
  { name: "a rename is told when it is seen twice", looks: [whole("a"), whole("b"), whole("b")], want: [0, 1] },
  { name: "once", looks: [whole("a"), whole("b"), whole("b"), whole("b")], want: [0, 1, 1] },
  {
    name: "a file that is being written waits",
    looks: [whole("a"), whole("b"), whole("c"), whole("c")],
    want: [0, 0, 1],
  },
  {
    name: "one that is emptied and written",
    looks: [whole("a"), EMPTY, EMPTY, whole("b"), whole("b")],
    want: [0, 0, 0, 1],
  },
  { name: "one that is gone for a moment", looks: [whole("a"), undefined, undefined, whole("a")], want: [0, 0, 0] },
  { name: "there and back again", looks: [whole("a"), whole("b"), whole("a"), whole("a")], want: [0, 0, 0] },
  {
    name: "one that stays empty, in the end",
    looks: [whole("a"), ...new Array<Look>(MAX_HOLLOW_LOOKS).fill(EMPTY)],
    want: [...new Array<number>(MAX_HOLLOW_LOOKS - 1).fill(0), 1],
  },
];

Deno.test("FileWatch", async (t) => {
  for (const { name, looks, want } of cases) {
    await t.step(name, async () => {
      const clock = new FakeClock();
      let at = 0;
      let told = -1;
      const watch = new FileWatch({
        paths: () => ["x"],
        look: () => Promise.resolve(looks[at]),
        onChange: () => Promise.resolve(++told >= 0),
        clock,
      });
      watch.start();
      await clock.advance(2 * WATCH_INTERVAL_MS);
      for (const count of want) {
        at++;
        await clock.advance(WATCH_INTERVAL_MS);
        await new Promise((resolve) => setTimeout(resolve));
        strictEqual(told, count, `after look ${at}`);
      }
      watch.stop();
      await clock.advance(10 * WATCH_INTERVAL_MS);
    });
  }
});

Deno.test("lookAtFile()", async (t) => {
  const dir = await Deno.makeTempDir();
  const mark = async (path: string) => (await lookAtFile(`${dir}/${path}`))?.mark;
  await t.step("what is not there", async () => strictEqual(await mark("absent"), undefined));

  await t.step("a rename over it, of the same size", async () => {
    await Deno.writeTextFile(`${dir}/a`, "1");
    const before = await mark("a");
    await Deno.writeTextFile(`${dir}/b`, "2");
    await Deno.rename(`${dir}/b`, `${dir}/a`);
    strictEqual(await mark("a") === before, false);
    strictEqual(await mark("a"), await mark("a"));
  });

  await t.step("the link that Kubernetes swaps above it", async () => {
    for (const version of ["v1", "v2"]) {
      await Deno.mkdir(`${dir}/${version}`);
      await Deno.writeTextFile(`${dir}/${version}/c`, version);
    }
    await Deno.symlink("v1", `${dir}/..data`);
    await Deno.symlink("..data/c", `${dir}/c`);
    const before = await mark("c");
    await Deno.symlink("v2", `${dir}/..data_tmp`);
    await Deno.rename(`${dir}/..data_tmp`, `${dir}/..data`);
    strictEqual(await mark("c") === before, false);
  });
  await Deno.remove(dir, { recursive: true });
});
