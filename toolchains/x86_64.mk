# 64-bit PC.
MUSL += x86_64
TRIPLE.x86_64 := x86_64-linux-gnu
