"""What a column holds, in one plain word."""

from typing import Literal, TypeAlias

import narwhals.stable.v2 as nw

Kind: TypeAlias = Literal["bool", "int", "float", "string", "date", "datetime", "other"]


def kind_of(dtype: nw.dtypes.DType) -> Kind:
    """The plain word for an engine's type; decimals count as float."""
    if dtype.is_integer():
        return "int"
    if dtype.is_numeric():
        return "float"
    plain: dict[type[nw.dtypes.DType], Kind] = {
        nw.Boolean: "bool",
        nw.String: "string",
        nw.Categorical: "string",
        nw.Enum: "string",
        nw.Date: "date",
        nw.Datetime: "datetime",
    }
    return next((word for kind, word in plain.items() if isinstance(dtype, kind)), "other")
