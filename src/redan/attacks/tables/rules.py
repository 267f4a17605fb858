"""What an attacker may do to the columns of a table, and what every real row satisfies.

Source of the kinds of rules: Simonetto et al., A Unified Framework for Adversarial Attack and Defense in Constrained
Feature Space, IJCAI 2022 (arXiv 2112.01156), section 3: bounds, types, mutability and relations between features.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Level: TypeAlias = str | bool | int | float
Type: TypeAlias = Literal["number", "integer", "bool", "category"]
Direction: TypeAlias = Literal["any", "up", "down"]
_Number: TypeAlias = Annotated[float, Field(allow_inf_nan=False)]
_Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=1000)]
_Share: TypeAlias = Annotated[float, Field(allow_inf_nan=False, ge=0)]
_Names: TypeAlias = Annotated[tuple[_Name, ...], Field(strict=False)]


class _Record(BaseModel):
    """Frozen; unknown keys are errors; a number in quotes is no number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Column(_Record):
    """`[columns.NAME]`: one column.

    Args:
        type: what it holds; a category's distance is 0 or its cost, a bool's as well.
        low: least valid value.
        high: largest valid value.
        mutable: whether the attacker can change it.
        direction: whether a value can only grow, or only shrink, from where it is.
        scale: what counts as a change of 1; the width of the bounds when left out.
        cost: of another category or another truth value.
        levels: of a category, in any order.
    """

    type: Type = "number"
    low: _Number | None = None
    high: _Number | None = None
    mutable: bool = True
    direction: Direction = "any"
    scale: Annotated[float, Field(allow_inf_nan=False, gt=0)] | None = None
    cost: _Share = 1.0
    levels: Annotated[tuple[Level, ...], Field(strict=False, max_length=10_000)] | None = None


class OneHot(_Record):
    """`[[one_hot]]`: columns of 0 and 1 of which exactly one is 1; they stand for one category.

    Args:
        columns: two or more.
        mutable: whether the attacker can choose another.
        cost: of another choice.
    """

    columns: _Names
    mutable: bool = True
    cost: _Share = 1.0


class Linear(_Record):
    """`[[linear]]`: a weighted sum of columns that is at least, at most or equal to a number.

    Args:
        terms: weight by column.
        at_least: lower limit.
        at_most: upper limit.
        equals: both.
        tolerance: by how much real rows miss it, in the unit of the sum.
    """

    terms: dict[_Name, _Number]
    at_least: _Number | None = None
    at_most: _Number | None = None
    equals: _Number | None = None
    tolerance: _Share = 0.0


class Ratio(_Record):
    """`[[ratio]]`: a column divided by another, limited by numbers or equal to a third column.

    Args:
        numerator: a column.
        denominator: a column whose least valid value is above zero.
        at_least: lower limit.
        at_most: upper limit.
        equals: a number, or the column that holds the quotient.
        tolerance: by how much real rows miss it, in the unit of the quotient.
    """

    numerator: _Name
    denominator: _Name
    at_least: _Number | None = None
    at_most: _Number | None = None
    equals: _Number | _Name | None = None
    tolerance: _Share = 0.0


class Rules(_Record):
    """A constraints file.

    Args:
        columns: by name.
        one_hot: groups.
        linear: relations.
        ratio: relations.
        others: what holds for columns that the file does not name: refuse the table, leave them as they are (which
            makes the attacker weaker than life), or let them move freely over the values that the data show.
    """

    columns: dict[_Name, Column] = {}
    one_hot: Annotated[tuple[OneHot, ...], Field(strict=False)] = ()
    linear: Annotated[tuple[Linear, ...], Field(strict=False)] = ()
    ratio: Annotated[tuple[Ratio, ...], Field(strict=False)] = ()
    others: Literal["refuse", "fixed", "free"] = "refuse"
