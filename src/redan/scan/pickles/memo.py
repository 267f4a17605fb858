"""What a stream remembers: keys from nought upwards, as every writer gives them, take a place of a list each."""

from redan.scan.pickles.values import Value


class Memo:
    """Values by key, none of them negative; a key out of turn, as no writer gives it, goes to a table of its own."""

    __slots__ = ("in_turn", "others")

    def __init__(self) -> None:
        self.in_turn: list[Value] = []
        self.others: dict[int, Value] = {}

    def __len__(self) -> int:
        return len(self.in_turn) + len(self.others)

    def __contains__(self, key: int) -> bool:
        return 0 <= key < len(self.in_turn) or key in self.others

    def __getitem__(self, key: int) -> Value:
        return self.in_turn[key] if key < len(self.in_turn) else self.others[key]

    def __setitem__(self, key: int, value: Value) -> None:
        if key < len(self.in_turn):
            self.in_turn[key] = value
        elif key == len(self.in_turn) and key not in self.others:
            self.in_turn.append(value)
        else:
            self.others[key] = value

    def copy(self) -> "Memo":
        """A memo with the same values."""
        other = Memo()
        other.in_turn, other.others = self.in_turn.copy(), self.others.copy()
        return other
