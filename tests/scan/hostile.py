"""Hostile files, built when a test asks for them: opcodes by hand, containers by standard tools. Nothing is ever loaded.

Commands are `true` and names are real; no sample is written to the repository, and none does anything if it escapes.
"""

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile
import zlib

import numpy as np

# One gadget or more of every family that advisories or papers name: module, attribute.
GADGETS = (
    """
builtins eval|builtins exec|builtins compile|builtins open|builtins getattr|builtins __import__|builtins breakpoint
__builtin__ eval|__builtin__ apply|__builtin__ execfile|os system|os popen|os execv|posix system|nt system|sys exit
sys modules|subprocess Popen|subprocess check_output|commands getoutput|pty spawn|socket create_connection|shutil rmtree
importlib import_module|importlib._bootstrap _load|imp load_source|runpy _run_code|runpy run_path|pkgutil resolve_name
marshal loads|types CodeType|types FunctionType|ctypes CDLL|_ctypes dlopen|_interpreters run_string|_xxsubinterpreters run_string
code InteractiveInterpreter.runcode|codeop compile_command|pdb run|bdb Bdb.run|timeit timeit|cProfile run|profile run
trace Trace.run|doctest debug_script|pydoc locate|pydoc pipepager|asyncio.unix_events _UnixSubprocessTransport._start
multiprocessing.util spawnv_passfds|multiprocessing.context Process|concurrent.futures ThreadPoolExecutor|venv create
ensurepip _run_pip|pip main|pip._internal main|distutils.file_util write_file|setuptools sandbox|lib2to3.pgen2.grammar Grammar.loads
idlelib.run Executive.runcode|idlelib.pyshell ModifiedInterpreter.runcommand|idlelib.debugobj ObjectTreeItem.SetText
idlelib.calltip get_entity|idlelib.autocomplete AutoComplete.get_entity|operator attrgetter|operator methodcaller
_operator methodcaller|_pyrepl.pager pipe_pager|_osx_support _read_output|_aix_support _read_cmd_output|imaplib IMAP4_stream
test.support.script_helper assert_python_ok|uuid _get_command_stdout|logging FileHandler|logging.config dictConfig
io open|io FileIO|_io FileIO|_pyio open|codecs open|tempfile mktemp|urllib.request urlopen|http.client HTTPSConnection
ssl get_server_certificate|smtplib SMTP|ftplib FTP|webbrowser open|xmlrpc.client ServerProxy|socketserver TCPServer
sqlite3 connect|dbm open|shelve open|pickle loads|_pickle loads|pickle Unpickler|copyreg add_extension|zipimport zipimporter
site addpackage|sysconfig get_config_var|platform popen|antigravity geohash|this s|inspect getattr_static|gc get_objects
dill._dill _create_code|dill._dill _create_function|dill._dill _import_module|dill loads|cloudpickle.cloudpickle _make_function
cloudpickle.cloudpickle subimport|cloudpickle loads|joblib load|joblib.numpy_pickle load|joblib.parallel Parallel
numpy load|numpy fromfile|numpy memmap|numpy.testing._private.utils runstring|numpy.f2py.crackfortran getlincoef|numpy __builtins__
numpy.lib.npyio load|pandas read_pickle|pandas.io.pickle read_pickle|pandas eval|pandas.core.computation.eval eval
torch load|torch.serialization load|torch.hub load|torch.jit load|torch.jit.unsupported_tensor_ops execWrapper
torch._dynamo.guards GuardBuilder.get|torch._inductor.codecache compile_file|torch.fx.experimental.symbolic_shapes ShapeEnv.evaluate_guards_expression
torch.utils.bottleneck.__main__ run_cprofile|torch.utils.collect_env run|torch.utils._config_module ConfigModule.load_config
torch.utils.data.datapipes.utils.decoder basichandlers|torch.utils.cpp_extension load_inline|torch.distributed.rpc rpc_sync
torch.serialization os|sklearn.utils os.system|numpy core.os.system|joblib._store_backends shutil.rmtree|random _os.system
requests.api get|aiohttp.client ClientSession|httpx get|paramiko SSHClient|jinja2 Template|yaml load|sympy sympify|numexpr evaluate
IPython get_ipython|pexpect run|fire Fire|keras.models load_model|keras.layers Lambda|tensorflow py_function|transformers pipeline
some.package system|some.package exec|some.package __subclasses__|some.package Thing.__init__.__globals__
""".replace("\n", "|")
    .strip("|")
    .split("|")
)
PAIRS = [tuple(line.split(" ", 1)) for line in GADGETS]


