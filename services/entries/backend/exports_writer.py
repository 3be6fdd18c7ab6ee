"""An export's bytes, from its columns: CSV and NDJSON, whole or compressed, and Parquet.

Only the worker imports this: Arrow takes tens of megabytes, and the processes that answer fans do not need it.
"""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from services.entries.backend import exports_rules
from services.entries.backend.exports_rules import Column, Columns

_ROW_GROUP = 50_000
_TYPES: dict[str, Any] = {
    "id": pa.string(),
    "text": pa.string(),
    "number": pa.int32(),
    "flag": pa.bool_(),
    "time": pa.timestamp("us", tz="UTC"),
    "list": pa.list_(pa.string()),
}


class _Pipe:
    """A file for Arrow to write into; `take` empties it."""

    closed = False

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, data: Any) -> int:
        self._bytes += memoryview(data)
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken

    def flush(self) -> None:
        """Part of the interface: there is nothing behind."""

    def close(self) -> None:
        """Part of the interface: what was written stays until it is taken."""


class TextWriter:
    """CSV or NDJSON, by the chunk."""

    def __init__(self, format_: str, compression: str, header: Sequence[Column]) -> None:
        self._pipe = _Pipe()
        sink: Any = pa.PythonFile(self._pipe, mode="w")
        self._sink = sink if compression == "NONE" else pa.CompressedOutputStream(sink, compression.lower())
        self._header = header
        self._lines = exports_rules.csv_lines if format_ == "CSV" else exports_rules.json_lines
        if format_ == "CSV":
            self._sink.write(exports_rules.csv_head(header))

    def write(self, values: Columns) -> bytes:
        """What there is of the file by now, since the last call."""
        self._sink.write(self._lines(self._header, values))
        return self._pipe.take()

    def finish(self) -> bytes:
        """The rest."""
        self._sink.close()
        return self._pipe.take()


class ParquetWriter:
    """Parquet, by row groups of fifty thousand rows or somewhat more; compression is inside."""

    def __init__(self, compression: str, header: Sequence[Column]) -> None:
        self._pipe = _Pipe()
        self._schema = pa.schema([(column.name, _TYPES[column.holds]) for column in header])
        self._writer = pq.ParquetWriter(
            pa.PythonFile(self._pipe, mode="w"), self._schema, compression=compression.lower()
        )
        self._batches: list[Any] = []

    def write(self, values: Columns) -> bytes:
        """What there is of the file by now, since the last call."""
        arrays = [pa.array(each, type=field.type) for each, field in zip(values, self._schema, strict=True)]
        self._batches.append(pa.record_batch(arrays, schema=self._schema))
        if sum(batch.num_rows for batch in self._batches) >= _ROW_GROUP:
            self._write_group()
        return self._pipe.take()

    def finish(self) -> bytes:
        """The rest."""
        if self._batches:
            self._write_group()
        self._writer.close()
        return self._pipe.take()

    def _write_group(self) -> None:
        table = pa.Table.from_batches(self._batches)
        self._writer.write_table(table, row_group_size=table.num_rows)
        self._batches.clear()


def open_writer(format_: str, compression: str, header: Sequence[Column]) -> TextWriter | ParquetWriter:
    """A writer of these columns."""
    if format_ == "PARQUET":
        return ParquetWriter(compression, header)
    return TextWriter(format_, compression, header)
