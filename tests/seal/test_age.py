"""The age format, against the age program in both directions, and against damage."""

import datetime as dt
import io
import os
import pty
import random
import shutil
import subprocess
import time
from base64 import b64encode

import pyrage
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import InputError, InvalidError, UsageError
from redan.seal import age
from redan.seal.age_files import (
    Keys,
    files_below,
    lock_file,
    new_identity,
    read_identities,
    read_passphrase,
    read_recipients,
    unlock_file,
)
from redan.seal.age_header import ARMOR, inspect, read_header

NOW = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
SIZES = (0, 1, 65_535, 65_536, 65_537, 131_072, 200_001)
tool = pytest.mark.skipif(shutil.which("age") is None, reason="the age program is not installed")


def _data(size):
    return random.Random(size).randbytes(size)


@pytest.fixture
def identity(tmp_path):
    """An identity's file and its recipient."""
    file = tmp_path / "id.txt"
    return file, new_identity(file, NOW)


def _run_on_terminal(command, answers):
    """Runs a program on a terminal of its own and answers its questions; its exit status."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    for answer in answers:
        time.sleep(0.3)
        os.write(terminal, answer + b"\n")
    try:
        while os.read(terminal, 1024):
            pass
    except OSError:
        pass
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    return os.waitstatus_to_exitcode(status)


def _by_passphrase(data, passphrase=b"four words are enough", work=10):
    out = io.BytesIO()
    age.encrypt_by_passphrase(io.BytesIO(data), out, passphrase, work=work)
    return out.getvalue()


def _opened(locked, passphrase=b"four words are enough"):
    out = io.BytesIO()
    age.decrypt_by_passphrase(io.BytesIO(locked), out, passphrase)
    return out.getvalue()


@pytest.mark.parametrize("size", SIZES)
def test_passphrase_round_trip_with_the_library(size):
    """What is locked under a passphrase opens here and in the age library, and the library's opens here."""
    data = _data(size)
    locked = _by_passphrase(data)
    assert _opened(locked) == data
    assert pyrage.passphrase.decrypt(locked, "four words are enough") == data


def test_the_librarys_passphrase_files_open():
    """What the age library locks under a passphrase opens, binary and armored."""
    for armored in (False, True):
        locked = pyrage.passphrase.encrypt(b"x" * 100_000, "pw", armored=armored)
        assert _opened(locked, b"pw") == b"x" * 100_000


@tool
@pytest.mark.parametrize("size", SIZES)
def test_age_opens_what_lock_wrote(tmp_path, identity, size):
    """The age program opens a file that was locked to a recipient."""
    plain, locked = tmp_path / "d", tmp_path / "d.age"
    plain.write_bytes(_data(size))
    lock_file(plain, locked, Keys(parties=read_recipients([identity[1]], None)))
    found = subprocess.run(["age", "-d", "-i", identity[0], locked], capture_output=True, check=True)
    assert found.stdout == plain.read_bytes()


@tool
@pytest.mark.parametrize("armor", [[], ["-a"]])
def test_unlock_opens_what_age_wrote(tmp_path, armor):
    """A file that the age program wrote for an identity of age-keygen opens, binary and armored."""
    keys, plain, locked, out = (tmp_path / name for name in ("key.txt", "d", "d.age", "o"))
    said = subprocess.run(["age-keygen", "-o", keys], capture_output=True, check=True, text=True).stderr
    plain.write_bytes(_data(100_000))
    subprocess.run(["age", *armor, "-r", said.split()[-1], "-o", locked, plain], check=True)
    unlock_file(locked, out, Keys(parties=read_identities(keys)))
    assert out.read_bytes() == plain.read_bytes()
    assert out.stat().st_mode & 0o777 == 0o600


@tool
def test_age_opens_a_locked_passphrase_on_a_terminal(tmp_path):
    """The age program asks for the passphrase and opens what was locked under it."""
    plain, locked, out = (tmp_path / name for name in ("d", "d.age", "o"))
    plain.write_bytes(_data(70_000))
    lock_file(plain, locked, Keys(passphrase=b"correct horse"))
    assert _run_on_terminal(["age", "-d", "-o", str(out), str(locked)], [b"correct horse"]) == 0
    assert out.read_bytes() == plain.read_bytes()


