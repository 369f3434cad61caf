"""What the scripted worker computes: inputs with settings put in, differences between them, the program's hash."""

import hashlib
import re

from portal.events import UNKNOWN, PropertyChange

_PLACE = re.compile(r"\$\{([^}|]+)(?:\|([^}]*))?\}")


def program(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def filled(value, settings):
    """Put settings in: "${network.cidr}", with a default "${models.x.gate.accuracy|0.8}"; alone it keeps its type."""
    if isinstance(value, dict):
        return {key: filled(each, settings) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, settings) for each in value]
    if not isinstance(value, str):
        return value
    if (whole := _PLACE.fullmatch(value)) is not None:
        found = at(settings, whole[1])
        return whole[2] if found is None else found
    return _PLACE.sub(lambda m: str(at(settings, m[1]) if at(settings, m[1]) is not None else m[2]), value)


def unknowns(inputs):
    """Values of other resources, written "@vpc.id" in a scenario, are not known before."""
    return {key: UNKNOWN if isinstance(each, str) and each.startswith("@") else each for key, each in inputs.items()}


def at(value, path):
    for part in path.split("."):
        if not isinstance(value, dict) or part not in value:
            return None
        value = value[part]
    return value


def put(value, path, new):
    *rest, last = path.split(".")
    for part in rest:
        value = value.setdefault(part, {})
    value[last] = new


def differences(old, new, replace_on, path=""):
    found = []
    for key in sorted({*old, *new}):
        place = f"{path}.{key}" if path else key
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            found += differences(before, after, replace_on, place)
            continue
        kind = "add" if key not in old else "delete" if key not in new else "update"
        found.append(PropertyChange(path=place, kind=kind, replaces=place in replace_on, old=before, new=after))
    return tuple(found)
