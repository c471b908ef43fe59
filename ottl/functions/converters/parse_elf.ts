/**
 * ParseELF: a block of the W3C Extended Log File Format as a map.
 *
 * @module
 */

import { parseElf } from "../../data/log_formats/elf.ts";
import { converter, str } from "../definition.ts";

export const parseELF = converter({
  name: "ParseELF",
  summary:
    "A block of W3C extended log lines as a map: the directives (`elf.version`, …), `elf.fields`, and `elf.entries`.",
  parameters: { target: str },
  examples: [
    {
      text: 'ParseELF("#Version: 1.0\\n#Fields: a b\\n1 -\\n\\"q r\\" 2")',
      result: '{"elf.entries": [{"a": "1", "b": "-"}, {"a": "q r", "b": "2"}], "elf.version": "1.0", ' +
        '"elf.fields": ["a", "b"]}',
    },
    { text: 'ParseELF("#Fields: a\\n1")', error: "#Version" },
    { text: 'ParseELF("#Version: 1.0\\n1")', error: "#Fields" },
  ],
  compile: ({ target }, { limits }) => (item) => parseElf(target.evaluate(item), limits),
});
