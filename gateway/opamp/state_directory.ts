/**
 * What the OpAMP side of a gateway remembers over a restart, as files of one directory, readable by their owner alone:
 * they hold credentials.
 *
 * `client.json`: who the agent is, what it was offered, which server it belongs to. `remote_config.json`: the remote
 * configuration that ran well last, for a start without a server.
 *
 * @module
 */

import {
  type ClientState,
  MemoryStateStore,
  parseClientState,
  type StateStore,
} from "../../opamp/client/client_state.ts";
import { readRegularText } from "../../pipeline/core/regular_file.ts";
import { replaceFile } from "../replace_file.ts";
import { MAX_REMOTE_BYTES, type RemoteFile } from "./remote_files.ts";

const CLIENT_FILE = "client.json";
const REMOTE_CONFIG_FILE = "remote_config.json";

const MAX_CLIENT_BYTES = 16 * 1024 * 1024;
/** JSON writes a byte of UTF-8 in 6 at the most (`\u0000`). */
const MAX_REMOTE_FILE_BYTES = 7 * MAX_REMOTE_BYTES;

/** The remote configuration that ran well last. */
export interface LastGoodStore {
  /** @returns No files when there is none, or it is not readable. */
  load(): Promise<readonly RemoteFile[]>;
  /** Settles when it will survive a crash. */
  save(files: readonly RemoteFile[]): Promise<void>;
}

export interface OpampState {
  readonly client: StateStore;
  readonly lastGood: LastGoodStore;
  /** Undefined: all of it is gone with the process. */
  readonly directory: string | undefined;
}

/**
 * @param directory Made when it is not there; undefined: in memory.
 * @throws {Error} It cannot be made.
 */
export async function openOpampState(directory: string | undefined): Promise<OpampState> {
  if (directory === undefined) return { client: new MemoryStateStore(), lastGood: memoryLastGood(), directory };
  await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
  const clientPath = `${directory}/${CLIENT_FILE}`;
  const remotePath = `${directory}/${REMOTE_CONFIG_FILE}`;
  return {
    directory,
    client: {
      isEphemeral: false,
      load: async () => parseClientState(await readIfThere(clientPath, MAX_CLIENT_BYTES) ?? ""),
      save: (state: ClientState) => replaceFile(clientPath, JSON.stringify(state)),
    },
    lastGood: {
      load: async () => parseRemoteFiles(await readIfThere(remotePath, MAX_REMOTE_FILE_BYTES)),
      save: (files) => replaceFile(remotePath, JSON.stringify({ version: 1, files })),
    },
  };
}

function memoryLastGood(): LastGoodStore {
  let kept: readonly RemoteFile[] = [];
  return {
    load: () => Promise.resolve(kept),
    save: (files) => {
      kept = files;
      return Promise.resolve();
    },
  };
}

async function readIfThere(path: string, maxBytes: number): Promise<string | undefined> {
  try {
    return await readRegularText(path, maxBytes);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

function parseRemoteFiles(text: string | undefined): readonly RemoteFile[] {
  if (text === undefined) return [];
  try {
    const { version, files } = JSON.parse(text) as { readonly version?: unknown; readonly files?: unknown };
    return version === 1 && Array.isArray(files) && files.every(isFile) ? files : [];
  } catch {
    return [];
  }
}

function isFile(file: unknown): file is RemoteFile {
  const { name, text } = Object(file) as Partial<RemoteFile>;
  return typeof name === "string" && typeof text === "string";
}