@tool
def test_unlock_opens_a_passphrase_of_age(tmp_path):
    """What the age program locked under a passphrase opens."""
    plain, locked, out = (tmp_path / name for name in ("d", "d.age", "o"))
    plain.write_bytes(_data(70_000))
    command = ["age", "-p", "-o", str(locked), str(plain)]
    assert _run_on_terminal(command, [b"correct horse", b"correct horse"]) == 0
    unlock_file(locked, out, Keys(passphrase=b"correct horse"))
    assert out.read_bytes() == plain.read_bytes()


@tool
def test_the_identity_is_one_of_age(identity):
    """age-keygen reads the public key out of a new identity."""
    said = subprocess.run(["age-keygen", "-y", identity[0]], capture_output=True, check=True, text=True).stdout
    assert said.strip() == identity[1]
    assert identity[0].stat().st_mode & 0o777 == 0o600


def test_an_ssh_key_opens_what_is_locked_to_it(tmp_path):
    """SSH keys are recipients and identities."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

    key = Ed25519PrivateKey.generate()
    file, plain = tmp_path / "id_ed25519", tmp_path / "d"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    file.chmod(0o600)
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    plain.write_bytes(b"rows")
    lock_file(plain, tmp_path / "l", Keys(parties=read_recipients([public], None)))
    unlock_file(tmp_path / "l", tmp_path / "o", Keys(parties=read_identities(file)))
    assert (tmp_path / "o").read_bytes() == b"rows"


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_found(data):
    """No changed bit of a file under a passphrase passes, wherever it is."""
    locked = bytearray(_by_passphrase(b"r" * 70_000, work=2))
    place = data.draw(st.integers(0, len(locked) - 1))
    locked[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(InvalidError):
        _opened(bytes(locked))


@pytest.mark.parametrize("cut", [1, 16, 17, 100, 65_552, 70_000])
def test_a_truncated_file_is_refused_and_nothing_is_written(tmp_path, identity, cut):
    """Truncated or extended ciphertext leaves no file, neither the plain one nor a temporary one."""
    plain, locked = tmp_path / "d", tmp_path / "d.age"
    plain.write_bytes(_data(140_000))
    lock_file(plain, locked, Keys(parties=read_recipients([identity[1]], None)))
    whole = locked.read_bytes()
    keys = Keys(parties=read_identities(identity[0]))
    before = sorted(p.name for p in tmp_path.iterdir())
    for damaged in (whole[:-cut], whole + bytes(cut)):
        locked.write_bytes(damaged)
        with pytest.raises(InvalidError, match=r"d\.age"):
            unlock_file(locked, tmp_path / "o", keys)
        assert sorted(p.name for p in tmp_path.iterdir()) == before


@pytest.mark.parametrize("size", [65_536, 131_072])
def test_an_empty_last_chunk_is_refused(size):
    """The last chunk may be empty only when it is the only one."""
    key, nonce = bytes(16), bytes(16)
    cipher = age._cipher(age._derived(key, nonce, b"payload"))
    chunks = [cipher.encrypt(age._counter(i, last=False), bytes(65_536), None) for i in range(size // 65_536)]
    chunks.append(cipher.encrypt(age._counter(len(chunks), last=True), b"", None))
    salt = bytes(16)
    wrapped = age._cipher(age._stretched(b"pw", salt, 2)).encrypt(bytes(12), key, None)
    text = {name: b64encode(value).rstrip(b"=") for name, value in {"salt": salt, "body": wrapped}.items()}
    head = b"age-encryption.org/v1\n-> scrypt " + text["salt"] + b" 2\n" + text["body"] + b"\n---"
    mac = b64encode(age._mac(key, head)).rstrip(b"=")
    with pytest.raises(InvalidError):
        _opened(head + b" " + mac + b"\n" + nonce + b"".join(chunks), b"pw")


def test_a_costly_passphrase_is_refused_before_it_is_paid():
    """A header that asks for an absurd amount of memory is refused at once."""
    locked = _by_passphrase(b"x").replace(b" 10\n", b" 40\n", 1)
    with pytest.raises(InvalidError, match="scrypt"):
        _opened(locked)


def test_wrong_keys(tmp_path, identity):
    """Another identity, another passphrase, and a passphrase where recipients were given are each said."""
    plain, locked = tmp_path / "d", tmp_path / "d.age"
    plain.write_bytes(b"rows")
    lock_file(plain, locked, Keys(parties=read_recipients([identity[1]], None)))
    other = tmp_path / "other"
    new_identity(other, NOW)
    with pytest.raises(InvalidError, match="none of the identities"):
        unlock_file(locked, tmp_path / "o", Keys(parties=read_identities(other)))
    with pytest.raises(InvalidError, match="recipients, not with a passphrase"):
        unlock_file(locked, tmp_path / "o", Keys(passphrase=b"pw"))
    with pytest.raises(InvalidError, match="passphrase is wrong"):
        _opened(_by_passphrase(b"x"), b"another")


def test_files_are_refused(tmp_path, identity):
    """Links, folders and pipes are not locked, nothing is written over, and hard-linked originals are not removed."""
    plain = tmp_path / "d"
    plain.write_bytes(b"rows")
    keys = Keys(parties=read_recipients([identity[1]], None))
    (tmp_path / "link").symlink_to(plain)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe", "absent", "."):
        with pytest.raises(InputError):
            lock_file(tmp_path / name, tmp_path / "o", keys)
    with pytest.raises(UsageError, match="exists already"):
        lock_file(plain, identity[0], keys)
    (tmp_path / "twin").hardlink_to(plain)
    with pytest.raises(InputError, match="other names"):
        lock_file(plain, tmp_path / "o", keys, remove=True)
    assert plain.exists()
    assert not (tmp_path / "o").exists()


def test_remove_takes_the_original(tmp_path, identity):
    """The original goes after the locked file is there, and only when asked."""
    plain, locked = tmp_path / "d", tmp_path / "d.age"
    plain.write_bytes(b"rows")
    keys = Keys(parties=read_recipients([identity[1]], None))
    lock_file(plain, locked, keys)
    assert plain.exists()
    locked.unlink()
    lock_file(plain, locked, keys, remove=True)
    assert not plain.exists()
    assert locked.stat().st_mode & 0o777 == 0o600


def test_key_files(tmp_path, identity):
    """Recipients files have comments; files of secrets must be closed to others; malformed lines show no secret."""
    many = tmp_path / "to.txt"
    many.write_text(f"# team\n\n{identity[1]}\n")
    assert len(read_recipients([identity[1]], many)) == 2
    with pytest.raises(UsageError):
        read_recipients([], None)
    secret = identity[0].read_text().splitlines()[-1]
    with pytest.raises(UsageError) as told:
        read_recipients([secret], None)
    assert secret not in str(told.value)
    word = tmp_path / "pw"
    word.write_bytes(b"four words\r\nnot this")
    word.chmod(0o600)
    assert read_passphrase(word) == b"four words"
    for file, read in ((word, read_passphrase), (identity[0], read_identities)):
        file.chmod(0o644)
        with pytest.raises(UsageError, match="read by others"):
            read(file)
    for text in ("", "# nothing\n", "AGE-SECRET-KEY-1WRONG\n"):
        word.write_text(text)
        word.chmod(0o600)
        with pytest.raises(UsageError):
            read_identities(word)


def test_folders(tmp_path):
    """A folder's files are listed by whether they are locked; a link in it stops everything."""
    (tmp_path / "sub").mkdir()
    for name in ("a.csv", "b.csv.age", "sub/c.csv"):
        (tmp_path / name).write_bytes(b"")
    assert [p.name for p in files_below(tmp_path, locked=False)] == ["a.csv", "c.csv"]
    assert [p.name for p in files_below(tmp_path, locked=True)] == ["b.csv.age"]
    (tmp_path / "sub/link").symlink_to(tmp_path / "a.csv")
    with pytest.raises(InputError):
        files_below(tmp_path, locked=False)


