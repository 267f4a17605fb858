"""Security requirements precede the first training."""
