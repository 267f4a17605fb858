"""Verifying: every way a folder can differ from its seal is found, named, and read no further than it must be."""

import hashlib
import json
import os
import shutil

import pytest

from redan.errors import InputError, InvalidError, UsageError
from redan.seal import oms
from redan.seal.keys import generate, load_public
from redan.seal.oms import chain
from seal.oms_cases import FILES, NOW, OLD, P256, model, opened, signed, stated

KEY = P256.public


@pytest.fixture
def folder(tmp_path):
    """A model in a folder of its own."""
    return model(tmp_path / "m")


@pytest.fixture
def seal(folder):
    """Its seal."""
    return oms.sign(folder, P256)


def resource(name, data=b"x", algorithm="sha256"):
    """One entry of a list."""
    return {"name": name, "digest": hashlib.sha256(data).hexdigest(), "algorithm": algorithm}


def refused(folder, seal, **options):
    """The error of a verification that must fail, by the reader too."""
    with pytest.raises(InvalidError) as caught:
        oms.verify(folder, seal, KEY, **options)
    assert str(caught.value).isprintable()
    return caught.value


def test_what_was_sealed_is_told(folder, seal):
    """Root, list, key and method, and nothing beside the list."""
    sealed = oms.verify(folder, seal, KEY)
    assert sealed.names == tuple(sorted(FILES))
    assert (sealed.name, sealed.method, sealed.key_id) == ("m", "key", KEY.key_id)
    assert (sealed.unsigned, sealed.left_out) == ((), ())
    assert sealed.root == opened(seal)[1]["subject"][0]["digest"]["sha256"]


def test_every_flipped_bit_of_every_file_is_found_and_named(folder, seal):
    """One bit anywhere in any file."""
    for name, data in FILES.items():
        for bit in range(0, len(data) * 8, 37):
            changed = bytearray(data)
            changed[bit // 8] ^= 1 << bit % 8
            (folder / name).write_bytes(changed)
            error = refused(folder, seal)
            assert (error.what, error.where) == ("is not as it was sealed", str(folder / name))
        (folder / name).write_bytes(data)
    oms.verify(folder, seal, KEY)


def test_every_flipped_bit_of_the_seal_is_found(folder, seal):
    """No bit of the bundle can change unnoticed; the line break at its end is not part of it."""
    for bit in range((len(seal) - 1) * 8):
        changed = bytearray(seal)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidError):
            oms.verify(folder, bytes(changed), KEY)


def test_every_removed_or_added_byte_of_the_seal_is_found(folder, seal):
    """Nor can a byte go, and what is cut off anywhere is no seal."""
    for at in range(len(seal) - 1):
        with pytest.raises(InvalidError):
            oms.verify(folder, seal[:at] + seal[at + 1 :], KEY)
    for at in range(0, len(seal) - 1, 7):
        with pytest.raises(InvalidError):
            oms.verify(folder, seal[:at], KEY)


@pytest.mark.parametrize(
    "plant",
    [
        "evil.pkl",
        "sub/evil.py",
        "sub/deeper/__init__.py",
        ".gitmodules",
        "sub/.gitignore",
        ".git",
        ".gitignore",
        ".gitattributes",
        ".github/x.yml",
        ".git/hooks/post-checkout",
        "M",
        " a b.txt",
    ],
)
def test_planted_files_are_found_and_named(plant, folder, seal):
    """Also where every OMS tool looks away by default."""
    model(folder, {plant: b"planted"})
    error = refused(folder, seal)
    assert "not listed in the seal" in error.what
    assert error.where == str(folder / plant)
    assert oms.verify(folder, seal, KEY, ignore_unsigned=True).unsigned == (plant,)
    assert oms.verify(folder, seal, KEY, ignore=[plant]).unsigned == ()
    with pytest.raises(InvalidError):
        oms.read_verified(folder, seal, KEY)


def test_several_planted_files_are_counted(folder, seal):
    """The first ones are named, the others counted."""
    model(folder, {f"evil{n}": b"" for n in range(9)})
    assert refused(folder, seal).what == "is not listed in the seal; likewise evil1, evil2, evil3 and 5 more"


