"""Pictures that are drawn when the documentation is built: each module has ``draw(folder) -> list[Path]``."""
