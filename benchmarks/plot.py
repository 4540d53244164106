"""The results as one picture: end to end by target, and the hop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.report import Results

_OWN, _OTHER = "#0b7285", "#adb5bd"


def draw(results: Results, path: Path) -> bool:
    """Write an SVG; False where nothing that it shows was measured."""
    import matplotlib as mpl  # noqa: PLC0415 - takes a second, and only this needs it

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "penstock"
    from matplotlib import pyplot  # noqa: PLC0415

    panels = _panels(results["parts"])
    if not panels:
        return False
    figure, axes = pyplot.subplots(len(panels), 1, figsize=(8, 2.9 * len(panels)), squeeze=False)
    for axis, (title, values) in zip(axes[:, 0], panels.items(), strict=True):
        _bars(axis, title, values)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return True


def draw_autoscaling(results: Results, path: Path) -> bool:
    """Load, pods and latency over time; False where that was not measured."""
    result = results["parts"].get("h", {}).get("result")
    if not result:
        return False
    import matplotlib as mpl  # noqa: PLC0415

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "penstock"
    from matplotlib import pyplot  # noqa: PLC0415

    at, callers, wanted, ready, in_flight = zip(*result["samples"], strict=True)
    seconds, median, slowest = zip(*result["latency"], strict=True)
    figure, axes = pyplot.subplots(3, 1, figsize=(8, 6.5), sharex=True)
    axes[0].step(at, callers, where="post", color=_OTHER, label="callers")
    axes[0].plot(at, in_flight, color=_OWN, label="in flight at the router, mean of 4 s")
    axes[0].legend(fontsize=8, frameon=False)
    axes[1].step(at, wanted, where="post", color=_OTHER, label="wanted")
    axes[1].step(at, ready, where="post", color=_OWN, label="ready")
    axes[1].legend(fontsize=8, frameon=False)
    axes[2].plot(seconds, slowest, color=_OTHER, label="slowest")
    axes[2].plot(seconds, median, color=_OWN, label="median")
    axes[2].set_yscale("log")
    axes[2].legend(fontsize=8, frameon=False)
    for axis, title in zip(axes, ("load", "pods", "ms until the answer, by second"), strict=True):
        axis.set_title(title, fontsize=10, loc="left")
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    axes[2].set_xlabel("seconds", fontsize=8)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
    return True


def _panels(parts: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Title → label → requests a second."""
    found: dict[str, dict[str, float]] = {}
    for model, targets in parts.get("a", {}).get("result", {}).get("models", {}).items():
        counts = {n for target in targets.values() for n in target["connections"]}
        n = "64" if "64" in counts else max(counts, key=int, default="")
        values = {
            target["title"].replace("`", "").replace("*", ""): target["connections"][n]["per_second"]
            for target in targets.values()
            if n in target["connections"]
        }
        if values:
            found[f"{model}: requests/s at {n} connections"] = values
    hop = parts.get("b", {}).get("result", {}).get("targets", {})
    if values := {
        f"{name}, {n}": f["per_second"]
        for name, by in hop.items()
        for n, f in by.items()
        if name in ("nginx", "router")
    }:
        found["one hop: requests/s on one core"] = values
    return found


def _bars(axis: Any, title: str, values: dict[str, float]) -> None:
    labels = list(values)[::-1]
    colours = [_OWN if label.lower().startswith(("penstock", "router")) else _OTHER for label in labels]
    bars = axis.barh(labels, [values[label] for label in labels], color=colours)
    axis.bar_label(bars, labels=[f"{values[label]:,.0f}" for label in labels], padding=3, fontsize=8)
    axis.set_title(title, fontsize=10, loc="left")
    axis.tick_params(labelsize=8)
    axis.margins(x=0.15)
    axis.spines[["top", "right"]].set_visible(False)
