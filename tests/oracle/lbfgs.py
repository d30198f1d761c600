"""Trajectories of PyTorch's L-BFGS with its strong Wolfe line search, for tests/rules/lbfgs.rs.

Run as `python tests/oracle/lbfgs.py` with Python 3, NumPy and PyTorch; it writes lbfgs.json beside itself. Each case has
the parameters before the first and after every step, and how often each step computed the loss. They
end before PyTorch's absolute tolerance for a curvature (1e-10) begins to decide, and before rounding has grown to 1e-9:
each step multiplies what the one before has left.
"""

import json
import pathlib

import numpy as np
import torch

torch.set_default_dtype(torch.float64)

# Two classes by features of very different scales.
RNG = np.random.default_rng(3)
SCALES = np.array([0.03, 0.1, 0.3, 1.0, 3.0, 10.0])
X = np.round(RNG.normal(size=(40, 6)) * SCALES, 6)
Y = (X @ (1 / SCALES) + RNG.normal(size=40) > 0).astype(float)


def rosenbrock(p):
    return ((1 - p[:-1]) ** 2 + 100 * (p[1:] - p[:-1] ** 2) ** 2).sum()


def logistic(w):
    z = torch.tensor(X) @ w[:6] + w[6]
    return torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(Y)) + 1e-4 * (w**2).sum()


def wall(x):
    """A slope of 1 up to a wall: trials are extrapolated to their bound, and come back from beyond the wall."""
    return -x.sum() + ((x - 20) ** 9).relu().sum() + (x[0] - x[1]) ** 2 / 100


def case(function, start, memory, steps):
    x = torch.tensor(start, requires_grad=True)
    options = dict(history_size=memory, tolerance_grad=0.0, tolerance_change=0.0, line_search_fn="strong_wolfe")
    optimiser = torch.optim.LBFGS([x], max_iter=1, max_eval=26, **options)
    path, counts = [x.tolist()], []

    def closure():
        counts[-1] += 1
        optimiser.zero_grad()
        value = function(x)
        value.backward()
        return value

    for _ in range(steps):
        counts.append(0)
        optimiser.step(closure)
        path.append(x.tolist())
    return {"memory": memory, "path": path, "evaluations": counts}


def main():
    table = {
        "versions": f"torch {torch.__version__}, numpy {np.__version__}",
        "x": X.tolist(),
        "y": Y.tolist(),
        "rosenbrock": case(rosenbrock, [-1.2, 1.0], 10, 32),
        "long rosenbrock": case(rosenbrock, [-1.2, 1.0] * 5, 4, 36),
        "wall": case(wall, [1.0, 3.0], 10, 6),
        "logistic": case(logistic, [0.0] * 7, 10, 30),
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(table, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
