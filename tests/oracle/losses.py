"""Losses by PyTorch: writes losses.json beside this script.

Run as `python tests/oracle/losses.py`; last made with torch 2.15.0, numpy 2.4.6, Python 3.11.
"""

import torch
import torch.nn.functional as F

from cases import case, draw, write

cases = []
LABELS = torch.tensor([3, 0, 2, 2, 1])
WEIGHTS = torch.tensor([1.0, 0.5, 2.0, 0.25])
BOTH = {"mean": "mean", "each": "none"}


def add(name, function, *inputs, **options):
    cases.append(case(name, function, *inputs, **options))


def both(name, function, *inputs, **options):
    for ours, theirs in BOTH.items():
        add(f"{name} {ours}", lambda *inputs: function(*inputs, reduction=theirs), *inputs, **options)


def reduced(each, reduction):
    return each.mean() if reduction == "mean" else each


def numbers():
    kinks = torch.tensor([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]), torch.zeros(7)
    far = torch.tensor([1e20, -1e20, 1e4]), torch.tensor([-1e20, 0.0, 0.0])
    for x, y in [(draw((3, 4)), draw((3, 4))), kinks, far]:
        both("mse", F.mse_loss, x, y)
        both("mae", F.l1_loss, x, y)
        for delta in [0.5, 1.0]:
            both(f"huber {delta}", lambda x, y, reduction: F.huber_loss(x, y, reduction, delta), x, y)
            both(f"smooth_l1 {delta}", lambda x, y, reduction: F.smooth_l1_loss(x, y, reduction=reduction, beta=delta), x, y)
    # Composed, as PyTorch has none.
    x, y = draw((3, 4)), draw((3, 4))
    both("log_cosh", lambda x, y, reduction: reduced(torch.log(torch.cosh(x - y)), reduction), x, y)
    pinball = lambda x, y, reduction: reduced(torch.maximum(0.25 * (y - x), -0.75 * (y - x)), reduction)
    both("quantile 0.25", pinball, x, y)
    # The derivative at no error is 0 here.
    both("quantile 0.25", pinball, *kinks, differentiate=False)
    positive = draw((3, 4), 0.5, 2.0), draw((3, 4), 0.5, 2.0)
    both("msle", lambda x, y, reduction: F.mse_loss(x.log(), y.log(), reduction=reduction), *positive)


def two_classes():
    z, y, p = draw((3, 4), -4, 4), draw((3, 4), 0.1, 0.9), draw((3, 4), 0.1, 0.9)
    hard = (draw((3, 4)) > 0).double()
    far = torch.tensor([1e20, -1e20, 1e4, 0.0]), torch.tensor([1.0, 1.0, 0.0, 0.5])
    for a, b in [(z, y), (z, hard), far]:
        both("binary_cross_entropy_with_logits", F.binary_cross_entropy_with_logits, a, b)
    both("binary_cross_entropy", F.binary_cross_entropy, p, y)
    both("binary_cross_entropy", F.binary_cross_entropy, p, hard)

    def focal(z, y, reduction, gamma):
        # torchvision.ops.sigmoid_focal_loss without its alpha.
        p = torch.sigmoid(z)
        entropy = F.binary_cross_entropy_with_logits(z, y, reduction="none")
        return reduced(entropy * (1 - (p * y + (1 - p) * (1 - y))) ** gamma, reduction)

    for gamma in [0.0, 0.5, 2.0]:
        for target in [y, hard]:
            both(f"binary_focal {gamma}", lambda z, y, reduction: focal(z, y, reduction, gamma), z, target)
    signs = 2 * hard - 1
    edges = torch.tensor([0.0, 1.0, 2.0, -1.0]), torch.ones(4)
    for a, b in [(z, signs), edges]:
        both("hinge", lambda x, y, reduction: reduced(torch.relu(1 - x * y), reduction), a, b)
        both("squared_hinge", lambda x, y, reduction: reduced(torch.relu(1 - x * y) ** 2, reduction), a, b)


def many_classes():
    z, far = draw((5, 4), -4, 4), torch.tensor([[1e20, -1e20, 0.0, 1.0]] * 5)
    q = torch.softmax(draw((5, 4)), 1)
    ignoring = torch.tensor([3, -100, 2, 2, 1])
    for smoothing in [0.0, 0.25]:
        for weights in [None, WEIGHTS]:
            name = f"{smoothing}{'' if weights is None else ' weighted'}"
            options = {"weight": weights, "label_smoothing": smoothing}
            labels = lambda z, reduction: F.cross_entropy(z, LABELS, reduction=reduction, **options)
            both(f"cross_entropy {name}", labels, z)
            # Flat logits that differ by 1e20: smoothed losses of 1e20.
            both(f"cross_entropy {name}", labels, far)
            ignore = lambda z, reduction: F.cross_entropy(z, ignoring, reduction=reduction, **options)
            both(f"cross_entropy {name} ignoring", ignore, z)
            soft = lambda z, q, reduction: F.cross_entropy(z, q, reduction=reduction, **options)
            both(f"cross_entropy {name} soft", soft, z, q)

    def focal(z, reduction, gamma):
        logs = torch.log_softmax(z, 1).gather(1, LABELS[:, None]).squeeze(1)
        return reduced(-((1 - logs.exp()) ** gamma) * logs, reduction)

    for gamma in [0.0, 0.5, 2.0]:
        both(f"focal {gamma}", lambda z, reduction: focal(z, reduction, gamma), z)


