"""Content seals of datasets: a digest over all rows and columns, and a record of rows that names changes."""
