"""Prints medians and ratios of the runs in a folder that bench/peers/run wrote."""

import json
import pathlib
import statistics
import sys

FIGURES = [
    ("tokens/s", lambda r: r["summary"]["tokens_per_second"]),
    ("TTFT p50 ms", lambda r: r["latency_ms"]["ttft_response"]["p50"]),
    ("ITL p50 ms", lambda r: r["latency_ms"]["icl"]["p50"]),
    ("ITL p99 ms", lambda r: r["latency_ms"]["icl"]["p99"]),
]

runs = {}
for file in pathlib.Path(sys.argv[1]).glob("*.json"):
    name, clients = file.stem.rsplit("-", 3)[:2]
    runs.setdefault(int(clients), {}).setdefault(name, []).append(json.loads(file.read_text()))

print(f"{'clients':>7}  {'figure':<12} {'cocoon':>9} {'llama-server':>13} {'ratio':>7}")
for clients, sides in sorted(runs.items()):
    for figure, value in FIGURES:
        both = [
            [v for v in map(value, sides[side]) if v is not None] for side in ("cocoon", "llama-server")
        ]
        if not all(both):
            print(f"{clients:>7}  {figure:<12} too few samples")
            continue
        ours, theirs = map(statistics.median, both)
        print(f"{clients:>7}  {figure:<12} {ours:>9.1f} {theirs:>13.1f} {ours / theirs:>7.2f}")
