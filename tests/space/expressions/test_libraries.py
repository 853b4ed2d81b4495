"""A function behind a library's prefix is read as that library means it, or refused."""

from __future__ import annotations

import pytest

from actsearch.space import ExpressionError, parse


@pytest.mark.parametrize(
    ("pasted", "meant"),
    [
        ("np.power(x, 3)", "x ** 3"),
        ("torch.pow(x, 3)", "x ** 3"),
        ("math.pow(x, 2)", "x ** 2"),
        ("tf.math.pow(x, -1)", "1 / x"),
        ("sp.Pow(x, 3)", "x ** 3"),
        ("Pow(x, 3)", "x ** 3"),
        ("jnp.power(x, 1 / 2)", "sqrt(x)"),
        ("np.power(2, x)", "pow(2, x)"),
        ("pow(x, 3)", "pow(x, 3)"),  # ours, of |x|
        ("power(x, 3)", "pow(x, 3)"),
        ("math.tau * x", "6.283185307179586 * x"),
        ("np.euler_gamma * x", "0.5772156649015329 * x"),
        ("math.e * x", "2.718281828459045 * x"),
        ("np.e ** x", "exp(x)"),
        ("np.sinc(x)", "sinc(x)"),
        ("F.leaky_relu(x) + jax.nn.leaky_relu(x)", "leaky_relu(x) + leaky_relu(x)"),
        ("tf.nn.gelu(x) + F.gelu(x)", "gelu(x) + gelu(x)"),
        ("torch.max(x, sin(x))", "max(x, sin(x))"),
        ("np.maximum(x, 0) + sp.Max(x, 0)", "max(x, 0) + max(x, 0)"),
    ],
)
def test_a_function_or_number_of_a_library_is_read_as_it_is_there(pasted: str, meant: str) -> None:
    assert str(parse(pasted)) == meant


@pytest.mark.parametrize(
    ("pasted", "advice"),
    [
        ("sympy.sinc(x)", "write sinc(x / pi)"),
        ("sp.sinc(x)", "write sinc(x / pi)"),
        ("tf.nn.leaky_relu(x)", "write max(x, 0) + 0.2 * min(x, 0)"),
        ("jax.nn.gelu(x)", "write gelu(x), or 0.5 * x * (1 + tanh("),
        ("np.power(x, 2.5)", "pow(x, y) is |x| to any power"),
        ("torch.pow(x, beta)", "write pow(x, y), which is |x| ** y"),
        ("np.power(-2, x)", "write pow(x, y), which is |x| ** y"),
        ("np.max(x, 0)", "write max(x, 0) for the larger of two"),
        ("torch.min(x, 0)", "write min(x, 0) for the smaller of two"),
        ("np.beta * x", "'beta' of numpy is no number that is read: write beta alone"),
        ("torch.x * 2", "'x' of torch is no number that is read: write x alone"),
        ("math.tau=2 * x", "'tau' of math is no number that is read"),
        ("np.inf * x", "no constant is infinite"),
    ],
)
def test_a_function_that_differs_in_a_library_is_refused_with_how_to_write_it(
    pasted: str, advice: str
) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(pasted)
    assert advice in caught.value.rule
    assert 0 <= caught.value.position < len(pasted)
