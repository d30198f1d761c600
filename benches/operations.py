"""Times single operations of many sizes beside PyTorch, and prints them with the slowest first, by the ratio.

    cargo build --release --example operations
    python benches/operations.py --threads 2 [OPERATION...]

Microseconds, the best of all rounds, forward and back for most (`examples/operations.rs` says what each is).
"""

import argparse
import subprocess
import time

OURS = "target/release/examples/operations"
LINES = """
dense 32 20 64
dense 1000 13 64
dense 1000 64 1
dense 10000 8 32
dense 10000 100 100
dense 20000 64 64
dense 50000 32 4
dense 256 300 300
dense 64 1000 1000
dense 8 4096 4096
matmul 64 32 32 32
matmul 16 128 64 128
matmul 512 8 8 8
conv 16 1 8 28 3 1
conv 64 3 64 32 3 1
conv 8 64 64 56 3 1
conv 8 64 128 56 1 1
conv 8 256 64 14 1 1
conv 4 3 64 128 7 2
conv 16 32 64 32 3 2
conv 16 512 512 7 3 2
conv 32 32 64 8 5 1
conv 128 256 256 2 1 1
depthwise 16 32 32 3
conv_transpose 16 64 32 16 4 2
conv_transpose 16 100 256 4 4 1
max_pool 32 16 28 2 2
max_pool 16 64 56 3 2
mean_pool 32 16 28 2 2
batch_norm 32 64 28
batch_norm 64 16 8
layer_norm 512 64
layer_norm 2048 768
attention 4 4 128 32
attention 1 1 2048 64
attention 32 4 20 16
lstm 16 20 32 64
lstm 32 50 64 128
lstm 1 200 64 128
gru 32 50 64 128
embedding 1000 64 4096
embedding 30000 256 512
cross_entropy 128 10
cross_entropy 512 1000
cross_entropy 100000 2
softmax 128 10
softmax 512 1000
softmax 100000 3
gelu 1000 1000
silu 1000 1000
sin 1000 1000
atan 1000 1000
sinh 1000 1000
tanh 1000 1000
tanh 1000
bias 1000 1000
bias 10000 10
mul 1000 1000 1000 1000
mul 1000 1000 1 1000
mul 1000 1000 1000 1
mul 1000 1000 1 1
mul 10000 10 1 10
nearest 8 16 32 64
bilinear 8 16 32 64
index_select 1000 1000 300
masked_select 1000 1000
stack 500 1000
flip 1000 1000
topk 1000 1000 10
normal 1000 1000
concat 1000 500
slice 1000 1000
sum 1000 1000 0
sum 1000 1000 1
sum 100000 8 0
sum 100000 8 1
max 1000 1000 1
max 10000 10 1
cumsum 1000 1000 1
sort 1000 1000 1
mean 1000000
reverse_axes 1000 1000
reverse_axes 64 3 224
"""


