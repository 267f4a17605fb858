"""What a table says, whatever file carries it: digests of its content, and a record that names changed rows."""

from redan.content.comparison import Comparison
from redan.content.dataset import DatasetSeal, seal_dataset, verify_dataset
from redan.content.digest import ContentDigest, content_digest

__all__ = ["Comparison", "ContentDigest", "DatasetSeal", "content_digest", "seal_dataset", "verify_dataset"]