def short(text: str) -> bytes:
    """SHORT_BINUNICODE."""
    data = text.encode()
    return b"\x8c" + bytes([len(data)]) + data


def escaped(text: str) -> bytes:
    """The text as hexadecimal escapes."""
    return b"".join(b"\\x%02x" % byte for byte in text.encode())


def escaped16(text: str) -> bytes:
    """The text as escapes of raw-unicode-escape."""
    return b"".join(b"\\u%04x" % ord(c) for c in text)


def line(module: str, name: str) -> bytes:
    """Module and name as two lines."""
    return f"{module}\n{name}\n".encode()


def framed(body: bytes) -> bytes:
    """Protocol 4 with one frame."""
    return b"\x80\x04\x95" + struct.pack("<Q", len(body)) + body


ARGS = b"\x8c\x04true\x85"
OLD_ARGS = b"(S'true'\nt"


def styles(module: str, name: str) -> dict[str, bytes]:
    """The same import, and where it can be a call, by every opcode that there is for it."""
    both = short(module) + short(name)
    return {
        "global-0": b"c" + line(module, name) + OLD_ARGS + b"R.",
        "global-2": b"\x80\x02c" + line(module, name) + b"q\x00X\x04\x00\x00\x00trueq\x01\x85q\x02Rq\x03.",
        "stack-global": framed(both + b"\x93\x94" + ARGS + b"R\x94."),
        "stack-global-bare": b"\x80\x04" + both + b"\x93" + ARGS + b"R.",
        "inst": b"(S'true'\ni" + line(module, name) + b".",
        "obj": b"(c" + line(module, name) + b"S'true'\no.",
        "newobj": b"\x80\x02c" + line(module, name) + b"X\x04\x00\x00\x00true\x85\x81.",
        "newobj-ex": b"\x80\x04" + both + b"\x93" + ARGS + b"}\x92.",
        "build": b"c" + line(module, name) + b"(dS'a'\nS'b'\nsb.",
        "setitem": b"c" + line(module, name) + b"S'a'\nS'b'\ns.",
        "append": b"c" + line(module, name) + b"S'a'\na.",
        "import-only": b"c" + line(module, name) + b".",
        "import-dropped": b"c" + line(module, name) + b"0N.",
        "import-in-list": b"](c" + line(module, name) + b"e.",
        "memo": b"\x80\x04" + short(module) + b"\x940" + short(name) + b"\x940h\x00h\x01\x93" + ARGS + b"R.",
        "memo-put": b"\x80\x02X" + struct.pack("<I", len(module)) + module.encode() + b"p7\n0"
        b"X" + struct.pack("<I", len(name)) + name.encode() + b"r\x09\x00\x00\x000g7\nj\x09\x00\x00\x00\x93"
        b"X\x04\x00\x00\x00true\x85R.",
        "memo-overwritten": b"\x80\x04"
        + short("collections")
        + b"q\x000"
        + short(module)
        + b"q\x000h\x00"
        + short(name)
        + b"\x93"
        + ARGS
        + b"R.",
        "memo-confused": b"\x80\x04" + short("safe") + b"\x940" + short(module) + b"p0\n0" + short("x") + b"0"
        b"g0\n" + short(name) + b"\x93" + ARGS + b"R.",
        "dup": b"\x80\x04" + short(module) + b"20" + short(name) + b"\x93" + ARGS + b"R.",
        "pop-mark": b"\x80\x04(" + short("os") + b"NNN1" + both + b"\x93" + ARGS + b"R.",
        "string-escapes": b"S'" + escaped(module) + b"'\nS\"" + escaped(name) + b"\"\n\x93(S'true'\ntR.",
        "unicode-escapes": b"V" + escaped16(module) + b"\nV" + escaped16(name) + b"\n\x93(S'true'\ntR.",
        "binstring": b"T"
        + struct.pack("<i", len(module))
        + module.encode()
        + b"U"
        + bytes([len(name)])
        + name.encode()
        + b"\x93(S'true'\ntR.",
        "binunicode8": b"\x80\x04\x8d"
        + struct.pack("<Q", len(module))
        + module.encode()
        + short(name)
        + b"\x93"
        + ARGS
        + b"R.",
        "protocol-lies": b"\x80\x00" + both + b"\x93" + ARGS + b"R.",
        "protocol-late": b"N0\x80\x02\x80\x04" + both + b"\x93" + ARGS + b"R.",
        "no-stop": b"c" + line(module, name) + OLD_ARGS + b"R",
        "then-unknown-opcode": b"c" + line(module, name) + OLD_ARGS + b"R\xff",
        "then-truncated": b"c" + line(module, name) + OLD_ARGS + b"RX\xff\xff\xff\x7f",
        "then-bad-text": b"c" + line(module, name) + OLD_ARGS + b"RX\x02\x00\x00\x00\xff\xfe.",
        "then-underflow": b"c" + line(module, name) + OLD_ARGS + b"R000.",
        "missing-memo-first": b"\x80\x02h\x63" + b"c" + line(module, name) + b"X\x04\x00\x00\x00true\x85R.",
        "unordered-mark": b"\x80\x02tc" + line(module, name) + b"X\x04\x00\x00\x00true\x85R.",
        "second-stream": pickle.dumps({"a": 1}) + b"c" + line(module, name) + OLD_ARGS + b"R.",
        "third-stream": b"N.I1\n." + b"c" + line(module, name) + OLD_ARGS + b"R.",
        "behind-stop-in-frame": b"\x80\x04\x95"
        + struct.pack("<Q", 40)
        + b"N."
        + b"\0" * 38
        + b"c"
        + line(module, name)
        + OLD_ARGS
        + b"R.",
        "in-state": b"\x80\x02ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00ac" + line(module, name) + b"sb.",
        "in-default": b"\x80\x02ccollections\ndefaultdict\nc" + line(module, name) + b"\x85R.",
        "in-partial": b"\x80\x02cfunctools\npartial\nc" + line(module, name) + b"\x85RX\x04\x00\x00\x00true\x85R.",
        "in-reconstructor": b"ccopyreg\n_reconstructor\n(c" + line(module, name) + b"c__builtin__\nobject\nNtR.",
        "in-ufunc": b"\x80\x02cnumpy._core\n_ufunc_reconstruct\nX"
        + struct.pack("<I", len(module))
        + module.encode()
        + b"X"
        + struct.pack("<I", len(name))
        + name.encode()
        + b"\x86R.",
        "in-rebuild": b"\x80\x02ctorch._tensor\n_rebuild_from_type_v2\n(c"
        + line(module, name)
        + b"NX\x04\x00\x00\x00true\x85}tR.",
        "nested-pickle": b"\x80\x04" + short("_pickle") + short("loads") + b"\x93C" + _nested(module, name) + b"\x85R.",
    }