@pytest.mark.parametrize("kind", ["link", "dangling", "folder link", "pipe", "hard link"])
def test_planted_things_that_are_no_files_are_found(kind, folder, seal, tmp_path):
    """A link or a pipe beside the files is an unlisted thing like any other."""
    place = folder / "evil"
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "hard link":
        (tmp_path / "else").write_bytes(b"")
        place.hardlink_to(tmp_path / "else")
    else:
        place.symlink_to({"link": "config.json", "dangling": "gone", "folder link": "sub"}[kind])
    assert refused(folder, seal).where == str(place)


@pytest.mark.parametrize(
    "kind", ["link to itself elsewhere", "hard link", "pipe", "folder", "missing", "linked folder"]
)
def test_a_listed_file_must_be_the_file_itself(kind, folder, seal, tmp_path):
    """The right bytes behind a link are still behind a link: somebody else can exchange them."""
    victim = folder / "sub" / "a.bin"
    data = victim.read_bytes()
    if kind == "linked folder":
        shutil.move(folder / "sub", tmp_path / "sub")
        (folder / "sub").symlink_to(tmp_path / "sub")
    else:
        victim.unlink()
        (tmp_path / "other").write_bytes(data)
        if kind == "link to itself elsewhere":
            victim.symlink_to(tmp_path / "other")
        elif kind == "hard link":
            victim.hardlink_to(tmp_path / "other")
        elif kind == "pipe":
            os.mkfifo(victim)
        elif kind == "folder":
            victim.mkdir()
    for options in ({}, {"ignore_unsigned": True}, {"ignore": ["sub"]}):
        error = refused(folder, seal, **options)
        assert error.where == str(victim)


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "sub/../../secret.txt",
        "{root}/secret.txt",
        "./weights.bin",
        "sub//a.bin",
        "sub/./a.bin",
        "a\0b",
        "..",
        "C:\\x",
        "..\\secret.txt",
        "a\nb",
        "",
    ],
)
def test_signed_lists_never_reach_outside(name, folder, tmp_path):
    """A signer who lists `../secret.txt` gets no read of it, whatever is ignored (model-signing 1.1.1 reads it)."""
    (tmp_path / "secret.txt").write_bytes(b"x")
    seal = signed(stated([resource(name.format(root=tmp_path))]), P256)
    error = refused(folder, seal, ignore_unsigned=True)
    assert "the seal lists a name that" in error.what


def test_a_linked_folder_inside_leads_nowhere(folder, tmp_path):
    """`sub/secret.txt` through a link `sub` to the outside is refused although the name is honest."""
    outside = model(tmp_path / "outside", {"secret.txt": b"x"})
    shutil.rmtree(folder / "sub")
    (folder / "sub").symlink_to(outside)
    seal = signed(stated([resource("sub/secret.txt")]), P256)
    for verify in (oms.verify, oms.read_verified):
        with pytest.raises(InvalidError):
            verify(folder, seal, KEY, ignore_unsigned=True)


def test_lists_name_a_file_once(folder):
    """Two entries of one name could verify one set of bytes and load another."""
    assert "twice" in refused(folder, signed(stated([resource("a"), resource("a")]), P256)).what


def test_nothing_is_kept_between_two_verifications(folder, seal, tmp_path):
    """An ignore list of one seal does not excuse a file beside another (model-signing 1.1.1 lets it leak)."""
    other = model(tmp_path / "other", {"f": b"1", "evil.pkl": b"2"})
    lenient = oms.sign(other, P256, ignore=["evil.pkl"])
    assert oms.verify(other, lenient, KEY).left_out == ("evil.pkl",)
    model(folder, {"evil.pkl": b"2"})
    assert refused(folder, seal).where == str(folder / "evil.pkl")


def test_what_the_signer_left_out_is_told(tmp_path):
    """The signer's own exclusions are accepted and named; a default rule that he repeats excuses nothing."""
    folder = model(tmp_path / "m", {"f": b"1", "notes/a": b"", "notes/b": b"", ".github/x": b""})
    seal = oms.sign(folder, P256, ignore=["notes", ".github"])
    assert refused(folder, seal).where == str(folder / ".github/x")
    assert oms.verify(folder, seal, KEY, ignore=[".github"]).left_out == ("notes/a", "notes/b")


