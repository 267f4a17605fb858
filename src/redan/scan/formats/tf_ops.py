"""Operators of TensorFlow graphs: which compute, which read or write files, reach a network or run Python.

Source: the operator registry of TensorFlow 2.21 (names only); CVE-2021-37678 and the file operators that public
scanners list; a graph runs on its first call, and its initialisers already on load.
"""

from collections.abc import Iterator

from redan.scan.formats.names import tensorflow_ops
from redan.scan.records import Detection
from redan.scan.say import Voice, shown, words

_PYTHON = words("PyFunc PyFuncStateless EagerPyFunc PyFuncStatefulOp TFPyFunc")
_FILES = words(
    "ReadFile WriteFile MatchingFiles Save SaveSlices SaveDataset SaveDatasetV2 DistributedSave WholeFileReader "
    "WholeFileReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 TextLineReader TextLineReaderV2 "
    "TFRecordReader TFRecordReaderV2 LMDBReader IdentityReader IdentityReaderV2 TextLineDataset TextLineDatasetV2 "
    "TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset FixedLengthRecordDatasetV2 CSVDataset "
    "CSVDatasetV2 LMDBDataset MatchingFilesDataset CacheDataset CacheDatasetV2 SnapshotDataset SnapshotDatasetV2 "
    "SnapshotDatasetReader LoadDataset ImmutableConst CreateSummaryFileWriter CreateSummaryDbWriter ImportEvent "
    "LoadAndRemapMatrix GenerateVocabRemapping CheckpointSaver SnapshotChunkDataset DatasetToTFRecord "
    "ExperimentalDatasetToTFRecord FixedUnigramCandidateSampler FileSystemSetConfiguration"
)
_NETWORK = words(
    "RpcClient RpcCall RpcServer RpcServerStart RpcServerRegister RpcCheckStatus RpcGetValue Rpc TryRpc "
    "SqlDataset ExperimentalSqlDataset DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 "
    "DataServiceDatasetV4 RegisterDataset RegisterDatasetV2 BigQueryReader BigtableClient GcsConfigureCredentials "
    "GcsConfigureBlockCache DebugIdentity DebugIdentityV2 DebugIdentityV3 DebugNanCount DebugNumericSummary "
    "DebugNumericSummaryV2 RemoteCall KafkaDataset"
)
_LIBRARIES = words("LoadLibrary TfLiteSubgraphExecute RemoteFusedGraphExecute CompilerOp TRTEngineOp")
SAVERS = words(
    "SaveV2 RestoreV2 RestoreSlice Restore MergeV2Checkpoints InitializeTableFromTextFile "
    "InitializeTableFromTextFileV2 PrintV2"
)
_REMEDY = "Export the model again without this operator, as ONNX for instance, and do not run this one."


def judge(op: str, say: Voice, offset: int | None, *, known: frozenset[str] = frozenset()) -> Iterator[Detection]:
    """What one operator can do besides computing.

    Args:
        op: name of the operator.
        say: speaks for the member.
        offset: of the name in the member.
        known: names of functions that the graph itself defines.
    """
    if op in _PYTHON:
        yield say.bad(
            "tf-python", f"The operator {op} calls Python.", offset=offset, reference="CWE-94", remedy=_REMEDY
        )
    elif op in _FILES:
        yield say.bad(
            "tf-file", f"The operator {op} reads or writes files.", offset=offset, reference="CWE-73", remedy=_REMEDY
        )
    elif op in _NETWORK:
        yield say.bad(
            "tf-network", f"The operator {op} reaches out.", offset=offset, reference="CWE-918", remedy=_REMEDY
        )
    elif op in _LIBRARIES:
        yield say.bad(
            "tf-library", f"The operator {op} runs other code.", offset=offset, reference="CWE-114", remedy=_REMEDY
        )
    elif op not in tensorflow_ops() and op not in known and op not in SAVERS:
        yield say.unclear(
            "tf-operator",
            f"The operator `{shown(op)}` is not one of those known to only compute; it may come from a library.",
            offset=offset,
            remedy="Export the model with the operators of TensorFlow only, or as ONNX.",
        )
