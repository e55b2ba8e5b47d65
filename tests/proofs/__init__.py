"""Proofs at full size, against real processes: `make prove`, or `make prove ONLY=race`."""