def test_the_seal_itself_may_lie_inside(folder, seal):
    """Under any name, as long as it is this very seal (sections 6.2 and 9)."""
    (folder / "sub" / "model.sig").write_bytes(seal)
    assert oms.verify(folder, seal, KEY).unsigned == ()
    (folder / "sub" / "model.sig").write_bytes(seal[:-1] + b" ")
    assert refused(folder, seal).where == str(folder / "sub" / "model.sig")


def test_other_keys_and_kinds_are_refused(folder, seal):
    """Another key, another curve, and a kind that OMS does not know; with and without the hint's word."""
    whole, said = opened(seal)
    with pytest.raises(InvalidError, match="the seal is by key"):
        oms.verify(folder, seal, generate("p256").public)
    with pytest.raises(UsageError, match="knows no ed25519"):
        oms.verify(folder, seal, generate("ed25519").public)
    stranger = generate("p384")
    forged = signed(said, stranger, verificationMaterial=whole["verificationMaterial"])
    assert "signature is not that of key" in refused(folder, forged).what


@pytest.mark.parametrize("single", ["model.bin", "."])
def test_single_files_under_both_names(single, tmp_path):
    """The specification's name and model-signing's; a file of another name, a folder or a second file is refused."""
    path = tmp_path / "model.bin"
    path.write_bytes(b"x")
    seal = oms.sign(path, P256, dot=single == ".")
    assert oms.verify(path, seal, KEY).names == (single,)
    assert oms.read_verified(path, seal, KEY).open("model.bin") == b"x"
    path.write_bytes(b"y")
    assert refused(path, seal).where == str(path)
    path.write_bytes(b"x")
    if single == ".":
        assert "is a folder" in refused(tmp_path, seal).what
    else:
        assert "not the file that was sealed" in refused(path.rename(tmp_path / "newer.bin"), seal).what


def test_a_folders_seal_is_not_one_of_a_file(folder, seal):
    """One file of a sealed folder cannot be passed off as the whole."""
    assert "one file, and the seal is of 5" in refused(folder / "config.json", seal).what


def test_absent_paths_are_a_usage_error(tmp_path, seal):
    """A path that is not there says nothing about the seal."""
    with pytest.raises(InputError, match="cannot be opened"):
        oms.verify(tmp_path / "gone", seal, KEY)


SHARDED = b"0123456789"


def _shards(*ranges, size=4, algorithm="sha256", **more):
    listed = [resource(f"f:{a}:{b}", SHARDED[a:b], algorithm) for a, b in ranges]
    return signed(stated(listed, method="shards", shard_size=size, **more), P256)


@pytest.mark.parametrize(("size", "algorithm"), [(4, "sha256"), (4.0, "sha256-sharded-4")])
def test_shards_are_read_leniently(size, algorithm, tmp_path):
    """Also as model-signing writes them: a float size and its own algorithm name; empty files are not listed."""
    folder = model(tmp_path / "m", {"f": SHARDED, "empty": b""})
    seal = _shards((0, 4), (4, 8), (8, 10), size=size, algorithm=algorithm)
    sealed = oms.verify(folder, seal, KEY)
    assert (sealed.names, sealed.left_out) == (("f",), ("empty",))
    assert oms.read_verified(folder, seal, KEY).open("f") == SHARDED
    for changed in (SHARDED + b"!", SHARDED[:-1], b"x" + SHARDED[1:], b""):
        (folder / "f").write_bytes(changed)
        assert refused(folder, seal).where == str(folder / "f")
        with pytest.raises(InvalidError):
            oms.read_verified(folder, seal, KEY).open("f")


