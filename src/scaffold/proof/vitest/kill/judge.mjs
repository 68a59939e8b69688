// Runs the same test files again and again, in the checkout's own Vitest, with other sources.
// node judge.mjs FILE…; a line {path: text} on stdin, a line with what the tests did on stdout.
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const here = createRequire(`${process.cwd()}/package.json`);
const { createVitest } = await import(pathToFileURL(here.resolve("vitest/node")).href);
const files = process.argv.slice(2);
const vitest = await createVitest("test", {
  watch: false, reporters: [{}], coverage: { enabled: false }, bail: 1, cache: false,
});
const specs = (await vitest.globTestSpecifications(files)).filter((spec) =>
  files.includes(spec.moduleId),
);
const answer = (data) => process.stdout.write(`\n\u001e${JSON.stringify(data)}\n`);
answer({ files: specs.length });

for await (const line of createInterface({ input: process.stdin })) {
  for (const [path, text] of Object.entries(JSON.parse(line))) {
    writeFileSync(path, text);
    vitest.invalidateFile(path);
  }
  vitest.state.clearErrors?.();
  const started = performance.now();
  const { testModules, unhandledErrors } = await vitest.runTestSpecifications(specs, false);
  const own = testModules.filter((module) => files.includes(module.moduleId));
  const tests = own.flatMap((module) => [...module.children.allTests()]);
  const failed = tests.find((test) => test.result().state === "failed");
  answer({
    ran: tests.filter((test) => ["passed", "failed"].includes(test.result().state)).length,
    red: failed?.fullName ?? null,
    broken: own.flatMap((module) => module.errors().map((error) => error.message)),
    unhandled: unhandledErrors.length,
    seconds: (performance.now() - started) / 1000,
  });
}
await vitest.close();
