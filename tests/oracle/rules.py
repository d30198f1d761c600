"""Trajectories of optimiser rules, for tests/rules.rs.

Run as `python tests/oracle/rules.py` with Python 3, NumPy, PyTorch and optax; it writes rules.json beside itself.
What is there was made with NumPy 2.4, PyTorch 2.15, JAX and optax of the versions that the file's "versions" names.

Every case starts from `start` (2×3) and gets `gradients`, one a step, so that the trajectory depends on the rule alone.
"torch" and "optax" are those libraries' own optimisers in f64. "equations" are the papers' equations, written out below
in NumPy, where libraries follow another convention than the paper or differ among themselves.
"""

import json
import pathlib

import jax
import numpy as np
import optax
import optax.contrib
import torch

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)

STEPS = 24
SHAPE = (2, 3)
START = np.array([[1.0, -2.0, 3.0], [0.5, -0.25, 0.125]])


def make_gradients():
    """Scales from 1e-3 to 10, turning signs, and a few zeros."""
    rng = np.random.default_rng(20)
    scale = np.array([[1.0, 0.1, 10.0], [0.001, 0.5, 2.0]])
    gradients = np.round(rng.normal(size=(STEPS, *SHAPE)) * scale + scale / 2, 6)
    gradients[3, 0, 1] = gradients[4, 0, 1] = gradients[7, 1, 2] = 0.0
    return gradients


GRADIENTS = make_gradients()


def with_torch(make, shape=SHAPE):
    x = torch.nn.Parameter(torch.tensor(START).reshape(shape))
    optimiser = make([x])
    path = []
    for g in GRADIENTS:
        x.grad = torch.tensor(g).reshape(shape)
        optimiser.step()
        path.append(x.detach().numpy().copy())
    return path


def with_optax(transform, seen=lambda state, x: x):
    x = jax.numpy.array(START)
    state = transform.init(x)
    path = []
    for g in GRADIENTS:
        updates, state = transform.update(jax.numpy.array(g), state, x)
        x = optax.apply_updates(x, updates)
        path.append(np.array(seen(state, x)))
    return path


def with_equations(step):
    """`step(t, x, g, memory)` returns the new x; t counts from 1."""
    x, memory, path = START.copy(), {}, []
    for t, g in enumerate(GRADIENTS, 1):
        x = step(t, x, g, memory)
        path.append(x.copy())
    return path


def moments(memory, g, b1, b2):
    m = memory["m"] = b1 * memory.get("m", 0.0) + (1 - b1) * g
    v = memory["v"] = b2 * memory.get("v", 0.0) + (1 - b2) * g**2
    return m, v


def nadam(t, x, g, memory, rate=0.01, b1=0.9, b2=0.999, eps=1e-8):
    """Dozat (2016), algorithm 2, with a constant mu."""
    m, v = moments(memory, g, b1, b2)
    m_hat = b1 * m / (1 - b1 ** (t + 1)) + (1 - b1) * g / (1 - b1**t)
    v_hat = b2 * v / (1 - b2**t)
    return x - rate * m_hat / (np.sqrt(v_hat) + eps)


def radam(t, x, g, memory, rate=0.01, b1=0.9, b2=0.99, eps=1e-3):
    """Liu et al. (2020), algorithm 2, with the authors' program's threshold of 5 and epsilon beside the corrected root."""
    m, v = moments(memory, g, b1, b2)
    m_hat = m / (1 - b1**t)
    rho_inf = 2 / (1 - b2) - 1
    rho = rho_inf - 2 * t * b2**t / (1 - b2**t)
    if rho <= 5:
        return x - rate * m_hat
    r = np.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))
    return x - rate * r * m_hat / (np.sqrt(v / (1 - b2**t)) + eps)


def oadam(t, x, g, memory, rate=0.01, b1=0.5, b2=0.9, eps=1e-8):
    """Daskalakis et al. (2018), algorithm 1."""
    m, v = moments(memory, g, b1, b2)
    d = rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
    x = x - 2 * d + memory.get("d", 0.0)
    memory["d"] = d
    return x


def sign_decay(t, x, g, memory, rate=0.01, decay=0.3):
    """Descent on the loss plus decay · sum |x|."""
    return x - rate * (g + decay * np.sign(x))


def lion(t, x, g, memory, rate=0.01, b1=0.8, b2=0.95, decay=0.1):
    """Chen et al. (2023), algorithm 2."""
    m = memory.get("m", 0.0)
    x = x - rate * (np.sign(b1 * m + (1 - b1) * g) + decay * x)
    memory["m"] = b2 * m + (1 - b2) * g
    return x


