/**
 * Downloads over HTTP with ranges.
 *
 * Redirects are not followed: they would lead past a local view of which hosts are good.
 *
 * @module
 */

import type { Download, Downloader } from "./package_sync.ts";
import type { HeaderList } from "../transports/server_connection.ts";

export const fetchDownloader: Downloader = {
  async get(url: string, headers: HeaderList, fromByte: number, abort: AbortSignal): Promise<Download> {
    const sent = new Headers(headers.map(([name, value]) => [name, value]));
    sent.set("accept-encoding", "identity"); // a range is one of the content as it is hashed
    if (fromByte > 0) sent.set("range", `bytes=${fromByte}-`);
    const response = await fetch(url, { headers: sent, signal: abort, redirect: "manual" });
    const { status, body } = response;
    const length = Number(response.headers.get("content-length") ?? NaN);
    if (body !== null && status !== 200 && status !== 206) await body.cancel();
    const totalBytes = Number.isNaN(length) ? undefined : length + (status === 206 ? fromByte : 0);
    return { status, body: body ?? new ReadableStream({ start: (controller) => controller.close() }), totalBytes };
  },
};
