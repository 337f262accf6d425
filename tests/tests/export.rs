//! `zagg export`, judged by GDAL, GeoPandas and DuckDB.
