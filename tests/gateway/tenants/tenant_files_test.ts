/**
 * The files of `tenants_dir` on a real disk.
 *
 * @module
 */

import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { diskTenantFiles } from "../../../gateway/tenants/tenant_files.ts";

Deno.test("diskTenantFiles", async (t) => {
  const directory = await Deno.makeTempDir();
  const write = (name: string, content: string | Uint8Array) =>
    typeof content === "string"
      ? Deno.writeTextFile(`${directory}/${name}`, content)
      : Deno.writeFile(`${directory}/${name}`, content);
  const read = async (name: string) => {
    await diskTenantFiles.mark(`${directory}/${name}`);
    return await diskTenantFiles.readText(`${directory}/${name}`);
  };
  try {
    await t.step("a directory at rest is listed once, and again when it has changed", async () => {
      await write("b.yaml", "");
      await write("a.jsonl", "");
      await write("readme.md", "");
      await write(".hidden.yaml", "");
      await Deno.utime(directory, 1_000, 1_000);
      const first = await diskTenantFiles.list(directory);
      deepStrictEqual(first, ["a.jsonl", "b.yaml"]);
      strictEqual(await diskTenantFiles.list(directory), first);
      await write("c.yml", "");
      deepStrictEqual(await diskTenantFiles.list(directory), ["a.jsonl", "b.yaml", "c.yml"]);
      await write("d.yaml", ""); // at once, while the clock of the file system may stand
      deepStrictEqual(await diskTenantFiles.list(directory), ["a.jsonl", "b.yaml", "c.yml", "d.yaml"]);
    });
    await t.step("small, at the bound of small, and large", async () => {
      for (const size of [0, 1, 65_535, 65_536, 65_537, 1024 * 1024]) {
        await write("size.yaml", "é".repeat(size >> 1) + "x".repeat(size % 2));
        strictEqual(new TextEncoder().encode(await read("size.yaml")).length, size);
      }
      await write("size.yaml", "x".repeat(1024 * 1024 + 1));
      await rejects(read("size.yaml"), RangeError);
    });
    await t.step("not UTF-8, and a byte order mark", async () => {
      await write("bytes.yaml", new Uint8Array([0x61, 0xff]));
      await rejects(read("bytes.yaml"), TypeError);
      await write("bytes.yaml", new Uint8Array([0xef, 0xbb, 0xbf, 0x61]));
      strictEqual(await read("bytes.yaml"), "a");
      await write("bytes.yaml", "a: \ufffd"); // which is UTF-8, where the platform has it for what is not
      strictEqual(await read("bytes.yaml"), "a: \ufffd");
    });
    await t.step("a file has grown since it was looked at: it is read whole, up to the bound", async () => {
      const path = `${directory}/grown.yaml`;
      for (const size of [65_537, 1024 * 1024]) {
        await write("grown.yaml", "x");
        diskTenantFiles.mark(path);
        await write("grown.yaml", "x".repeat(size));
        strictEqual((await diskTenantFiles.readText(path)).length, size);
      }
      await write("grown.yaml", "x");
      diskTenantFiles.mark(path);
      await write("grown.yaml", "x".repeat(1024 * 1024 + 1));
      await rejects(async () => await diskTenantFiles.readText(path), RangeError);
    });
    await t.step("a mark is another when a file is: longer, later, or of another inode", async () => {
      const path = `${directory}/mark.yaml`;
      await write("mark.yaml", "a");
      await Deno.utime(path, 1_000, 1_000);
      const marks = [diskTenantFiles.mark(path)];
      strictEqual(diskTenantFiles.mark(path), marks[0]);
      await write("mark.yaml", "ab");
      await Deno.utime(path, 1_000, 1_000);
      marks.push(diskTenantFiles.mark(path));
      await Deno.utime(path, 1_000, 1_001);
      marks.push(diskTenantFiles.mark(path));
      await Deno.copyFile(path, `${directory}/.copy`);
      await Deno.rename(`${directory}/.copy`, path);
      await Deno.utime(path, 1_000, 1_001);
      marks.push(diskTenantFiles.mark(path));
      strictEqual(new Set(marks).size, marks.length);
    });
    await t.step("what is not there", async () => {
      strictEqual(await diskTenantFiles.mark(`${directory}/nobody.yaml`), undefined);
      await rejects(read("nobody.yaml"), Deno.errors.NotFound);
      await rejects(diskTenantFiles.list(`${directory}/nowhere`), Deno.errors.NotFound);
    });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
