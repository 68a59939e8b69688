import axe from "axe-core";

/** The accessibility rules that what is shown breaks, by the id of the rule. */
export async function brokenRules(shown: Element): Promise<string[]> {
	const { violations } = await axe.run(shown, {
		// A component is no page, and jsdom has no colours.
		rules: { region: { enabled: false }, "color-contrast": { enabled: false } },
	});
	return violations.map((rule) => rule.id);
}
