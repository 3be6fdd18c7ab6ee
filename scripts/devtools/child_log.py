"""The output of one supervised process, in a file that cannot grow without end."""

from pathlib import Path

LARGEST_BYTES = 20_000_000


class ChildLog:
    """Appends to `<folder>/<name>.log`; past 20 MB that becomes `<name>.log.1` and a new one begins."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{name}.log"
        self._open()

    def write(self, chunk: bytes) -> None:
        """Append and flush, so that the file is current when someone looks."""
        if self._size + len(chunk) > LARGEST_BYTES:
            self._file.close()
            self.path.replace(f"{self.path}.1")
            self._open()
        self._file.write(chunk)
        self._size += len(chunk)

    def close(self) -> None:
        """Close the file; `last_words` still works."""
        self._file.close()

    def last_words(self) -> str:
        """The last line that is not blank."""
        return self.tail(self.path.parent, self.path.stem)

    @staticmethod
    def tail(folder: Path, name: str) -> str:
        """The last line of a process's log that is not blank, cut at 300 characters."""
        try:
            with (folder / f"{name}.log").open("rb") as log:
                log.seek(max(0, log.seek(0, 2) - 8192))
                lines = [
                    line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()
                ]
        except FileNotFoundError:
            lines = []
        return lines[-1][:300] if lines else "it said nothing"

    def _open(self) -> None:
        self._file = self.path.open("ab", buffering=0)
        self._size = self._file.tell()
