"""Layers by PyTorch: writes layers.json beside this script.

A case's inputs are the layer's input and its parameters, in PyTorch's layouts.
Run as `python tests/oracle/layers.py`; last made with torch 2.15.0, numpy 2.4.6, Python 3.11.
"""

import torch
import torch.nn.functional as F

from cases import case, draw, write

cases = []


def add(name, function, *inputs, **options):
    cases.append(case(name, function, *inputs, **options))


def activations():
    functions = {
        "Relu": F.relu,
        "Relu6": F.relu6,
        "LeakyRelu": lambda x: F.leaky_relu(x, 0.01),
        "ThresholdedRelu": lambda x: F.threshold(x, 1.0, 0.0),
        "Elu": lambda x: F.elu(x, 0.7),
        # PyTorch rounds 1/α to single precision in the gradient: 2 is exact.
        "Celu": lambda x: F.celu(x, 0.5),
        "Selu": F.selu,
        "Gelu": F.gelu,
        "GeluTanh": lambda x: F.gelu(x, approximate="tanh"),
        "Silu": F.silu,
        "Mish": F.mish,
        "HardSwish": F.hardswish,
        "Sigmoid": torch.sigmoid,
        "LogSigmoid": F.logsigmoid,
        # PyTorch's own rounds 1/6 to single precision in the gradient.
        "HardSigmoid": lambda x: torch.where(x.abs() < 3, x / 6 + 0.5, (x > 0).double()),
        "Tanh": torch.tanh,
        "HardTanh": F.hardtanh,
        "TanhShrink": F.tanhshrink,
        "SoftShrink": lambda x: F.softshrink(x, 0.5),
        "HardShrink": lambda x: F.hardshrink(x, 0.5),
        "Softplus": F.softplus,
        "Softsign": F.softsign,
    }
    corners = torch.tensor([-100.0, -6.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 6.0, 100.0])
    for name, function in functions.items():
        add(name, function, draw((3, 5), -7, 7))
        add(name, function, corners)


def linear():
    for shape in [(4, 3), (2, 4, 3), (3,)]:
        add("Dense", F.linear, draw(shape), draw((2, 3)), draw((2,)))
        add("Dense without bias", F.linear, draw(shape), draw((2, 3)))
    add("Dense tanh", lambda x, w, b: torch.tanh(F.linear(x, w, b)), draw((4, 3)), draw((2, 3)), draw((2,)))
    for before in [(4,), (2, 3)]:
        shapes = [before + (3,), before + (2,), (5, 3, 2), (5,)]
        add("Bilinear", F.bilinear, *[draw(shape) for shape in shapes])
    add("Bilinear without bias", F.bilinear, draw((4, 3)), draw((4, 2)), draw((5, 3, 2)))


def tokens():
    ids = torch.tensor([[1, 0, 3], [3, 3, 2]])
    weight = draw((4, 5))
    add("Embedding", lambda w: F.embedding(ids, w), weight)
    padded = weight.clone()
    padded[3] = 0
    add("Embedding padding 3", lambda w: F.embedding(ids, w, padding_idx=3), padded)
    for mode in ["sum", "mean", "max"]:
        add(f"EmbeddingBag {mode}", lambda w: F.embedding_bag(ids, w, mode=mode), weight)
        add(f"EmbeddingBag {mode} padding 3", lambda w: F.embedding_bag(ids, w, mode=mode, padding_idx=3), weight)


def norms():
    for shape in [(4, 6), (3, 6, 2), (2, 6, 3, 2)]:
        for momentum in ["0.1", "0.3"]:
            add(f"BatchNorm train {momentum}", lambda x, w, b: batch_norm(x, w, b, float(momentum))[0],
                draw(shape), draw((6,)), draw((6,)))
            for which, name in [(1, "mean"), (2, "variance")]:
                add(f"BatchNorm {name} {momentum}", lambda x, w, b: batch_norm(x, w, b, float(momentum))[which],
                    draw(shape), draw((6,)), draw((6,)), differentiate=False)
        add("BatchNorm test", lambda x, w, b, m, v: F.batch_norm(x, m, v, w, b, False),
            draw(shape), draw((6,)), draw((6,)), draw((6,)), draw((6,), 0.5, 2.0),
            differentiate=[True, True, True, False, False])
        for groups in [1, 2, 6]:
            add(f"GroupNorm {groups}", lambda x, w, b: F.group_norm(x, groups, w, b),
                draw(shape), draw((6,)), draw((6,)))
    for shape in [(3, 6, 4), (2, 6, 3, 2)]:
        add("InstanceNorm", F.instance_norm, draw(shape))
        add("InstanceNorm affine", lambda x, w, b: F.instance_norm(x, weight=w, bias=b),
            draw(shape), draw((6,)), draw((6,)))
    add("LayerNorm", lambda x, w, b: F.layer_norm(x, (5,), w, b), draw((3, 4, 5)), draw((5,)), draw((5,)))
    add("LayerNorm", lambda x, w, b: F.layer_norm(x, (4, 5), w, b), draw((3, 4, 5)), draw((4, 5)), draw((4, 5)))
    add("LayerNorm without bias", lambda x, w: F.layer_norm(x, (5,), w), draw((3, 5)), draw((5,)))
    add("LayerNorm without affine", lambda x: F.layer_norm(x, (5,), eps=1e-3), draw((3, 5)))
    add("RmsNorm", lambda x, w: F.rms_norm(x, (5,), w, 1e-5), draw((3, 4, 5)), draw((5,)))

    def weight_norm(x, v, g, b):
        return F.linear(x, g[:, None] * v / v.norm(dim=1, keepdim=True), b)

    add("WeightNorm", weight_norm, draw((4, 3)), draw((2, 3)), draw((2,)), draw((2,)))

    # The layer at rest: the vectors of its power iteration are those of the largest singular value.
    def spectral_norm(x, w, b):
        u, _, v = torch.linalg.svd(w.detach())
        return F.linear(x, w / (u[:, 0] @ w @ v[0]), b)

    add("SpectralNorm", spectral_norm, draw((4, 3)), torch.tensor([[2.0, 0.25, 0.5], [0.125, 0.0, -0.25]]), draw((2,)))


