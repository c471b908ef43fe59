import { rejects, strictEqual, throws } from "node:assert/strict";
import {
  FileTooLargeError,
  IrregularFileError,
  openRegularFile,
  readAtMost,
  readConfiguredText,
  readRegularFile,
  readRegularText,
  readRegularTextSync,
} from "../../../pipeline/core/regular_file.ts";

async function inFolder(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await run(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("readRegularFile(): at its bound and past it, through links", () =>
  inFolder(async (dir) => {
    const path = `${dir}/file`;
    await Deno.writeFile(path, new Uint8Array(70_000));
    await Deno.symlink(path, `${dir}/link`);
    strictEqual((await readRegularFile(`${dir}/link`, 70_000)).length, 70_000);
    await rejects(readRegularFile(path, 69_999), FileTooLargeError);
    strictEqual(readRegularTextSync(path, 70_000).length, 70_000);
    throws(() => readRegularTextSync(path, 69_999), FileTooLargeError);
    using grown = await openRegularFile(path, 70_000);
    await rejects(readAtMost(grown, 69_999), FileTooLargeError, "more than its size said");
    await rejects(readRegularFile(`${dir}/none`, 1), Deno.errors.NotFound);
  }));

Deno.test("readRegularText(): UTF-8 without its mark, or an error", () =>
  inFolder(async (dir) => {
    await Deno.writeFile(`${dir}/text`, new Uint8Array([0xef, 0xbb, 0xbf, 0xc3, 0xa4]));
    strictEqual(await readRegularText(`${dir}/text`, 5), "ä");
    await Deno.writeFile(`${dir}/bytes`, new Uint8Array([0xff]));
    await rejects(readRegularText(`${dir}/bytes`, 1), TypeError);
  }));

Deno.test({
  name: "readRegularFile(): pipes, devices and directories are refused without being opened",
  ignore: Deno.build.os === "windows",
  fn: () =>
    inFolder(async (dir) => {
      const pipe = `${dir}/pipe`;
      await new Deno.Command("mkfifo", { args: [pipe] }).output();
      await Deno.symlink(pipe, `${dir}/link`);
      const cases: [path: string, kind: string][] = [
        [pipe, "a pipe"],
        [`${dir}/link`, "a pipe"],
        ["/dev/zero", "a device"],
        [dir, "a directory"],
      ];
      for (const [path, kind] of cases) {
        const wanted = { name: IrregularFileError.name, message: `it is ${kind}, wanted a regular file` };
        await rejects(readConfiguredText(path, 1), {
          message: `Cannot read ${JSON.stringify(path)}: ${wanted.message}`,
        });
        await rejects(readRegularFile(path, 1), wanted);
        await rejects(readRegularText(path, 1), wanted);
        await rejects(openRegularFile(path, 1), wanted);
        throws(() => readRegularTextSync(path, 1), wanted);
      }
    }),
});
