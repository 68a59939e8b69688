// Lists the mutants of some files, with the whole mutated text of each.
// node mutants.mjs TOOL, the files as {path: text} on stdin.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const tool = createRequire(`${process.argv[2]}/package.json`);
const { Instrumenter } = await import(
  pathToFileURL(tool.resolve("@stryker-mutator/instrumenter")).href
);
const quiet = () => {};
const logger = {
  isDebugEnabled: () => false, isTraceEnabled: () => false, isInfoEnabled: () => false,
  isWarnEnabled: () => false, isErrorEnabled: () => false, isFatalEnabled: () => false,
  trace: quiet, debug: quiet, info: quiet, warn: quiet, error: quiet, fatal: quiet,
};
const options = { plugins: null, excludedMutations: [], ignorers: [], noHeader: true };

function placeOf(text, { line, column }) {
  let at = 0;
  for (let n = 0; n < line; n += 1) {
    const end = /\r\n|[\n\r\u2028\u2029]/g;
    end.lastIndex = at;
    end.exec(text);
    at = end.lastIndex;
  }
  return at + column;
}

const found = [];
for (const [path, text] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) {
  const files = [{ name: path, content: text, mutate: true }];
  const { mutants } = await new Instrumenter(logger).instrument(files, options);
  for (const { mutatorName, replacement, location, statusReason, status } of mutants) {
    const [start, end] = [placeOf(text, location.start), placeOf(text, location.end)];
    found.push({
      path,
      operator: mutatorName,
      line: location.start.line + 1,
      before: text.slice(start, end),
      after: replacement,
      source: text.slice(0, start) + replacement + text.slice(end),
      ignored: status === "Ignored" ? (statusReason ?? "") : null,
    });
  }
}
process.stdout.write(JSON.stringify(found));
