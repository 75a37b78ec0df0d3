"""Activations and normalizations that are written out, in the ways that exporters write them."""

from __future__ import annotations

import math

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from _edgeship.export.graph.onnx_graph import infer_shapes
from _edgeship.export.passes.fuse_activations import fuse_activations
from _edgeship.export.passes.fuse_gelu import fuse_gelu
from _edgeship.export.passes.fuse_hard_swish import fuse_hard_swish
from _edgeship.export.passes.fuse_layer_norm import fuse_layer_norm
from _edgeship.export.runtimes.running import run_onnx

ROOT, INVERSE = math.sqrt(2), math.sqrt(0.5)
EDGE, CUBE = math.sqrt(2 / math.pi), 0.044715

#: The same GELU in the orders of PyTorch, Keras, Paddle and of hand-written layers.
EXACT = [
    "d = Div(x, root)  e = Erf(d)  a = Add(e, one)  m = Mul(x, a)  y = Mul(m, half)",
    "d = Mul(x, inverse)  e = Erf(d)  a = Add(one, e)  h = Mul(half, x)  y = Mul(h, a)",
    "d = Mul(inverse, x)  e = Erf(d)  a = Add(e, one)  h = Mul(a, half)  y = Mul(x, h)",
    "d = Div(x, root)  e = Erf(d)  a = Add(e, one)  m = Mul(a, x)  y = Div(m, two)",
    "d = Div(x, root)  e = Erf(d)  s = Mul(e, half)  a = Add(s, half)  y = Mul(x, a)",
]
TANH = [
    """p = Pow(x, three)  c = Mul(cube, p)  s = Add(x, c)  w = Mul(s, edge)  t = Tanh(w)
    a = Add(t, one)  h = Mul(half, x)  y = Mul(h, a)""",
    """q = Mul(x, x)  c = Mul(q, cube)  o = Add(one, c)  s = Mul(x, o)  w = Mul(edge, s)
    t = Tanh(w)  a = Add(one, t)  m = Mul(x, a)  y = Mul(m, half)""",
    """q = Mul(x, x)  p = Mul(q, x)  c = Mul(p, cube)  s = Add(c, x)  w = Mul(s, edge)
    t = Tanh(w)  a = Add(t, one)  m = Mul(x, half)  y = Mul(a, m)""",
]
NUMBERS = f"""<float root = {{{ROOT}}}, float inverse = {{{INVERSE}}}, float one = {{1.0}},
    float half = {{0.5}}, float two = {{2.0}}, float three = {{3.0}}, float cube = {{{CUBE}}},
    float edge = {{{EDGE}}}, float six = {{6.0}}, float zero = {{0.0}}, float sixth = {{{1 / 6}}},
    float small = {{0.00001}}, float minus = {{-0.5}},
    float[4] gamma = {{1.0, 2.0, 0.5, -1.0}}, float[4] beta = {{0.1, 0.2, 0.3, 0.4}},
    int64[1] last = {{-1}}>"""

FIRST = """m = ReduceMean(x, last)  d = Sub(x, m)  s = Pow(d, two)  v = ReduceMean(s, last)
    a = Add(v, small)  """
NORMS = [
    FIRST + "r = Sqrt(a)  n = Div(d, r)  g = Mul(n, gamma)  y = Add(g, beta)",
    FIRST + "r = Sqrt(a)  n = Div(d, r)  g = Mul(gamma, n)  y = Add(beta, g)",
    FIRST + "r = Sqrt(a)  n = Div(d, r)  y = Mul(n, gamma)",
    FIRST + "r = Sqrt(a)  y = Div(d, r)",
    FIRST + "r = Sqrt(a)  n = Div(d, r)  y = Add(n, beta)",
    FIRST + "r = Sqrt(a)  i = Reciprocal(r)  n = Mul(d, i)  g = Mul(n, gamma)  y = Add(g, beta)",
    FIRST + "r = Sqrt(a)  i = Div(one, r)  y = Mul(i, d)",
    FIRST + "i = Pow(a, minus)  y = Mul(d, i)",
    FIRST + "r = Pow(a, half)  y = Div(d, r)",
    """m = ReduceMean(x, last)  d = Sub(x, m)  b = Sub(x, m)  s = Mul(b, b)
    v = ReduceMean(s, last)  a = Add(small, v)  r = Sqrt(a)  y = Div(d, r)""",
]
ACTIVATIONS = [
    ("e = Exp(x)  a = Add(e, one)  y = Log(a)", ["Softplus"]),
    ("e = Exp(x)  a = Add(one, e)  s = Log(a)  t = Tanh(s)  y = Mul(x, t)", ["Mish"]),
    ("s = Softplus(x)  t = Tanh(s)  y = Mul(t, x)", ["Mish"]),
    ("a = Add(x, three)  c = Clip(a, zero, six)  y = Div(c, six)", ["HardSigmoid"]),
    ("a = Add(three, x)  c = Clip(a, zero, six)  y = Mul(c, sixth)", ["HardSigmoid"]),
    ("a = Add(x, three)  c = Clip(a, zero, six)  m = Mul(x, c)  y = Div(m, six)", ["HardSwish"]),
    ("a = Add(x, three)  c = Clip(a, zero, six)  m = Div(c, six)  y = Mul(x, m)", ["HardSwish"]),
]
#: Nearly these, and not these.
OTHERS = [
    "d = Div(x, two)  e = Erf(d)  a = Add(e, one)  m = Mul(x, a)  y = Mul(m, half)",
    "d = Div(x, root)  e = Erf(d)  a = Add(e, one)  y = Mul(x, a)",
    "d = Div(x, root)  e = Erf(d)  a = Add(e, half)  m = Mul(x, a)  y = Mul(m, half)",
    "e = Exp(x)  a = Add(e, two)  y = Log(a)",
    "a = Add(x, two)  c = Clip(a, zero, six)  y = Div(c, six)",
    "a = Add(x, three)  c = Clip(a, zero, three)  y = Div(c, six)",
    "s = Softplus(x)  t = Tanh(s)  y = Mul(s, t)",
    FIRST + "r = Sqrt(a)  y = Div(x, r)",
    """m = ReduceMean(x, last)  d = Sub(x, m)  s = Pow(d, three)  v = ReduceMean(s, last)
    a = Add(v, small)  r = Sqrt(a)  y = Div(d, r)""",
]


