"""From YAML to one immutable Fleet: nothing is lost, nothing is guessed."""
