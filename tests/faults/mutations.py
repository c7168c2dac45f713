"""Mutations of files: damage as transfers and disks do it, and values that nobody should write.

Every mutation is drawn from a `random.Random`, so that its number finds it again. Half of them know the format: they
put an impossible value at a place of a JSON, YAML, XML, ODL or CSV document, into a cell of a GeoPackage, a tag of a
TIFF, a header of an archive or of a safetensors file. The other half know bytes and text only.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import sqlite3
import struct
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import yaml

Mutation = tuple[bytes, str]
"""The bytes after a mutation, and what was done, in words."""

DEEP = 200_000
"""Brackets of a nesting that no reader should follow."""

_DEEP_MARK, _HUGE_MARK = "@deep@", "@huge@"
_HUGE = "9" * 5000
"""An integer of more digits than Python converts."""

_ABSOLUTE = tempfile.gettempdir()

VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 5, 255, 256, 65536, 2**31, 2**31 - 1, -(2**31), 2**63, 2**64, 10**9, -(10**9), 10**30,
    0.0, -0.0, 0.5, -1.5, 1e-300, 1e30, 1e300, -1e300, float("nan"), float("inf"), float("-inf"),
    "", " ", "x", "nan", "inf", "-inf", "1e999", "-1", "0", "1e400", "no", "on", "None", "..", "/", ".", "~", "-",
    "../../escaped", f"{_ABSOLUTE}/escaped", "a" * 300, "a" * 100_000, "a\x00b", "\x00", "line\nline\nline", "\ud800",
    "ä€😀", "<b>&amp;</b>", "[bold]x[/bold]", "%s%n{0}{x}", "${HOME}", "${a}", "'; DROP TABLE x; --", "=1+1",
    "1988-02-30", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2018-13-45", "2018-08-23T25:61:61Z",
    "EPSG:0", "EPSG:4326", "EPSG:3395", "EPSG:999999", "LOCAL_CS[\"x\"]", "http://127.0.0.1:9/x",
    [], {}, [[]], [None], [0], [1, 2, 3], ["a"], {"a": 1}, {"": None}, [float("nan")] * 4, list(range(2000)),
    _DEEP_MARK, _HUGE_MARK,
)  # fmt: skip
"""Values that are put in place of others."""

TEXTS = tuple(each for each in VALUES if isinstance(each, str) and not each.startswith("@"))

_BY_SUFFIX = {
    ".json": "json", ".geojson": "json", ".xml": "xml", ".gml": "xml", ".kml": "xml", ".yaml": "yaml", ".csv": "csv",
    ".txt": "odl", ".tif": "tiff", ".tiff": "tiff", ".gpkg": "sqlite", ".tar": "tar", ".zip": "zip", ".ckpt": "zip",
    ".gz": "tar.gz", ".safetensors": "safetensors", ".onnx": "onnx", ".prj": "text", ".cpg": "text", ".dbf": "bytes",
}  # fmt: skip
_TEXT_FORMS = ("json", "xml", "yaml", "csv", "odl", "text")


def mutate_file(random: Random, path: Path) -> str:
    """Mutate one file in place, and return what was done, in words."""
    content = path.read_bytes()
    form = _BY_SUFFIX.get(path.suffix.lower(), "bytes")
    if form == "bytes" and content[:1] == b"{":
        form = "json"
    if random.random() < 0.06:
        return _as_a_whole(random, path)
    mutated, what = _mutated(random, content, form)
    if random.random() < 0.15:
        mutated, more = _mutated(random, mutated, form)
        what = f"{what}; {more}"
    path.write_bytes(mutated)
    return f"{path.name}: {what}"


def _as_a_whole(random: Random, path: Path) -> str:
    """Delete a file, empty it, or put something else in its place."""
    what = random.choice(["deleted", "emptied", "a folder", "a link to itself", "zeros", "text", "VRT", "HTML"])
    size = path.stat().st_size
    path.unlink()
    if what == "a folder":
        path.mkdir()
    elif what == "a link to itself":
        path.symlink_to(path.name)
    elif what != "deleted":
        texts = {
            "emptied": b"",
            "zeros": bytes(size),
            "text": b"this is no such file\n",
            "VRT": b'<VRTDataset rasterXSize="60" rasterYSize="40"><VRTRasterBand dataType="Byte" band="1">'
            b"<SimpleSource>"
            b'<SourceFilename relativeToVRT="0">/vsicurl/http://127.0.0.1:9/x.tif</SourceFilename></SimpleSource>'
            b"</VRTRasterBand></VRTDataset>",
            "HTML": b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
        }
        path.write_bytes(texts[what])
    return f"{path.name}: replaced whole ({what})"


def _mutated(random: Random, content: bytes, form: str) -> Mutation:
    of_form = _OF_FORM.get(form)
    if of_form is not None and random.random() < 0.6:
        try:
            return of_form(random, content)
        except Exception:  # noqa: S110 - whatever a library says of it
            pass  # an earlier mutation took its form away
    if form in _TEXT_FORMS and random.random() < 0.6:
        return of_text(random, content)
    return of_bytes(random, content)


def of_bytes(random: Random, content: bytes) -> Mutation:
    """Flip bits, swap, cut, insert, repeat, delete or overwrite bytes."""
    data = bytearray(content)
    if not data:
        return bytes(random.randbytes(random.choice([1, 100]))), "random bytes in an empty file"
    # Headers decide more than pixels: half of the places are among the first bytes.
    place = random.randrange(min(len(data), 512) if random.random() < 0.5 else len(data))
    length = min(random.choice([1, 2, 4, 8, 16, 64, 512, 4096]), len(data) - place)
    what = random.choice(["flip", "bytes", "swap", "cut", "insert", "repeat", "delete", "zero", "ones", "number"])
    if what == "flip":
        for _ in range(random.choice([1, 1, 3, 20])):
            at = place if random.random() < 0.5 else random.randrange(len(data))
            data[at] ^= 1 << random.randrange(8)
    elif what == "bytes":
        data[place : place + length] = random.randbytes(length)
    elif what == "swap":
        other = random.randrange(len(data))
        data[place], data[other] = data[other], data[place]
    elif what == "cut":
        del data[place:]
    elif what == "insert":
        data[place:place] = random.randbytes(length)
    elif what == "repeat":
        data[place:place] = data[place : place + length] * random.choice([1, 2, 50])
    elif what == "delete":
        del data[place : place + length]
    elif what == "zero":
        data[place : place + length] = bytes(length)
    elif what == "ones":
        data[place : place + length] = b"\xff" * length
    else:
        number = random.choice([0, 1, 0x7F, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x80000000, 10**6, 10**9])
        packed = struct.pack(random.choice(["<I", ">I"]), number)
        data[place : place + 4] = packed
    return bytes(data), f"{what} at byte {place}, {length} bytes"


_NUMBERS = (
    "-1", "0", "nan", "1e999", "-1e999", "1e300", "99999999999999999999", _HUGE, "", "1,5", "0x10", "1e-320",
)  # fmt: skip


def of_text(random: Random, content: bytes) -> Mutation:
    """Change a number, a line, a word or the encoding."""
    text = content.decode("utf-8", "surrogateescape")
    what = random.choice(["number", "number", "number", "line", "word", "encoding", "quote", "nest"])
    if what == "number":
        found = list(re.finditer(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?", text))
        if found:
            match = random.choice(found)
            edited = random.choice(
                [*_NUMBERS, f"-{match[0]}", f"{match[0]}0000000", f"{match[0]}.5", f"{match[0][:-1]}"]
            )
            return _encoded(text[: match.start()] + edited + text[match.end() :]), f"{match[0]} is {edited[:30]}"
    lines = text.splitlines(keepends=True) or [""]
    at = random.randrange(len(lines))
    if what == "line":
        kind = random.choice(["drop", "repeat", "many", "swap"])
        if kind == "drop":
            del lines[at]
        elif kind == "repeat":
            lines.insert(at, lines[at])
        elif kind == "many":
            lines[at] = lines[at] * 2000 if len(lines[at]) < 200 else lines[at] * 2
        else:
            other = random.randrange(len(lines))
            lines[at], lines[other] = lines[other], lines[at]
        return _encoded("".join(lines)), f"line {at + 1}: {kind}"
    if what == "encoding":
        name = random.choice(["utf-16", "utf-16-le", "utf-8-sig", "utf-32", "cp037", "nul", "latin-1"])
        try:
            if name == "nul":
                return content + bytes(2048), "padded with NUL"
            if name == "latin-1":
                return content.replace(b"a", b"\xe4", 1), "a byte of Latin-1"
            return text.encode(name), f"as {name}"
        except UnicodeError:
            return content[::-1], "backwards"
    place = random.randrange(len(text) + 1)
    if what == "quote":
        mark = random.choice(
            ['"', "'", "<", ">", "&", "{", "}", "[", "]", ",", ":", "\n", "\t", "\r", "\x00", "\x1b", ";"]
        )
        return _encoded(text[:place] + mark + text[place:]), f"{mark!r} at {place}"
    if what == "nest":
        opening = random.choice(["[", "{", '{"a":', "<a>", "(", "- "])
        return _encoded(
            text[:place] + opening * random.choice([10, 3000, DEEP]) + text[place:]
        ), f"{opening} many times"
    word = random.choice(TEXTS)
    found = list(re.finditer(r"\w+", text))
    if not found:
        return _encoded(text + word), "a word at the end"
    match = random.choice(found)
    return _encoded(text[: match.start()] + word + text[match.end() :]), f"{match[0][:30]} is {word[:30]!r}"


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass" if re.search("[\ud800-\udbff]", text) else "surrogateescape")


def of_tree(random: Random, tree: Any) -> tuple[Any, str]:
    """Put something impossible at one place of nested lists and mappings; `tree` is changed."""
    places = list(_places(tree))
    if not places:
        return random.choice(VALUES), "another value at the root"
    holder, key = random.choice(places)
    old = holder[key]
    what = random.choice(["value"] * 6 + ["drop", "copy", "rename", "wrap", "near"])
    if what == "drop":
        del holder[key]
    elif what == "copy":
        holder[key] = random.choice([other[name] for other, name in places])
    elif what == "rename" and isinstance(holder, dict):
        holder[random.choice(TEXTS)] = holder.pop(key)
    elif what == "wrap":
        holder[key] = random.choice([[old], {"a": old}, [old, old], [[[old]]]])
    elif what == "near" and isinstance(old, int | float) and not isinstance(old, bool):
        holder[key] = random.choice([-old, old + 1, old * 10**6, old / 3, str(old), [old], old * 1e300])
    elif what == "near" and isinstance(old, str):
        holder[key] = random.choice([old + "x", old[:-1], old * 1000, old.upper(), f"../{old}", f"/{old}", f" {old}\n"])
    else:
        holder[key] = random.choice(VALUES)
    return tree, f"{str(key)[:40]}: {what} {str(holder[key] if key in _keys(holder) else '')[:40]!r}"


def _keys(holder: Any) -> Any:
    return holder if isinstance(holder, dict) else range(len(holder))


def _places(tree: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(_keys(tree)) if isinstance(tree, dict | list) else []:
        yield tree, key
        yield from _places(tree[key])


def _as_json(tree: Any) -> bytes:
    """Write a tree as JSON; marks become what `json` does not write."""
    text = json.dumps(tree)
    opening = "[" if len(text) % 2 else '{"a":'
    text = text.replace(f'"{_DEEP_MARK}"', opening * DEEP).replace(f'"{_HUGE_MARK}"', _HUGE)
    return text.encode()


def _json(random: Random, content: bytes) -> Mutation:
    tree, what = of_tree(random, json.loads(content))
    return _as_json(tree), what


def _aliases(names: str, pattern: str, count: int) -> str:
    """Return lines of YAML each of which names the one before several times."""
    lines = [f"a: &a {pattern.replace('*', '')}".replace("@", "x")]
    for before, name in pairwise(names):
        lines.append(f"{name}: &{name} {pattern.replace('@', before)}")
    return "\n".join(lines[:count]) + "\n"


_YAML_BOMBS = (
    _aliases("abcdefghi", "[*@,*@,*@,*@,*@,*@,*@,*@,*@,*@]", 9),
    _aliases("abcdefghijklmnop", "{a: *@, b: *@, c: *@}", 16),
    "a: &a [*a]\n", "a: &a\n  b: *a\n", "<<: *absent\n", "a: !!python/object/apply:os.getcwd []\n",
    "? [1, 2]\n: 3\n", "? {a: 1}\n: 3\n", "extends: project.yaml\n", "a: 1\na: 2\n", "---\na: 1\n---\nb: 2\n",
    "%YAML 9.9\n---\na: 1\n", "a: 2018-99-99\n", "a: !!binary '&&&'\n", "a: 0o17\nb: 010\n", "a: !!float ''\n",
    "a: 190:20:30:99999999999999\n", "!!set {a, b}\n", "a: " + "${" * 50 + "x" + "}" * 50 + "\n", "\ta: 1\n",
    "a: !!timestamp x\n", "a: !!int x\n",
)  # fmt: skip


def _yaml(random: Random, content: bytes) -> Mutation:
    if random.random() < 0.25:
        bomb = random.choice(_YAML_BOMBS)
        return random.choice([content + bomb.encode(), bomb.encode() + content]), f"YAML: {bomb[:40]!r}"
    tree, what = of_tree(random, yaml.safe_load(content))
    text = yaml.dump(
        tree, Dumper=yaml.CSafeDumper if hasattr(yaml, "CSafeDumper") else yaml.SafeDumper, allow_unicode=True
    )
    text = text.replace(f"'{_DEEP_MARK}'", "[" * random.choice([500, 20_000])).replace(f"'{_HUGE_MARK}'", _HUGE)
    return text.encode("utf-8", "replace"), what


_ENTITIES = "".join(f'<!ENTITY b{i} "{f"&b{i - 1};" * 30}">' for i in range(1, 8))
_XML_BOMBS = (
    f'<!DOCTYPE a [<!ENTITY b0 "{"x" * 1000}">{_ENTITIES}]>',
    '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/hostname">]>',
    '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">',
    "<?xml-stylesheet href='http://127.0.0.1:9/x'?>",
)


def _xml(random: Random, content: bytes) -> Mutation:
    if random.random() < 0.15:
        bomb = random.choice(_XML_BOMBS)
        head, mark, rest = content.partition(b"?>")
        return (head + mark + bomb.encode() + rest) if mark else bomb.encode() + content, f"XML: {bomb[:40]!r}"
    root = ElementTree.fromstring(content)  # noqa: S314 - of our own data
    elements = list(root.iter())
    element = random.choice(elements)
    what = random.choice(["text", "text", "text", "attribute", "drop", "repeat", "deep", "tag", "many"])
    if what == "text" or (what == "attribute" and not element.attrib):
        element = random.choice([each for each in elements if each.text and each.text.strip()] or elements)
        element.text = _xml_text(random.choice(VALUES))
    elif what == "attribute":
        element.set(random.choice(list(element.attrib)), _xml_text(random.choice(VALUES)))
    elif what == "tag":
        element.tag = random.choice(["x", root.tag, "Band", "{urn:x}y"])
    elif what == "deep":
        for _ in range(random.choice([3, 800])):
            element = ElementTree.SubElement(element, "a")
    elif what == "many":
        for _ in range(5000):
            ElementTree.SubElement(element, random.choice(elements).tag)
    else:
        parents = [each for each in elements if len(each)]
        parent = random.choice(parents or [root])
        child = random.choice(list(parent) or [root])
        if what == "drop" and child is not root:
            parent.remove(child)
        else:
            parent.append(deepcopy(child))  # an element in itself has no end
    return ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True), f"{element.tag[-30:]}: {what}"


def _xml_text(value: Any) -> str:
    if value == _DEEP_MARK:
        return "(" * 1000
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]", "?", _HUGE if value == _HUGE_MARK else str(value))


def _odl(random: Random, content: bytes) -> Mutation:
    lines = content.decode().splitlines()
    at = random.randrange(len(lines))
    key = lines[at].partition("=")[0]
    value = random.choice(VALUES)
    text = {_DEEP_MARK: "(" * 3000, _HUGE_MARK: _HUGE}.get(value, value) if isinstance(value, str) else value
    kind = random.choice(["value", "value", "value", "group", "key", "nest", "end"])
    if kind == "value":
        lines[at] = f"{key}= {json.dumps(text) if random.random() < 0.5 else text}"
    elif kind == "group":
        lines.insert(
            at, random.choice(["END_GROUP = x", "GROUP = x", "GROUP =", "END", "= 5", "GROUP = PRODUCT_CONTENTS"])
        )
    elif kind == "key":
        lines[at] = f"  {random.choice(TEXTS)} = 1"
    elif kind == "nest":
        lines.insert(at, "GROUP = a\n" * 5000)
    else:
        lines = [*lines[:at], "END"]
    return "\n".join(lines).encode("utf-8", "surrogatepass"), f"{key.strip()[:40]}: {kind} {str(text)[:30]!r}"


def _csv(random: Random, content: bytes) -> Mutation:
    rows = [line.split(",") for line in content.decode().splitlines()]
    row = random.choice(rows)
    at = random.randrange(len(row))
    kind = random.choice(["cell", "cell", "cell", "cell", "drop", "more", "separator", "quote"])
    if kind == "cell":
        value = random.choice(VALUES)
        row[at] = (
            {_DEEP_MARK: "(" * 1000, _HUGE_MARK: _HUGE}.get(value, value) if isinstance(value, str) else str(value)
        )
    elif kind == "drop":
        del row[at]
    elif kind == "more":
        row.extend(["x"] * random.choice([1, 5000]))
    elif kind == "quote":
        row[at] = f'"{row[at]}'
    joined = "\n".join((random.choice([";", "\t"]) if kind == "separator" else ",").join(each) for each in rows)
    return joined.encode("utf-8", "surrogatepass"), f"CSV: {kind}"


_ENTRY_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8}
_TIFF_NUMBERS = (
    0, 1, 2, 3, 5, 6, 7, 8, 16, 32, 64, 255, 4096, 10_000, 65_535, 10**6, 2**31 - 1, 2**31, 2**32 - 1,
)  # fmt: skip
_DOUBLES = (0.0, -30.0, 1e-300, 1e300, 1e18, 1e7, 360.0, float("nan"), float("inf"), float("-inf"), 1e-9)


def _tiff(random: Random, content: bytes) -> Mutation:
    """Change an entry of the first directory of a little-endian classic TIFF."""
    if content[:4] != b"II*\x00":
        raise ValueError("no classic TIFF")
    data = bytearray(content)
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    entry = directory + 2 + 12 * random.randrange(count)
    tag, kind, number, _ = struct.unpack_from("<HHII", data, entry)
    what = random.choice(["value", "value", "value", "inside", "inside", "tag", "type", "count", "next"])
    size = _ENTRY_BYTES.get(kind, 1) * number
    (offset,) = struct.unpack_from("<I", data, entry + 8)
    if what == "inside" and size > 4 and offset + size <= len(data):
        if kind == 12:
            struct.pack_into("<d", data, offset + 8 * random.randrange(number), random.choice(_DOUBLES))
        else:
            at = offset + random.randrange(size)
            data[at : at + 2] = struct.pack("<H", random.choice(_TIFF_NUMBERS) & 0xFFFF)[: len(data) - at]
    elif what == "tag":
        struct.pack_into(
            "<H", data, entry, random.choice([256, 257, 258, 259, 277, 339, 33550, 33922, 34264, 34735, 42113])
        )
    elif what == "type":
        struct.pack_into("<H", data, entry + 2, random.choice([0, 1, 2, 3, 4, 5, 11, 12, 16, 99]))
    elif what == "count":
        struct.pack_into("<I", data, entry + 4, random.choice(_TIFF_NUMBERS))
    elif what == "next":
        struct.pack_into("<I", data, directory + 2 + 12 * count, random.choice([8, directory, len(data), 2**32 - 1]))
    else:
        value = random.choice(_TIFF_NUMBERS)
        struct.pack_into(
            "<HH" if kind == 3 else "<I", data, entry + 8, *((value & 0xFFFF, 0) if kind == 3 else (value,))
        )
    return bytes(data), f"TIFF tag {tag}: {what}"


def _sqlite(random: Random, content: bytes) -> Mutation:
    """Change a cell of a table of a GeoPackage, of its layers or of its own."""
    base = sqlite3.connect(":memory:")
    try:
        base.deserialize(content)
        base.execute("PRAGMA writable_schema = ON")
        for (name,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            base.execute(f'DROP TRIGGER "{name}"')
        tables = [n for (n,) in base.execute("SELECT name FROM sqlite_master WHERE type = 'table'") if "rtree" not in n]
        tables = [name for name in tables if base.execute(f'SELECT COUNT(*) FROM "{name}"').fetchone()[0]]  # noqa: S608
        table = random.choice(tables)
        columns = [row[1] for row in base.execute(f'PRAGMA table_info("{table}")')]
        column = random.choice(columns)
        rows = [row for (row,) in base.execute(f'SELECT rowid FROM "{table}"')]  # noqa: S608
        row = random.choice(rows)
        (old,) = base.execute(f'SELECT "{column}" FROM "{table}" WHERE rowid = ?', (row,)).fetchone()  # noqa: S608
        new: Any
        if isinstance(old, bytes):
            new, _ = _geometry(random, old)
        else:
            new = random.choice(VALUES)
            if not isinstance(new, str | int | float | None) or new in (_DEEP_MARK, _HUGE_MARK):
                new = json.dumps(new) if new not in (_DEEP_MARK, _HUGE_MARK) else "[" * 5000
            if isinstance(new, int) and abs(new) >= 2**63:
                new = float(new)
            if isinstance(new, str):
                new = new.replace("\ud800", "?")
        for statement in random.choice([["UPDATE"], ["UPDATE"], ["UPDATE"], ["DELETE"], ["DROP"], ["RENAME"]]):
            if statement == "UPDATE":
                base.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ? WHERE rowid = ?', (new, row))  # noqa: S608
            elif statement == "DELETE":
                base.execute(f'DELETE FROM "{table}" WHERE rowid = ?', (row,))  # noqa: S608
            elif statement == "DROP":
                base.execute(f'DROP TABLE "{table}"')
            else:
                base.execute(
                    f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "{random.choice(["x", "fid2", "Name"])}"'
                )
        base.commit()
        return base.serialize(), f"{table}.{column}, row {row}: {statement} {str(new)[:40]!r}"
    finally:
        base.close()


def _geometry(random: Random, blob: bytes) -> Mutation:
    """Change the binary geometry of a GeoPackage: a coordinate, a count, or a byte."""
    data = bytearray(blob)
    if len(data) > 60 and random.random() < 0.7:
        at = 40 + 5 + 8 * random.randrange(max((len(data) - 60) // 8, 1))
        struct.pack_into("<d", data, min(at + random.choice([0, 4, 8]), len(data) - 8), random.choice(_DOUBLES))
        return bytes(data), "a coordinate"
    return of_bytes(random, blob)


_MEMBER_NAMES = (
    "../escaped", f"{_ABSOLUTE}/escaped", "a/../../escaped", "", ".", "x" * 99, "\x00", "ä", "a\\..\\b", "con",
    "~/x", "./x",
)  # fmt: skip


def _tar(random: Random, content: bytes) -> Mutation:
    """Change a field of a header of a tar archive and correct its checksum, or add a member."""
    data = bytearray(content)
    headers = []
    place = 0
    while place + 512 <= len(data) and data[place : place + 512].strip(b"\0"):
        headers.append(place)
        size = int(bytes(data[place + 124 : place + 136]).strip(b"\0 ") or b"0", 8)
        place += 512 + (size + 511) // 512 * 512
    at = random.choice(headers)
    what = random.choice(
        ["name", "size", "type", "link", "time", "prefix", "pax", "sum", "member", "prefix of two", "long"]
    )
    if what == "name":
        data[at : at + 100] = random.choice(_MEMBER_NAMES).encode()[:100].ljust(100, b"\0")
    elif what == "size":
        sizes = [b"77777777777\0", b"-0000000001\0", b"\xff" * 12, b"\x80" + b"\0" * 7 + b"\xff" * 4, b"0" * 11 + b"\0"]
        data[at + 124 : at + 136] = random.choice([*sizes, b"xxxxxxxxxxx\0", b"\x80" + b"\x7f" * 11])
    elif what == "type":
        data[at + 156] = random.choice(b"0123456789xgLKSDVMN\x00\xff")
    elif what == "link":
        data[at + 156] = random.choice(b"12")
        data[at + 157 : at + 257] = random.choice(["/etc/hostname", "../../x", ""]).encode().ljust(100, b"\0")
    elif what == "time":
        data[at + 136 : at + 148] = random.choice([b"\xff" * 12, b"77777777777\0", b"zzzzzzzzzzz\0"])
    elif what == "prefix":
        data[at + 345 : at + 500] = random.choice([b"../..", b"/tmp", b"x" * 155]).ljust(155, b"\0")
    elif what == "sum":
        data[at + 148 : at + 156] = b"0000000\0"
        return bytes(data), f"tar header {at}: sum"
    elif what in ("pax", "member", "long"):
        stream = io.BytesIO()
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as extra:
            member = tarfile.TarInfo(
                random.choice(_MEMBER_NAMES) if what == "member" else "x" * (300 if what == "pax" else 60_000)
            )
            keys = [
                "path",
                "size",
                "mtime",
                "uid",
                "GNU.sparse.map",
                "GNU.sparse.size",
                "GNU.sparse.major",
                "hdrcharset",
            ]
            if what == "pax":
                member.pax_headers = {
                    random.choice(keys): random.choice(["-1", "1e999", "9" * 100, "x", "", "../../y", "1,2,3"])
                }
            extra.addfile(member)
        block = stream.getvalue().rstrip(b"\0")
        block += bytes(-len(block) % 512)
        data[at:at] = block
        return bytes(data), f"tar: {what} before {at}"
    data[at + 148 : at + 156] = b" " * 8
    data[at + 148 : at + 156] = b"%06o\0 " % sum(data[at : at + 512])
    return bytes(data), f"tar header {at}: {what}"


def _tar_gz(random: Random, content: bytes) -> Mutation:
    mutated, what = _tar(random, gzip.decompress(content))
    return gzip.compress(mutated, 1), what


def _zip(random: Random, content: bytes) -> Mutation:
    """Change a field of a header of a zip archive, or pack it again with a member that is not right."""
    data = bytearray(content)
    if random.random() < 0.6:
        marks = [
            m.start()
            for mark in (b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06")
            for m in re.finditer(re.escape(mark), content)
        ]
        at = random.choice(marks)
        field = at + random.choice([4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 34, 38, 42])
        data[field : field + 2] = struct.pack("<H", random.choice([0, 1, 8, 9, 12, 14, 99, 255, 0x7FFF, 0xFFFF]))
        return bytes(data), f"zip header {at}, field {field - at}"
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as target:
        names = source.namelist()
        chosen = random.choice(names)
        kind = random.choice(["rename", "cut", "inflate", "drop", "repeat", "link", "folder"])
        for name in names:
            body = source.read(name)
            if name == chosen:
                if kind == "drop":
                    continue
                if kind == "cut":
                    body = body[: len(body) // 2]
                if kind == "inflate":
                    body += bytes(50_000_000)
                if kind == "repeat":
                    target.writestr(name, body)
                info = zipfile.ZipInfo(random.choice(_MEMBER_NAMES) if kind == "rename" else name)
                if kind == "folder":
                    info = zipfile.ZipInfo(name + "/")
                    body = b""
                if kind == "link":
                    info.external_attr = 0o120777 << 16
                    body = b"/etc/hostname"
                info.compress_type = zipfile.ZIP_DEFLATED
                target.writestr(info, body)
            else:
                target.writestr(name, body)
    return stream.getvalue(), f"zip: {kind} {chosen[-40:]}"


_METADATA_KEY = "trimline"
_ARGUMENTS: tuple[dict[str, Any], ...] = (
    {"widths": [4] * 8}, {"widths": [10**9]}, {"widths": []}, {"widths": [0, 4]}, {"widths": [-1, 4]}, {"widths": 4},
    {"widths": [4, 6, 8, 2**31]}, {"depth": 10**9}, {"convolutions": 10**9}, {"widths": [1.5, 2]}, {"widths": ["a"]},
    {"batch_norm": "x"}, {"classes": 10**9}, {"bands": 10**9}, {"attention": True}, {"widths": [True, True]},
)  # fmt: skip


def _safetensors(random: Random, content: bytes) -> Mutation:
    """Change the header of a safetensors file: an offset, a shape, a type, or the metadata of trimline."""
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    own = header.get("__metadata__", {})
    key = next((name for name in own if own[name].startswith("{")), None)
    if key is not None and random.random() < 0.75:
        inner = json.loads(own[key])
        inner, what = _of_metadata(random, inner)
        own[key] = _as_json(inner).decode()
        text = json.dumps(header).encode()
    else:
        tree, what = of_tree(random, header)
        text = _as_json(tree)
    if random.random() < 0.05:
        length = random.choice([0, 1, 2**63, 2**64 - 1, len(text) + 10**6])
        return struct.pack("<Q", length) + text + content[8 + length :], f"header of {length} bytes"
    return struct.pack("<Q", len(text)) + text + content[8 + length :], what


def _of_metadata(random: Random, metadata: Any) -> tuple[Any, str]:
    if random.random() < 0.3 and isinstance(metadata, dict):
        changed = random.choice(_ARGUMENTS)
        if random.random() < 0.3:
            metadata["network"] = random.choice(
                ["unet", "unetpp", "glaciernet", "saunet", "landsnet", "dunet", "band_ratio"]
            )
        metadata["arguments"] = {**(metadata.get("arguments") or {}), **changed}
        return metadata, f"{metadata.get('network')} {str(changed)[:60]}"
    return of_tree(random, metadata)


def _onnx(random: Random, content: bytes) -> Mutation:
    """Change the metadata of an ONNX file, its nodes or its shapes."""
    import onnx

    model = onnx.load_from_string(content)
    what = random.choice(["metadata", "metadata", "metadata", "node", "shape", "input", "drop", "opset"])
    if what == "metadata" and model.metadata_props:
        entry = random.choice(list(model.metadata_props))
        tree, what = _of_metadata(random, json.loads(entry.value))
        entry.value = _as_json(tree).decode()[:1_000_000]
    elif what == "node":
        operators = ["Relu", "Nothing", "Concat", "If", "Conv", "Pad", "Clip"]
        random.choice(list(model.graph.node)).op_type = random.choice(operators)
    elif what == "shape":
        tensor = random.choice(list(model.graph.initializer))
        tensor.dims[:] = [random.choice([0, 1, -1, 10**9, 3]) for _ in tensor.dims]
    elif what == "input":
        random.choice(list(model.graph.node)).input[:] = [random.choice(["", "x", "channels"])]
    elif what == "drop":
        model.graph.node.remove(random.choice(list(model.graph.node)))
    else:
        model.opset_import[0].version = random.choice([0, -1, 999, 1])
    return model.SerializeToString(), f"ONNX {what}"


_OF_FORM: dict[str, Callable[[Random, bytes], Mutation]] = {
    "json": _json,
    "yaml": _yaml,
    "xml": _xml,
    "odl": _odl,
    "csv": _csv,
    "tiff": _tiff,
    "sqlite": _sqlite,
    "tar": _tar,
    "tar.gz": _tar_gz,
    "zip": _zip,
    "safetensors": _safetensors,
    "onnx": _onnx,
}
