"""Forecasts that others see and act on: what they tell about their inputs, and how far one participant moves them."""

from redan.measures.forecasts.pulled import Pull, by_columns, by_rows
from redan.measures.forecasts.told import Told, told_by_forecasts

__all__ = ["Pull", "Told", "by_columns", "by_rows", "told_by_forecasts"]
