import "@katanemo/vitest-config/one-react";
import "@testing-library/jest-dom/vitest";
import { cleanup } from "@testing-library/react";
import { type ComponentProps, createElement, type MouseEvent } from "react";
import { afterEach, vi } from "vitest";

afterEach(cleanup);

// A link does not lead anywhere here: jsdom reports navigation as an error.
vi.mock("next/link", () => ({
	default: ({ onClick, ...props }: ComponentProps<"a">) => {
		const follow = (event: MouseEvent<HTMLAnchorElement>) => {
			onClick?.(event);
			event.preventDefault();
		};
		return createElement("a", { ...props, onClick: follow });
	},
}));
