"""What stands on every answer."""

from proxy.console.guard import GUARDS


def test_nothing_runs_but_the_consoles_own_files() -> None:
    directives = dict(
        directive.strip().split(" ", 1)
        for directive in GUARDS["Content-Security-Policy"].split(";")
    )
    assert directives.pop("default-src") == "'none'"
    assert set(directives.values()) == {"'self'", "'none'"}
    assert {name for name, value in directives.items() if value == "'self'"} == {
        "script-src",
        "style-src",
        "img-src",
        "connect-src",
    }
