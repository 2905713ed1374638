# 64-bit ARM, little-endian.
MUSL += aarch64
TRIPLE.aarch64 := aarch64-linux-gnu
RUN.aarch64 := qemu-aarch64
