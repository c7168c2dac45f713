"""Faults that are put into trimline from outside: damaged inputs, kills, full disks."""