def parse(body: str, opset: int = 18) -> ir.Model:
    text = f'<ir_version: 10, opset_import: ["": {opset}]> a (float[2,3,4] x) => (float[2,3,4] y)'
    return infer_shapes(ir.from_proto(onnx.parser.parse_model(f"{text} {NUMBERS} {{ {body} }}")))


def used(model: ir.Model) -> list[str]:
    """Return the operators that the output needs."""
    needed: set[ir.Node] = set()
    waiting = [model.graph.outputs[0].producer()]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in needed:
            needed.add(node)
            waiting += [value.producer() for value in node.inputs if value is not None]
    return [node.op_type for node in model.graph if node in needed]


def assert_same(body: str, model: ir.Model, opset: int = 20) -> None:
    samples = [{"x": np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32) * 2}]
    model.opset_imports[""] = opset
    before = ir.to_proto(parse(body)).SerializeToString()
    ((right,),) = run_onnx(before, samples)
    ((found,),) = run_onnx(ir.to_proto(model).SerializeToString(), samples)
    np.testing.assert_allclose(found, right, atol=2e-6)


@pytest.mark.parametrize("body", [*EXACT, *TANH])
def test_gelu(body: str) -> None:
    model = parse(body)
    assert fuse_gelu(model) == 1
    assert used(model) == ["Gelu"]
    kind = "tanh" if "Tanh" in body else "none"
    assert model.graph.outputs[0].producer().attributes["approximate"].as_string() == kind
    assert_same(body, model)


@pytest.mark.parametrize("body", NORMS)
def test_layer_normalization(body: str) -> None:
    model = parse(body)
    assert fuse_layer_norm(model) == 1
    assert used(model) == ["LayerNormalization"]
    assert_same(body, model, 18)


@pytest.mark.parametrize(("body", "kinds"), ACTIVATIONS)
def test_activations(body: str, kinds: list[str]) -> None:
    model = parse(body)
    assert fuse_activations(model) >= 1
    fuse_hard_swish(model)
    assert used(model) == kinds
    assert_same(body, model, 18)


@pytest.mark.parametrize("body", OTHERS)
def test_what_only_looks_like_them_stays(body: str) -> None:
    model = parse(body)
    assert fuse_gelu(model) == 0
    assert fuse_layer_norm(model) == 0
    assert fuse_activations(model) == 0


def test_operators_that_an_old_graph_has_not_are_not_put_there() -> None:
    old = (
        NORMS[0].replace("(x, last)", "<axes = [-1]> (x)").replace("(s, last)", "<axes = [-1]> (s)")
    )
    assert fuse_layer_norm(parse(old, 17)) == 1
    assert fuse_layer_norm(parse(old, 16)) == 0
    assert fuse_activations(parse("s = Softplus(x)  t = Tanh(s)  y = Mul(t, x)", 17)) == 0


def test_a_mean_over_other_axes_than_the_last_stays() -> None:
    body = NORMS[3].replace("last", "first")
    text = '<ir_version: 10, opset_import: ["": 18]> a (float[2,3,4] x) => (float[2,3,4] y)'
    numbers = NUMBERS.replace("int64[1] last = {-1}", "int64[1] first = {1}")
    model = infer_shapes(ir.from_proto(onnx.parser.parse_model(f"{text} {numbers} {{ {body} }}")))
    assert fuse_layer_norm(model) == 0


def test_a_step_that_something_else_reads_stays() -> None:
    body = EXACT[0].replace("y =", "g =") + "  y = Add(g, e)"
    model = parse(body)
    assert fuse_gelu(model) == 1
    assert used(model) == ["Div", "Erf", "Gelu", "Add"]
    assert_same(body, model)
