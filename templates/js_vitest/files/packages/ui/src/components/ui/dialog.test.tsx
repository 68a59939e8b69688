import { render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ComponentProps } from "react";
import { describe, expect, it, vi } from "vitest";
import { brokenRules } from "../../test/axe";
import {
	Dialog,
	DialogClose,
	DialogContent,
	DialogDescription,
	DialogFooter,
	DialogHeader,
	DialogTitle,
	DialogTrigger,
} from "./dialog";

function Question({
	content,
	...props
}: ComponentProps<typeof Dialog> & {
	content?: ComponentProps<typeof DialogContent>;
}) {
	return (
		<Dialog {...props}>
			<DialogTrigger>Delete</DialogTrigger>
			<DialogContent {...content}>
				<DialogHeader className="pb-2">
					<DialogTitle className="text-red-500">Delete the agent?</DialogTitle>
					<DialogDescription className="italic">
						It cannot be brought back.
					</DialogDescription>
				</DialogHeader>
				<DialogFooter className="pt-2">
					<DialogClose>Keep it</DialogClose>
				</DialogFooter>
			</DialogContent>
		</Dialog>
	);
}

describe("Dialog", () => {
	it("is closed at first", () => {
		render(<Question />);

		expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
	});

	it("is open at first on request", () => {
		render(<Question defaultOpen />);

		expect(screen.getByRole("dialog")).toBeInTheDocument();
	});

	it("is opened by its trigger", async () => {
		render(<Question />);

		await userEvent.click(screen.getByRole("button", { name: "Delete" }));

		expect(screen.getByRole("dialog")).toBeInTheDocument();
	});

	it("is opened by the keyboard", async () => {
		render(<Question />);

		await userEvent.tab();
		await userEvent.keyboard("{Enter}");

		expect(screen.getByRole("dialog")).toBeInTheDocument();
	});

	it("follows `open` and reports what is asked for", async () => {
		const onOpenChange = vi.fn();
		render(<Question open onOpenChange={onOpenChange} />);

		await userEvent.keyboard("{Escape}");

		expect(onOpenChange).toHaveBeenCalledExactlyOnceWith(false);
		expect(screen.getByRole("dialog")).toBeInTheDocument();
	});

	it("is shown outside of the element that holds it", () => {
		const { container } = render(<Question defaultOpen />);

		expect(container).not.toContainElement(screen.getByRole("dialog"));
	});
});

describe("DialogContent", () => {
	it("has the title as its name", () => {
		render(<Question defaultOpen />);

		expect(
			screen.getByRole("dialog", { name: "Delete the agent?" }),
		).toBeInTheDocument();
	});

	it("has the description as its description", () => {
		render(<Question defaultOpen />);

		expect(screen.getByRole("dialog")).toHaveAccessibleDescription(
			"It cannot be brought back.",
		);
	});

	it.each(["Close", "Keep it"])("is closed by %j", async (name) => {
		render(<Question defaultOpen />);

		await userEvent.click(screen.getByRole("button", { name }));

		expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
	});

	it("is closed by Escape", async () => {
		render(<Question defaultOpen />);

		await userEvent.keyboard("{Escape}");

		expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
	});

	it("is closed by a click beside it", async () => {
		render(<Question defaultOpen />);
		const overlay = screen.getByRole("dialog").previousElementSibling;

		await userEvent.click(overlay as Element);

		expect(screen.queryByRole("dialog")).not.toBeInTheDocument();
	});

	it("gives the focus back to the trigger", async () => {
		render(<Question />);
		const trigger = screen.getByRole("button", { name: "Delete" });
		await userEvent.click(trigger);

		await userEvent.keyboard("{Escape}");

		await waitFor(() => expect(trigger).toHaveFocus());
	});

	it("keeps the focus inside", async () => {
		render(<Question defaultOpen />);
		const dialog = screen.getByRole("dialog");

		for (let presses = 0; presses < 3; presses++) {
			await userEvent.tab();

			expect(dialog).toContainElement(document.activeElement as HTMLElement);
		}
	});

	it("hides the page from a screen reader", () => {
		render(<Question defaultOpen />);

		expect(screen.queryByRole("button", { name: "Delete" })).toBeNull();
	});

	it("leaves the close button out on request", () => {
		render(<Question defaultOpen content={{ showCloseButton: false }} />);

		const buttons = within(screen.getByRole("dialog")).getAllByRole("button");
		expect(buttons.map((button) => button.textContent)).toEqual(["Keep it"]);
	});

	it("lets a class of its caller win", () => {
		render(<Question defaultOpen content={{ className: "p-2" }} />);

		expect(screen.getByRole("dialog")).toHaveClass("p-2 fixed");
		expect(screen.getByRole("dialog")).not.toHaveClass("p-6");
	});

	it("darkens the page", () => {
		render(<Question defaultOpen />);

		expect(screen.getByRole("dialog").previousElementSibling).toHaveClass(
			"fixed inset-0 bg-black/50",
		);
	});

	it("breaks no accessibility rule", async () => {
		render(<Question defaultOpen />);

		expect(await brokenRules(screen.getByRole("dialog"))).toEqual([]);
	});
});

describe("the parts of a dialog", () => {
	it("have a title that is a heading, in the looks of both", () => {
		render(<Question defaultOpen />);

		expect(
			screen.getByRole("heading", { name: "Delete the agent?" }),
		).toHaveClass("font-semibold text-red-500");
	});

	it("have a description in the looks of both", () => {
		render(<Question defaultOpen />);

		expect(screen.getByText("It cannot be brought back.")).toHaveClass(
			"text-muted-foreground italic",
		);
	});

	it("have a header above and a footer below, in the looks of both", () => {
		render(<Question defaultOpen />);

		expect(screen.getByRole("heading").parentElement).toHaveClass(
			"flex-col pb-2",
		);
		expect(
			screen.getByRole("button", { name: "Keep it" }).parentElement,
		).toHaveClass("flex-col-reverse pt-2");
	});

	it("carry the name of their slot, for styles from outside", () => {
		render(<Question defaultOpen />);

		const slots = [...document.querySelectorAll("[data-slot]")].map((part) =>
			part.getAttribute("data-slot"),
		);
		expect(slots).toEqual([
			"dialog-trigger",
			"dialog-overlay",
			"dialog-content",
			"dialog-header",
			"dialog-title",
			"dialog-description",
			"dialog-footer",
			"dialog-close",
			"dialog-close",
		]);
	});
});
