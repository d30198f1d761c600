"""Operations by PyTorch: writes operations.json beside this script.

Run as `python tests/oracle/operations.py`; last made with torch 2.15.0, numpy 2.4.6, Python 3.11.
"""

import torch
import torch.nn.functional as F

from cases import case, draw, write

INF, NAN = float("inf"), float("nan")
CORNERS = torch.tensor([-INF, -100.0, -3.0, -1.0, -0.5, -0.0, 0.0, 0.5, 1.0, 3.0, 100.0, INF, NAN])
ANY, POSITIVE, BELOW_ONE, ABOVE_ONE = (-2.0, 2.0), (0.5, 2.0), (-0.7, 0.7), (1.5, 3.0)
cases = []


def add(name, function, *inputs, **options):
    cases.append(case(name, function, *inputs, **options))


# Where ours differs on purpose: the derivative at NaN is NaN, not a number that hides it.
NO_NAN = CORNERS[:-1]


def unary(name, function, within=ANY, corners=CORNERS):
    for shape in [(3, 4), (), (0, 3)]:
        add(name, function, draw(shape, *within))
    add(name, function, corners)


def pointwise():
    unary("neg", torch.neg)
    unary("square", torch.square)
    unary("powi 3", lambda x: x**3)
    unary("powi -2", lambda x: x**-2, POSITIVE)
    unary("powi 0", lambda x: x**0)
    unary("pow 2", lambda x: x**2.0)
    unary("pow 2.5", lambda x: x**2.5, POSITIVE)
    # PyTorch takes it for the square root; IEEE 754 has pow(-inf, 0.5) = inf and pow(-0.0, 0.5) = 0.
    unary("pow 0.5", lambda x: x**0.5, POSITIVE, CORNERS[6:])
    unary("pow 0", lambda x: x**0.0)
    unary("sqrt", torch.sqrt, POSITIVE)
    # PyTorch has no cube root; this one is of positive numbers.
    unary("cbrt", lambda x: x ** (1 / 3), POSITIVE, CORNERS[7:])
    unary("recip", torch.reciprocal, POSITIVE)
    unary("rsqrt", torch.rsqrt, POSITIVE)
    unary("exp", torch.exp)
    unary("exp2", torch.exp2)
    unary("exp_m1", torch.expm1)
    unary("ln", torch.log, POSITIVE)
    unary("ln_1p", torch.log1p, BELOW_ONE)
    unary("log2", torch.log2, POSITIVE)
    unary("log10", torch.log10, POSITIVE)
    unary("erf", torch.erf)
    unary("sin", torch.sin)
    unary("cos", torch.cos)
    unary("tan", torch.tan)
    unary("asin", torch.asin, BELOW_ONE)
    unary("acos", torch.acos, BELOW_ONE)
    unary("atan", torch.atan)
    unary("sinh", torch.sinh)
    unary("cosh", torch.cosh)
    unary("tanh", torch.tanh)
    unary("asinh", torch.asinh)
    unary("acosh", torch.acosh, ABOVE_ONE)
    unary("atanh", torch.atanh, BELOW_ONE)
    unary("abs", torch.abs, ANY, NO_NAN)
    unary("sign", lambda x: torch.sign(x) * 1.0, ANY, NO_NAN)
    unary("clamp -1 0.5", lambda x: torch.clamp(x, -1.0, 0.5))
    unary("maximum 0.5", lambda x: torch.maximum(x, torch.tensor(0.5)))
    unary("minimum 0.5", lambda x: torch.minimum(x, torch.tensor(0.5)))
    unary("relu", torch.relu)
    unary("leaky_relu 0.25", lambda x: F.leaky_relu(x, 0.25))
    unary("elu 0.75", lambda x: F.elu(x, 0.75), ANY, NO_NAN)
    unary("selu", torch.selu, ANY, NO_NAN)
    unary("gelu", F.gelu)
    unary("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"))
    unary("silu", F.silu)
    unary("sigmoid", torch.sigmoid)
    unary("softplus", F.softplus)
    unary("mish", F.mish)


def pairs():
    shapes = [((3, 4), (3, 4)), ((3, 4), (4,)), ((3, 1), (2, 1, 4)), ((), (3,)), ((), ()), ((0, 3), (1, 3))]
    special = [-INF, -2.0, -1.0, -0.0, 0.0, 0.5, 1.0, 3.0, INF, NAN]
    left = torch.tensor([a for a in special for _ in special])
    right = torch.tensor([b for _ in special for b in special])
    functions = {
        "add": torch.add,
        "sub": torch.sub,
        "mul": torch.mul,
        "div": torch.div,
        "pow": torch.pow,
        "atan2": torch.atan2,
        "maximum": torch.maximum,
        "minimum": torch.minimum,
        "where_": lambda x, y: torch.where(x < 0.25, x, y),
    }
    for name, function in functions.items():
        within = POSITIVE if name in ("div", "pow") else ANY
        for a, b in shapes:
            add(name, function, draw(a, *within), draw(b, *within))
        # NaN to the power 0 is 1, but its derivative is NaN here.
        kept = ~(left.isnan() & (right == 0)) if name == "pow" else slice(None)
        add(name, function, left[kept], right[kept])
    for name in ["eq", "ne", "lt", "le", "gt", "ge"]:
        add(name, lambda x, y, compare=getattr(torch, name): compare(x, y), left, right, differentiate=False)
    add("is_nan", torch.isnan, CORNERS, differentiate=False)
    add("is_finite", torch.isfinite, CORNERS, differentiate=False)
    add("where_ stacked", lambda x, y: torch.where(x > y, x, y), draw((3, 1)), draw((2, 1, 4)))


