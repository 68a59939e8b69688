import { expect, it } from "vitest";
import { cn } from "./utils";

it("joins class names", () => {
	expect(cn("flex", "gap-2")).toBe("flex gap-2");
});

it("leaves out what is false, null or undefined", () => {
	expect(cn("flex", false, null, undefined, "")).toBe("flex");
});

it("takes lists and conditions", () => {
	expect(cn(["flex", "gap-2"], { hidden: true, block: false })).toBe(
		"gap-2 hidden",
	);
});

it("lets the later of two conflicting utilities win", () => {
	expect(cn("px-2 py-1", "px-4")).toBe("py-1 px-4");
});

it("keeps utilities of different variants apart", () => {
	expect(cn("px-2", "hover:px-4")).toBe("px-2 hover:px-4");
});

it("is empty without class names", () => {
	expect(cn()).toBe("");
});
