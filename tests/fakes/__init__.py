"""What stands outside, as real servers on this machine."""
