/** Files that are replaced as a whole. */

import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { replaceFile } from "../../gateway/replace_file.ts";

Deno.test("a link where the draft goes is not written through", async () => {
  const directory = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${directory}/victim`, "as it was");
    await Deno.symlink(`${directory}/victim`, `${directory}/file.new`);
    await replaceFile(`${directory}/file`, "new");
    deepStrictEqual(
      [await Deno.readTextFile(`${directory}/victim`), await Deno.readTextFile(`${directory}/file`)],
      ["as it was", "new"],
    );
    strictEqual((await Deno.lstat(`${directory}/file`)).isSymlink, false);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