def _nested(module: str, name: str) -> bytes:
    inner = b"c" + line(module, name) + OLD_ARGS + b"R."
    return bytes([len(inner)]) + inner


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip file as Python writes it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return file.getvalue()


def tarred(members: dict[str, bytes], **more) -> bytes:
    """A tar as Python writes it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", **more) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def npy_of(payload: bytes, descr: str = "'|O'", shape: str = "(1,)") -> bytes:
    """An array file whose objects are the payload."""
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + payload


MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
VERSION = b"\x80\x02M\xe9\x03."
SYSTEM = b"\x80\x02}q\x00."
KEYS = b"\x80\x02]q\x00."


def torch_zip(payload: bytes, **more: bytes) -> bytes:
    """An archive with the members that torch writes."""
    members = {"m/data.pkl": payload, "m/byteorder": b"little", "m/data/0": bytes(16), "m/version": b"3\n"}
    return zipped({**members, **{f"m/{name}": data for name, data in more.items()}})


def containers(payload: bytes) -> dict[str, bytes]:
    """A payload in everything that some loader opens."""
    harmless = pickle.dumps([1, 2], 2)
    return {
        "plain": payload,
        "gzip": gzip.compress(payload),
        "gzip-second-member": gzip.compress(b"") + gzip.compress(payload),
        "zlib": zlib.compress(payload),
        "zlib-best": zlib.compress(payload, 9),
        "bzip2": bz2.compress(payload),
        "xz": lzma.compress(payload),
        "lzma": lzma.compress(payload, lzma.FORMAT_ALONE),
        "gzip-gzip": gzip.compress(gzip.compress(payload)),
        "zip": zipped({"a.pkl": payload}),
        "zip-deflated": zipped({"a.bin": payload}, zipfile.ZIP_DEFLATED),
        "zip-bzip2": zipped({"a.bin": payload}, zipfile.ZIP_BZIP2),
        "zip-in-zip": zipped({"b.zip": zipped({"a.txt": payload})}),
        "zip-gz": zipped({"a.gz": gzip.compress(payload)}),
        "zip-behind-pickle": harmless + zipped({"a": payload}),
        "zip-behind-text": b"hello\n" + zipped({"a": payload}),
        "pickle-before-zip": payload + zipped({"a": b"hello"}),
        "tar": tarred({"a.pkl": payload}),
        "tar-gz": gzip.compress(tarred({"x/a": payload})),
        "tar-pax": tarred({"n" * 300: payload}, format=tarfile.PAX_FORMAT),
        "tar-gnu": tarred({"n" * 300: payload}, format=tarfile.GNU_FORMAT),
        "tar-in-zip": zipped({"a.tar": tarred({"a": payload})}),
        "tar-twice": tarred({"a": b"hello"}) + tarred({"a": payload}),
        "npy": npy_of(payload),
        "npz": zipped({"arr_0.npy": npy_of(payload)}),
        "torch-zip": torch_zip(payload),
        "torch-zip-other-name": zipped({"m/data.pkl": harmless, "m/x/weights": payload}),
        "torch-zip-in-storage": zipped({"m/data.pkl": harmless, "m/data/0": payload, "m/version": b"3\n"}),
        "torch-zip-label": torch_zip(harmless, byteorder=payload),
        "torchscript-constants": torch_zip(harmless, **{"constants.pkl": payload, "code/__torch__.py": b"class M:\n"}),
        "torch-legacy-object": MAGIC + VERSION + SYSTEM + payload + KEYS,
        "torch-legacy-system": MAGIC + VERSION + payload + harmless + KEYS,
        "torch-legacy-keys": MAGIC + VERSION + SYSTEM + harmless + payload,
        "torch-legacy-version": MAGIC + payload + SYSTEM + harmless + KEYS,
        "torch-tar": tarred(
            {"storages": b"\x80\x02K\x00.\x80\x02]q\x00.", "tensors": b"\x80\x02K\x00.", "pickle": payload}
        ),
        "torch-tar-storages": tarred({"storages": payload, "tensors": b"\x80\x02K\x00.", "pickle": harmless}),
        "torch-tar-tensors": tarred(
            {"storages": b"\x80\x02K\x00.\x80\x02]q\x00.", "tensors": payload, "pickle": harmless}
        ),
        "joblib-objects": joblib_with(payload),
        "joblib-raw-array": joblib_raw(payload),
        "joblib-gz": gzip.compress(joblib_with(payload)),
    }


def _wrapper(dtype: bytes, shape: bytes) -> bytes:
    """A joblib array up to its BUILD, in protocol 2."""
    return (
        b"\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}("
        b"X\x08\x00\x00\x00subclasscnumpy\nndarray\nX\x05\x00\x00\x00shape"
        + shape
        + b"X\x05\x00\x00\x00orderX\x01\x00\x00\x00C"
        b"X\x05\x00\x00\x00dtypecnumpy\ndtype\nX\x02\x00\x00\x00" + dtype + b"\x89\x88\x87R"
        b"(K\x03X\x01\x00\x00\x00|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tbX\x0a\x00\x00\x00allow_mmap\x89ub"
    )


def joblib_with(payload: bytes) -> bytes:
    """An array of objects in joblib's form: its pickle stands between two opcodes."""
    return _wrapper(b"O8", b"K\x01\x85") + payload + b"."


