"""The questions of trustworthy AI are answered."""
