// Runs the same test files again and again, in the checkout's own Vitest, with other sources.
// node judge.mjs [--every] FILE…; a line {"restored": {path: text}, "broken": {path: text}} on stdin, a
// line with what the tests that load a broken file did on stdout; all of them where none is broken.
// With --every the first test that fails does not end the run.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const here = createRequire(`${process.cwd()}/package.json`);
const { createVitest } = await import(pathToFileURL(here.resolve("vitest/node")).href);
const files = process.argv.slice(2);
const every = files[0] === "--every" && files.shift() !== undefined;
const vitest = await createVitest("test", {
  watch: false, reporters: [{}], coverage: { enabled: false }, bail: every ? 0 : 1, cache: false,
});
const specs = (await vitest.globTestSpecifications(files)).filter((spec) =>
  files.includes(spec.moduleId),
);

// File -> the tests that load it, straight or by what they or their set-up import, as Vite knows it.
function usersOfFiles() {
  const users = new Map();
  for (const spec of specs) {
    const { vite, config } = spec.project;
    const environments = Object.values(vite.environments ?? { only: vite });
    const graphs = environments.map(({ moduleGraph }) => moduleGraph);
    const seen = new Set();
    const visit = (module) => {
      if (seen.has(module)) return;
      seen.add(module);
      users.set(module.file, (users.get(module.file) ?? new Set()).add(spec));
      module.importedModules.forEach(visit);
    };
    for (const path of [spec.moduleId, ...config.setupFiles]) {
      for (const graph of graphs) graph.getModulesByFile(path)?.forEach(visit);
    }
  }
  return users;
}

// A file of this package that is no module may be read in another way, by any of them.
function chosenFor(paths) {
  const inside = (path) => path.startsWith(`${process.cwd()}/`);
  if (paths.some((path) => !users.has(path) && inside(path))) return specs;
  return specs.filter((spec) => paths.some((path) => users.get(path)?.has(spec)));
}

const answer = (data) => process.stdout.write(`\n\u001e${JSON.stringify(data)}\n`);
answer({ files: specs.length });
let users = null;

for await (const line of createInterface({ input: process.stdin })) {
  const { restored, broken } = JSON.parse(line);
  const chosen = users ? chosenFor(Object.keys(broken)) : specs;
  for (const [path, text] of Object.entries({ ...restored, ...broken })) {
    writeFileSync(path, text);
    vitest.invalidateFile(path);
  }
  vitest.state.clearErrors?.();
  const started = performance.now();
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(chosen, false);
  users ??= usersOfFiles(); // of the unbroken sources: a mutant may import less
  const asked = new Set(chosen.map((spec) => spec.moduleId)); // the rest is of runs before
  const own = testModules.filter((module) => asked.has(module.moduleId));
  const tests = own.flatMap((module) => [...module.children.allTests()]);
  const failed = tests.filter((test) => test.result().state === "failed");
  answer({
    ran: tests.filter((test) => ["passed", "failed"].includes(test.result().state)).length,
    red: failed.map((test) => test.fullName),
    broken: own.flatMap((module) => module.errors().map((error) => error.message)),
    unhandled: unhandledErrors.length,
    seconds: (performance.now() - started) / 1000,
  });
}
await vitest.close();