def test_folders_that_cannot_be_read(tmp_path):
    """Folders nested deeper than a path can name are refused in one line; none is passed over."""
    deep = os.open(tmp_path, os.O_RDONLY)
    for _ in range(120):  # a path that no call takes at once
        os.mkdir("d" * 60, dir_fd=deep)
        inner = os.open("d" * 60, os.O_RDONLY, dir_fd=deep)
        os.close(deep)
        deep = inner
    os.close(deep)
    with pytest.raises(InputError, match="cannot be read"):
        files_below(tmp_path, locked=False)


class _Full(io.RawIOBase):
    """A disk that is full, or a user who interrupts, at the first write or read."""

    def __init__(self, error):
        self._error = error

    def write(self, _data):
        raise self._error

    def read(self, _size=-1):
        raise self._error


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_a_stream_raises_is_what_is_raised(error):
    """A full disk and an interrupt are themselves, not an internal error and not an altered file."""
    identity = pyrage.x25519.Identity.generate()
    data = _data(200_001)
    locked = io.BytesIO()
    age.encrypt(io.BytesIO(data), locked, [identity.to_public()])
    for call in (
        lambda: age.encrypt(io.BytesIO(data), _Full(error), [identity.to_public()]),
        lambda: age.encrypt(_Full(error), io.BytesIO(), [identity.to_public()]),
        lambda: age.decrypt(io.BytesIO(locked.getvalue()), _Full(error), [identity]),
        lambda: age.decrypt(_Full(error), io.BytesIO(), [identity]),
    ):
        with pytest.raises(type(error)) as told:
            call()
        assert told.value is error


