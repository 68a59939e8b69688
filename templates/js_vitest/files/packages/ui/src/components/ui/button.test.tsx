import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import Link from "next/link";
import { createRef } from "react";
import { describe, expect, it, vi } from "vitest";
import { brokenRules } from "../../test/axe";
import { Button, buttonVariants } from "./button";

describe("Button", () => {
	it("is a button named by its children", () => {
		render(<Button>Get started</Button>);

		const button = screen.getByRole("button", { name: "Get started" });
		expect(button).toHaveAttribute("data-slot", "button");
	});

	it("calls onClick when it is clicked", async () => {
		const onClick = vi.fn();
		render(<Button onClick={onClick}>Send</Button>);

		await userEvent.click(screen.getByRole("button", { name: "Send" }));

		expect(onClick).toHaveBeenCalledOnce();
	});

	it.each(["{Enter}", " "])("calls onClick on the key %j", async (key) => {
		const onClick = vi.fn();
		render(<Button onClick={onClick}>Send</Button>);

		await userEvent.tab();
		await userEvent.keyboard(key);

		expect(onClick).toHaveBeenCalledOnce();
	});

	it("does nothing when it is disabled", async () => {
		const onClick = vi.fn();
		render(
			<Button disabled onClick={onClick}>
				Send
			</Button>,
		);

		await userEvent.click(screen.getByRole("button", { name: "Send" }));

		expect(screen.getByRole("button")).toBeDisabled();
		expect(onClick).not.toHaveBeenCalled();
	});

	it("hands its attributes and its ref to the button", () => {
		const ref = createRef<HTMLButtonElement>();
		render(
			<Button ref={ref} type="submit" aria-label="Send the message">
				➤
			</Button>,
		);

		const button = screen.getByRole("button", { name: "Send the message" });
		expect(button).toHaveAttribute("type", "submit");
		expect(ref.current).toBe(button);
	});

	it("submits its form by default", async () => {
		const onSubmit = vi.fn((event) => event.preventDefault());
		render(
			<form onSubmit={onSubmit}>
				<Button>Send</Button>
			</form>,
		);

		await userEvent.click(screen.getByRole("button", { name: "Send" }));

		expect(onSubmit).toHaveBeenCalledOnce();
	});

	it("looks like its variant and size", () => {
		render(
			<Button variant="link" size="icon">
				Docs
			</Button>,
		);

		expect(screen.getByRole("button")).toHaveClass("underline-offset-4 size-9");
	});

	it("lets a class of its caller win", () => {
		render(<Button className="px-1">Send</Button>);

		expect(screen.getByRole("button")).toHaveClass("px-1");
		expect(screen.getByRole("button")).not.toHaveClass("px-5");
	});

	it("breaks no accessibility rule", async () => {
		const { container } = render(<Button>Send</Button>);

		expect(await brokenRules(container)).toEqual([]);
	});
});

describe("Button asChild", () => {
	it("is the link that it is given, with the looks of a button", () => {
		render(
			<Button asChild variant="secondary">
				<Link href="/contact" className="w-full">
					Contact us
				</Link>
			</Button>,
		);

		const link = screen.getByRole("link", { name: "Contact us" });
		expect(link).toHaveAttribute("href", "/contact");
		expect(link).toHaveClass("w-full bg-[#edefff]");
		expect(screen.queryByRole("button")).not.toBeInTheDocument();
	});

	it("calls the handlers of both", async () => {
		const onButton = vi.fn();
		const onLink = vi.fn();
		render(
			<Button asChild onClick={onButton}>
				<Link href="/contact" onClick={onLink}>
					Contact us
				</Link>
			</Button>,
		);

		await userEvent.click(screen.getByRole("link"));

		expect(onLink).toHaveBeenCalledOnce();
		expect(onButton).toHaveBeenCalledOnce();
	});
});

describe("buttonVariants", () => {
	it.each([
		["default", "bg-[#7780d9]"],
		["primary", "bg-[#7780d9]"],
		["destructive", "bg-destructive"],
		["outline", "bg-background"],
		["secondary", "bg-[#edefff]"],
		["secondaryDark", "bg-neutral-600"],
		["ghost", "hover:bg-accent"],
		["link", "text-primary"],
	] as const)("gives %s its background or text", (variant, look) => {
		expect(buttonVariants({ variant }).split(" ")).toContain(look);
	});

	it.each([
		["default", "h-10"],
		["sm", "h-8"],
		["lg", "h-10"],
		["icon", "size-9"],
		["icon-sm", "size-8"],
		["icon-lg", "size-10"],
	] as const)("gives the size %s its height", (size, height) => {
		expect(buttonVariants({ size }).split(" ")).toContain(height);
	});

	it("centers an icon and a text in a row", () => {
		expect(buttonVariants().split(" ")).toEqual(
			expect.arrayContaining(["inline-flex", "items-center", "gap-2"]),
		);
	});

	it("is the default variant in the default size without options", () => {
		expect(buttonVariants()).toBe(
			buttonVariants({ variant: "default", size: "default" }),
		);
	});
});
