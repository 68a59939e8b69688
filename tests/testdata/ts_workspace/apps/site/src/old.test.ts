import { expect, test } from "vitest";

test("there is a test already", () => {
  expect(1 + 1).toBe(2);
});
