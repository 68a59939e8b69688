import "@katanemo/vitest-config/one-react";
import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { type ComponentProps, createElement, type MouseEvent } from "react";
import { afterEach, vi } from "vitest";

afterEach(cleanup);

// A link needs Next's router, which a test does not have. It does not lead
// anywhere here, since jsdom reports navigation as an error.
vi.mock("next/link", () => ({
	default: ({ onClick, ...props }: ComponentProps<"a">) => {
		const follow = (event: MouseEvent<HTMLAnchorElement>) => {
			onClick?.(event);
			event.preventDefault();
		};
		return createElement("a", { ...props, onClick: follow });
	},
}));
