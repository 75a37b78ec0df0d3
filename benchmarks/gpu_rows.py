"""What `gpu_registry.py` prints of its results: rows while it runs, and the table at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

#: What files of each scheme are called, in the order of the table.
_OF = ("fp32", "fp16", "int8")


def rows(found: dict[str, Any]) -> list[str]:
    """Return a row for each file of a name, or for what failed, to be read while it runs."""
    if "error" in found:
        return [f"| {found['name']} | | | | | | | FAILED: {found['error'].splitlines()[-1]} |"]
    return [f"| {found['name']} | {' | '.join(_cells(one))} |" for one in found["files"]]


def _cells(one: dict[str, Any]) -> list[str]:
    made = f"{one['scheme']}{', for GPUs' if one['made'] else ''}"
    if one["problem"]:
        return [made, "", "", f"{float(one['cpu_db']):.1f}", "", "", f"FAILS: {one['problem']}"]
    whole = one["taken"] == one["operators"]
    taken = f"all {one['taken']}" if whole else f"{one['taken']} of {one['operators']}"
    verdict = "; ".join(one["left"]) if one["right"] else "WRONG"
    figures = [f"{float(one[key]):.1f}" for key in ("cpu_db", "gpu_db", "apart_db")]
    return [made, taken, f"{float(one['gpu_rel']):.1e}", *figures, verdict]


def table(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return a Markdown table with a row for each name, and sentences on all of them."""
    columns = (
        "model | input | operators on the GPU, float32 / fp16 / int8 | largest error, float32 "
        "| int8, CPU and GPU | without `--for gpu`"
    )
    lines = [f"| {columns} |", "|---|---|---|--:|---|---|"]
    lines += [_in_one_row(row) for row in found]
    files = files_in(found)
    broken = sum("error" in row for row in found)
    made = [one for one in files if one["made"]]
    wrong = sum(not one["right"] for one in made)
    lines += ["", f"{len(found) - broken} of {len(found)} models, {len(files)} files."]
    lines += [f"Of {len(made)} files made for GPUs, {wrong} are wrong."]
    right = {name: [one for one in made if one["right"] and one["scheme"] == name] for name in _OF}
    if all(right.values()):
        apart = min(float(one["apart_db"]) for one in right["fp16"])
        below = max(float(one["cpu_db"]) - float(one["gpu_db"]) for one in right["int8"])
        lines += [
            f"float32: at most {max(float(one['gpu_rel']) for one in right['fp32']):.1e};"
            f" fp16: {apart:.1f} dB from the CPU or more;"
            f" int8: at most {below:.1f} dB further from the network than the CPU."
        ]
    return lines


def _in_one_row(found: dict[str, Any]) -> str:
    """Return a row of the table, of a name's files or of what failed."""
    if "error" in found:
        return f"| {found['name']} | | FAILED: {found['error'].splitlines()[-1]} | | | |"
    made = {one["scheme"]: one for one in found["files"] if one["made"]}
    other = [one for one in found["files"] if not one["made"]]
    shape = "x".join(map(str, found["shape"]))
    whole = all(one.get("taken") == one.get("operators") for one in made.values())
    taken = " / ".join(_taken(made[name]) for name in _OF)
    integers, largest = made["int8"], float(made["fp32"].get("gpu_rel", "nan"))
    decibels = f"{float(integers['cpu_db']):.1f} and {float(integers.get('gpu_db', 'nan')):.1f} dB"
    faults = [
        f"{'ends' if one['problem'] else 'wrong'} in {one['scheme']}"
        for one in other
        if not one["right"]
    ]
    without = ", ".join(faults) or ("right" if other else "the same files")
    wrong = [f"WRONG: {name}" for name in _OF if not made[name]["right"]]
    cells = [
        found["name"],
        shape,
        "; ".join([f"{'all ' if whole else ''}{taken}", *wrong]),
        f"{largest:.1e}",
        decibels,
        without,
    ]
    return f"| {' | '.join(cells)} |"


def _taken(one: dict[str, Any]) -> str:
    if one["problem"]:
        return "fails"
    whole = one["taken"] == one["operators"]
    return str(one["taken"]) if whole else f"{one['taken']} of {one['operators']}"


def files_in(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the files of all names in one list."""
    return [one for row in found for one in row.get("files", [])]
