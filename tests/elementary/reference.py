"""Writes reference.txt: arguments of f64 functions and their values, from mpmath 1.3 with 60 digits.

Run with Python 3: `python tests/elementary/reference.py > tests/elementary/reference.txt`. Each line holds a function,
the argument's bits, the nearest f64's bits, and what the value differs from that, in units of its last place.
"""

import random
import struct

from mpmath import acos, acosh, asin, asinh, atan, atanh, cos, cosh, erf, erfc, exp, expm1, floor, frexp, inf, ldexp, log, log1p, mp, mpf, ncdf, pi, sin, sinh
from mpmath import tan, tanh

mp.dps = 60


def bits(x):
    return struct.pack(">d", x).hex()


def sigmoid(x):
    return 1 / (1 + exp(-x))


def softplus(x):
    return log1p(exp(x)) if x < 50 else x + log1p(exp(-x))


def normal_cdf(x):
    return erfc(-x / mp.sqrt(2)) / 2


def log_uniform(rng, low, high):
    return rng.choice([-1, 1]) * 10 ** rng.uniform(low, high)


SIGNED = lambda high: lambda rng: rng.uniform(-high, high) if rng.random() < 0.6 else log_uniform(rng, -20, 0)

def angle(rng):
    """Up to 2²⁴, every third as near to a multiple of π/2 as a number can be."""
    if rng.random() < 0.33:
        return float(rng.randint(1, 10 ** rng.randint(1, 7)) * pi / 2)
    return SIGNED(10)(rng) if rng.random() < 0.5 else log_uniform(rng, -20, 7.2)


POSITIVE = lambda rng: rng.uniform(0.4, 2.5) if rng.random() < 0.5 else abs(log_uniform(rng, -307, 308))
FUNCTIONS = {
    "exp": (exp, SIGNED(708)),
    "exp2": (lambda x: 2**x, SIGNED(1022)),
    "exp_m1": (expm1, lambda rng: rng.uniform(-3, 3) if rng.random() < 0.7 else SIGNED(700)(rng)),
    "ln": (log, POSITIVE),
    "ln_1p": (log1p, lambda rng: rng.uniform(-0.99, 4) if rng.random() < 0.7 else abs(log_uniform(rng, -20, 300))),
    "log2": (lambda x: log(x) / log(2), POSITIVE),
    "log10": (lambda x: log(x) / log(10), POSITIVE),
    "tanh": (tanh, SIGNED(4)),
    "sigmoid": (sigmoid, lambda rng: rng.uniform(-40, 40) if rng.random() < 0.7 else SIGNED(700)(rng)),
    "softplus": (softplus, lambda rng: rng.uniform(-40, 40) if rng.random() < 0.7 else SIGNED(700)(rng)),
    "erf": (erf, SIGNED(4)),
    "gelu": (lambda x: x * normal_cdf(x), lambda rng: rng.uniform(-37, 9) if rng.random() < 0.5 else SIGNED(4)(rng)),
    "silu": (lambda x: x * sigmoid(x), lambda rng: rng.uniform(-40, 40)),
    "mish": (lambda x: x * tanh(softplus(x)), lambda rng: rng.uniform(-40, 40)),
    "sin": (sin, angle),
    "cos": (cos, angle),
    "tan": (tan, angle),
    "asin": (asin, SIGNED(1)),
    "acos": (acos, SIGNED(1)),
    "atan": (atan, lambda rng: SIGNED(3)(rng) if rng.random() < 0.7 else log_uniform(rng, -300, 300)),
    "sinh": (sinh, lambda rng: SIGNED(3)(rng) if rng.random() < 0.7 else SIGNED(709)(rng)),
    "cosh": (cosh, lambda rng: SIGNED(3)(rng) if rng.random() < 0.7 else SIGNED(709)(rng)),
    "asinh": (asinh, lambda rng: SIGNED(3)(rng) if rng.random() < 0.7 else log_uniform(rng, -300, 300)),
    "acosh": (acosh, lambda rng: 1 + (rng.uniform(0, 3) if rng.random() < 0.7 else abs(log_uniform(rng, -15, 300)))),
    "atanh": (atanh, SIGNED(1)),
    "cube": (lambda x: x**3, lambda rng: rng.uniform(-2, 2) if rng.random() < 0.5 else log_uniform(rng, -100, 100)),
    "inverse_root": (lambda x: 1 / mp.sqrt(x), POSITIVE),
    "seventeenth": (lambda x: x**17, lambda rng: rng.uniform(-2, 2) if rng.random() < 0.5 else log_uniform(rng, -17, 18)),
    "exponential": (lambda x: mpf(1.5) ** x, SIGNED(1740)),
}

if __name__ == "__main__":
    rng = random.Random(0)
    for name, (f, draw) in FUNCTIONS.items():
        for _ in range(100):
            x = draw(rng)
            y = f(mpf(x))
            nearest = float(y)
            if nearest == 0 or abs(nearest) < 2.3e-308:
                continue
            _, exponent = frexp(abs(y))
            print(name, bits(x), bits(nearest), f"{float((y - mpf(nearest)) * mpf(2) ** (53 - int(exponent))):.3f}")
