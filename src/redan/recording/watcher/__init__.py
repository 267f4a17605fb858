"""The folder that is put on PYTHONPATH so that every Python of a run loads its `sitecustomize`."""
