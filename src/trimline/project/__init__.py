"""The project file: everything that a study decides, as one validated model."""
