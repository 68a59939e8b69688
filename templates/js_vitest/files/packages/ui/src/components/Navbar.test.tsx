import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MotionGlobalConfig } from "framer-motion";
import { beforeEach, describe, expect, it } from "vitest";
import { brokenRules } from "../test/axe";
import { Navbar } from "./Navbar";

const labels = ["start locally", "docs", "research", "blog", "contact"];

const toggle = () => screen.getByRole("button", { name: "Toggle menu" });

const linkTexts = () =>
	screen.getAllByRole("link").map((link) => link.textContent);

// An animation takes no time, and jsdom has no layout.
MotionGlobalConfig.skipAnimations = true;
document.elementFromPoint = () => null;

describe("Navbar", () => {
	beforeEach(() => {
		render(<Navbar />);
	});

	it("is a navigation", () => {
		expect(screen.getByRole("navigation")).toBeInTheDocument();
	});

	it("leads home by its logo", () => {
		const home = screen.getByRole("link", { name: "Plano Logo" });

		expect(home).toHaveAttribute("href", "/");
	});

	it.each([
		["start locally", "https://docs.planoai.dev/get_started/quickstart"],
		["docs", "https://docs.planoai.dev"],
		["research", "/research"],
		["blog", "/blog"],
		["contact", "/contact"],
	])("leads to %s", (name, href) => {
		expect(screen.getByRole("link", { name })).toHaveAttribute("href", href);
	});

	it("lists the pages in their order", () => {
		expect(linkTexts()).toEqual(["", ...labels]);
	});

	it("breaks no accessibility rule", async () => {
		expect(await brokenRules(document.body)).toEqual([]);
	});
});

describe("the menu of the Navbar", () => {
	beforeEach(() => {
		render(<Navbar />);
	});

	it("is closed at first", () => {
		expect(toggle()).toHaveAttribute("aria-expanded", "false");
	});

	it("is opened by its button", async () => {
		await userEvent.click(toggle());

		expect(toggle()).toHaveAttribute("aria-expanded", "true");
		expect(linkTexts()).toEqual(["", ...labels, ...labels]);
	});

	it.each(["{Enter}", " "])("is opened by the key %j", async (key) => {
		toggle().focus();

		await userEvent.keyboard(key);

		expect(toggle()).toHaveAttribute("aria-expanded", "true");
	});

	it("leads to the same pages as the bar", async () => {
		await userEvent.click(toggle());

		const [, ...hrefs] = screen
			.getAllByRole("link")
			.map((link) => link.getAttribute("href"));
		expect(hrefs.slice(5)).toEqual(hrefs.slice(0, 5));
	});

	it("is closed by its button", async () => {
		await userEvent.click(toggle());
		await userEvent.click(toggle());

		expect(toggle()).toHaveAttribute("aria-expanded", "false");
		await waitFor(() => expect(linkTexts()).toEqual(["", ...labels]));
	});

	it("is closed when a link of it is followed", async () => {
		await userEvent.click(toggle());

		await userEvent.click(screen.getAllByRole("link", { name: "blog" })[1]);

		expect(toggle()).toHaveAttribute("aria-expanded", "false");
		await waitFor(() => expect(linkTexts()).toEqual(["", ...labels]));
	});

	it("shows another icon while it is open", async () => {
		const icon = () => toggle().querySelector("svg");
		expect(icon()).toHaveClass("lucide-menu");

		await userEvent.click(toggle());

		await waitFor(() => expect(icon()).toHaveClass("lucide-x"));
	});

	it("keeps a click on its button from the page", async () => {
		let clicks = 0;
		const count = () => clicks++;
		document.addEventListener("click", count);

		await userEvent.click(toggle());

		document.removeEventListener("click", count);
		expect(clicks).toBe(0);
	});

	it("breaks no accessibility rule while it is open", async () => {
		await userEvent.click(toggle());

		expect(await brokenRules(document.body)).toEqual([]);
	});
});
