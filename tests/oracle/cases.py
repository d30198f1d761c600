"""What the scripts beside this one share: cases computed by PyTorch, and how they are written down.

A case is a function of tensors: its inputs, its output, and the gradient by each input of the output's sum with fixed
weights (`weights` here and in cases.rs). JSON has no NaN and no infinities: they are strings.
"""

import json
import math
import pathlib
import sys

import numpy
import torch

torch.set_default_dtype(torch.float64)
RNG = numpy.random.default_rng(0)


def draw(shape, low=-2.0, high=2.0):
    """Random numbers that are multiples of 1/64, so that single precision holds them exactly."""
    return torch.tensor(numpy.round(RNG.uniform(low, high, shape) * 64) / 64)


def weights(shape):
    count = math.prod(shape)
    return ((torch.arange(count) * 7 % 11 + 1) / 8.0).reshape(shape)


def number(x):
    if math.isnan(x):
        return "nan"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    # An int has no negative zero.
    whole = x == int(x) and abs(x) < 1e15 and str(x) != "-0.0"
    return int(x) if whole else x


def array(tensor):
    return [list(tensor.shape), [number(float(x)) for x in tensor.detach().double().flatten()]]


def case(name, function, *inputs, differentiate=True):
    """`differentiate` may be a list of bools, one an input."""
    inputs = [torch.as_tensor(x, dtype=torch.float64).clone() for x in inputs]
    wanted = differentiate if isinstance(differentiate, list) else [differentiate] * len(inputs)
    for x, want in zip(inputs, wanted):
        x.requires_grad_(want)
    output = function(*inputs)
    gradients = None
    if any(wanted):
        (output * weights(output.shape)).sum().backward()
        gradients = [
            array(x.grad if x.grad is not None else torch.zeros_like(x)) if want else None
            for x, want in zip(inputs, wanted)
        ]
    return {"name": name, "inputs": [array(x) for x in inputs], "output": array(output), "gradients": gradients}


def write(script, cases):
    path = pathlib.Path(script).with_suffix(".json")
    lines = ",\n".join(json.dumps(each, separators=(",", ":")) for each in cases)
    made = f"torch {torch.__version__.split('+')[0]}, numpy {numpy.__version__}, Python {sys.version.split()[0]}"
    path.write_text(f'{{"made with":"{made}","cases":[\n{lines}\n]}}\n')
    print(f"{path}: {len(cases)} cases, {path.stat().st_size} bytes")
