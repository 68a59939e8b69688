"""What the tests of the cargo runner share."""

from __future__ import annotations

import shutil

from scaffold.proof import verify


def hide(monkeypatch, tool):
    """As on a machine without the tool."""
    real = shutil.which
    monkeypatch.setattr(
        shutil, "which", lambda name, **how: None if name == tool else real(name, **how)
    )


def prove(subject, options, progress):
    return verify.verify(subject, options, progress)