def joblib_raw(payload: bytes) -> bytes:
    """An array of bytes whose content is opcodes: joblib passes over them, pickle would run them."""
    return _wrapper(b"u1", b"K" + bytes([len(payload)]) + b"\x85") + payload + b"."


def _call(module: str, name: str, *args: bytes) -> bytes:
    return b"c" + line(module, name) + b"(" + b"".join(args) + b"tR"


def handed_over() -> dict[str, bytes]:
    """Functions that are safe with some arguments alone, where another function would call them with its own."""
    load = b"c" + line("torch.storage", "_load_from_bytes")
    ufunc = b"c" + line("numpy._core", "_ufunc_reconstruct")
    tensor = b"c" + line("torch", "Tensor")
    rebuild, rebuild2 = ("torch._tensor", "_rebuild_from_type"), ("torch._tensor", "_rebuild_from_type_v2")
    names = b"(" + short("os") + short("system") + b"t"
    bag = b"c" + line("types", "SimpleNamespace") + b")\x81}"
    streams = {
        "import-rebuilt": _call(*rebuild, _call(*rebuild, ufunc, tensor, names, b"}"), tensor, ARGS, b"}"),
        "rebuild-rebuilt": _call(*rebuild2, b"c" + line(*rebuild2), b"N", b"(" + ufunc + b"N" + names + b"Nt", b"N"),
        "generator-maker": _call("numpy.random._pickle", "__generator_ctor", b"C\x02N.", load),
        "random-state-maker": _call("numpy.random._pickle", "__randomstate_ctor", short("x"), _call("builtins", "str")),
        "partial-of-loader": _call("functools", "partial", load, b"C\x02N."),
        "append-is-loader": bag + short("append") + load + b"sbC\x02N.a",
        "schedule-is-loader": _call("torch.optim.lr_scheduler", "LambdaLR", b"N", load),
        "key-is-loader": b"c" + line("pandas", "DataFrame") + b")R" + load + b"Ns",
        "state-is-loader": bag[:-1] + load + b"b",
        "instance-of-loader": b"(" + load + b"i" + line("numpy", "ndarray"),
        "object-of-loader": b"(c" + line("pandas", "Series") + load + b"o",
        "list-of-loaders": b"](" + load + b"e",
        "recalled-loader": load + b"q\x050h\x05\x85",
        "attribute-by-made-name": b"c"
        + line("collections", "OrderedDict")
        + b")RN}"
        + _call("builtins", "str", short("__class__"))
        + b"c"
        + line("builtins", "dict")
        + b"s\x86b",
    }
    return {name: b"\x80\x04" + data + b"." for name, data in streams.items()}


