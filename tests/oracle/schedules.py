"""Learning rates of PyTorch's and optax' schedulers, for tests/rules/schedules.rs.

Run as `python tests/oracle/schedules.py` with Python 3, PyTorch and optax; it writes schedules.json beside itself. The
versions that it ran with stand in the file. Each list has the rate of every update, from the first on.
"""

import json
import pathlib
import warnings

import jax
import optax
import torch

jax.config.update("jax_enable_x64", True)
warnings.filterwarnings("ignore")

STEPS = 40
METRICS = [3.0, 2.5, 2.6, 2.49999, 2.7, 2.6, 2.5, 2.4, 2.3999, 2.3999, float("nan"), 2.5, 2.6, 2.7, 2.1] + [2.2] * 15


def by_torch(make, rate=0.1):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate, momentum=0.9)
    scheduler = make(optimiser)
    rates = []
    for _ in range(STEPS):
        rates.append(float(optimiser.param_groups[0]["lr"]))
        optimiser.step()
        scheduler.step()
    return rates


def by_optax(schedule):
    return [float(schedule(jax.numpy.array(step, dtype=jax.numpy.float64))) for step in range(STEPS)]


def plateau(metrics, **options):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, eps=0.0, **options)
    rates = []
    for metric in metrics:
        scheduler.step(metric)
        rates.append(float(optimiser.param_groups[0]["lr"]))
    return rates


S = torch.optim.lr_scheduler


def warm(optimiser):
    first = S.LinearLR(optimiser, start_factor=0.2, end_factor=1.0, total_iters=8)
    return S.SequentialLR(optimiser, [first, S.ExponentialLR(optimiser, 0.9)], milestones=[8])


CASES = {
    "constant": lambda: by_torch(lambda o: S.ConstantLR(o, factor=1.0)),
    "linear": lambda: by_optax(optax.linear_schedule(0.1, 0.02, 25)),
    "exponential": lambda: by_torch(lambda o: S.ExponentialLR(o, 0.9)),
    "step": lambda: by_torch(lambda o: S.StepLR(o, 7, 0.3)),
    "multi step": lambda: by_torch(lambda o: S.MultiStepLR(o, [5, 6, 20], 0.3)),
    "polynomial": lambda: by_torch(lambda o: S.PolynomialLR(o, 25, 2.0)),
    "polynomial to an end": lambda: by_optax(optax.polynomial_schedule(0.1, 0.02, 1.5, 25)),
    "cosine": lambda: by_optax(optax.cosine_decay_schedule(0.1, 25, alpha=0.1)),
    "cosine restarts": lambda: by_torch(lambda o: S.CosineAnnealingWarmRestarts(o, 6, 1, 0.01)),
    "cosine stretched": lambda: by_torch(lambda o: S.CosineAnnealingWarmRestarts(o, 4, 2, 0.0)),
    "one cycle": lambda: by_torch(lambda o: S.OneCycleLR(o, 0.1, STEPS)),
    "one cycle, other options": lambda: by_torch(
        lambda o: S.OneCycleLR(o, 0.1, STEPS, pct_start=0.5, div_factor=10.0, final_div_factor=100.0)
    ),
    "triangle": lambda: by_torch(lambda o: S.CyclicLR(o, 0.01, 0.1, 5, 3)),
    "triangle, halving": lambda: by_torch(lambda o: S.CyclicLR(o, 0.01, 0.1, 5, mode="triangular2")),
    "triangle, shrinking": lambda: by_torch(lambda o: S.CyclicLR(o, 0.01, 0.1, 5, mode="exp_range", gamma=0.95)),
    "warm-up": lambda: by_torch(warm),
    "warm-up and cosine": lambda: by_optax(optax.warmup_cosine_decay_schedule(0.0, 0.1, 10, 30, 0.001)),
    "plateau": lambda: plateau(METRICS, patience=2, factor=0.5),
    "plateau, other options": lambda: plateau(
        [-m for m in METRICS], mode="max", patience=1, factor=0.3, cooldown=2, threshold=1e-2, min_lr=0.001
    ),
}


def main():
    cases = {name: run() for name, run in CASES.items()}
    metrics = [None if m != m else m for m in METRICS]
    versions = f"torch {torch.__version__}, jax {jax.__version__}, optax {optax.__version__}"
    path = pathlib.Path(__file__).with_suffix(".json")
    table = {"versions": versions, "metrics": metrics, "cases": cases}
    path.write_text(json.dumps(table, separators=(",", ":"), allow_nan=False) + "\n")


if __name__ == "__main__":
    main()
