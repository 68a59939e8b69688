"""The kill check of TypeScript: mutants of Stryker, judged by the checkout's own Vitest."""
