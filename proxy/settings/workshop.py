"""What it takes to build a fleet: the table's folder, the files in it, and what was found wrong.

Reads the files that a table names; knows nothing of what is built of them.
"""

import ssl
from dataclasses import dataclass, field
from pathlib import Path as FilePath

from proxy.model import Secret
from proxy.settings.entry import SecretFile
from proxy.settings.findings import Findings
from proxy.settings.nodes import Path
from proxy.settings.problem import Code, quote
from proxy.settings.secrets import Flaw, from_file, why, world_readable


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """Where one fleet is built."""

    findings: Findings
    base: FilePath
    """The folder of the table: files are named from there."""
    files: list[str] = field(default_factory=list)
    """The files that were read, or could not be."""

    def file(self, name: str) -> FilePath:
        """Return a file that the table names, and remember it."""
        path = self.base / name
        if str(path) not in self.files:
            self.files.append(str(path))
        return path

    def secret(self, given: Secret | SecretFile, path: Path) -> Secret | None:
        """Return the secret that the setting at `path` gives; None when there is none."""
        if isinstance(given, Secret):
            return given
        file = self.file(given.file)
        secret = from_file(file)
        if isinstance(secret, Flaw):
            self.findings.error(path, secret.code, secret.reason, secret.mend)
            return None
        if world_readable(file):
            reason = f"everybody on this machine can read {quote(str(file), 200)}"
            mend = "`chmod o-r` it; in Kubernetes, `defaultMode: 0440` and an `fsGroup`"
            self.findings.warning(path, Code.OPEN_KEY, reason, mend)
        return secret

    def certificates(self, name: str, path: Path) -> str:
        """Return a file of certificates, after a look whether it holds some."""
        file = self.file(name)
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=file)
        except ssl.SSLError:
            reason = f"the file {quote(str(file), 200)} holds no certificates in PEM form"
            mend = "it begins with `-----BEGIN CERTIFICATE-----`"
            self.findings.error(path, Code.BAD_CERTIFICATES, reason, mend)
        except (OSError, ValueError) as error:
            reason = f"the file {quote(str(file), 200)} cannot be read: {why(error)}"
            self.findings.error(path, Code.UNREADABLE_FILE, reason)
        return str(file)
