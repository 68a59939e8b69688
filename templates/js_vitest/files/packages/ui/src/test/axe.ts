import axe from "axe-core";

/** Each accessibility rule that the element violates, with where and why. */
export async function violations(shown: Element): Promise<string[]> {
	const result = await axe.run(shown, {
		// A component is not a whole page, and jsdom has no colours.
		rules: { region: { enabled: false }, "color-contrast": { enabled: false } },
	});
	return result.violations.map(({ id, help, nodes }) => {
		const places = nodes.map((node) => node.target.join(" ")).join(", ");
		return `${id}: ${help} (${places})`;
	});
}
