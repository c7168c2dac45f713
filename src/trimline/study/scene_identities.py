"""Identities of a project's scenes, kept on disk so that a study with nothing to do opens no product.

A compressed archive takes seconds to list, and a study has hundreds. While the files of a product are as they were,
the identity found when it was last opened holds.
"""

from __future__ import annotations

from pathlib import Path

from trimline import __version__
from trimline.file_identity import digest
from trimline.files import write_json
from trimline.project import SceneEntry
from trimline.scenes import product_identity
from trimline.study.record import NoRecord, read_sealed
from trimline.study.scenes import OPENED_WITH, open_entry, require_fetched


class SceneIdentities:
    """Identity of each scene of a project, as `trimline.scenes.scene_identity` defines it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, entry: SceneEntry) -> str:
        """Return the identity of a scene; the product is opened only where its files or its entry changed.

        Raises
        ------
        StageError
            There is no such product.
        ProductError
            It cannot be opened.
        """
        require_fetched(entry)
        given = entry.model_dump(mode="json", include=set(OPENED_WITH))
        state = digest([product_identity(entry.product), given, __version__])
        file = self._folder / f"{entry.id}.json"
        known = read_sealed(file)
        if not isinstance(known, NoRecord) and known.get("state") == state:
            return str(known["identity"])
        content = {"scene": entry.id, "state": state, "identity": open_entry(entry).identity}
        write_json(file, {**content, "digest": digest(content)})
        return str(content["identity"])