@pytest.mark.parametrize(
    "ranges", [[(0, 4), (8, 10)], [(4, 8)], [(0, 4), (2, 6)], [(0, 3), (3, 7)], [(0, 10)], [(0, 4), (0, 4)]]
)
def test_shards_cover_the_file_without_gap_or_overlap(ranges, tmp_path):
    """A byte that no range covers could be anything."""
    folder = model(tmp_path / "m", {"f": SHARDED})
    refused(folder, _shards(*ranges))


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0]])
def test_the_root_is_computed_in_listed_order(order, tmp_path):
    """Tools sort differently; the root belongs to the order that was signed, and a wrong root is refused."""
    folder = model(tmp_path / "m", {"a": b"1", "a-b": b"2", "b": b"3"})
    listed = [resource(n, d) for n, d in (("a", b"1"), ("a-b", b"2"), ("b", b"3"))]
    said = stated([listed[n] for n in order])
    assert oms.verify(folder, signed(said, P256), KEY).root == said["subject"][0]["digest"]["sha256"]
    said["predicate"]["resources"].reverse()
    assert "root digest" in refused(folder, signed(said, P256)).what


def _without(said, *path):
    copy = json.loads(json.dumps(said))
    at = copy
    for key in path[:-1]:
        at = at[key]
    del at[path[-1]]
    return copy


def _with(said, value, *path):
    copy = json.loads(json.dumps(said))
    at = copy
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return copy


STATED = stated([resource("f")])
MALFORMED = {
    "extra predicate key": _with(STATED, 1, "predicate", "redan"),
    "extra statement key": _with(STATED, 1, "more"),
    "extra serialization key": _with(STATED, 1, "predicate", "serialization", "more"),
    "no predicate": _without(STATED, "predicate"),
    "no resources": _without(STATED, "predicate", "resources"),
    "empty resources": _with(STATED, [], "predicate", "resources"),
    "resources no list": _with(STATED, {}, "predicate", "resources"),
    "resource no object": _with(STATED, ["f"], "predicate", "resources"),
    "resource without digest": _without(STATED, "predicate", "resources", 0, "digest"),
    "short digest": _with(STATED, "ab" * 16, "predicate", "resources", 0, "digest"),
    "upper-case digest": _with(STATED, "AB" * 32, "predicate", "resources", 0, "digest"),
    "other algorithm": _with(STATED, "blake3", "predicate", "resources", 0, "algorithm"),
    "sharded algorithm of a whole file": _with(STATED, "sha256-sharded-4", "predicate", "resources", 0, "algorithm"),
    "unknown hash": _with(STATED, "md5", "predicate", "serialization", "hash_type"),
    "unknown method": _with(STATED, "dfs", "predicate", "serialization", "method"),
    "shard size of whole files": _with(STATED, 4, "predicate", "serialization", "shard_size"),
    "links no boolean": _with(STATED, "false", "predicate", "serialization", "allow_symlinks"),
    "no links": _without(STATED, "predicate", "serialization", "allow_symlinks"),
    "ignore everything": _with(STATED, ["."], "predicate", "serialization", "ignore_paths"),
    "ignore climbing": _with(STATED, ["../x"], "predicate", "serialization", "ignore_paths"),
    "ignore no list": _with(STATED, "x", "predicate", "serialization", "ignore_paths"),
    "ignore numbers": _with(STATED, [1], "predicate", "serialization", "ignore_paths"),
    "two subjects": _with(STATED, STATED["subject"] * 2, "subject"),
    "no subject": _with(STATED, [], "subject"),
    "subject without name": _with(STATED, "", "subject", 0, "name"),
    "subject without SHA-256": _with(STATED, {"sha512": "00" * 64}, "subject", 0, "digest"),
    "other root": _with(STATED, {"sha256": "00" * 32}, "subject", 0, "digest"),
    "other statement type": _with(STATED, "https://in-toto.io/Statement/v0.1", "_type"),
    "other predicate type": _with(STATED, "https://slsa.dev/provenance/v1", "predicateType"),
    "no object": [],
    "infinite shard size": _with(
        _with(STATED, "shards", "predicate", "serialization", "method"),
        1e308 * 10,
        "predicate",
        "serialization",
        "shard_size",
    ),
    "shards without range": _with(
        _with(STATED, "shards", "predicate", "serialization", "method"), 4, "predicate", "serialization", "shard_size"
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_statements_outside_the_schema_are_refused(case, tmp_path):
    """Honestly signed and still not what the specification allows: nothing is guessed."""
    folder = model(tmp_path / "m", {"f": b"x"})
    refused(folder, signed(MALFORMED[case], P256))


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"null", b'{"a":1,"a":2}', b"[" * 100_000, b"\xff", b"NaN", b'"' * 9], ids=range(8)
)
def test_payloads_that_are_no_json_are_refused(payload, tmp_path):
    """Deep, doubled and broken JSON ends in one line."""
    refused(model(tmp_path / "m", {"f": b"x"}), signed(payload, P256))