def products():
    shapes = [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((2, 2, 3), (3, 2)),
        ((2, 3), (2, 3, 2)),
        ((2, 1, 2, 3), (3, 3, 2)),
        ((2, 2, 3), (3,)),
        ((3,), (2, 3, 2)),
        ((0, 3), (3, 2)),
        ((2, 0), (0, 3)),
    ]
    for a, b in shapes:
        add("matmul", torch.matmul, draw(a), draw(b))
    add("matmul of transposes", lambda x, y: x.mT @ y.mT, draw((3, 2)), draw((4, 3)))


def reductions():
    cube, none, ties = draw((2, 3, 2)), draw((0, 3)), torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [0.0, -1.0, -1.0]])
    zeros = torch.tensor([[1.0, 2.0, 3.0], [0.0, 2.0, 3.0], [0.0, 2.0, 0.0]])
    lost = torch.tensor([[1.0, NAN, 5.0], [INF, 2.0, -INF], [-INF, -INF, -INF], [INF, INF, 0.0]])
    inputs = [cube, none, ties, zeros, lost, draw((5, 7))]
    along = {
        "sum": torch.sum,
        "mean": torch.mean,
        "var 0": lambda x, *axis, **keep: torch.var(x, *axis, correction=0, **keep),
        "std 1": lambda x, *axis, **keep: torch.std(x, *axis, correction=1, **keep),
        "max": torch.amax,
        "min": torch.amin,
        "norm": lambda x, *axis, **keep: torch.linalg.vector_norm(x, 2, *axis, **keep),
        "logsumexp": torch.logsumexp,
    }
    for name, function in along.items():
        # Rows of −inf: logsumexp's derivative is 0 here, where NaN would spoil the rest of a masked row's gradient.
        for x in [x if name != "logsumexp" or x is not lost else lost[:2, :2] for x in inputs]:
            whole = function if name != "logsumexp" else lambda x: torch.logsumexp(x, tuple(range(x.dim())))
            if x.numel() > 0:
                add(name, whole, x)
                add(f"{name} axis 0", lambda x: function(x, 0), x)
            add(f"{name} axis -1", lambda x: function(x, -1), x)
            add(f"{name} keep -1", lambda x: function(x, -1, keepdim=True), x)
        add(f"{name} axes -1 0", lambda x: function(x, (-1, 0)), cube)
    for name, function in {"prod": torch.prod, "cumsum": torch.cumsum, "cumprod": torch.cumprod}.items():
        for x in [cube, none, ties, zeros]:
            if name == "prod":
                add("prod", torch.prod, x)
            add(f"{name} axis 0", lambda x: function(x, 0), x)
            add(f"{name} axis -1", lambda x: function(x, -1), x)
    for x in [cube, none, ties, lost]:
        add("cummax axis 0", lambda x: torch.cummax(x, 0).values, x)
        add("cummax axis -1", lambda x: torch.cummax(x, -1).values, x)
    large = torch.tensor([[1e4, 0.0], [-1e4, -1e4], [-INF, 0.0]])
    for x in [cube, none, ties, large, lost]:
        for axis in [0, -1]:
            add(f"softmax axis {axis}", lambda x: torch.softmax(x, axis), x)
            add(f"log_softmax axis {axis}", lambda x: torch.log_softmax(x, axis), x)


def orders():
    lost = torch.tensor([[2.0, NAN, 1.0, 3.0], [INF, -INF, 0.0, NAN], [5.0, 4.0, -1.0, 2.0]])
    for x in [draw((3, 4)), draw((2, 3, 2)), lost]:
        for descending in [False, True]:
            word = "descending" if descending else "ascending"
            sort = lambda x: torch.sort(x, dim=1, descending=descending, stable=True)
            add(f"sort {word}", lambda x: sort(x).values, x)
            add(f"argsort {word}", lambda x: sort(x).indices, x, differentiate=False)
        add("topk largest", lambda x: torch.topk(x, 2, 1).values, x)
        add("topk smallest", lambda x: torch.topk(x, 2, 1, largest=False).values, x)
        for name in ["argmax", "argmin"]:
            function = getattr(torch, name)
            add(f"{name}_axis", lambda x: function(x, 1), x, differentiate=False)
            add(name, function, x, differentiate=False)


