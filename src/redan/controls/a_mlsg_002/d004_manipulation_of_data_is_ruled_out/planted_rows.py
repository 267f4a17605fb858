"""Rows that were copied in to gain weight, and rows outside the distribution."""

from redan.controls.contract import Check

CHECKS: tuple[Check, ...] = ()