def step(line):
    """A function that does what the line says, as `step` in `examples/operations.rs`."""
    import torch
    import torch.nn.functional as F

    operation, *sizes = line.split()
    n = [int(size) for size in sizes]

    def random(*shape):
        return torch.randn(*shape).requires_grad_()

    def both(parameters, f):
        def run():
            for parameter in parameters:
                parameter.grad = None
            f(*parameters).square().sum().backward()

        return run

    def layer(layer, x, f):
        return both([x, *layer.parameters()], lambda x, *_: f(layer(x)))

    def convolution(f, weight, **options):
        return both([random(n[0], n[1], n[3], n[3]), random(*weight)], lambda x, w: f(x, w, **options))

    match operation:
        case "dense":
            return both([random(n[0], n[1]), random(n[1], n[2]), random(n[2])], lambda x, w, b: torch.addmm(b, x, w).relu())
        case "matmul":
            return both([random(n[0], n[1], n[2]), random(n[0], n[2], n[3])], torch.bmm)
        case "conv":
            return convolution(F.conv2d, [n[2], n[1], n[4], n[4]], stride=n[5], padding=n[4] // 2)
        case "depthwise":
            operands = [random(n[0], n[1], n[2], n[2]), random(n[1], 1, n[3], n[3])]
            return both(operands, lambda x, w: F.conv2d(x, w, padding=n[3] // 2, groups=n[1]))
        case "conv_transpose":
            return convolution(F.conv_transpose2d, [n[1], n[2], n[4], n[4]], stride=n[5])
        case "max_pool":
            return both([random(n[0], n[1], n[2], n[2])], lambda x: F.max_pool2d(x, n[3], n[4]))
        case "mean_pool":
            return both([random(n[0], n[1], n[2], n[2])], lambda x: F.avg_pool2d(x, n[3], n[4]))
        case "batch_norm":
            return layer(torch.nn.BatchNorm2d(n[1]), random(n[0], n[1], n[2], n[2]), lambda y: y)
        case "layer_norm":
            return layer(torch.nn.LayerNorm(n[1]), random(*n), lambda y: y)
        case "attention":
            attention = lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return both([random(*n), random(*n), random(*n)], attention)
        case "lstm":
            return layer(torch.nn.LSTM(n[2], n[3], batch_first=True), random(*n[:3]), lambda y: y[0])
        case "gru":
            return layer(torch.nn.GRU(n[2], n[3], batch_first=True), random(*n[:3]), lambda y: y[0])
        case "embedding":
            indices = torch.tensor([i * 7919 % n[0] for i in range(n[2])])
            return both([random(n[0], n[1])], lambda w: F.embedding(indices, w))
        case "cross_entropy":
            labels = torch.zeros(n[0], dtype=torch.long)
            return both([random(*n)], lambda x: F.cross_entropy(x, labels))
        case "softmax":
            return both([random(*n)], lambda x: x.softmax(-1))
        case "gelu":
            return both([random(*n)], F.gelu)
        case "silu":
            return both([random(*n)], F.silu)
        case "sin" | "atan" | "sinh":
            return both([random(*n)], getattr(torch, operation))
        case "tanh":
            return both([random(*n)], torch.tanh)
        case "bias":
            return both([random(*n), random(n[-1])], torch.add)
        case "nearest" | "bilinear":
            return both([random(n[0], n[1], n[2], n[2])], lambda x: F.interpolate(x, n[3], mode=operation))
        case "index_select":
            indices = torch.tensor([i * 7919 % n[1] for i in range(n[2])])
            return both([random(n[0], n[1])], lambda x: x.index_select(1, indices))
        case "masked_select":
            return both([random(*n)], lambda x: x.masked_select(x > 0))
        case "stack":
            return both([random(*n), random(*n)], lambda a, b: torch.stack([a, b], 2))
        case "mul":
            return both([random(*n[:2]), random(*n[2:])], torch.mul)
        case "concat":
            return both([random(*n), random(*n)], lambda a, b: torch.cat([a, b], 1))
        case "slice":
            return both([random(*n)], lambda x: x[:, 1:])
    x = torch.randn(*n[:2]) if operation in ("sum", "max", "cumsum", "sort", "topk") else torch.randn(*n)
    match operation:
        case "sum":
            return lambda: x.sum(n[2])
        case "max":
            return lambda: x.amax(n[2])
        case "cumsum":
            return lambda: x.cumsum(n[2])
        case "sort":
            return lambda: x.sort(n[2])
        case "flip":
            return lambda: x.flip(-1)
        case "topk":
            return lambda: x.topk(n[2], 1)[0]
        case "normal":
            return lambda: torch.randn(*n)
        case "mean":
            return lambda: x.mean()
        case "reverse_axes":
            return lambda: x.permute(*reversed(range(x.dim()))).contiguous()
    raise SystemExit(f"no operation `{line}`")


def theirs(lines, threads):
    import torch

    torch.set_num_threads(threads)
    times = {}
    for line in lines:
        run = step(line)
        for _ in range(3):
            run()
        runs, start = [], time.perf_counter()
        while len(runs) < 5 or time.perf_counter() - start < 0.15:
            before = time.perf_counter()
            run()
            runs.append(time.perf_counter() - before)
        times[line] = min(runs) * 1e6
    return times


def ours(lines, threads):
    printed = subprocess.run([OURS, str(threads)], input="\n".join(lines), capture_output=True, text=True, check=True)
    pairs = (line.rsplit(": ", 1) for line in printed.stdout.splitlines())
    return {line: float(microseconds) for line, microseconds in pairs}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("operations", nargs="*", help="all where none is named")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    lines = LINES.strip().splitlines()
    if arguments.operations:
        lines = [line for line in lines if line.split()[0] in arguments.operations]
    best = {}
    for _ in range(arguments.rounds):
        for name, times in (("ours", ours(lines, arguments.threads)), ("theirs", theirs(lines, arguments.threads))):
            for line, microseconds in times.items():
                best[name, line] = min(microseconds, best.get((name, line), microseconds))
    print("| operation and sizes | sapwood, µs | PyTorch, µs | ours ÷ theirs |")
    print("| --- | --- | --- | --- |")
    for line in sorted(lines, key=lambda line: -best["ours", line] / best["theirs", line]):
        ratio = best["ours", line] / best["theirs", line]
        print(f"| {line} | {best['ours', line]:.1f} | {best['theirs', line]:.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