def shapes():
    matrix, cube = draw((3, 4)), draw((2, 3, 4))
    add("reshape 2 6", lambda x: x.reshape(2, 6), matrix)
    add("flatten", torch.flatten, cube)
    add("permute 1 2 0", lambda x: x.permute(1, 2, 0), cube)
    add("t", lambda x: x.mT, cube)
    add("swap_axes 0 2", lambda x: x.swapaxes(0, 2), cube)
    add("squeeze 1", lambda x: x.squeeze(1), draw((3, 1, 2)))
    add("unsqueeze 1", lambda x: x.unsqueeze(1), matrix)
    add("flip -1", lambda x: x.flip(-1), matrix)
    add("slice", lambda x: x[1:, ::2], matrix)
    add("broadcast_to 2 3 4", lambda x: x.expand(2, 3, 4), draw((3, 1)))
    add("sum_to 3 1", lambda x: x.sum_to_size(3, 1), cube)
    add("concat 1", lambda x, y: torch.cat([x, y, x], 1), matrix, draw((3, 2)))
    add("stack 1", lambda x, y: torch.stack([x, y], 1), matrix, draw((3, 4)))
    add("split", lambda x: torch.split(x, [1, 0, 3], 1)[2], matrix)
    add("chunk", lambda x: torch.chunk(x, 2, 0)[1], draw((5, 2)))
    add("pad", lambda x: F.pad(x, (2, 1, 1, 0), value=0.5), matrix)
    add("repeat 2 3", lambda x: x.repeat(2, 3), matrix)
    add("repeat 2 1 2", lambda x: x.repeat(2, 1, 2), matrix)
    add("repeat_interleave 3", lambda x: x.repeat_interleave(3, 1), matrix)


def indices():
    index = torch.tensor([[0, 2, 1, 1], [2, 2, 0, 1]])
    add("gather 0", lambda x: x.gather(0, index), draw((3, 4)))
    add("gather -1", lambda x: x.gather(-1, index), draw((2, 3)))
    add("scatter_add 0", lambda x, y: x.scatter_add(0, index, y), draw((3, 4)), draw((2, 4)))
    places = torch.tensor([2, 0, 2, 1])
    add("index_select 0", lambda x: x.index_select(0, places), draw((3, 2)))
    add("index_select table", lambda x: F.embedding(index, x), draw((3, 2)))
    add("index_add 0", lambda x, y: x.index_add(0, places, y), draw((3, 2)), draw((4, 2)))


def roundings():
    for name in ["floor", "ceil", "round", "trunc"]:
        unary(name, getattr(torch, name))


def diagonals():
    for x in [draw((3, 4)), draw((2, 3, 3))]:
        for offset in [0, 1, -2]:
            add(f"diagonal {offset}", lambda x: x.diagonal(offset, -2, -1), x)
            add(f"tril {offset}", lambda x: x.tril(offset), x)
            add(f"triu {offset}", lambda x: x.triu(offset), x)
            add(f"diag_embed {offset}", lambda x: torch.diag_embed(x, offset), x)
        for places in [1, -2, 5]:
            add(f"roll {places}", lambda x: x.roll(places, 1), x)
    x = draw((3, 4))
    add("masked_select", lambda x: x.masked_select(x > 0.25), x)
    add("nonzero", lambda x: (x > 0.25).nonzero(), x, differentiate=False)


def einsums():
    for letters, *operands in [
        ("ij->ji", (3, 4)),
        ("ij", (3, 4)),
        ("ji", (3, 4)),
        ("ii", (3, 3)),
        ("ii->i", (3, 3)),
        ("ijj->ji", (2, 3, 3)),
        ("...i->...", (2, 3, 4)),
        ("ij,jk", (2, 3), (3, 4)),
        ("ij,kj->ki", (2, 3), (4, 3)),
        ("i,j->ij", (3,), (4,)),
        ("i,i", (4,), (4,)),
        ("bhqd,bhkd->bhqk", (2, 2, 3, 4), (2, 2, 5, 4)),
        ("bqhd,bkhd->bhqk", (2, 3, 2, 4), (2, 5, 2, 4)),
        ("...ij,...jk->...ik", (2, 1, 2, 3), (3, 3, 2)),
        ("ijk,jil->kl", (2, 3, 4), (3, 2, 5)),
        ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
        ("bn,anm,bm->ba", (2, 3), (5, 3, 4), (2, 4)),
        ("ab,cb,cb->a", (2, 3), (4, 3), (4, 3)),
    ]:
        add(f"einsum {letters}", lambda *x: torch.einsum(letters, *x), *map(draw, operands))


for family in [pointwise, pairs, products, reductions, orders, shapes, indices, roundings, diagonals, einsums]:
    family()
write(__file__, cases)
