"""Arrow files (Feather version 2) and Arrow streams."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from redan.errors import InputError
from redan.tables.kept import Kept, Spool

BATCH_BYTES = 1 << 30  # a batch that unpacks to more is not held


def keep_arrow(path: Path, spool: Spool) -> Kept:
    """Converts an Arrow file or stream to Parquet, batch by batch.

    Raises:
        InputError: it is not Arrow, is damaged, or one batch unpacks to more than 1 GB.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    damaged = InputError("cannot be read as Arrow", where=str(path), remedy="write the file again; it is damaged")
    try:
        with pa.memory_map(str(path)) as source:
            reader = _reader(source)
            with pq.ParquetWriter(spool.file, reader.schema) as writer:
                for batch in _batches(reader):
                    if batch.nbytes > BATCH_BYTES:
                        raise InputError(
                            "one batch unpacks to more than 1 GB", where=str(path), remedy="write smaller batches"
                        )
                    batch.validate(full=True)
                    writer.write_batch(batch)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise damaged from error
    return Kept(spool.file, spool)


def _reader(source: Any) -> Any:  # noqa: ANN401 - pyarrow ships no types
    import pyarrow as pa

    try:
        return pa.ipc.open_file(source)
    except pa.ArrowInvalid:
        source.seek(0)
        return pa.ipc.open_stream(source)


def _batches(reader: Any) -> Iterator[Any]:  # noqa: ANN401 - pyarrow ships no types
    import pyarrow as pa

    if isinstance(reader, pa.ipc.RecordBatchFileReader):
        return (reader.get_batch(i) for i in range(reader.num_record_batches))
    return iter(reader)
