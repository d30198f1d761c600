"""Prints the peak memory of training steps, in MiB above what the program takes before it starts.

    cargo build --release --example steps
    python benches/memory.py --peer "python bench_torch.py" --import "python -c 'import torch'"

A peer is a command as `compare.py` takes it, followed by what it loads before its first step, whose peak is subtracted;
for ours that is a run without a workload, which stops at an error.
"""

import argparse
import os
import shlex
import subprocess

OURS = "target/release/examples/steps"


def peak(words):
    """The largest resident size of a command, in MiB."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workloads", nargs="*", default=["mlp", "lenet", "vgg", "char_gpt", "lstm"])
    parser.add_argument("--peer", required=True)
    parser.add_argument("--import", dest="before", required=True)
    parser.add_argument("--threads", default="2")
    arguments = parser.parse_args()
    print("| workload | sapwood, MiB | peer, MiB | ours ÷ peer |")
    print("| --- | --- | --- | --- |")
    own, theirs = peak([OURS, "none"]), peak(shlex.split(arguments.before))
    for workload in arguments.workloads:
        ours, peer = (
            peak([*shlex.split(command), workload, "--threads", arguments.threads]) - before
            for command, before in ((OURS, own), (arguments.peer, theirs))
        )
        print(f"| `{workload}` | {ours:.0f} | {peer:.0f} | {ours / peer:.2f} |")


if __name__ == "__main__":
    main()
