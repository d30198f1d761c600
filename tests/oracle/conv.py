"""Convolutions, pooling and interpolation by PyTorch: writes conv.json beside this script.

A case's name is the operation and its settings, one number for all axes or several with commas between them.
Run as `python tests/oracle/conv.py`; last made with torch 2.15.0, numpy 2.4.6, Python 3.11.
"""

import torch
import torch.nn.functional as F

from cases import case, draw, write

cases = []


def per_axis(value, axes):
    return list(value) if isinstance(value, (list, tuple)) else [value] * axes


def named(operation, **settings):
    text = lambda value: ",".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    return " ".join([operation] + [f"{key}={text(value)}" for key, value in settings.items()])


def conv(x, w, stride=1, before=0, after=None, dilation=1, groups=1):
    axes = len(x) - 2
    after = before if after is None else after
    ends = list(zip(per_axis(before, axes), per_axis(after, axes)))
    flat = [n for pair in reversed(ends) for n in pair]
    function = [F.conv1d, F.conv2d, F.conv3d][axes - 1]
    run = lambda x, w: function(F.pad(x, flat), w, stride=stride, dilation=dilation, groups=groups)
    name = named("conv", stride=stride, before=before, after=after, dilation=dilation, groups=groups)
    cases.append(case(name, run, draw(x), draw(w)))


def conv_transpose(x, w, stride=1, padding=0, output_padding=0, dilation=1, groups=1):
    function = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d][len(x) - 3]
    settings = dict(stride=stride, padding=padding, output_padding=output_padding, dilation=dilation, groups=groups)
    cases.append(case(named("conv_transpose", **settings), lambda x, w: function(x, w, **settings), draw(x), draw(w)))


def ceil_modes():
    """A last window that is cut off, that starts in the padding after the input (and is not there), or not at all."""
    for x, size, stride, padding in [((2, 2, 9), 2, 2, 0), ((1, 2, 7), 3, 2, 1), ((1, 1, 5), 2, 3, 1), ((1, 1, 2), 3, 2, 0),
                                     ((1, 2, 6, 5), 3, 2, 1), ((1, 2, 4, 7), 2, 3, 0), ((1, 1, 4, 3, 6), 3, 2, 1)]:
        axes = len(x) - 2
        largest = [F.max_pool1d, F.max_pool2d, F.max_pool3d][axes - 1]
        mean = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][axes - 1]
        for dilation in [1, 2] if padding == 1 and size == 3 else [1]:
            pool("max_pool", lambda x: largest(x, size, stride, padding, dilation, True), x,
                 size=size, stride=stride, padding=padding, dilation=dilation, ceil=1)
        for include in [0, 1]:
            pool("mean_pool", lambda x: mean(x, size, stride, padding, True, bool(include)), x,
                 size=size, stride=stride, padding=padding, include=include, ceil=1)
        if padding == 0:
            # PyTorch enlarges norms of windows that are cut off; of an input with zeros after it none are.
            norm = [F.lp_pool1d, F.lp_pool2d, F.lp_pool3d][axes - 1]
            outputs = mean(torch.zeros(x), size, stride, 0, True).shape[2:]
            after = [max((n - 1) * stride + size - length, 0) for n, length in zip(outputs, x[2:])]
            zeros = [n for end in reversed(after) for n in (0, end)]
            pool("lp_pool", lambda x: norm(F.pad(x, zeros), 2.0, size, stride), x, low=0.25,
                 p=2.0, size=size, stride=stride, ceil=1)


def pool(operation, function, x, low=-2.0, **settings):
    cases.append(case(named(operation, **settings), function, draw(x, low=low)))


