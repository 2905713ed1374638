# MIPS32r2, big-endian, no floating point unit: the routers of the ath79
# class. 24Kc is such a CPU, so that qemu traps on any float instruction.
# Debian's libgcc is built for hard float; its integer helpers are the same
# code, and the link step refuses float ones. The linker remarks on each
# object of the other kind and cannot be told not to.
MUSL += mips-sf
TRIPLE.mips-sf := mips-linux-gnu
ABI.mips-sf := -msoft-float
RUN.mips-sf := qemu-mips -cpu 24Kc
QUIET.mips-sf := /uses -m\(soft\|hard\)-float/d
# No products of 128 bits.
SKIP.mips-sf := src/tls_wide%
