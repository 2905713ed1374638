# 64-bit PC.
MUSL += x86_64
TRIPLE.x86_64 := x86_64-linux-gnu
# Only here does the linker of binutils 2.40 know it; musl learns it by a patch.
LDFLAGS.x86_64 := -Wl,-z,pack-relative-relocs
