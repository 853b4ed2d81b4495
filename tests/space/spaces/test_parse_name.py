"""Every space has a text name that gives it back, and a wrong one is refused in words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actsearch.space import ActsearchError, space_from_name

NAMES = (
    "core-1",
    "core-2[channel]",
    "core-1:ops=grafs",
    "core-3[network]:ops=all:without=div,exp",
    "core-1:only=max,sigmoid,sin",
    "core-1:unary=x,max(x,0),a=0.5*x:binary=x1*x2,x1+x2:nary=max_n",
    "binary(unary(x),binary(unary(x),unary(x)))",
    "nary(unary(x),unary(x),unary(x))[channel]:ops=aquasurf",
    "mul(x,unary(x)):ops=act-bench:without=pow",
    "tree-7",
    "tree-3[channel]:ops=all",
    "tree-4:ops=swish",
    "tree-4:without=pow,div",
    "tree-3:ops=swish:without=div",
    "tree-3:ops=swish:without=div|tree-3",
    "0.00001*core-1|1e3*tree-3",
    "catalog[channel]",
    "families",
    "families[channel]",
    "catalog",
    "mixture-3[channel]",
    "catalog|2*mixture-2|core-1",
    "core-1|2*tree-3",
    "core-1|0.5*unary(x):ops=all|3*tree-2[network]",
    "core-1+eafo",
    "catalog+eafo|0.5*tree-3[channel]:without=pow+eafo|families[channel]+eafo",
)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_gives_a_space_whose_name_gives_it_back(name: str) -> None:
    space = space_from_name(name)
    again = space_from_name(space.name)
    assert again == space
    assert hash(again) == hash(space), "the default strategy keeps what it knows by the space"
    assert again.size == space.size
    assert again.name == space.name
    rng, other = np.random.default_rng(0), np.random.default_rng(0)
    assert space.decode(space.sample(rng)) == again.decode(again.sample(other))


@pytest.mark.parametrize(
    ("name", "canonical"),
    [
        ("core-1[layer]", "core-1"),
        ("core-01", "core-1"),
        ("core-1:ops=swish", "core-1"),
        ("tree-3:ops=act-bench", "tree-3"),
        ("1*core-1", "core-1"),
        (" core-1 | 2.50*tree-3 ", "core-1|2.5*tree-3"),
        ("core-1:without=divide", "core-1:without=div"),
        ("core-1:ops=swish:without=div", "core-1:without=div"),
        ("binary( unary(x) , unary(x) )", "binary(unary(x),unary(x))"),
    ],
)
def test_names_have_one_canonical_form(name: str, canonical: str) -> None:
    assert space_from_name(name).name == canonical


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "unknown space ''; known: core-1, tree-7"),
        ("cor-1", "unknown space 'cor-1'"),
        ("core-1|", "unknown space"),
        ("core-1[neuron]", "unknown granularity 'neuron'"),
        ("core-1:op=grafs", "':op=grafs' is no option of a space; known: ops="),
        ("core-1:ops=graf", "unknown set of operators 'graf'; did you mean 'grafs'"),
        ("core-1:without=tahn", "unknown primitive 'tahn'; did you mean 'tanh'"),
        ("core-1:only=tanh", "binary options must be at least one"),
        ("core-1:unary=sigmod(x)", "unknown primitive 'sigmod'"),
        ("core-1:unary=x,x", "unary options must be distinct"),
        ("core-1:unary=x,a[channel]*x", "shares a parameter in its own way"),
        ("0*core-1|tree-3", "the weight of core-1 must be above 0, but got 0.0"),
        ("1.2.3*core-1", "'1.2.3' in space"),
        ("core-1|core-1", "a union needs different spaces"),
        ("2*core-1", "a union needs different spaces, at least two"),
        ("tree-0", "trees have 1 to 16 operators, but got 0"),
        ("tree-3:unary=x:binary=x1", "trees need an operator"),
        ("families:ops=all", "families has no operators to choose: leave out ':ops=all'"),
        ("mixture-3:without=div", "mixture-3 has no operators to choose"),
        ("core-1+eafo+eafo", "unknown space 'core-1+eafo+eafo'"),
        ("core-1+efao", "unknown space 'core-1+efao'"),
        ("mixture-7", "a mixture has 2 to 6 functions, but got 7"),
        ("binary(unary(x))", "binary takes 2 operands"),
        ("core-" + "9" * 5000, "unknown space 'core-9"),
    ],
)
def test_a_wrong_name_is_refused_in_words(name: str, message: str) -> None:
    with pytest.raises(ActsearchError) as caught:
        space_from_name(name)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400


BASES = (
    *(
        "core-1",
        "core-9",
        "tree-2",
        "tree-0",
        "mixture-2",
        "catalog",
        "unary(x)",
        "mul(x,unary(x))",
    ),
    *("binary(unary(x),x)", "nary(x,x,unary(x))", "binary(x)", "x", "", "2*core-2", "0.1*tree-3"),
)
SUFFIXES = (
    *("", "[channel]", "[layer]", "[x]", ":ops=all", ":ops=grafs", ":ops=", ":only=sin,max,mul"),
    *(":only=", ":without=div,pow", ":without=", ":unary=x,sin(x)", ":unary=", ":unary=x1"),
    *(
        "+eafo",
        ":binary=x1*x2,max(x1,x2)",
        ":binary=x1",
        ":binary=x",
        ":nary=sum_n,max_n",
        ":nary=",
        ":",
    ),
)
MEMBERS = st.builds(
    lambda base, suffixes: base + "".join(suffixes),
    st.sampled_from(BASES),
    st.lists(st.sampled_from(SUFFIXES), max_size=3),
)
TEXTS = st.lists(MEMBERS, min_size=1, max_size=3).map("|".join) | st.text(max_size=30)


@pytest.mark.heavy
@settings(max_examples=500)
@given(TEXTS)
def test_any_text_names_a_space_or_is_refused_in_words(text: str) -> None:
    try:
        space = space_from_name(text)
    except ActsearchError:
        return
    again = space_from_name(space.name)
    assert again.name == space.name
    assert again.size == space.size
    space.decode(space.sample(np.random.default_rng(0)))
