import { defineConfig } from "vitest/config";

export const base = defineConfig({
	resolve: { alias: { "@": "/src" } },
	test: {
		include: ["src/**/*.test.{ts,tsx}"],
		restoreMocks: true,
		coverage: {
			include: ["src/**/*.{ts,tsx}"],
			exclude: ["src/**/*.test.{ts,tsx}", "src/test/**"],
			reporter: ["text", "lcovonly"],
		},
	},
});
