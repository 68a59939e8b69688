import { createRequire } from "node:module";
import { join } from "node:path";

// react-dom runs only with the react of its own version, and the workspace may
// have several of both installed. apps/www pins a matching pair, so the tests
// use that one.
const workspace = join(import.meta.dirname, "../..");
const shared = createRequire(join(workspace, "package.json"));
const pinned = createRequire(join(workspace, "apps/www/package.json"));

for (const entry of [
	"react",
	"react/jsx-runtime",
	"react/jsx-dev-runtime",
	"react-dom",
	"react-dom/client",
	"react-dom/test-utils",
]) {
	pinned(entry);
	shared.cache[shared.resolve(entry)] = pinned.cache[pinned.resolve(entry)];
}
