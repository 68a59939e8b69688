"""Proves TypeScript tests with the checkout's own Vitest."""
