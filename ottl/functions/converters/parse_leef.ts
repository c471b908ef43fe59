/**
 * ParseLEEF: a line of the Log Event Extended Format as a map.
 *
 * @module
 */

import { parseLeef } from "../../data/log_formats/leef.ts";
import { converter, str } from "../definition.ts";

export const parseLEEF = converter({
  name: "ParseLEEF",
  summary: "A LEEF line (1.0 or 2.0) as a map: `leef.version`, the other header fields, and the map `leef.attributes`.",
  parameters: { target: str },
  examples: [
    {
      text: 'ParseLEEF("LEEF:2.0|V|P|1.0|e1|^|a=1^b=two words^c")',
      result: '{"leef.version": "2.0", "leef.vendor": "V", "leef.product.name": "P", "leef.product.version": "1.0", ' +
        '"leef.event.id": "e1", "leef.attributes": {"a": "1", "b": "two words"}}',
    },
    { text: 'ParseLEEF("LEEF:1.0|V|P|1|e|a=1\\tb=2")["leef.attributes"]', result: '{"a": "1", "b": "2"}' },
    { text: 'ParseLEEF("LEEF:2.0|V|P|1|e|0x5E|a=1^b=2")["leef.attributes"]', result: '{"a": "1", "b": "2"}' },
    { text: 'ParseLEEF("LEEF:1.0|V|P")', error: "fields" },
    { text: 'ParseLEEF("LEEF:3.0|V|P|1|e|")', error: "version" },
    { text: 'ParseLEEF("LEEF:2.0|V|P|1|e|^^|a=1")', error: "delimiter" },
  ],
  compile: ({ target }, { limits }) => (item) => parseLeef(target.evaluate(item), limits),
});
