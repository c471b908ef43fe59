/**
 * Every configuration that the repository shows to people is one that the gateway takes.
 *
 * @module
 */

import { deepStrictEqual, ok, strictEqual } from "node:assert";
import { parse, parseAllDocuments } from "yaml";
import { runMain } from "../support/gateway_process.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const ENV = {
  UPSTREAM_ENDPOINT: "http://collector:4318",
  KAFKA_BROKERS: "kafka:9092",
  IN_PORT: "4318",
  OUT_PORT: "4319",
  METRICS_PORT: "8888",
  KAFKA_BOOTSTRAP: "kafka:9092",
  KAFKA_TOPIC: "spans",
};
function yamlFiles(folder: string): string[] {
  return Array.from(Deno.readDirSync(`${ROOT}${folder}`), ({ name }) => name)
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => `${folder}/${name}`).sort();
}

async function validate(path: string, cwd = ROOT): Promise<void> {
  const { code, stdout, stderr } = await runMain(["validate", "--config", path], { env: ENV, cwd });
  strictEqual(code, 0, `${stdout}\n${stderr}`);
}

Deno.test("example configurations are valid", async (t) => {
  for (const path of [...yamlFiles("deploy/examples"), ...yamlFiles("tests/peers/configs")]) {
    await t.step(path, () => validate(`${ROOT}${path}`));
  }
});

Deno.test("YAML blocks in the README are valid configurations of the gateway or of a collector", async (t) => {
  const readme = Deno.readTextFileSync(`${ROOT}README.md`);
  const blocks = Array.from(readme.matchAll(/```yaml\n([\s\S]*?)```/g), ([, text = ""]) => text);
  ok(blocks.length > 0);
  for (const [number, text] of blocks.entries()) {
    await t.step(`block ${number + 1}`, async () => {
      const { service } = parse(text) as { service?: unknown };
      ok(service, "a block in the README is a whole configuration");
      const directory = Deno.makeTempDirSync();
      Deno.mkdirSync(`${directory}/tenants`); // as the README says
      Deno.writeTextFileSync(`${directory}/config.yaml`, text);
      await validate(`${directory}/config.yaml`, directory);
      Deno.removeSync(directory, { recursive: true });
    });
  }
});

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: {
      readonly spec: {
        readonly containers: readonly {
          readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
          readonly args: readonly string[];
          readonly resources: { readonly requests: unknown; readonly limits: unknown };
          readonly readinessProbe: unknown;
          readonly livenessProbe: unknown;
        }[];
      };
    };
    readonly ports?: readonly { readonly targetPort: string }[];
    readonly scaleTargetRef?: { readonly name: string };
  };
}

function manifests(): Manifest[] {
  return yamlFiles("deploy/kubernetes").flatMap((path) => {
    const documents = parseAllDocuments(Deno.readTextFileSync(`${ROOT}${path}`));
    return Array.from(documents, (document) => {
      strictEqual(document.errors.length, 0, `${path}: ${document.errors.join(", ")}`);
      return document.toJS() as Manifest;
    });
  });
}

Deno.test("Kubernetes manifests", async (t) => {
  const all = manifests();
  const of = (kind: string) => all.find((one) => one.kind === kind);
  await t.step("all kinds are there, under one name", () => {
    for (const kind of ["ConfigMap", "Deployment", "HorizontalPodAutoscaler", "PodDisruptionBudget", "Service"]) {
      strictEqual(of(kind)?.metadata.name, "sluice", kind);
    }
  });
  await t.step("the ConfigMap's configuration is valid, and listens where the container says", async () => {
    const text = of("ConfigMap")?.data?.["config.yaml"] ?? "";
    const path = Deno.makeTempFileSync({ suffix: ".yaml" });
    Deno.writeTextFileSync(path, text);
    await validate(path);
    Deno.removeSync(path);
    const [container] = of("Deployment")?.spec?.template?.spec.containers ?? [];
    for (const { name, containerPort } of container?.ports ?? []) {
      ok(new RegExp(`[: ]${containerPort}\\b`).test(text), `${name} ${containerPort}`);
    }
  });
  await t.step("the container has probes and resources, and ports that the Service names", () => {
    const [container] = of("Deployment")?.spec?.template?.spec.containers ?? [];
    ok(container?.readinessProbe && container.livenessProbe);
    ok(container.resources.requests && container.resources.limits);
    const names = container.ports.map(({ name }) => name);
    for (const { targetPort } of of("Service")?.spec?.ports ?? []) ok(names.includes(targetPort), targetPort);
  });
  await t.step("the autoscaler scales the Deployment", () => {
    strictEqual(of("HorizontalPodAutoscaler")?.spec?.scaleTargetRef?.name, of("Deployment")?.metadata.name);
  });
});

Deno.test("compose.yaml mounts files that are there", () => {
  const { services } = parse(Deno.readTextFileSync(`${ROOT}deploy/compose.yaml`)) as {
    services: Record<string, { volumes?: string[]; build?: { context: string; dockerfile: string } }>;
  };
  for (const { volumes = [], build } of Object.values(services)) {
    for (const volume of volumes) ok(Deno.statSync(`${ROOT}deploy/${volume.split(":")[0]}`).isFile);
    if (build !== undefined) ok(Deno.statSync(`${ROOT}deploy/${build.context}/${build.dockerfile}`).isFile);
  }
});

Deno.test("the Containerfile", async (t) => {
  const text = Deno.readTextFileSync(`${ROOT}deploy/Containerfile`);
  const copied = [...text.matchAll(/^COPY (.+) \S+$/gm)].flatMap(([, sources = ""]) => sources.split(" "));
  await t.step("copies what is there", () => {
    for (const source of copied) ok(Deno.statSync(`${ROOT}${source}`));
  });
  await t.step("copies every folder that the program is made of", async () => {
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", `${ROOT}main.ts`] }).output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { modules: { specifier: string }[] };
    const base = new URL(`file://${ROOT}`).href;
    const own = modules.map(({ specifier }) => specifier).filter((specifier) => specifier.startsWith(base));
    const tops = new Set(own.map((specifier) => specifier.slice(base.length).split("/")[0] ?? ""));
    ok(tops.size > 5);
    deepStrictEqual([...tops].filter((top) => !copied.includes(top)), []);
  });
  await t.step("starts as `deno task start` does", () => {
    const { tasks } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`)) as { tasks: { start: string } };
    const parts = tasks.start.match(/--(?:v8-flags=\S+|allow-\w+)|MALLOC_\S+/g) ?? [];
    ok(parts.length > 6);
    for (const part of parts) ok(text.includes(part), part);
  });
});
