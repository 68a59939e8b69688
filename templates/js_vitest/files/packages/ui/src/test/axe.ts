import axe from "axe-core";

/** The ids of the accessibility rules that the element violates. */
export async function brokenRules(shown: Element): Promise<string[]> {
	const { violations } = await axe.run(shown, {
		// A component is not a whole page, and jsdom has no colours.
		rules: { region: { enabled: false }, "color-contrast": { enabled: false } },
	});
	return violations.map((rule) => rule.id);
}
