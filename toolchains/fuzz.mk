# As asan.mk, with libFuzzer's and the coverage report's instrumentation.
HOSTED += fuzz
CC.fuzz := clang-14
CFLAGS.fuzz := $(CFLAGS.asan) -fsanitize=fuzzer-no-link \
	-fprofile-instr-generate -fcoverage-mapping
# Which branches the libraries take is not what is searched for, and looking at
# each comparison inside a signature takes four fifths of the time.
LIBCFLAGS.fuzz := $(LIBCFLAGS.asan) -fno-sanitize=fuzzer-no-link \
	-fno-profile-instr-generate -fno-coverage-mapping
