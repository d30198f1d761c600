"""The coefficients in src/kernels/math: minimax polynomials by Remez' exchange algorithm, rounded to each precision.

Run with Python 3 and mpmath 1.3: `python benches/coefficients.py [name …]`. For each polynomial it prints the largest
error times the weight before rounding, in units of 2^-24 and 2^-53, and the coefficients from the constant one on.
"""

import struct
import sys

from mpmath import asin, atan, cos, erf, erfc, exp, expm1, log, lu_solve, matrix, mp, mpf, pi, sin, sinh, sqrt, tanh

mp.dps = 60


def remez(f, weight, low, high, degree, rounds=12):
    """The polynomial p of a degree with the least maximum of |p(x) − f(x)| · weight(x) on [low, high]."""
    n = degree + 2
    low, high = mpf(low), mpf(high)
    points = [(low + high) / 2 - (high - low) / 2 * cos(pi * i / (n - 1)) for i in range(n)]
    for _ in range(rounds):
        rows = [[x**k for k in range(degree + 1)] + [(-1) ** i / weight(x)] for i, x in enumerate(points)]
        solution = lu_solve(matrix(rows), matrix([f(x) for x in points]))
        p = [solution[k] for k in range(degree + 1)]
        error = lambda x: (evaluate(p, x) - f(x)) * weight(x)
        points = extrema(error, points, low, high)
        sizes = [abs(error(x)) for x in points]
        if max(sizes) < min(sizes) * mpf("1.001"):
            break
    return p, max(sizes)


def extrema(error, points, low, high):
    """The places of the extrema of an error that alternates at the points."""
    roots = [low]
    for a, b in zip(points, points[1:]):
        fa = error(a)
        for _ in range(40):
            middle = (a + b) / 2
            fm = error(middle)
            if (fm > 0) == (fa > 0):
                a, fa = middle, fm
            else:
                b = middle
        roots.append((a + b) / 2)
    roots.append(high)
    found = []
    for a, b in zip(roots, roots[1:]):
        sign = 1 if error((a + b) / 2) > 0 else -1
        third = lambda a, b: (a + (b - a) / 3, b - (b - a) / 3)
        for _ in range(45):
            c, d = third(a, b)
            if error(c) * sign > error(d) * sign:
                b = d
            else:
                a = c
        found.append((a + b) / 2)
    return found


def evaluate(p, x):
    total = mpf(0)
    for c in reversed(p):
        total = total * x + c
    return total


def short_single(x):
    """The shortest decimal that rounds to the same f32."""
    target = struct.pack("f", float(x))
    for digits in range(1, 12):
        text = f"{float(x):.{digits - 1}e}"
        if struct.pack("f", float(text)) == target:
            return text
    return repr(float(x))


def odd(f, first):
    """q(z) with f(x) = x · (first + z · q(z)), z = x², as a function of z; the limit at 0 by a small step."""
    def q(z):
        z = max(z, mpf(10) ** -24)
        x = sqrt(z)
        return (f(x) / x - first) / z
    return q


def odd_kernel(name, f, high, single, double):
    """q(z) with f(x) = x + x z q(z), z = x², for x up to `high`; error relative to f(x)."""
    def weight(z):
        z = max(z, small)
        return z * sqrt(z) / f(sqrt(z))
    return (name, odd(f, 1), weight, 0, mpf(high) ** 2, single, double)


