"""Collectors: facts about the world, frozen and digested before any check looks at them."""
