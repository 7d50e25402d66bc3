"""From YAML to one immutable Fleet: nothing is lost, nothing is guessed, all errors at once.

load            the whole way, in five steps
document        text -> nodes that know their line       (scalars, syntax, source, nodes)
environment     nodes -> data; secrets become Secret     (secrets)
shapes          data -> table, strictly                  (table, fields, units, complaints)
assemble        table -> Fleet                           (backends, routes, limits, workshop)
checks          does it make sense together?             (sections, hosts, globs)

findings        the problems so far; `problem` is one, `render` shows it
catalogue       providers.yaml: what is the same for everybody
signatures      signatures.yaml: what failures look like
discover        a table for who has none
schema          the JSON Schema for editors
"""
