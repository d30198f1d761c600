"""Runs peers' programs and ours alternately and prints a table of milliseconds a step, with the ratio to the best peer.

    cargo build --release --example steps
    python benches/compare.py --threads 1 2 --peer "python bench_torch.py" --peer "./candle"

A peer is a command that takes names of workloads and `--threads N` (or has `{threads}` in it, for an environment
variable: "env RAYON_NUM_THREADS={threads} ./candle") and prints a line a workload:
`NAME WORKLOAD threads=N best B ms median M ms` (the threads may be left out). The best of all rounds counts, so that a disturbance in one does not.
"""

import argparse
import re
import shlex
import subprocess

OURS = "target/release/examples/steps"
WORKLOADS = ["linear", "tiny_mlp", "mlp", "lenet", "vgg", "char_gpt", "lstm", "adam_25m", "loader"]
LINE = re.compile(r"^(.+?) (\w+)(?: threads=\d+)? best ([\d.]+) ms median [\d.]+ ms", re.M)


def run(command, workload, threads):
    """Milliseconds a step by the name that the program gives itself; none where it has no such workload."""
    if "{threads}" in command:
        words = shlex.split(command.replace("{threads}", str(threads))) + [workload]
    else:
        words = shlex.split(command) + [workload, "--threads", str(threads)]
    printed = subprocess.run(words, capture_output=True, text=True).stdout
    return {name: float(best) for name, found, best in LINE.findall(printed) if found == workload}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", default=WORKLOADS)
    parser.add_argument("--peer", action="append", default=[], help="a peer's command; may be given several times")
    parser.add_argument("--threads", type=int, nargs="+", default=[2])
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    best = {}
    for threads in arguments.threads:
        for workload in arguments.workloads:
            for _ in range(arguments.rounds):
                for command in [OURS, *arguments.peer]:
                    for name, time in run(command, workload, threads).items():
                        key = (workload, threads, name)
                        best[key] = min(time, best.get(key, time))
    peers = sorted({name for _, _, name in best} - {"sapwood"})
    print("| workload | threads | sapwood |", *(f"{peer} |" for peer in peers), "ours ÷ best peer |")
    print("| --- | --- | --- |", *("--- |" for _ in peers), "--- |")
    for threads in arguments.threads:
        for workload in arguments.workloads:
            ours = best.get((workload, threads, "sapwood"))
            theirs = [best.get((workload, threads, peer)) for peer in peers]
            known = [time for time in theirs if time]
            ratio = f"{ours / min(known):.2f}" if ours and known else "—"
            cells = [f"{time:.3g}" if time else "—" for time in [ours, *theirs]]
            print(f"| `{workload}` | {threads} |", *(f"{cell} |" for cell in cells), f"{ratio} |")


if __name__ == "__main__":
    main()
