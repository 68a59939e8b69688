"""The row of TypeScript on a checkout that lacks some of what it tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from scaffold.kit.catalog import load_kit
from scaffold.kit.render import Rendered, render

KIT = load_kit(Path(__file__).resolve().parents[2])
GAP = KIT.gap("js_vitest")
UTILS = "apps/www/src/utils/asciiBuilder"
COMPONENTS = "packages/ui/src/components"
TESTS = {
    "asciiBuilder": {f"{UTILS}{kind}.test.ts" for kind in ("", ".vertical", ".horizontal")}
    | {"apps/www/vitest.config.ts"},
    "button": {f"{COMPONENTS}/ui/button.test.tsx"},
    "dialog": {f"{COMPONENTS}/ui/dialog.test.tsx"},
    "footer": {f"{COMPONENTS}/Footer.test.tsx"},
    "logo": {f"{COMPONENTS}/Logo.test.tsx"},
    "navbar": {f"{COMPONENTS}/Navbar.test.tsx"},
    "cn": {"packages/ui/src/lib/utils.test.ts"},
}


def rendered(*gone: str) -> Rendered:
    """The row where these targets are not there."""
    targets: dict[str, Any] = {
        target.name: {"path": target.paths[0], "symbols": {}}
        for target in GAP.targets
        if target.name not in gone
    }
    return render(KIT, GAP, {"js_vitest_known_defects": True}, {"targets": targets}, "0")


def test_every_target_has_its_tests() -> None:
    assert set(TESTS) == {target.name for target in GAP.targets}
    assert set().union(*TESTS.values()) <= set(rendered().files)


@pytest.mark.slow
@pytest.mark.parametrize("gone", TESTS)
def test_the_tests_of_a_target_that_is_gone_are_left_out(gone: str) -> None:
    whole = rendered()
    assert set(whole.files) - set(rendered(gone).files) == TESTS[gone]


def test_a_package_without_tests_gets_no_script_that_would_be_red() -> None:
    payloads = rendered("asciiBuilder").payloads
    assert not payloads.get("www_package.json", "").strip()
    assert payloads["ui_package.json"].strip()
