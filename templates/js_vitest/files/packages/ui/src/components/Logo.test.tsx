import { render, screen } from "@testing-library/react";
import { expect, it } from "vitest";
import { brokenRules } from "../test/axe";
import { Logo } from "./Logo";

it("shows the logo of Plano with its name as the text", () => {
	render(<Logo />);

	const logo = screen.getByRole("img", { name: "Plano Logo" });
	expect(logo).toHaveAttribute("src", "/Logomark.svg");
});

it("reserves the room of the logo while it loads", () => {
	render(<Logo />);

	const logo = screen.getByRole("img");
	expect(logo).toHaveAttribute("width", "90");
	expect(logo).toHaveAttribute("height", "20");
});

it("breaks no accessibility rule", async () => {
	const { container } = render(<Logo />);

	expect(await brokenRules(container)).toEqual([]);
});
