"""What runs: the baseline, the generated tests and the kill check."""

RUNNERS: dict[str, str] = {
    "cargo": "scaffold.proof.cargo.runner:CargoRunner",
    "pytest": "scaffold.proof.pytest.runner:PytestRunner",
    "vitest": "scaffold.proof.vitest.runner:VitestRunner",
}
"""Name in gap.toml -> module:class, imported when first asked for. `list` needs the names alone."""

RULES = (
    "scaffold.proof.cargo.rules:check",
    "scaffold.proof.pytest.rules:check",
    "scaffold.proof.vitest.rules:check",
)
"""What knows rules of a checkout that need a tool."""

CALLS = {
    "cargo": r"\bcargo (?:test|nextest run)\b",
    "pytest": r"\b(?:pytest|tox|nox)\b",
    "vitest": r"\b(?:vitest|(?:turbo|npm|bun|pnpm|yarn) (?:run )?test)\b",
}
"""Name in gap.toml -> how a workflow calls the tests."""
