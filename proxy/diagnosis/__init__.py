"""What a failure means: an outcome goes in, a verdict comes out; signatures are data, handed in."""
