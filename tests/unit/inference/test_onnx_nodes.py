"""Nodes of ONNX files are read and counted before OpenVINO sees them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper

from trimline.errors import WeightsError
from trimline.inference.engine import read_graph
from trimline.inference.model_file import read_metadata
from trimline.inference.onnx_nodes import LEAST_INPUTS, Node, lacking, nodes_of


def model_of(*nodes: Any) -> bytes:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3, 8, 8]) for name in ("x", "y")]
    graph = helper.make_graph(list(nodes), "graph", values[:1], values[1:])
    content: bytes = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]).SerializeToString()
    return content


@pytest.mark.parametrize("operator", LEAST_INPUTS)
def test_the_least_inputs_are_those_that_onnx_defines(operator: str) -> None:
    assert LEAST_INPUTS[operator] == onnx.defs.get_schema(operator, 20).min_input


@pytest.mark.parametrize(
    ("operator", "inputs"),
    [
        ("Conv", ["x"]),
        ("Conv", []),
        ("Conv", ["x", ""]),
        ("Conv", ["", "x"]),
        ("Pad", ["x"]),
        ("Max", []),
        ("Clip", [""]),
    ],
)
def test_a_node_without_its_inputs_is_refused_and_ends_no_process(operator: str, inputs: list[str]) -> None:
    with pytest.raises(WeightsError, match=f"'{operator}' of this ONNX file lacks an input") as refused:
        read_graph(model_of(helper.make_node(operator, inputs, ["y"])))
    assert "trimline export" in str(refused.value.remedy)


def test_nodes_of_graphs_within_graphs_are_found() -> None:
    branch = helper.make_graph([helper.make_node("Conv", ["x"], ["z"])], "branch", [], [])
    content = model_of(helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch))
    assert list(nodes_of(content)) == [Node("Conv", 1, 1), Node("Conv", 1, 1), Node("If", 1, 1)]
    assert lacking(content) == Node("Conv", 1, 1)


def test_nodes_that_have_their_inputs_pass(tmp_path: Path) -> None:
    content = model_of(
        helper.make_node("Constant", [], ["low"], value_float=0.0), helper.make_node("Clip", ["x", "low", ""], ["y"])
    )
    assert [node.given for node in nodes_of(content)] == [0, 2]
    assert lacking(content) is None
    (tmp_path / "model.onnx").write_bytes(content)
    assert len(read_graph(tmp_path / "model.onnx").get_results()) == 1


def test_graphs_without_end_are_refused() -> None:
    node = helper.make_node("Relu", ["x"], ["y"])
    for _ in range(20):
        inner = helper.make_graph([node], "inner", [], [])
        node = helper.make_node("If", ["x"], ["y"], then_branch=inner)
    with pytest.raises(WeightsError, match="too deep"):
        read_graph(model_of(node))


def test_metadata_that_are_no_text_are_refused(tmp_path: Path) -> None:
    model = onnx.load_from_string(model_of(helper.make_node("Relu", ["x"], ["y"])))
    model.metadata_props.add(key="trimline", value='{"format": 1}')
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString().replace(b'"format"', b'"for\xb3at"'))
    with pytest.raises(WeightsError, match="metadata of this weights file are damaged"):
        read_metadata(path)


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused(content: bytes) -> None:
    try:
        assert all(node.given <= node.inputs for node in nodes_of(content))
    except ValueError as error:
        assert str(error)
