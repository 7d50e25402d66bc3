"""The composition root: builds the objects, runs, reloads, drains; owns clock, dice and ids."""
