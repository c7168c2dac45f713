"""Rules that make one map of several: what each promises for whatever the scenes show."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from trimline.project.measuring import Rule
from trimline.timeline.rules import GROUND, ICE, UNSEEN, combine

RULES: tuple[Rule, ...] = get_args(Rule)

Views = NDArray[np.uint8]
several = st.integers(1, 5).flatmap(
    lambda n: arrays(np.uint8, (n, 3, 4), elements=st.sampled_from([GROUND, ICE, UNSEEN]), fill=st.nothing())
)
rules = st.sampled_from(RULES)


def column(*states: int) -> Views:
    """Return the views of one pixel."""
    return np.array(states, np.uint8).reshape(-1, 1, 1)


@pytest.mark.parametrize(
    ("rule", "states", "ice", "source"),
    [
        ("reference", (UNSEEN, ICE, GROUND), ICE, 2),
        ("reference", (GROUND, ICE, ICE), GROUND, 1),
        ("minimum-snow", (ICE, UNSEEN, GROUND), GROUND, 3),
        ("minimum-snow", (UNSEEN, ICE, ICE), ICE, 2),
        ("vote", (GROUND, ICE, ICE), ICE, 2),
        ("vote", (GROUND, ICE, UNSEEN), GROUND, 1),
        ("vote", (UNSEEN, ICE, GROUND), ICE, 2),
        ("vote", (UNSEEN, UNSEEN), UNSEEN, 0),
    ],
)
def test_a_rule_decides_and_names_its_source(rule: Rule, states: tuple[int, ...], ice: int, source: int) -> None:
    found = combine(rule, column(*states))
    assert (found.state.item(), found.source.item()) == (ice, source)


@given(rules, several)
def test_unseen_is_what_no_view_sees_and_the_source_says_what_was_decided(rule: Rule, views: Views) -> None:
    found = combine(rule, views)
    blind = (views == UNSEEN).all(axis=0)
    np.testing.assert_array_equal(found.state == UNSEEN, blind)
    np.testing.assert_array_equal(found.source == 0, blind)
    named = np.take_along_axis(views, np.maximum(found.source.astype(int) - 1, 0)[np.newaxis], axis=0)[0]
    np.testing.assert_array_equal(named[~blind], found.state[~blind])


@given(several)
def test_the_minimum_lies_within_the_vote_and_within_the_reference(views: Views) -> None:
    least = combine("minimum-snow", views).state == ICE
    for rule in RULES:
        assert not (least & (combine(rule, views).state != ICE)).any()


@given(several, st.randoms(use_true_random=False))
def test_the_minimum_does_not_depend_on_the_order(views: Views, random) -> None:  # type: ignore[no-untyped-def]
    order = list(range(len(views)))
    random.shuffle(order)
    np.testing.assert_array_equal(combine("minimum-snow", views).state, combine("minimum-snow", views[order]).state)


@given(rules, several, st.data())
def test_a_blind_view_changes_nothing(rule: Rule, views: Views, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(views)))
    more = np.insert(views, place, np.uint8(UNSEEN), axis=0)
    one, other = combine(rule, views), combine(rule, more)
    np.testing.assert_array_equal(one.state, other.state)
    moved = np.where(other.source > place, other.source - 1, other.source)
    np.testing.assert_array_equal(one.source, moved)


@given(rules, several)
def test_a_single_view_decides_alone(rule: Rule, views: Views) -> None:
    np.testing.assert_array_equal(combine(rule, views[:1]).state, views[0])


@given(rules, several, st.data())
def test_a_saturated_view_is_used_only_where_no_other_sees(rule: Rule, views: Views, data: st.DataObject) -> None:
    saturated = data.draw(arrays(np.bool_, views.shape))
    found = combine(rule, views, saturated)
    clear = combine(rule, np.where(saturated, np.uint8(UNSEEN), views))
    seen = clear.state != UNSEEN
    np.testing.assert_array_equal(found.state[seen], clear.state[seen])
    np.testing.assert_array_equal(found.source[seen], clear.source[seen])
    np.testing.assert_array_equal(found.state[~seen], combine(rule, views).state[~seen])


@pytest.mark.parametrize("rule", RULES)
def test_without_views_nothing_is_seen(rule: Rule) -> None:
    found = combine(rule, np.empty((0, 2, 2), np.uint8))
    assert (found.state == UNSEEN).all()
    assert not found.source.any()