def lookahead(t, x, g, memory, rate=0.05, rho=0.8, steps=3, alpha=0.4):
    """Zhang et al. (2019), algorithm 1, over SGD with momentum."""
    slow = memory.setdefault("slow", START.copy())
    v = memory["v"] = rho * memory.get("v", 0.0) + g
    x = x - rate * v
    if t % steps == 0:
        x = memory["slow"] = slow + alpha * (x - slow)
    return x


def accumulated(t, x, g, memory, count=3):
    """Adam, one step for the mean of every three gradients."""
    memory["sum"] = memory.get("sum", 0.0) + g
    if t % count:
        return x
    g, memory["sum"] = memory["sum"] / count, 0.0
    m, v = moments(memory, g, 0.9, 0.999)
    t //= count
    return x - 0.01 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)


def lars(t, x, g, memory, rate=0.5, rho=0.8, trust=0.1, decay=0.05):
    """You et al. (2017), algorithm 1."""
    scale = trust * np.linalg.norm(x) / (np.linalg.norm(g) + decay * np.linalg.norm(x))
    v = memory["v"] = rho * memory.get("v", 0.0) + rate * scale * (g + decay * x)
    return x - v


def schedule_free(t, y, g, memory, rate=0.05, b1=0.8, b2=0.99, eps=1e-8, decay=0.1, warm_up=5):
    """Defazio et al. (2024), with the warm-up and the weights of the authors' program; returns y."""
    z, x = memory.setdefault("z", START.copy()), memory.setdefault("x", START.copy())
    lr = rate * min(1.0, t / warm_up)
    memory["lr_max"] = max(lr, memory.get("lr_max", 0.0))
    weight = memory["lr_max"] ** 2
    memory["sum"] = memory.get("sum", 0.0) + weight
    v = memory["v"] = b2 * memory.get("v", 0.0) + (1 - b2) * g**2
    d = g / (np.sqrt(v / (1 - b2**t)) + eps) + decay * y
    z = memory["z"] = z - lr * d
    c = weight / memory["sum"]
    x = memory["x"] = (1 - c) * x + c * z
    return (1 - b1) * z + b1 * x


def in_full_precision(make, shape=SHAPE):
    """Muon's Newton-Schulz steps run in bfloat16; here they are to run in f64."""
    bfloat16 = torch.bfloat16
    torch.bfloat16 = torch.float64
    try:
        return with_torch(make, shape)
    finally:
        torch.bfloat16 = bfloat16


def muon(p, **options):
    return torch.optim.Muon(p, adjust_lr_fn="match_rms_adamw", **options)


