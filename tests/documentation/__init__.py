"""Tests of the documentation: of what builds it, and of the built site as a reader has it."""
