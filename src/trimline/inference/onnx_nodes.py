"""Nodes of an ONNX file, looked at before OpenVINO reads it: an operator that lacks its inputs would end the process.

OpenVINO (2025, 2026) takes the inputs of some operators without counting them. So the nodes are read here from the
file itself, which is a protocol buffer: https://protobuf.dev/programming-guides/encoding, with the fields of
https://github.com/onnx/onnx/blob/main/onnx/onnx.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import NamedTuple

_GRAPH_OF_MODEL, _FUNCTION_OF_MODEL, _NODE_OF_GRAPH, _NODE_OF_FUNCTION = 7, 25, 1, 7
_INPUT, _OPERATOR, _ATTRIBUTE = 1, 4, 5
_GRAPH_OF_ATTRIBUTE, _GRAPHS_OF_ATTRIBUTE = 6, 11
_VARINT, _FIXED_64, _LENGTH, _FIXED_32 = 0, 1, 2, 5
_MOST_DEPTH = 16
"""Graphs within graphs (`If`, `Loop`) that are looked into."""

LEAST_INPUTS = MappingProxyType(
    {
        "Conv": 2,
        "GlobalAveragePool": 1,
        "GlobalMaxPool": 1,
        "LogSoftmax": 1,
        "Max": 1,
        "Mean": 1,
        "Min": 1,
        "Pad": 2,
        "Sum": 1,
    }
)
"""Inputs that an operator has at least, by ONNX's own definition, of those that OpenVINO does not count."""


class Node(NamedTuple):
    """A node of a graph."""

    operator: str
    inputs: int
    """How many it names."""
    given: int
    """How many of these it has before the first that an empty name leaves out."""


def nodes_of(content: bytes) -> Iterator[Node]:
    """Yield the nodes of an ONNX file, those of graphs within graphs and of functions included.

    Raises
    ------
    ValueError
        It is no protocol buffer, or its graphs lie too deep in one another.
    """
    for field, value in _fields(memoryview(content)):
        if field == _GRAPH_OF_MODEL:
            yield from _nodes(value, _NODE_OF_GRAPH, 0)
        elif field == _FUNCTION_OF_MODEL:
            yield from _nodes(value, _NODE_OF_FUNCTION, 0)


def lacking(content: bytes) -> Node | None:
    """Return the first node of an ONNX file that has fewer inputs than its operator needs; None where there is none.

    Raises
    ------
    ValueError
        See `nodes_of`.
    """
    for node in nodes_of(content):
        # None of ONNX's operators that has inputs can do without its first.
        if node.given < LEAST_INPUTS.get(node.operator, min(1, node.inputs)):
            return node
    return None


def _nodes(graph: memoryview, number: int, depth: int) -> Iterator[Node]:
    if depth > _MOST_DEPTH:
        raise ValueError("graphs lie too deep in one another")
    for field, value in _fields(graph):
        if field != number:
            continue
        operator, named = "", []
        for of_node, content in _fields(value):
            if of_node == _OPERATOR:
                operator = bytes(content).decode(errors="replace")
            elif of_node == _INPUT:
                named.append(len(content) > 0)
            elif of_node == _ATTRIBUTE:
                for of_attribute, inner in _fields(content):
                    if of_attribute in (_GRAPH_OF_ATTRIBUTE, _GRAPHS_OF_ATTRIBUTE):
                        yield from _nodes(inner, _NODE_OF_GRAPH, depth + 1)
        yield Node(operator, len(named), [*named, False].index(False))


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield the number and the bytes of the fields of a message that have a length: text, bytes, messages."""
    place = 0
    while place < len(message):
        tag, place = _varint(message, place)
        kind = tag & 7
        if kind == _LENGTH:
            length, place = _varint(message, place)
            if length > len(message) - place:
                raise ValueError("a field ends beyond its message")
            yield tag >> 3, message[place : place + length]
            place += length
        elif kind == _VARINT:
            _, place = _varint(message, place)
        elif kind in (_FIXED_64, _FIXED_32):
            place += 8 if kind == _FIXED_64 else 4
        else:
            raise ValueError(f"a field has the wire type {kind}")


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """Return a number of variable length, and the place behind it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte = message[place]
        value, place = value | (byte & 0x7F) << shift, place + 1
        if byte < 0x80:
            return value, place
    raise ValueError("a number does not end")