def batch_norm(x, weight, bias, momentum):
    mean, variance = torch.zeros(6), torch.ones(6)
    y = F.batch_norm(x, mean, variance, weight, bias, True, momentum)
    return y, mean, variance


def applied(module):
    """A module as a function of its inputs and its parameters, in the order in which it names them."""
    names = [name for name, _ in module.named_parameters()]

    def function(*tensors):
        inputs, parameters = tensors[: -len(names)], tensors[-len(names) :]
        y = torch.func.functional_call(module, dict(zip(names, parameters)), inputs)
        return y[0] if isinstance(y, tuple) else y

    return function, [draw(parameter.shape, -1, 1) for parameter in module.parameters()]


def recurrent():
    kinds = {"Rnn": torch.nn.RNN, "Lstm": torch.nn.LSTM, "Gru": torch.nn.GRU}
    for name, kind in kinds.items():
        for layers, both in [(1, False), (2, False), (2, True)]:
            function, parameters = applied(kind(3, 4, layers, batch_first=True, bidirectional=both))
            add(f"{name} {layers} {'both' if both else 'one'}", function, draw((2, 5, 3)), *parameters)
    function, parameters = applied(torch.nn.RNN(3, 4, batch_first=True, nonlinearity="relu"))
    add("Rnn 1 relu", function, draw((2, 5, 3)), *parameters)


def attention():
    q, k, v = (2, 3, 4), (2, 5, 4), (2, 5, 6)
    keep = (torch.arange(15).reshape(3, 5) * 7 % 4 > 0).bool()
    add("attention", F.scaled_dot_product_attention, draw(q), draw(k), draw(v))
    add("attention causal", lambda *x: F.scaled_dot_product_attention(*x, is_causal=True), draw(k), draw(k), draw(v))
    add("attention keep", lambda *x: F.scaled_dot_product_attention(*x, attn_mask=keep), draw(q), draw(k), draw(v))
    add("attention add", lambda q, k, v, bias: F.scaled_dot_product_attention(q, k, v, attn_mask=bias),
        draw(q), draw(k), draw(v), draw((3, 5)))
    add("attention grouped", lambda *x: F.scaled_dot_product_attention(*x, enable_gqa=True),
        draw((2, 4, 5, 3)), draw((2, 2, 5, 3)), draw((2, 2, 5, 3)))
    function, parameters = applied(torch.nn.MultiheadAttention(6, 2, batch_first=True))
    add("MultiHeadAttention", function, draw(q[:2] + (6,)), draw((2, 5, 6)), draw((2, 5, 6)), *parameters)
    for norm_first in [True, False]:
        options = dict(dim_feedforward=5, dropout=0.0, activation="gelu", batch_first=True, norm_first=norm_first)
        which = "pre" if norm_first else "post"
        function, parameters = applied(torch.nn.TransformerEncoderLayer(4, 2, **options))
        add(f"TransformerEncoderBlock {which}", function, draw((2, 3, 4)), *parameters)
        layer = torch.nn.TransformerDecoderLayer(4, 2, **options)
        function, parameters = applied(Causal(layer))
        add(f"TransformerDecoderBlock {which}", function, draw((2, 3, 4)), draw((2, 5, 4)), *parameters)


def long_attention():
    """Of more queries and keys than are computed together."""
    q, k, v = (1, 2, 40, 3), (1, 2, 70, 3), (1, 2, 70, 2)
    add("attention long", F.scaled_dot_product_attention, draw(q), draw(k), draw(v))
    add("attention causal long", lambda *x: F.scaled_dot_product_attention(*x, is_causal=True), draw(k), draw(k), draw(v))


class Causal(torch.nn.Module):
    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x, memory):
        mask = torch.nn.Transformer.generate_square_subsequent_mask(x.shape[1])
        return self.layer(x, memory, tgt_mask=mask, tgt_is_causal=True)


activations()
linear()
tokens()
norms()
recurrent()
attention()
long_attention()
write(__file__, cases)