small = mpf(10) ** -20
away = lambda x: x if abs(x) > small else small
LN2 = log(2)
erf_rest = odd(erf, 2 / sqrt(pi))
ERF_FIRST = struct.unpack("f", struct.pack("f", -0.37612632))[0]
# (name, function, weight, low, high, degree for f32, degree for f64): weights make the error relative to the result.
KERNELS = [
    # (e^r − 1 − r) / r², error relative to e^r
    ("exp", lambda r: (exp(away(r)) - 1 - away(r)) / away(r) ** 2, lambda r: away(r) ** 2 / exp(r), -LN2 / 2 * mpf("1.02"), LN2 / 2 * mpf("1.02"), 4, 9),
    # (e^r − 1 − r − r²/2) / r³, error relative to e^r − 1
    ("exp_m1", lambda r: (expm1(away(r)) - away(r) - away(r) ** 2 / 2) / away(r) ** 3, lambda r: away(r) ** 3 / expm1(away(r)), -LN2 / 2 * mpf("1.02"), LN2 / 2 * mpf("1.02"), 4, 9),
    # (ln((1+s)/(1−s)) − 2s) / s³ of z = s², error relative to 2s
    ("ln", lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) / sqrt(z) - 2) / z if z > mpf(10) ** -24 else mpf(2) / 3 + z * 2 / 5, lambda z: max(z, small), 0, (3 - 2 * sqrt(2)) ** 2 * mpf("1.001"), 2, 6),
    # (3/2 ln((1+s)/(1−s)) / s − 3 − z) / z² of z = s², error relative to the sum 3
    ("ln_in_two", lambda z: (log((1 + sqrt(z)) / (1 - sqrt(z))) / sqrt(z) * 3 / 2 - 3 - z) / z**2 if z > mpf(10) ** -12 else mpf(3) / 5 + z * 3 / 7, lambda z: z**2 / 3 + small, 0, (3 - 2 * sqrt(2)) ** 2 * mpf("1.001"), None, 6),
    # (tanh x / x − 1) / z
    odd_kernel("tanh", tanh, "0.625", 5, 10),
    odd_kernel("sinh", sinh, "1", 3, 6),
    odd_kernel("asin", asin, "0.5", 4, 11),
    odd_kernel("atan", atan, "0.6", 5, 13),
    # of an angle up to π/4 and a little more
    odd_kernel("sin_double", sin, "0.7855", None, 5),
    # (cos r − 1 + r²/2) / r⁴ of z = r², error relative to cos r
    ("cos_double", lambda z: (cos(sqrt(max(z, small))) - 1 + max(z, small) / 2) / max(z, small) ** 2, lambda z: max(z, small) ** 2 / cos(sqrt(z)), 0, mpf("0.7855") ** 2, None, 5),
    # (erf x / x − 2/√π) / z of z = x²; for f32 the rest, (… − first) / z, where the rounding of the first matters
    ("erf", erf_rest, lambda z: max(z, small) * sqrt(max(z, small)) / erf(sqrt(max(z, small))), 0, 1, None, 12),
    ("erf", lambda z: (erf_rest(z) - ERF_FIRST) / max(z, small), lambda z: max(z, small) ** 2 * sqrt(max(z, small)) / erf(sqrt(max(z, small))), mpf("1e-3"), 1, 4, None),
]


def tail(c, there, high, single, double):
    """a Φ(−a) e^(a²/2) of t, where a = c (1 + t) / (1 − t), for a ≥ 1, less what it is `there`, at a = c."""
    def whole(t):
        a = c * (1 + t) / (1 - t)
        return a * exp(a * a / 2) * erfc(a / sqrt(2)) / 2
    at = lambda a: (mpf(a) - c) / (mpf(a) + c)
    return ("tail", lambda t: whole(t) - mpf(there), lambda t: 1 / whole(t), at(1), at(high), single, double)


def tail_sum(c, high, degree):
    """(a + c) Φ(−a) e^(a²/2) of t, where a = c (1 + t) / (1 − t), for a ≥ 0; computed in f64 for f32."""
    def whole(t):
        a = c * (1 + t) / (1 - t)
        return (a + c) * exp(a * a / 2) * erfc(a / sqrt(2)) / 2
    return ("tail_sum", whole, lambda t: 1 / whole(t), -1, (mpf(high) - c) / (mpf(high) + c), None, degree)


KERNELS += [
    tail_sum(mpf("3.5"), "14.5", 9),
    # (e^r − 1 − r) / r² for f32, computed in f64
    ("exp_wide", lambda r: (exp(away(r)) - 1 - away(r)) / away(r) ** 2, lambda r: away(r) ** 2 / exp(r), -LN2 / 2 * mpf("1.02"), LN2 / 2 * mpf("1.02"), None, 4),
    tail(2, struct.unpack("f", struct.pack("f", 0.336204))[0], "14.5", 9, None),
    tail(5, 0.3845965248750315, "39", None, 21),
    # sin(πf/2)/f and cos(πf/2) of z = f²: for f32, computed in f64
    ("sin", lambda z: sin(pi / 2 * sqrt(max(z, small))) / sqrt(max(z, small)), lambda z: sqrt(max(z, small)) / sin(pi / 2 * sqrt(max(z, small))), 0, mpf("0.251"), None, 4),
    ("cos", lambda z: cos(pi / 2 * sqrt(z)), lambda z: 1 / cos(pi / 2 * sqrt(z)), 0, mpf("0.251"), None, 4),
]

if __name__ == "__main__":
    for name, f, weight, low, high, single_degree, double_degree in KERNELS:
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        for degree, text, unit in [(single_degree, short_single, 24), (double_degree, lambda x: repr(float(x)), 53)]:
            if degree is None:
                continue
            p, error = remez(f, weight, low, high, degree)
            print(f"{name} f{32 if unit == 24 else 64} degree {degree}: {float(error * mpf(2) ** unit):.4f} units")
            print("    [" + ", ".join(text(c) for c in p) + "]", flush=True)
