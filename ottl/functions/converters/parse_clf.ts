/**
 * ParseCLF: a line of a web server's log as a map.
 *
 * @module
 */

import { type ClfFormat, parseClf } from "../../data/log_formats/clf.ts";
import { OttlError } from "../../values/errors.ts";
import { converter, litStr, optional, str } from "../definition.ts";

export const parseCLF = converter({
  name: "ParseCLF",
  summary: "A line of the Common Log Format (`clf`, default) or of the `combined` format as a map of `clf.…`.",
  parameters: { target: str, format: optional(litStr) },
  examples: [
    {
      text: 'ParseCLF("h - u [10/Oct/2000:13:55:36 -0700] \\"GET /a HTTP/1.0\\" 200 -")',
      result: '{"clf.remote_host": "h", "clf.rfc931": "-", "clf.auth_user": "u", ' +
        '"clf.timestamp": "10/Oct/2000:13:55:36 -0700", "clf.request": "GET /a HTTP/1.0", "clf.method": "GET", ' +
        '"clf.request_uri": "/a", "clf.protocol": "HTTP/1.0", "clf.status": 200}',
    },
    {
      text: 'ParseCLF("h - - [x] \\"-\\" 400 7 \\"r\\" \\"a\\"", "combined")["clf.user_agent"]',
      result: '"a"',
    },
    { text: 'ParseCLF("h - - [x] \\"GET\\" 200", "combined")', error: "format" },
    { text: 'ParseCLF("h - - [x] \\"GET\\" 200 1", "nope")', error: "combined" },
  ],
  compile: ({ target, format = "clf" }, { limits }) => {
    if (!isFormat(format)) {
      throw new OttlError("arg_value", 'cannot parse such a format: "clf" or "combined" is wanted');
    }
    return (item) => parseClf(target.evaluate(item), format, limits);
  },
});

function isFormat(name: string): name is ClfFormat {
  return name === "clf" || name === "combined";
}
