"""Names that a configuration file may not call: modules and functions that run code, reach out or read files."""

import re

from redan.scan.say import words

DOTTED = re.compile(r"[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+\Z")

# Top-level modules of which no function belongs into a model's configuration.
MODULES = words(
    "os posix nt posixpath ntpath subprocess builtins __builtin__ __builtins__ sys shutil runpy importlib imp "
    "pkgutil zipimport pickle _pickle cPickle marshal shelve dill cloudpickle joblib jsonpickle code codeop pty "
    "socket socketserver ssl ctypes _ctypes cffi multiprocessing threading _thread concurrent asyncio signal "
    "webbrowser urllib urllib2 urllib3 requests httpx aiohttp http ftplib smtplib poplib imaplib telnetlib "
    "nntplib xmlrpc commands popen2 pdb bdb timeit trace cProfile profile pip setuptools distutils ensurepip venv "
    "site types inspect gc operator functools tempfile io fileinput linecache doctest idlelib lib2to3 antigravity "
    "tkinter turtle _posixsubprocess _interpreters _xxsubinterpreters paramiko fabric invoke sh pexpect git "
    "docker boto3 py_compile compileall readline rlcompleter cmd"
)
# Names that run code or reach out wherever they come from.
FUNCTIONS = words(
    "eval exec execfile compile __import__ import_module system popen Popen check_output check_call getoutput "
    "getstatusoutput spawn spawnl spawnv execv execve execl startfile run_path run_module runstring rmtree unlink "
    "get_file download_url download_url_to_file load_state_dict_from_url hf_hub_download snapshot_download "
    "enable_unsafe_deserialization load_library load_op_library read_pickle urlopen urlretrieve unsafe_load loads "
    "breakpoint"
)


# Types among the builtins: building one runs nothing.
_TYPES = words(
    "list dict tuple set frozenset str int float bool bytes bytearray slice complex range object NoneType type"
)


def dangerous(name: str) -> bool:
    """Whether a dotted name such as `os.system` or `builtins:eval` names something that runs code or reaches out."""
    parts = re.split(r"[.:]", name)
    if parts[0] == "builtins" and len(parts) == 2 and parts[1] in _TYPES:  # noqa: PLR2004 -- module and name
        return False
    return parts[0] in MODULES or parts[:2] == ["logging", "config"] or parts[-1] in FUNCTIONS
