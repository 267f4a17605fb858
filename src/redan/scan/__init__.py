"""Static examination of model files: what would a loader run, said without loading anything."""

from redan.scan.records import Detection, Scanned, ScanVerdict
from redan.scan.whole import scan_bytes, scan_file, scan_paths

__all__ = ["Detection", "ScanVerdict", "Scanned", "scan_bytes", "scan_file", "scan_paths"]