def test_unknown_members_of_an_entry_are_passed_over(tmp_path):
    """Section 5.2.1: in-toto's other fields may stand in an entry."""
    folder = model(tmp_path / "m", {"f": b"x"})
    said = stated([{**resource("f"), "mediaType": "x/y", "annotations": {}}], allow_symlinks=True)
    assert oms.verify(folder, signed(said, P256), KEY).serialization.allow_symlinks


def test_the_reader_gives_exactly_the_verified_bytes(folder, seal):
    """A file is read once and hashed; a changed or unlisted one is never returned."""
    reader = oms.read_verified(folder, seal, KEY)
    assert {name: reader.open(name) for name in reader.sealed.names} == FILES
    (folder / "config.json").write_bytes(b"[]")
    with pytest.raises(InvalidError, match="not as it was sealed"):
        reader.open("config.json")
    (folder / "late.bin").write_bytes(b"")
    for name in ("late.bin", "../m/weights.bin", "/etc/hostname", ""):
        with pytest.raises(InvalidError, match="not listed"):
            reader.open(name)
    with pytest.raises(InvalidError, match="larger than 3 bytes"):
        reader.open("weights.bin", limit_bytes=3)
    (folder / "weights.bin").unlink()
    (folder / "weights.bin").symlink_to("config.json")
    with pytest.raises(InvalidError):
        reader.open("weights.bin")


needs_old = pytest.mark.skipif(not OLD.exists(), reason="the old bundles are not at ../shared/vectors/oms")
OLD_CASES = [
    (f"{version}-{method}", method)
    for version in ("v0.2.0", "v0.3.1", "v1.0.0", "v1.0.1", "v1.1.0")
    for method in ("certificate", "elliptic-key")
    if (version, method) != ("v0.2.0", "elliptic-key")
]


@needs_old
@pytest.mark.parametrize(("name", "method"), OLD_CASES)
def test_old_bundles_verify(name, method, tmp_path):
    """Each release of model-signing since v0.2.0; each flipped byte of their files is found."""
    folder = tmp_path / name
    folder.mkdir()
    for source in (OLD / name).iterdir():
        (folder / source.name).write_bytes(source.read_bytes())
    seal = (folder / "model.sig").read_bytes()
    trust = (
        load_public(OLD / "keys" / "signing-key-pub.pem")
        if method == "elliptic-key"
        else oms.Chain(anchors=chain.load_certificates([OLD / "keys" / "ca-cert.pem"]))
    )
    single = (folder / "signme-2").exists() is False
    path = folder / "signme-1" if single else folder
    sealed = oms.verify(path, seal, trust, ignore=["ignore-me"], now=NOW)
    assert sealed.names == ((".",) if single else ("signme-1", "signme-2"))
    (folder / "signme-1").write_bytes(b"signme-1x")
    with pytest.raises(InvalidError, match="not as it was sealed"):
        oms.verify(path, seal, trust, ignore=["ignore-me"], now=NOW)


@needs_old
@pytest.mark.parametrize("name", ["v0.2.0-certificate", "v0.3.1-certificate"])
def test_flipped_bits_of_old_bundles_are_found(name):
    """The misspelt encoding that v0.2.0 signed does not let anything through either; white space is not part of it."""
    trust = oms.Chain(anchors=chain.load_certificates([OLD / "keys" / "ca-cert.pem"]))
    seal = (OLD / name / "model.sig").read_bytes()
    canonical = json.dumps(json.loads(seal), separators=(",", ":")).encode()
    oms.verify(OLD / name, canonical, trust, now=NOW, ignore=["model.sig"])
    for bit in range(0, len(canonical) * 8, 11):
        changed = bytearray(canonical)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidError):
            oms.verify(OLD / name, bytes(changed), trust, now=NOW, ignore=["model.sig"])