def distributions():
    logs, t = torch.log_softmax(draw((3, 4)), 1), torch.softmax(draw((3, 4)), 1)
    add("kl_divergence mean", lambda p, t: F.kl_div(p, t, reduction="batchmean"), logs, t)
    add("kl_divergence each", lambda p, t: F.kl_div(p, t, reduction="none").sum(1), logs, t)
    hard = F.one_hot(torch.tensor([0, 3, 1]), 4).double()
    add("kl_divergence each", lambda p, t: F.kl_div(p, t, reduction="none").sum(1), logs, hard, differentiate=[True, False])
    r, counts = draw((3, 4)), torch.tensor([[0.0, 1, 2, 3]] * 3)
    both("poisson_nll", F.poisson_nll_loss, r, counts)
    m, v, t = draw((3, 4)), draw((3, 4), 0.5, 2.0), draw((3, 4))
    both("gaussian_nll", lambda m, v, t, reduction: F.gaussian_nll_loss(m, t, v, reduction=reduction), m, v, t)


def embeddings():
    x, y, n = draw((4, 5)), draw((4, 5)), draw((4, 5))
    zero = x.clone()
    zero[1] = 0
    distance = lambda x, y, reduction: reduced(1 - F.cosine_similarity(x, y), reduction)
    both("cosine_distance", distance, x, y)
    # The derivative by a row of zeros is 0 here, some 1e8 there.
    both("cosine_distance", distance, zero, y, differentiate=False)
    target = torch.tensor([1.0, -1.0, -1.0, 1.0])
    # Not F.cosine_embedding_loss, which adds 1e-12 to the squared norms.
    def embedding(x, y, reduction):
        cosine = F.cosine_similarity(x, y)
        return reduced(torch.where(target > 0, 1 - cosine, torch.relu(cosine - 0.125)), reduction)

    both("cosine_embedding 0.125", embedding, x, y)
    triplet = lambda a, p, n, reduction: F.triplet_margin_loss(a, p, n, margin=1.0, eps=0.0, reduction=reduction)
    both("triplet_margin 1", triplet, x, y, n)
    d, apart = draw((6,), 0.0, 2.0), torch.tensor([0.0, 1, 1, 0, 1, 1])
    contrastive = lambda d, y, reduction: reduced((1 - y) * d**2 + y * torch.relu(1 - d) ** 2, reduction)
    both("contrastive 1", contrastive, d, apart)

    def info_nce(q, k, reduction):
        logits = F.normalize(q) @ F.normalize(k).T / 0.5
        return F.cross_entropy(logits, torch.arange(4), reduction=reduction)

    both("info_nce 0.5", info_nce, x, y)


def paths():
    z = draw((4, 6, 3), -3, 3)
    for lengths in [[6, 6, 6, 6], [6, 4, 5, 1]]:
        # Labels 1, 2 | 1, 1, 2 | none | 2, the blank 0.
        def ctc(z, reduction):
            logs = torch.log_softmax(z, 2).swapaxes(0, 1)
            counts = torch.tensor([2, 3, 0, 1])
            return reduced(F.ctc_loss(logs, torch.tensor([1, 2, 1, 1, 2, 2]), torch.tensor(lengths), counts, reduction="none"), reduction)

        both(f"ctc {''.join(map(str, lengths))}", ctc, z)


def overlaps():
    p, t = draw((3, 4), 0.1, 0.9), (draw((3, 4)) > 0).double()
    add("dice mean", lambda p, t: 1 - (2 * (p * t).sum() + 1) / ((p**2).sum() + (t**2).sum() + 1), p, t)

    def tversky(p, t):
        hits, seen, missed = (p * t).sum(), (p * (1 - t)).sum(), ((1 - p) * t).sum()
        return 1 - (hits + 1) / (hits + 0.25 * seen + 0.75 * missed + 1)

    add("tversky 0.75 mean", tversky, p, t)


for family in [numbers, two_classes, many_classes, distributions, embeddings, paths, overlaps]:
    family()
write(__file__, cases)
