"""Weights between PyTorch and Sapwood.

`python weights.py write FOLDER` makes a model, weights.safetensors and case.safetensors (an input and the model's output);
`python weights.py check WEIGHTS CASE` reads weights that Sapwood has written and compares the outputs.
The files beside this script are the first command's, made with torch 2.15.0 and safetensors 0.8.0.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn


def make():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(48, 5),
        nn.LayerNorm(5),
        nn.Linear(5, 2, bias=False),
    )


def write(folder):
    torch.manual_seed(0)
    model = make()
    for _ in range(5):  # away from what layers start as
        model(torch.randn(8, 1, 6, 6))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    model.eval()
    x = torch.randn(4, 1, 6, 6)
    save_file(model.state_dict(), Path(folder) / "weights.safetensors")
    save_file({"input": x, "output": model(x).detach()}, Path(folder) / "case.safetensors")


def check(weights, case):
    model = make()
    tensors = load_file(weights)
    # A counter that only layers without a momentum use.
    tensors["1.num_batches_tracked"] = torch.tensor(0)
    model.load_state_dict(tensors, strict=True)
    model.eval()
    case = load_file(case)
    torch.testing.assert_close(model(case["input"]), case["output"], rtol=1e-5, atol=1e-6)
    print("equal")


command, *arguments = sys.argv[1:]
{"write": write, "check": check}[command](*arguments)