T = torch.optim
CASES = {
    "descent": ("torch", lambda: with_torch(lambda p: T.SGD(p, lr=0.01))),
    "momentum": ("torch", lambda: with_torch(lambda p: T.SGD(p, lr=0.01, momentum=0.8))),
    "nesterov": ("torch", lambda: with_torch(lambda p: T.SGD(p, lr=0.01, momentum=0.8, nesterov=True))),
    "weight decay": ("torch", lambda: with_torch(lambda p: T.SGD(p, lr=0.01, momentum=0.8, weight_decay=0.3))),
    "sign decay": ("equations", lambda: with_equations(sign_decay)),
    "rmsprop": ("torch", lambda: with_torch(lambda p: T.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-8))),
    "rmsprop centred": (
        "torch",
        lambda: with_torch(lambda p: T.RMSprop(p, lr=0.01, alpha=0.9, eps=1e-4, centered=True)),
    ),
    "rprop": ("torch", lambda: with_torch(lambda p: T.Rprop(p))),
    "rprop other options": (
        "torch",
        lambda: with_torch(lambda p: T.Rprop(p, lr=0.1, etas=(0.3, 1.5), step_sizes=(0.05, 0.2))),
    ),
    "adam": ("torch", lambda: with_torch(lambda p: T.Adam(p))),
    "adam other options": ("torch", lambda: with_torch(lambda p: T.Adam(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3))),
    "adamw": ("torch", lambda: with_torch(lambda p: T.AdamW(p, lr=0.01, weight_decay=0.1))),
    "adamax": ("torch", lambda: with_torch(lambda p: T.Adamax(p))),
    "adamax other options": ("torch", lambda: with_torch(lambda p: T.Adamax(p, lr=0.02, betas=(0.8, 0.95), eps=1e-3))),
    "adagrad": ("torch", lambda: with_torch(lambda p: T.Adagrad(p))),
    "adagrad other options": (
        "torch",
        lambda: with_torch(lambda p: T.Adagrad(p, lr=0.1, eps=1e-3, initial_accumulator_value=0.5)),
    ),
    "adadelta": ("torch", lambda: with_torch(lambda p: T.Adadelta(p))),
    "adadelta other options": ("torch", lambda: with_torch(lambda p: T.Adadelta(p, lr=0.5, rho=0.8, eps=1e-3))),
    "amsgrad": ("torch", lambda: with_torch(lambda p: T.Adam(p, lr=0.01, betas=(0.9, 0.9), amsgrad=True))),
    "nadam": ("equations", lambda: with_equations(nadam)),
    "radam": ("torch", lambda: with_torch(lambda p: T.RAdam(p, eps=0.0))),
    "radam other options": ("equations", lambda: with_equations(radam)),
    "oadam": ("equations", lambda: with_equations(oadam)),
    "adabelief": ("optax", lambda: with_optax(optax.adabelief(0.001))),
    "adabelief other options": ("optax", lambda: with_optax(optax.adabelief(0.01, 0.8, 0.95, 1e-3, 1e-3))),
    "lion": ("optax", lambda: with_optax(optax.lion(1e-4, weight_decay=0.0))),
    "lion with decay": ("equations", lambda: with_equations(lion)),
    "lamb": ("optax", lambda: with_optax(optax.lamb(0.01))),
    "lamb with decay": ("optax", lambda: with_optax(optax.lamb(0.01, 0.8, 0.95, 1e-3, weight_decay=0.1))),
    "lars": ("optax", lambda: with_optax(optax.lars(0.5, trust_coefficient=0.1))),
    "lars with decay": ("equations", lambda: with_equations(lars)),
    "adafactor": ("torch", lambda: with_torch(lambda p: T.Adafactor(p))),
    "adafactor other options": (
        "torch",
        lambda: with_torch(
            lambda p: T.Adafactor(p, lr=0.5, beta2_decay=-0.6, eps=(None, 1.5), d=1.05, weight_decay=0.1)
        ),
    ),
    "muon": ("torch", lambda: in_full_precision(lambda p: muon(p))),
    "muon other options": ("torch", lambda: in_full_precision(lambda p: muon(p, lr=0.05, momentum=0.8, weight_decay=0))),
    "schedule free": ("optax", lambda: with_optax(optax.contrib.schedule_free_adamw(0.0025))),
    "schedule free other options": ("equations", lambda: with_equations(schedule_free)),
    "prodigy": ("optax", lambda: with_optax(optax.contrib.prodigy())),
    "prodigy other options": (
        "optax",
        lambda: with_optax(
            optax.contrib.prodigy(0.5, (0.8, 0.95), eps=1e-3, estim_lr0=1e-2, estim_lr_coef=0.5, weight_decay=0.1)
        ),
    ),
    "lookahead": ("equations", lambda: with_equations(lookahead)),
    "accumulated": ("equations", lambda: with_equations(accumulated)),
}


SHAPED = {
    "adafactor, vector": lambda: with_torch(lambda p: T.Adafactor(p), (6,)),
    "adafactor, stack": lambda: with_torch(lambda p: T.Adafactor(p), (3, 1, 2)),
    "muon, tall": lambda: in_full_precision(lambda p: muon(p), (3, 2)),
    "schedule free, evaluated": lambda: with_optax(
        optax.contrib.schedule_free_adamw(0.0025), optax.contrib.schedule_free_eval_params
    ),
}


def logistic():
    """The minimum of a logistic regression with a penalty, for L-BFGS."""
    rng = np.random.default_rng(3)
    x = np.round(rng.normal(size=(30, 3)), 6)
    y = (x @ [1.0, -2.0, 0.5] + rng.normal(size=30) > 0).astype(float)
    w = torch.zeros(3, requires_grad=True)
    tensors = torch.tensor(x), torch.tensor(y)

    def loss():
        return torch.nn.functional.binary_cross_entropy_with_logits(tensors[0] @ w, tensors[1]) + 0.01 * (w**2).sum()

    options = {"max_iter": 500, "tolerance_grad": 1e-12, "tolerance_change": 0.0, "line_search_fn": "strong_wolfe"}
    optimiser = T.LBFGS([w], **options)

    def closure():
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    optimiser.step(closure)
    return {"x": x.tolist(), "y": y.tolist(), "w": w.tolist(), "loss": loss().item()}


def main():
    cases = {name: {"by": by, "path": np.array(run()).reshape(STEPS, -1).tolist()} for name, (by, run) in CASES.items()}
    versions = f"torch {torch.__version__}, jax {jax.__version__}, optax {optax.__version__}, numpy {np.__version__}"
    table = {
        "versions": versions,
        "start": START.ravel().tolist(),
        "gradients": GRADIENTS.reshape(STEPS, -1).tolist(),
        "cases": cases,
        "shaped": {name: np.array(run()).reshape(STEPS, -1).tolist() for name, run in SHAPED.items()},
        "logistic": logistic(),
    }
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(table, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
