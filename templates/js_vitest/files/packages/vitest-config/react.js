import { defineConfig, mergeConfig } from "vitest/config";
import { base } from "./base.js";

export const react = mergeConfig(
	base,
	defineConfig({
		test: { environment: "jsdom", setupFiles: ["src/test/setup.ts"] },
	}),
);
