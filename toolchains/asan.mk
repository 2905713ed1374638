# glibc with the address and undefined-behaviour sanitizers: for tests only.
# port_heap.c defines malloc, which is the sanitizer's here, and port_wide.c
# what regular expressions ask for, which is glibc's.
HOSTED += asan
CC.asan := clang-14
CFLAGS.asan := -g -O1 -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all
# BearSSL reads unaligned words on x86, which is right there and reported.
LIBCFLAGS.asan := -DBR_LE_UNALIGNED=0
