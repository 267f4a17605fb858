"""The ledger: what is appended is there, signed, provable, and nothing inconsistent is ever signed."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redan.errors import InvalidError, UsageError
from redan.ledger import proof, store, tree
from redan.ledger.checkpoint import open_checkpoint, read_checkpoint
from redan.ledger.store import Ledger
from redan.seal.keys import generate


def test_entries_come_back_in_order(folder, signer):
    """Groups are numbered on, entries read back, also by a reader that has no private key."""
    with Ledger.open(folder, signer) as ledger:
        assert ledger.append([b"a", b"", b"c" * 65_535]) == range(3)
        assert ledger.append([]) == range(3, 3)
        assert ledger.append([b"d"]) == range(3, 4)
        assert ledger.size == 4
    with Ledger.open(folder, key=signer.public) as ledger:
        assert list(ledger.entries()) == [b"a", b"", b"c" * 65_535, b"d"]
        assert list(ledger.entries(1, 3)) == [b"", b"c" * 65_535]
        assert list(ledger.entries(4)) == []
        assert ledger.entry(3) == b"d"
        assert ledger.verify().size == 4


def test_a_new_ledger_is_signed_and_empty(folder, signer):
    """Before the first entry there is a signed checkpoint of the empty tree."""
    with Ledger.open(folder, signer) as ledger:
        head = open_checkpoint(ledger.checkpoint(), signer.public, canonical=True)
        assert (head.size, head.root) == (0, tree.EMPTY_ROOT)
        assert ledger.verify() == head
        assert ledger.origin.startswith("redan.local/")


def test_two_ledgers_are_two_logs(tmp_path, signer):
    """Without a given origin each ledger gets its own, so their checkpoints never contradict each other."""
    with Ledger.open(tmp_path / "a", signer) as one, Ledger.open(tmp_path / "b", signer) as two:
        assert one.origin != two.origin


@settings(max_examples=20, deadline=None)
@given(st.lists(st.lists(st.binary(max_size=40), max_size=9), max_size=6), st.sampled_from(["ed25519", "p256"]))
def test_every_receipt_proves_its_entry(tmp_path_factory, groups, kind):
    """After any groups, each entry has a receipt that verifies offline, and the whole ledger verifies."""
    signer = generate(kind)
    with Ledger.open(tmp_path_factory.mktemp("ledger"), signer) as ledger:
        for group in groups:
            ledger.append(group)
        entries = [entry for group in groups for entry in group]
        assert list(ledger.entries()) == entries
        head = ledger.verify()
        for index, entry in enumerate(entries):
            text = ledger.receipt(index)
            assert proof.verify(text, entry, signer.public, origin=ledger.origin, canonical=True) == head


def test_earlier_checkpoints_are_extended(folder, signer):
    """Every checkpoint ever given out is a prefix of the ledger now."""
    with Ledger.open(folder, signer) as ledger:
        notes = [ledger.checkpoint()]
        for size in (1, 2, 5, 8, 1, 16):
            ledger.append([b"x"] * size)
            notes.append(ledger.checkpoint())
        ledger.verify(earlier=notes)


def test_a_rolled_back_ledger_is_found_by_an_earlier_checkpoint(tmp_path, folder, signer):
    """A shorter ledger, or one of the same length with another past, does not extend what was signed."""
    with Ledger.open(folder, signer, origin="log") as ledger:
        ledger.append([b"a", b"b", b"c"])
        kept = ledger.checkpoint()
    for entries, message in (([b"a", b"b"], "had 3 entries"), ([b"a", b"B", b"c", b"d"], "does not extend")):
        with Ledger.open(tmp_path / message, signer, origin="log") as other:
            other.append(entries)
            with pytest.raises(InvalidError, match=message):
                other.verify(earlier=[kept])


def test_a_reader_cannot_append(seven, signer):
    """Without a signer nothing is written."""
    with Ledger.open(seven, key=signer.public) as ledger:
        with pytest.raises(UsageError, match="reading only"):
            ledger.append([b"x"])
        assert ledger.size == 7


def test_a_reader_without_a_key_reads_but_does_not_verify(seven):
    """Reading needs no key; a verdict does."""
    with Ledger.open(seven) as ledger:
        assert not ledger.verifiable
        assert ledger.entry(0) == b"entry 0"
        assert proof.parse(ledger.receipt(6)).index == 6
        with pytest.raises(UsageError, match="public key"):
            ledger.verify()


@pytest.mark.parametrize("kind", ["ed25519", "p256"])
def test_another_key_is_refused(seven, kind):
    """A ledger is neither verified nor extended with a key that did not sign it."""
    other = generate(kind)
    with pytest.raises(InvalidError, match="signed by"):
        Ledger.open(seven, key=other.public)
    with pytest.raises(InvalidError, match="signed by"):
        Ledger.open(seven, other)


def test_another_origin_is_refused(seven, signer):
    """A ledger says whose it is."""
    with pytest.raises(UsageError, match=r"not of 'example\.com/other'"):
        Ledger.open(seven, signer, origin="example.com/other")


def test_an_impossible_origin_creates_nothing(folder, signer):
    """An origin that cannot be signed is refused before the folder is made."""
    with pytest.raises(UsageError, match="cannot name"):
        Ledger.open(folder, signer, origin="my log")
    assert not folder.exists()


def test_a_missing_ledger_is_not_made_by_a_reader(folder, signer):
    """Opening for reading says that nothing is there."""
    with pytest.raises(UsageError, match="no ledger here"):
        Ledger.open(folder, key=signer.public)
    assert not folder.exists()


def test_a_large_entry_refuses_the_whole_group(folder, signer):
    """An entry above 65,535 bytes is a usage error, and its group leaves no trace."""
    with Ledger.open(folder, signer) as ledger:
        with pytest.raises(UsageError, match="entry 1 of 3 is 65,536 bytes"):
            ledger.append([b"a", bytes(65_536), b"c"])
        assert ledger.size == 0


@pytest.mark.parametrize("index", [-1, 7, 2**62])
def test_absent_entries_are_usage_errors(seven, index):
    """There is no entry before the first or after the last."""
    with Ledger.open(seven) as ledger:
        for ask in (ledger.entry, ledger.receipt):
            with pytest.raises(UsageError, match="the ledger has 7 entries"):
                ask(index)
    with Ledger.open(seven) as ledger, pytest.raises(UsageError, match="from 3 up to 9"):
        list(ledger.entries(3, 9))


def test_nothing_is_signed_over_changed_hashes(seven, signer, edit):
    """If a stored hash on the edge was changed, append refuses, and the last checkpoint stays."""
    with Ledger.open(seven, signer) as ledger:
        note = ledger.checkpoint()
        edit("UPDATE node SET hash = zeroblob(32) WHERE id = (SELECT max(id) FROM node)")
        with pytest.raises(InvalidError, match="do not lead to the root"):
            ledger.append([b"x"])
        assert ledger.checkpoint() == note
    with pytest.raises(InvalidError, match="do not lead to the root"):
        Ledger.open(seven, signer)


def test_nothing_is_signed_after_unsigned_entries(seven, signer, edit):
    """An entry that nobody signed makes the ledger invalid, even with a right hash."""
    edit("INSERT INTO entry VALUES (7, x'00')")
    with pytest.raises(InvalidError, match="there are 8 entries; the signed checkpoint has 7"):
        Ledger.open(seven, signer)


def test_nothing_is_signed_after_an_older_checkpoint_was_put_back(folder, signer, edit):
    """Putting an old signed checkpoint back does not make the log sign a second history."""
    with Ledger.open(folder, signer) as ledger:
        ledger.append([b"a"])
        old = ledger.checkpoint()
        ledger.append([b"b"])
        edit("UPDATE head SET note = ?", old.encode())
        with pytest.raises(InvalidError, match="there are 2 entries; the signed checkpoint has 1"):
            ledger.append([b"c"])


def test_an_inconsistent_tree_is_never_signed(seven, signer, monkeypatch):
    """Were the tree grown wrongly, the consistency proof would refuse before anything is signed."""
    honest = tree.grown

    def forged(size, leaves, read):
        return [node._replace(hash=bytes(32)) if node.level else node for node in honest(size, leaves, read)][1:]

    with Ledger.open(seven, signer) as ledger:
        note = ledger.checkpoint()
        monkeypatch.setattr(store.tree, "grown", forged)
        with pytest.raises(InvalidError):
            ledger.append([b"x", b"y", b"z"])
        monkeypatch.undo()
        assert ledger.checkpoint() == note
        assert ledger.verify().size == 7


def test_an_error_in_the_middle_undoes_the_group(seven, signer, monkeypatch):
    """Whatever is raised before the commit, nothing of the group stays, and the ledger goes on."""

    def failing(*_):
        raise KeyboardInterrupt

    with Ledger.open(seven, signer) as ledger:
        monkeypatch.setattr(store, "sign", failing)
        with pytest.raises(KeyboardInterrupt):
            ledger.append([b"x"])
        monkeypatch.undo()
        assert ledger.verify().size == 7
        assert ledger.append([b"x"]) == range(7, 8)


def test_a_changed_entry_is_neither_read_nor_proven(seven, signer, edit):
    """Reading or proving a changed entry names it; the others are still provable."""
    edit("UPDATE entry SET data = x'00' WHERE idx = 2")
    with Ledger.open(seven, key=signer.public) as ledger:
        for ask in (ledger.entry, ledger.receipt):
            with pytest.raises(InvalidError, match="entry 2 was changed"):
                ask(2)
        with pytest.raises(InvalidError, match="entry 2 was changed"):
            list(ledger.entries())
        assert proof.verify(ledger.receipt(3), b"entry 3", signer.public).size == 7


def test_a_missing_entry_or_hash_is_named(seven, signer, edit):
    """Reading what was removed says what is missing."""
    edit("DELETE FROM entry WHERE idx = 2")
    edit("DELETE FROM node WHERE id = 3")
    with Ledger.open(seven, key=signer.public) as ledger:
        with pytest.raises(InvalidError, match="entry 2 is missing or malformed"):
            ledger.entry(2)
        with pytest.raises(InvalidError, match="the stored hash of entries 2 to 2 is missing"):
            ledger.receipt(3)


def test_a_closed_ledger_says_so(seven, signer):
    """Use after close is a usage error."""
    ledger = Ledger.open(seven, signer)
    ledger.close()
    for use in (ledger.checkpoint, ledger.verify, lambda: ledger.append([b"x"])):
        with pytest.raises(UsageError, match="closed"):
            use()


def test_entries_stay_readable_while_others_append(folder, signer):
    """Iteration holds no lock: appending between two entries works, and the range asked for is what comes."""
    with Ledger.open(folder, signer) as ledger:
        ledger.append([b"%d" % i for i in range(1200)])
        seen = []
        for entry in ledger.entries():
            if len(seen) % 500 == 0:
                ledger.append([b"more"])
            seen.append(entry)
        assert seen == [b"%d" % i for i in range(1200)]
        assert read_checkpoint(ledger.checkpoint()).size == 1203
