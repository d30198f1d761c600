"""Arrays between NumPy and Sapwood.

`python arrays.py write FOLDER` makes arrays.npz (compressed), big_endian.npy and fortran.npy; `python arrays.py check NPY NPZ`
reads what Sapwood has written and prints it. The files beside this script are the first command's, made with numpy 2.4.6.
"""

import sys
from pathlib import Path

import numpy


def write(folder):
    folder = Path(folder)
    numpy.savez_compressed(
        folder / "arrays.npz",
        half=numpy.arange(6, dtype="float32").reshape(2, 3) / 2,
        scalar=numpy.float64(0.1),
        flags=numpy.array([True, False]),
        large=numpy.full((40, 50), 7, dtype="uint16"),
    )
    numpy.save(folder / "big_endian.npy", numpy.array([1, -2, 1 << 40], dtype=">i8"))
    numpy.save(folder / "fortran.npy", numpy.asfortranarray(numpy.arange(24, dtype="int32").reshape(2, 3, 4)))


def check(npy, npz):
    x = numpy.load(npy)
    print(x.dtype, x.shape, x.sum())
    with numpy.load(npz) as arrays:
        for name in arrays.files:
            print(name, arrays[name].dtype, arrays[name].tolist())


{"write": write, "check": check}[sys.argv[1]](*sys.argv[2:])
