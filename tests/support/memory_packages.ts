/**
 * Packages in memory, for tests of the OpAMP client.
 *
 * @module
 */

import type { InstalledPackage, InstalledPackages, PackageStore } from "../../opamp/client/offers/package_sync.ts";
import { concatBytes } from "../../pipeline/core/bytes.ts";

export class MemoryPackageStore implements PackageStore {
  readonly packages = new Map<string, InstalledPackage>();
  readonly contents = new Map<string, Uint8Array>();
  readonly partials = new Map<string, Uint8Array>();
  allPackagesHash: Uint8Array | undefined;
  /** Names that will not be installed. */
  readonly refuses = new Set<string>();

  installed(): Promise<InstalledPackages> {
    return Promise.resolve({ allPackagesHash: this.allPackagesHash, packages: new Map(this.packages) });
  }

  content(name: string): Promise<Uint8Array> {
    const content = this.contents.get(name);
    return content === undefined ? Promise.reject(new Error("not there")) : Promise.resolve(content);
  }

  partial(contentHash: string): Promise<Uint8Array> {
    return Promise.resolve(this.partials.get(contentHash) ?? new Uint8Array());
  }

  append(contentHash: string, chunk: Uint8Array): Promise<void> {
    this.partials.set(contentHash, concatBytes([this.partials.get(contentHash) ?? new Uint8Array(), chunk]));
    return Promise.resolve();
  }

  discard(contentHash: string): Promise<void> {
    this.partials.delete(contentHash);
    return Promise.resolve();
  }

  install(name: string, info: InstalledPackage, content: Uint8Array): Promise<string | undefined> {
    if (this.refuses.has(name)) return Promise.resolve("it does not start");
    this.packages.set(name, info);
    this.contents.set(name, content);
    return Promise.resolve(undefined);
  }

  remove(name: string): Promise<void> {
    this.packages.delete(name);
    this.contents.delete(name);
    return Promise.resolve();
  }

  complete(allPackagesHash: Uint8Array): Promise<void> {
    this.allPackagesHash = allPackagesHash;
    return Promise.resolve();
  }
}
