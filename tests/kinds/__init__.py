"""Inputs that go wrong, one per kind: the tests try them, and `docs/what-can-go-wrong.md` is written from them."""
