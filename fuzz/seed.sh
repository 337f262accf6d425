#!/bin/sh
# Fills the corpus of `granule_reader` with small HDF5 files: those of ../shared/data/hdf5, when the
# shared folder is there, or of the folder given.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
from=${1:-$here/../../shared/data/hdf5}
to=$here/corpus/granule_reader
if [ ! -d "$from" ]; then
    echo "no folder $from: name one with HDF5 files" >&2
    exit 1
fi
mkdir -p "$to"
# Named by their content, so that seeding twice changes nothing; large files only slow fuzzing down.
find "$from" -type f -size -100k \( -name '*.h5' -o -name '*.hdf5' -o -name '*.nc' \) | while read -r file; do
    cp "$file" "$to/seed-$(sha256sum "$file" | cut -c 1-16)"
done
chmod u+w "$to"/seed-*
echo "$(find "$to" -type f | wc -l) files in $to"
