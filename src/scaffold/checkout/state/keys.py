"""The user's key, which lies outside of every checkout, and what is signed with it."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scaffold.checkout.places import Tree, publish, read_at
from scaffold.errors import CheckoutError
from scaffold.system.invocation import mending, quoted

KEY_BYTES = 32
MOST_KEY = 1 << 20  # so that one of another length can be told
SIGNATURE = "signature"


def signed(proof: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """A proof with this user's signature; without one where no key can be kept."""
    try:
        return {**proof, SIGNATURE: _signature(proof, make_key(root))}
    except CheckoutError:
        return dict(proof)


def is_signed(proof: Mapping[str, Any], root: Path) -> bool:
    """Whether this user made a proof, on this machine."""
    try:
        key = read_key(root)
    except CheckoutError:
        return False
    return key is not None and proof.get(SIGNATURE) == _signature(unsigned(proof), key)


def unsigned(proof: Mapping[str, Any]) -> dict[str, Any]:
    """A proof without its signature: what is signed, and what is shown."""
    return {name: value for name, value in proof.items() if name != SIGNATURE}


def _signature(body: Mapping[str, Any], key: bytes) -> str:
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), key=key, digest_size=32).hexdigest()


def read_key(root: Path) -> bytes | None:
    """The user's key; None where there is none yet.

    Raises:
        CheckoutError: It cannot be used.
    """
    place = _key_place(root)
    try:
        with Tree(place.parent) as tree:
            found = os.stat(place.name, dir_fd=tree.handle, follow_symlinks=False)
            key = read_at(tree.handle, place.name, most=MOST_KEY)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _no_key(place, error.strerror or str(error)) from error
    if found.st_uid != os.geteuid():
        raise _no_key(place, "it is not this user's")
    if len(key) != KEY_BYTES:
        aside = str(_free(place))
        raise CheckoutError(
            f"{place} holds {len(key)} bytes and no key of scaffold: what it signed cannot be "
            "believed any more, and the next run makes another",
            mending(f"mv {quoted(str(place))} {quoted(aside)}", place),
        )
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise CheckoutError(
            f"{place} can be read by others", mending(f"chmod 600 {quoted(str(place))}", place)
        )
    return key


def make_key(root: Path) -> bytes:
    """The user's key, made where there is none.

    Raises:
        CheckoutError: It cannot be kept, so that a record could not be believed later.
    """
    key = read_key(root)
    if key is not None:
        return key
    place = _key_place(root)
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with Tree(place.parent) as tree:
            spare = f".key-{os.urandom(8).hex()}"
            publish(tree.handle, place.name, os.urandom(KEY_BYTES), 0o600, spare)
    except FileExistsError:
        pass
    except OSError as error:
        raise _no_key(place, error.strerror or str(error)) from error
    # Another run may have been first.
    key = read_key(root)
    if key is None:
        raise _no_key(place, "it vanished")
    return key


def _free(place: Path) -> Path:
    """A name beside a file that nothing has."""
    names = (f"{place.name}.broken{number or ''}" for number in itertools.count())
    return next(spare for name in names if not os.path.lexists(spare := place.with_name(name)))


def _key_place(root: Path) -> Path:
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    # The specification has relative ones ignored. Source: XDG base directories.
    if not base.is_absolute():
        try:
            base = Path.home() / ".local" / "state"
        except RuntimeError as error:
            raise _no_key(Path("~/.local/state"), "there is no home folder") from error
    place = base / "scaffold" / "key"
    if Path(os.path.realpath(place)).is_relative_to(os.path.realpath(root)):
        raise _no_key(place, "it would lie in the checkout, where a stranger can put one")
    return place


def _no_key(place: Path, why: str) -> CheckoutError:
    return CheckoutError(
        f"the key that your undo records are signed with cannot be kept in {place}: {why}; "
        "nothing was written",
        'export XDG_STATE_HOME="$(mktemp -d)"',
    )
