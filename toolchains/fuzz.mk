# As asan.mk, with libFuzzer's and the coverage report's instrumentation.
HOSTED += fuzz
CC.fuzz := clang-14
CFLAGS.fuzz := $(CFLAGS.asan) -fsanitize=fuzzer-no-link \
	-fprofile-instr-generate -fcoverage-mapping
LIBCFLAGS.fuzz := $(LIBCFLAGS.asan)
SKIP.fuzz := $(SKIP.asan)