def convolutions():
    conv((2, 3, 9), (4, 3, 3))
    conv((2, 2, 8), (3, 2, 4), stride=3, before=2, after=1, dilation=2)
    conv((1, 1, 5), (1, 1, 5))
    for groups in [1, 2]:
        for stride in [1, 2, (2, 1)]:
            for dilation in [1, 2]:
                conv((2, 4, 7, 6), (6, 4 // groups, 3, 2), stride, (1, 0), (0, 2), dilation, groups)
    conv((2, 3, 5, 5), (4, 3, 1, 1))
    conv((2, 3, 5, 5), (4, 3, 1, 1), stride=2)
    conv((1, 3, 6, 6), (6, 1, 3, 3), before=1, groups=3)
    conv((1, 2, 3, 3), (2, 2, 2, 2), stride=3, before=4)
    conv((1, 2, 4, 5, 3), (4, 2, 3, 2, 1), stride=(1, 2, 1), before=(1, 0, 1), dilation=(1, 2, 1))
    conv((2, 2, 3, 3, 3), (4, 1, 2, 2, 2), before=1, groups=2)


def transposed():
    conv_transpose((2, 3, 4), (3, 2, 3))
    conv_transpose((1, 2, 4), (2, 2, 4), stride=3, padding=2, output_padding=2, dilation=2)
    for groups in [1, 2]:
        for stride, output_padding in [(1, 0), (2, 1), ((3, 2), (2, 0))]:
            conv_transpose((2, 4, 3, 4), (4, 3, 3, 2), stride, 1, output_padding, 1, groups)
    conv_transpose((1, 2, 2, 3, 2), (2, 2, 2, 3, 2), stride=2, padding=(0, 1, 0), output_padding=1)


def pools():
    for x in [(2, 3, 9), (1, 2, 7, 8), (1, 1, 5, 4, 6)]:
        axes = len(x) - 2
        largest = [F.max_pool1d, F.max_pool2d, F.max_pool3d][axes - 1]
        mean = [F.avg_pool1d, F.avg_pool2d, F.avg_pool3d][axes - 1]
        for size, stride, padding, dilation in [(2, 2, 0, 1), (3, 2, 1, 1), (3, 1, 1, 1), (2, 1, 1, 2), (2, 3, 0, 3)]:
            pool("max_pool", lambda x: largest(x, size, stride, padding, dilation), x,
                 size=size, stride=stride, padding=padding, dilation=dilation)
        for size, stride, padding in [(2, 2, 0), (3, 2, 1), (3, 1, 1)]:
            for include in [0, 1]:
                pool("mean_pool", lambda x: mean(x, size, stride, padding, False, bool(include)), x,
                     size=size, stride=stride, padding=padding, include=include)
        norm = [F.lp_pool1d, F.lp_pool2d, F.lp_pool3d][axes - 1]
        for p in [1.0, 2.0, 3.0]:
            # Positive: PyTorch leaves the sign in the powers.
            pool("lp_pool", lambda x: norm(x, p, 2, 1), x, low=0.25, p=p, size=2, stride=1)
        most = [F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d][axes - 1]
        average = [F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d][axes - 1]
        for outputs in [1, 3, 4]:
            pool("adaptive_max_pool", lambda x: most(x, outputs), x, outputs=outputs)
            pool("adaptive_mean_pool", lambda x: average(x, outputs), x, outputs=outputs)
    pool("max_pool", lambda x: F.max_pool2d(x, (3, 1), (1, 2), (1, 0)), (2, 2, 4, 5),
         size=(3, 1), stride=(1, 2), padding=(1, 0), dilation=1)
    # Ties: PyTorch's maximum is the first.
    ties = torch.tensor([[[1.0, 1, 0, 2, 2, 2, 0, 0]]])
    cases.append(case(named("max_pool", size=3, stride=1, padding=1, dilation=1),
                      lambda x: F.max_pool1d(x, 3, 1, 1), ties))


def interpolations():
    modes = {1: "linear", 2: "bilinear", 3: "trilinear"}
    for x in [(2, 3, 5), (1, 2, 4, 3), (1, 1, 2, 3, 4)]:
        axes = len(x) - 2
        for lengths in [(7,), (2,), (8,)] if axes == 1 else [(7, 2, 5)[:axes], (8, 6, 8)[:axes], (1, 3, 1)[:axes]]:
            cases.append(case(named("nearest", lengths=lengths), lambda x: F.interpolate(x, lengths), draw(x)))
            for align in [0, 1]:
                for name, mode in [("linear", modes[axes])] + ([("cubic", "bicubic")] if axes == 2 else []):
                    run = lambda x: F.interpolate(x, lengths, mode=mode, align_corners=bool(align))
                    cases.append(case(named(name, lengths=lengths, align=align), run, draw(x)))
    cases.append(case("pixel_shuffle factor=2", lambda x: F.pixel_shuffle(x, 2), draw((2, 8, 2, 3))))
    cases.append(case("pixel_unshuffle factor=3", lambda x: F.pixel_unshuffle(x, 3), draw((1, 2, 6, 3))))


convolutions()
transposed()
pools()
interpolations()
ceil_modes()
write(__file__, cases)