def test_remove_leaves_what_must_stay(tmp_path, identity, monkeypatch):
    """An identity is not locked in, and an original that was written meanwhile stays, its times set back or not."""
    keys = Keys(parties=read_recipients([identity[1]], None))
    with pytest.raises(InputError, match="is an identity"):
        lock_file(identity[0], tmp_path / "o", keys, remove=True)
    assert identity[0].exists()
    assert not (tmp_path / "o").exists()
    plain = tmp_path / "d"
    plain.write_bytes(b"rows")
    encrypt, before = age.encrypt, plain.stat()

    def written_meanwhile(*given):
        encrypt(*given)
        plain.write_bytes(b"more")
        os.utime(plain, ns=(before.st_atime_ns, before.st_mtime_ns))

    monkeypatch.setattr(age, "encrypt", written_meanwhile)
    with pytest.raises(InputError, match="changed"):
        lock_file(plain, tmp_path / "o", keys, remove=True)
    assert plain.read_bytes() == b"more"
    assert not (tmp_path / "o").exists()


def _locked(data, *, armored=False):
    out = io.BytesIO()
    pyrage.encrypt_io(io.BytesIO(data), out, [pyrage.x25519.Identity.generate().to_public()], armored)
    return out.getvalue()


@pytest.mark.parametrize("armored", [False, True])
@pytest.mark.parametrize("size", SIZES)
def test_inspect_accepts_real_files(size, armored):
    """Every real age file shows its recipients and its payload's size."""
    seen = inspect(io.BytesIO(_locked(_data(size), armored=armored)))
    assert seen.armored is armored
    assert "X25519" in seen.recipients
    assert seen.payload == 16 + size + 16 * max(-(-size // 65_536), 1)


def test_inspect_accepts_a_passphrase():
    """A file under a passphrase says so."""
    assert inspect(io.BytesIO(_by_passphrase(b"x"))).recipients == ("scrypt",)


def test_inspect_refuses_what_only_looks_like_one():
    """The first line alone, a header before plain rows, a header cut short, junk: none is an age file."""
    real = _locked(_data(300_000))
    header = real[: read_header(io.BytesIO(real)).size]
    rows = b"".join(b"%d,%d,1\n" % (i, i * 7919 % 1000) for i in range(40_000))
    for fake in (
        b"",
        b"age-encryption.org/v1\n",
        b"age-encryption.org/v1\n" + rows,
        header,
        header + rows,
        header + b"PAR1" + rows[:20_000] + b"PAR1",
        real[: len(header) + 16 + 65_552 + 5],
        real[: len(header) + 16],
        header.replace(b"-> ", b"->", 1) + real[len(header) :],
        header[:-5] + b"\n" + real[len(header) :],
        real.replace(b"/v1\n", b"/v2\n", 1),
        ARMOR + b"\n" + b64encode(rows),
        ARMOR + b"\n",
        rows,
    ):
        with pytest.raises(InvalidError):
            inspect(io.BytesIO(fake))


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=400), st.sampled_from([b"", b"age-encryption.org/v1\n", b"age-encryption.org/v1\n-> X25519 "])
)
def test_hostile_headers_raise_one_error(data, start):
    """Whatever follows the first line is a verdict, never a crash."""
    for work in (inspect, lambda file: _opened(file.read(), b"pw")):
        try:
            work(io.BytesIO(start + data))
        except InvalidError:
            continue
        raise AssertionError("accepted")