def hash_bombs() -> dict[str, bytes]:
    """Keys that a real unpickler would hash for years; no test hands them to one."""
    return {
        "key": b"\x80\x02)" + b"2\x86" * 60 + b"}q\x000h\x00" + b")" + b"2\x86" * 60 + b"K\x01s.",
        "set": b"\x80\x04\x8f()" + b"2\x86" * 60 + b"\x90.",
        "frozenset": b"\x80\x04()" + b"2\x86" * 60 + b"\x91.",
        "dict": b"\x80\x04()" + b"2\x86" * 60 + b"Nd.",
    }


def odd_streams() -> dict[str, bytes]:
    """Streams that name nothing dangerous and that nobody can vouch for: not clean."""
    return {
        "unknown-third-party": b"\x80\x02csome_package.mod\nThing\n)\x81.",
        "main": b"c__main__\nModel\n)\x81.",
        "extension-1": b"\x80\x02\x82\x01.",
        "extension-2": b"\x80\x02\x83\x01\x00.",
        "extension-4": b"\x80\x02\x84\x01\x00\x00\x00.",
        "persistent-text": b"P1\nccollections\nOrderedDict\n)R.",
        "persistent": b"\x80\x02K\x01Q.",
        "storage-outside-torch": b"\x80\x02(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ.",
        "next-buffer": b"\x80\x05\x97.",
        "readonly-buffer": b"\x80\x05\x97\x98.",
        "unresolved-name": b"\x80\x04K\x01K\x02\x93.",
        "name-of-bytes": b"\x80\x04C\x02osC\x06system\x93.",
        "missing-memo": b"\x80\x02h\x07.",
        "truncated": b"\x80\x04X\xff\x00\x00\x00abc",
        "huge-text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 62) + b"abc.",
        "huge-bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b"abc.",
        "huge-bytearray": b"\x80\x05\x96" + struct.pack("<Q", (1 << 64) - 1) + b"abc.",
        "huge-long": b"\x80\x02\x8b\xff\xff\xff\x7fabc.",
        "negative-long": b"\x80\x02\x8b\xff\xff\xff\xffabc.",
        "negative-string": b"T\xff\xff\xff\xffabc.",
        "huge-frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b"N.",
        "frame-too-short": b"\x80\x04\x95" + struct.pack("<Q", 3) + b"X\x04\x00\x00\x00true.",
        "frame-in-frame": b"\x80\x04\x95"
        + struct.pack("<Q", 30)
        + b"N\x95"
        + struct.pack("<Q", 2)
        + b"0N.".ljust(20, b"."),
        "stop-in-frame": b"\x80\x04\x95" + struct.pack("<Q", 20) + b"N." + b"." * 18,
        "no-stop": b"\x80\x04N",
        "only-protocol": b"\x80\x04",
        "protocol-9": b"\x80\x09N.",
        "stop-on-nothing": b"\x80\x04.",
        "bad-text": b"\x80\x02X\x02\x00\x00\x00\xff\xfe.",
        "trailing": b"\x80\x02N.\xff\xff\xff",
        "call-of-made": b"\x80\x02cfunctools\npartial\ncbuiltins\nlist\n\x85R)R.",
        "call-of-value": b"\x80\x02cbuiltins\nlen\n]\x85R.",
        "codec": b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.",
        "state-of-class": b"\x80\x02ccollections\nOrderedDict\n)RN}X\x09\x00\x00\x00__class__cbuiltins\ndict\ns\x86b.",
        "load-from-made-bytes": b"\x80\x02ctorch.storage\n_load_from_bytes\nN\x85R.",
        "booster-of-a-file": b"\x80\x02clightgbm.basic\nBooster\n(NNX\x01\x00\x00\x00xtR.",
        "dtype-hides-objects": b"\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00V8\x89\x88\x87R(K\x03X\x01\x00\x00\x00|N"
        b"X\x01\x00\x00\x00a\x85}X\x01\x00\x00\x00acnumpy\ndtype\nX\x02\x00\x00\x00O8\x89\x88\x87RK\x00\x86sK\x08K\x01K\x00tb.",
        "dtype-field-outside": b"\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00V8\x89\x88\x87R(K\x03X\x01\x00\x00\x00|N"
        b"X\x01\x00\x00\x00a\x85}X\x01\x00\x00\x00acnumpy\ndtype\nX\x02\x00\x00\x00i8\x89\x88\x87RK\x40\x86sK\x08K\x01K\x00tb.",
        **handed_over(),
        "append-to-number": b"\x80\x02K\x01K\x02a.",
        "build-of-list": b"\x80\x02]}b.",
    }


def object_array() -> bytes:
    """A harmless array of objects."""
    file = io.BytesIO()
    np.save(file, np.array([None, "a", 1.5], dtype=object), allow_pickle=True)
    return file.getvalue()
