import { createRequire } from "node:module";
import { join } from "node:path";

// react-dom runs only with the react of its own version, and the workspace
// holds several of both. The applications pin a pair: whoever asks for React
// in a test gets that of apps/www.
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
